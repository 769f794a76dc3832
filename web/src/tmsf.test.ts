import { describe, expect, it } from "vitest";
import { decodeField, decodeSurface } from "./tmsf";

const reading = { peak: 101.5, at_target: null, note: "µ, two bytes" };

function fieldBytes(points: number, view: number): ArrayBuffer {
  let json = new TextEncoder().encode(JSON.stringify(reading));
  json = new Uint8Array([...json, ...Array<number>((4 - (json.length % 4)) % 4).fill(32)]);
  const buffer = new ArrayBuffer(20 + json.length + 8 * points);
  const at = new DataView(buffer);
  new Uint8Array(buffer).set(new TextEncoder().encode("TMSF"));
  [4_000_000_000, view, points, json.length].forEach((value, k) => at.setUint32(4 + 4 * k, value, true));
  new Uint8Array(buffer).set(json, 20);
  for (let k = 0; k < points; k++) {
    at.setFloat32(20 + json.length + 4 * k, k + 0.5, true);
    at.setFloat32(20 + json.length + 4 * (points + k), -k, true);
  }
  return buffer;
}

describe("TMSF", () => {
  it("holds number, view, readings, and both fields in their order", () => {
    const message = decodeField(fieldBytes(5, 1));
    expect(message.seq).toBe(4_000_000_000);
    expect(message.view).toBe("B");
    expect(message.reading).toEqual(reading);
    expect([...message.magnitude]).toEqual([0.5, 1.5, 2.5, 3.5, 4.5]);
    expect([...message.normal].map((x) => x + 0)).toEqual([0, -1, -2, -3, -4]);
  });

  it("is refused when it is cut short, longer, or something else", () => {
    const whole = fieldBytes(5, 0);
    expect(() => decodeField(whole.slice(0, -4))).toThrow("length");
    expect(() => decodeField(whole.slice(0, 10))).toThrow("short");
    const other = whole.slice(0);
    new Uint8Array(other)[3] = 71;
    expect(() => decodeField(other)).toThrow("TMSG");
  });
});

describe("TMSG", () => {
  it("holds points, normals and triangles", () => {
    const buffer = new ArrayBuffer(16 + 24 * 3 + 12);
    new Uint8Array(buffer).set(new TextEncoder().encode("TMSG"));
    const at = new DataView(buffer);
    at.setUint32(4, 3, true);
    at.setUint32(8, 1, true);
    for (let k = 0; k < 18; k++) at.setFloat32(16 + 4 * k, k, true);
    [2, 0, 1].forEach((corner, k) => at.setUint32(16 + 72 + 4 * k, corner, true));
    const surface = decodeSurface(buffer);
    expect([...surface.points_mm]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect([...surface.normals]).toEqual([9, 10, 11, 12, 13, 14, 15, 16, 17]);
    expect([...surface.triangles]).toEqual([2, 0, 1]);
    expect(() => decodeSurface(buffer.slice(0, -1))).toThrow("length");
  });
});
