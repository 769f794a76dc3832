import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readLabels, unpacked } from "./nifti";

function volume(datatype: number, bytesPerVoxel: number): ArrayBuffer {
  const buffer = new ArrayBuffer(352 + 24 * bytesPerVoxel);
  const at = new DataView(buffer);
  at.setInt32(0, 348, true);
  [3, 2, 3, 4].forEach((value, k) => at.setInt16(40 + 2 * k, value, true));
  at.setInt16(70, datatype, true);
  at.setFloat32(108, 352, true);
  const affine = [2, 0, 0, -90, 0, 2, 0, -126, 0, 0, 2, -72];
  affine.forEach((value, k) => at.setFloat32(280 + 4 * k, value, true));
  for (let k = 0; k < 24; k++)
    if (bytesPerVoxel === 1) at.setUint8(352 + k, k % 7);
    else at.setInt16(352 + 2 * k, k % 7, true);
  return buffer;
}

describe("label volumes", () => {
  it("are read with their grid, in bytes or in words, packed or not", async () => {
    for (const [datatype, width] of [
      [2, 1],
      [4, 2],
    ] as const) {
      const plain = volume(datatype, width);
      const packed = gzipSync(new Uint8Array(plain));
      const bytes = packed.buffer.slice(packed.byteOffset, packed.byteOffset + packed.length) as ArrayBuffer;
      for (const buffer of [plain, await unpacked(bytes)]) {
        const labels = readLabels(buffer);
        expect(labels.size).toEqual([2, 3, 4]);
        expect(labels.affine).toEqual([2, 0, 0, -90, 0, 2, 0, -126, 0, 0, 2, -72, 0, 0, 0, 1]);
        expect([...labels.tags]).toEqual(Array.from({ length: 24 }, (_, k) => k % 7));
      }
    }
  });

  it("are refused when they are something else", () => {
    expect(() => readLabels(new ArrayBuffer(400))).toThrow("NIfTI");
    expect(() => readLabels(volume(16, 1))).toThrow("whole numbers");
  });
});
