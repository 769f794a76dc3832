// Which way is which: letters of the head's axes as the camera sees them, and a scale.

import { signal } from "@preact/signals";
import type { Vec3 } from "../types";
import type { Scene } from "./scene";

interface Frame {
  right: Vec3;
  up: Vec3;
  toViewer: Vec3;
  mm_per_px: number;
}

const frame = signal<Frame>({ right: [1, 0, 0], up: [0, 0, 1], toViewer: [0, -1, 0], mm_per_px: 1 });

export function orient(scene: Scene): void {
  const [right, up, toViewer] = scene.screenAxes();
  const next = { right, up, toViewer, mm_per_px: scene.mm_per_px };
  if (JSON.stringify(next) !== JSON.stringify(frame.peek())) frame.value = next;
}

const ENDS = [
  { letter: "R", name: "right", axis: 0, sign: 1 },
  { letter: "L", name: "left", axis: 0, sign: -1 },
  { letter: "A", name: "front", axis: 1, sign: 1 },
  { letter: "P", name: "back", axis: 1, sign: -1 },
  { letter: "S", name: "top", axis: 2, sign: 1 },
  { letter: "I", name: "bottom", axis: 2, sign: -1 },
] as const;
const REACH_px = 30;

/** A letter pressed looks at the head from that side. */
export function Orientation({ scene }: { scene: Scene }) {
  const { right, up, toViewer } = frame.value;
  const ends = ENDS.map((end) => ({
    ...end,
    x: end.sign * (right[end.axis] as number) * REACH_px,
    y: -end.sign * (up[end.axis] as number) * REACH_px,
    depth: end.sign * (toViewer[end.axis] as number),
  })).sort((a, b) => a.depth - b.depth);
  return (
    <svg
      class="orientation"
      viewBox="-44 -44 88 88"
      width={88}
      height={88}
      role="group"
      aria-label="View from"
    >
      {ends.map(({ letter, name, axis, sign, x, y, depth }) => {
        const look = () => scene.lookFrom([0, 1, 2].map((k) => (k === axis ? sign : 0)) as Vec3);
        return (
          <g
            key={letter}
            role="button"
            tabIndex={0}
            aria-label={`View from the ${name}`}
            data-testid={`view-${letter}`}
            opacity={0.45 + 0.55 * ((depth + 1) / 2)}
            onClick={look}
            onKeyDown={(event) => (event.key === "Enter" || event.key === " ") && look()}
          >
            <line x1={0} y1={0} x2={x * 0.68} y2={y * 0.68} />
            <circle cx={x} cy={y} r={9.5} class={sign > 0 ? "ahead" : ""} />
            <text x={x} y={y}>
              {letter}
            </text>
          </g>
        );
      })}
    </svg>
  );
}

const LENGTHS_mm = [1, 2, 5, 10, 20, 50, 100];

export function ScaleBar() {
  const { mm_per_px } = frame.value;
  const length_mm = LENGTHS_mm.findLast((length) => length / mm_per_px <= 90) ?? 1;
  return (
    <div class="scale-bar" style={{ width: `${length_mm / mm_per_px}px` }}>
      {length_mm} mm
    </div>
  );
}
