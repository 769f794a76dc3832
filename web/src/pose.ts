// Poses in the SimNIBS convention, and where the coil will sit before the server has said so.

import type { Pose, Vec3 } from "./types";

export const dot = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const add = (a: Vec3, b: Vec3, scale = 1): Vec3 => [
  a[0] + scale * b[0],
  a[1] + scale * b[1],
  a[2] + scale * b[2],
];
export const cross = (a: Vec3, b: Vec3): Vec3 => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
export const scaled = (a: Vec3, by: number): Vec3 => [by * a[0], by * a[1], by * a[2]];
export const radians = (deg: number): number => (deg * Math.PI) / 180;
export const degrees = (rad: number): number => (rad * 180) / Math.PI;
export const unit = (a: Vec3): Vec3 => {
  const length = Math.hypot(...a) || 1;
  return [a[0] / length, a[1] / length, a[2] / length];
};

const UP: Vec3 = [0, 0, 1];
const MIDLINE_mm = 5;

/** `v` turned by the smallest rotation that takes `from` to `to`, both of unit length. */
export function carried(v: Vec3, from: Vec3, to: Vec3): Vec3 {
  const axis = cross(from, to);
  const cosine = dot(from, to);
  const once = cross(axis, v);
  return add(add(v, once), cross(axis, once), 1 / Math.max(1 + cosine, 1e-6));
}

/** At a scalp point: the handle at 0 degrees, the handle at 90 degrees. See `tmsim.placement.place`. */
export function handleAxes(point_mm: Vec3, outward: Vec3): { back: Vec3; lateral: Vec3 } {
  const front = carried([0, 1, 0], UP, outward);
  const right = carried([1, 0, 0], UP, outward);
  return {
    back: scaled(front, -1),
    lateral: point_mm[0] > MIDLINE_mm ? right : scaled(right, -1),
  };
}

function fromColumns(x: Vec3, y: Vec3, z: Vec3, centre: Vec3): Pose {
  // prettier-ignore
  return [
    x[0], y[0], z[0], centre[0],
    x[1], y[1], z[1], centre[1],
    x[2], y[2], z[2], centre[2],
    0, 0, 0, 1,
  ];
}

/** The column of a pose: 0, 1, 2 for its axes, 3 for its centre. */
export const column = (pose: Pose, k: 0 | 1 | 2 | 3): Vec3 => [
  pose[k] as number,
  pose[4 + k] as number,
  pose[8 + k] as number,
];

export interface Sit {
  point_mm: Vec3;
  outward: Vec3;
  angle_deg: number;
  tilt_deg: [number, number];
  gap_mm: number;
  lifted_mm: number;
}

/** `v` turned about `axis` (whose length is the angle in radians). */
export function turned(v: Vec3, axis: Vec3): Vec3 {
  const angle = Math.hypot(...axis);
  if (angle === 0) return v;
  const k = unit(axis);
  const along = dot(k, v) * (1 - Math.cos(angle));
  return add(add(scaled(v, Math.cos(angle)), cross(k, v), Math.sin(angle)), k, along);
}

/** Where the coil will sit, to within what the server's own smoothing and lifting make of it. */
export function predicted(sit: Sit): Pose {
  const { back, lateral } = handleAxes(sit.point_mm, sit.outward);
  const angle = radians(sit.angle_deg);
  const y = scaled(unit(add(scaled(back, Math.cos(angle)), lateral, Math.sin(angle))), -1);
  const z = scaled(sit.outward, -1);
  const x = cross(y, z);
  // A tilt is one turn about an axis in the coil's own plane.
  const tilt = add(scaled(x, radians(sit.tilt_deg[0])), y, radians(sit.tilt_deg[1]));
  const centre = add(sit.point_mm, sit.outward, sit.gap_mm + sit.lifted_mm);
  return fromColumns(turned(x, tilt), turned(y, tilt), turned(z, tilt), centre);
}

/** A pose as the four rows that a plan holds, without noise in the last digits. */
export function rowsOf(pose: Pose): number[][] {
  const rounded = pose.map((value, k) => Number(value.toFixed(k % 4 === 3 ? 3 : 9)) + 0);
  return [rounded.slice(0, 4), rounded.slice(4, 8), rounded.slice(8, 12), [0, 0, 0, 1]];
}

/** Sixteen numbers from text in rows, or a sentence that says what is missing. */
export function readPose(text: string): Pose {
  const numbers = text
    .split(/[\s,;[\]]+/)
    .filter(Boolean)
    .map(Number);
  if (numbers.length !== 16 || !numbers.every(Number.isFinite))
    throw new Error(`A pose is 4 rows of 4 numbers, translation in mm; found ${numbers.length} of 16.`);
  return numbers;
}

/** How far and by how much two coils differ. */
export function between(a: Pose, b: Pose): { distance_mm: number; turn_deg: number } {
  const distance_mm = Math.hypot(...add(column(a, 3), column(b, 3), -1));
  let trace = 0;
  for (const k of [0, 1, 2] as const) trace += dot(column(a, k), column(b, k));
  return { distance_mm, turn_deg: degrees(Math.acos(Math.min(1, Math.max(-1, (trace - 1) / 2)))) };
}
