import { describe, expect, it } from "vitest";
import { inUnit, slopeOf } from "./units";

describe("text with a unit", () => {
  it("is a slope only when it says so", () => {
    expect(slopeOf("67 A/us")).toBe(67);
    expect(slopeOf(" 67.5 A/µs")).toBe(67.5);
    expect(slopeOf("120 %RMT")).toBeNull();
    expect(slopeOf("0 A/us")).toBeNull();
  });

  it("is read in any of its units", () => {
    expect(inUnit("0.4 cm", { mm: 1, cm: 10 }, 9)).toBe(4);
    expect(inUnit("-45 deg", { deg: 1 }, 9)).toBe(-45);
    expect(inUnit("x", { deg: 1 }, 9)).toBe(9);
    expect(inUnit(undefined, { deg: 1 }, 9)).toBe(9);
  });
});
