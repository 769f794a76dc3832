import { describe, expect, it } from "vitest";
import { missedDays, toggled } from "./missed";
import { duration, readDose, readThreshold, sharesOf, short, signed, writeDose } from "./text";

describe("numbers", () => {
  it("keep so many digits and a true minus", () => {
    expect(short(3.14159)).toBe("3.14");
    expect(short(-0.5)).toBe("−0.5");
    expect(short(12345)).toBe("12,300");
    expect(short(null)).toBe("–");
    expect(signed(2.5)).toBe("+2.5");
    expect(signed(-2.5)).toBe("−2.5");
    expect(signed(0)).toBe("0");
  });

  it("of seconds read as times", () => {
    expect(duration(0.06)).toBe("0.06 s");
    expect(duration(200)).toBe("3 min 20 s");
    expect(duration(180)).toBe("3 min");
    expect(duration(3900)).toBe("1 h 5 min");
  });
});

describe("a dose", () => {
  it("is read and written in each unit", () => {
    for (const text of ["120 %RMT", "80 %AMT", "65 %MSO", "67.5 A/us"]) {
      const read = readDose(text);
      expect(read && writeDose(read)).toBe(text);
    }
  });

  it("in another unit is none", () => {
    expect(readDose("120")).toBeNull();
    expect(readDose("120 %")).toBeNull();
  });
});

describe("missed days", () => {
  it("are read from days and spans, and numbers of sessions are left alone", () => {
    expect([...missedDays(["day 12", "7-9", "day 3-4"])].sort((a, b) => a - b)).toEqual([3, 4, 12]);
  });

  it("come and go", () => {
    expect(toggled([], 5)).toEqual(["day 5"]);
    expect(toggled(["7-9", "day 5"], 5)).toEqual(["7-9"]);
    expect(toggled(["day 3-4"], 3)).toEqual(["day 4"]);
  });
});

it("shares come from bytes", () => {
  const packed = btoa(String.fromCharCode(0, 51, 255));
  expect([...sharesOf(packed)]).toEqual([0, expect.closeTo(0.2, 6), 1]);
});

it("a measured threshold is read with or without its unit", () => {
  expect(readThreshold("52")).toBe("52 %MSO");
  expect(readThreshold(" 52.5 %MSO")).toBe("52.5 %MSO");
  expect(readThreshold("")).toBe("");
  expect(readThreshold("120")).toBeNull();
  expect(readThreshold("strong")).toBeNull();
});
