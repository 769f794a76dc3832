// Just enough of NIfTI-1 for the label volume: its grid, its affine, its bytes.

export interface LabelVolume {
  size: [number, number, number];
  /** Voxel indices to mm, row by row, 16 numbers. */
  affine: number[];
  tags: Uint8Array;
}

const DATATYPES: Record<number, (buffer: ArrayBuffer, start: number, n: number) => ArrayLike<number>> = {
  2: (buffer, start, n) => new Uint8Array(buffer, start, n),
  4: (buffer, start, n) => new Int16Array(buffer.slice(start, start + 2 * n)),
  8: (buffer, start, n) => new Int32Array(buffer.slice(start, start + 4 * n)),
  512: (buffer, start, n) => new Uint16Array(buffer.slice(start, start + 2 * n)),
};

export async function unpacked(buffer: ArrayBuffer): Promise<ArrayBuffer> {
  const head = new Uint8Array(buffer, 0, 2);
  if (head[0] !== 0x1f || head[1] !== 0x8b) return buffer;
  const stream = new Blob([buffer]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

export function readLabels(buffer: ArrayBuffer): LabelVolume {
  const view = new DataView(buffer);
  if (buffer.byteLength < 352 || view.getInt32(0, true) !== 348)
    throw new Error("labels: not a NIfTI-1 file");
  const size = [1, 2, 3].map((k) => view.getInt16(40 + 2 * k, true)) as [number, number, number];
  const read = DATATYPES[view.getInt16(70, true)];
  if (!read) throw new Error("labels: no whole numbers");
  const n = size[0] * size[1] * size[2];
  const values = read(buffer, view.getFloat32(108, true), n);
  const affine = [0, 1, 2].flatMap((row) =>
    [0, 1, 2, 3].map((k) => view.getFloat32(280 + 16 * row + 4 * k, true)),
  );
  return {
    size,
    affine: [...affine, 0, 0, 0, 1],
    tags: values instanceof Uint8Array ? values : Uint8Array.from(values),
  };
}
