import { describe, expect, it } from "vitest";
import { autoTop, colorAt, niceAbove, readable, table, ticks } from "./colormap";

/** Relative luminance after WCAG. */
const luminance = (rgb: [number, number, number]): number => {
  const [r, g, b] = rgb.map((byte) => {
    const share = byte / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const lightness = (rgb: [number, number, number]): number => 116 * Math.cbrt(luminance(rgb)) - 16;

describe("colour maps", () => {
  it("of |E| only grow lighter", () => {
    const all = Array.from({ length: 65 }, (_, k) => lightness(colorAt("magnitude", k / 64)));
    all.slice(1).forEach((value, k) => expect(value).toBeGreaterThan(all[k] as number));
  });

  it("of the normal part are as light on one side as on the other", () => {
    for (const share of [0.1, 0.2, 0.3, 0.4, 0.5]) {
      const [low, high] = [
        lightness(colorAt("normal", 0.5 - share)),
        lightness(colorAt("normal", 0.5 + share)),
      ];
      expect(Math.abs(low - high)).toBeLessThan(6);
    }
  });

  it("hold their ends beyond the range", () => {
    expect(colorAt("magnitude", -1)).toEqual(colorAt("magnitude", 0));
    expect(colorAt("magnitude", 2)).toEqual([0xfd, 0xe7, 0x25]);
    const bytes = table("magnitude");
    expect(bytes.length).toBe(1024);
    expect([...bytes.slice(-4)]).toEqual([0xfd, 0xe7, 0x25, 255]);
  });
});

describe("the scale", () => {
  it("ends at round numbers", () => {
    expect(niceAbove(3)).toBe(5);
    expect(niceAbove(0.2)).toBeCloseTo(0.2);
    expect(niceAbove(0.21)).toBeCloseTo(0.25);
    expect(ticks(0, 150)).toEqual([0, 50, 100, 150]);
    expect(ticks(-100, 100)).toEqual([-100, -50, 0, 50, 100]);
  });

  it("holds nearly all of a field and does not flicker with it", () => {
    for (const peak of [0.013, 1.7, 98, 101, 149]) expect(autoTop(peak)).toBeGreaterThanOrEqual(peak);
    expect(autoTop(101)).toBe(autoTop(149));
    expect(autoTop(0)).toBe(1);
  });

  it("writes numbers with three figures", () => {
    expect(readable(131.52)).toBe("132");
    expect(readable(0.03412)).toBe("0.0341");
    expect(readable(null)).toBe("–");
    expect(readable(0)).toBe("0");
  });
});
