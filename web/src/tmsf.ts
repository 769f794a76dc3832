// The two binary formats of the server: TMSG (a surface) and TMSF (a live field). Little-endian throughout.

import type { Reading } from "./types";

export interface SurfaceData {
  points_mm: Float32Array;
  normals: Float32Array;
  triangles: Uint32Array;
}

export interface FieldMessage {
  seq: number;
  view: "A" | "B";
  reading: Reading;
  /** |E| and E along the outward normal at each point of the cortex. [V/m] */
  magnitude: Float32Array;
  normal: Float32Array;
}

function magic(view: DataView, expected: string): void {
  if (view.byteLength < 16) throw new Error(`${expected}: cut short`);
  const found = String.fromCharCode(...[0, 1, 2, 3].map((k) => view.getUint8(k)));
  if (found !== expected) throw new Error(`expected ${expected}, found ${found}`);
}

export function decodeSurface(buffer: ArrayBuffer): SurfaceData {
  const view = new DataView(buffer);
  magic(view, "TMSG");
  const points = view.getUint32(4, true);
  const triangles = view.getUint32(8, true);
  const start = 16;
  if (buffer.byteLength !== start + 24 * points + 12 * triangles) throw new Error("TMSG: wrong length");
  return {
    points_mm: new Float32Array(buffer, start, 3 * points),
    normals: new Float32Array(buffer, start + 12 * points, 3 * points),
    triangles: new Uint32Array(buffer, start + 24 * points, 3 * triangles),
  };
}

export function decodeField(buffer: ArrayBuffer): FieldMessage {
  const view = new DataView(buffer);
  magic(view, "TMSF");
  if (view.byteLength < 20) throw new Error("TMSF: cut short");
  const points = view.getUint32(12, true);
  const jsonBytes = view.getUint32(16, true);
  const start = 20 + jsonBytes;
  if (jsonBytes % 4 !== 0 || buffer.byteLength !== start + 8 * points) throw new Error("TMSF: wrong length");
  const json = new TextDecoder().decode(new Uint8Array(buffer, 20, jsonBytes));
  return {
    seq: view.getUint32(4, true),
    view: view.getUint32(8, true) === 1 ? "B" : "A",
    reading: JSON.parse(json) as Reading,
    magnitude: new Float32Array(buffer, start, points),
    normal: new Float32Array(buffer, start + 4 * points, points),
  };
}
