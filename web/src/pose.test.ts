import { describe, expect, it } from "vitest";
import {
  between,
  carried,
  column,
  cross,
  dot,
  handleAxes,
  predicted,
  readPose,
  rowsOf,
  turned,
  unit,
} from "./pose";
import type { Pose, Vec3 } from "./types";

const near = (a: Vec3, b: Vec3) => a.forEach((value, k) => expect(value).toBeCloseTo(b[k] as number, 9));
const sit = { angle_deg: 0, tilt_deg: [0, 0] as [number, number], gap_mm: 4, lifted_mm: 0 };

describe("turning", () => {
  it("carries one direction into another and keeps lengths", () => {
    const from = unit([1, 2, 3]);
    const to = unit([-2, 1, 0.5]);
    near(carried(from, from, to), to);
    expect(Math.hypot(...carried([3, -1, 2], from, to))).toBeCloseTo(Math.hypot(3, -1, 2), 9);
  });

  it("turns by the right hand", () => near(turned([1, 0, 0], [0, 0, Math.PI / 2]), [0, 1, 0]));
});

describe("a coil on the vertex", () => {
  const at = { ...sit, point_mm: [0, 0, 100] as Vec3, outward: [0, 0, 1] as Vec3 };

  it("has its z into the head, its handle straight back, and its casing a gap away", () => {
    const pose = predicted(at);
    near(column(pose, 2), [0, 0, -1]);
    near(column(pose, 1), [0, 1, 0]); // -y is along the handle
    near(column(pose, 0), cross(column(pose, 1), column(pose, 2)));
    near(column(pose, 3), [0, 0, 104]);
  });

  it("turns to the left on the midline, and away from it on either side", () => {
    const handle = (x: number, angle_deg: number): Vec3 => {
      const y = column(predicted({ ...at, point_mm: [x, 0, 100], angle_deg }), 1);
      return [-y[0], -y[1], -y[2]];
    };
    near(handle(0, 90), [-1, 0, 0]);
    near(handle(-40, 90), [-1, 0, 0]);
    near(handle(40, 90), [1, 0, 0]);
    near(handle(-40, 45), [-Math.SQRT1_2, -Math.SQRT1_2, 0]);
  });

  it("tilts about its own axes by the right hand", () => {
    const tilted = predicted({ ...at, tilt_deg: [10, 0] });
    near(column(tilted, 0), column(predicted(at), 0));
    near(column(tilted, 2), turned([0, 0, -1], [(-10 * Math.PI) / 180, 0, 0])); // its x points to the left
  });

  it("is rigid however it sits", () => {
    const pose = predicted({
      point_mm: [-50, 40, 60],
      outward: unit([-0.6, 0.5, 0.6]),
      angle_deg: 37,
      tilt_deg: [12, -7],
      gap_mm: 2,
      lifted_mm: 3,
    });
    for (const k of [0, 1, 2] as const) expect(Math.hypot(...column(pose, k))).toBeCloseTo(1, 9);
    expect(dot(column(pose, 0), column(pose, 1))).toBeCloseTo(0, 9);
    near(cross(column(pose, 0), column(pose, 1)), column(pose, 2));
  });
});

describe("handle axes", () => {
  it("are at right angles to each other and to the scalp", () => {
    const outward = unit([-0.8, 0.3, 0.5]);
    const { back, lateral } = handleAxes([-60, 20, 40], outward);
    for (const [a, b] of [
      [back, lateral],
      [back, outward],
      [lateral, outward],
    ] as const)
      expect(dot(a, b)).toBeCloseTo(0, 9);
    expect(back[1]).toBeLessThan(0);
    expect(lateral[2]).toBeLessThan(0); // on the side of the head outward is down
  });
});

describe("poses as text", () => {
  it("are read with any separators and written in rows", () => {
    const pose: Pose = [1, 0, 0, -12.5, 0, 1, 0, 3, 0, 0, 1, 80.125, 0, 0, 0, 1];
    expect(readPose("[[1 0 0 -12.5],\n 0,1,0,3; 0 0 1 80.125\n0 0 0 1]]")).toEqual(pose);
    expect(rowsOf(pose).flat()).toEqual(pose);
    expect(() => readPose("1 2 3")).toThrow("found 3 of 16");
    expect(() => readPose(`${"1 ".repeat(15)}x`)).toThrow("4 rows");
  });

  it("differ by a distance and a turn", () => {
    const a = predicted({ ...sit, point_mm: [0, 0, 100], outward: [0, 0, 1] });
    const b = predicted({ ...sit, point_mm: [3, 4, 100], outward: [0, 0, 1], angle_deg: 30 });
    expect(between(a, b).distance_mm).toBeCloseTo(5, 9);
    expect(between(a, b).turn_deg).toBeCloseTo(30, 6);
  });
});
