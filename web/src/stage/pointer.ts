// Pointers and keys on the stage: drag the coil, turn it by its knob, nudge it with keys.

import { column, degrees, dot, add, handleAxes, scaled, unit } from "../pose";
import { activate, aimNow, compare, look, move, views, type ViewName } from "../state";
import type { Pose, Vec3 } from "../types";
import type { Scene } from "./scene";

const STEP_mm = 2;
const TURN_deg = 5;

const wrapped = (deg: number): number => ((((deg + 180) % 360) + 360) % 360) - 180;

interface Drag {
  pointer: number;
  view: ViewName;
  part: "coil" | "turn";
  /** From the pointer to the scalp under the coil's centre. [px] */
  offset: [number, number];
}

/** Listen on a canvas. `shown` says where a coil is drawn now. Returns what stops it. */
export function listen(
  canvas: HTMLCanvasElement,
  scene: Scene,
  shown: (view: ViewName) => Pose | null,
): () => void {
  let drag: Drag | null = null;
  const at = (event: MouseEvent): [number, number] => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  const down = (event: PointerEvent) => {
    if (event.button !== 0 || drag) return;
    const [x, y] = at(event);
    const grip = scene.grip(x, y);
    if (!grip) return;
    if (compare.value) activate(grip.view);
    if (grip.part === "scalp") return;
    const aim = aimNow(views[grip.view]);
    if (!aim) return;
    const [cx, cy] = scene.toCanvas(aim.point_mm, grip.view);
    drag = { pointer: event.pointerId, view: grip.view, part: grip.part, offset: [cx - x, cy - y] };
    canvas.setPointerCapture(event.pointerId);
    canvas.style.cursor = "grabbing";
    event.stopImmediatePropagation();
    event.preventDefault();
    canvas.focus({ preventScroll: true });
  };

  const hover = (event: PointerEvent) => {
    if (event.buttons) return;
    const grip = scene.grip(...at(event));
    canvas.style.cursor = grip && grip.part !== "scalp" ? "grab" : "";
  };

  const moved = (event: PointerEvent) => {
    if (!drag) return hover(event);
    if (event.pointerId !== drag.pointer) return;
    event.stopImmediatePropagation();
    const [x, y] = at(event);
    const view = views[drag.view];
    if (drag.part === "coil") {
      const point = scene.onScalp(x + drag.offset[0], y + drag.offset[1]);
      if (point) move({ point_mm: point }, view);
      return;
    }
    const pose = shown(drag.view);
    const aim = aimNow(view);
    if (!pose || !aim) return;
    const centre = column(pose, 3);
    const outward = scene.outwardAt(aim.point_mm);
    const point = scene.onPlane(x, y, outward, centre);
    if (!point) return;
    const { back, lateral } = handleAxes(aim.point_mm, outward);
    const arm = add(point, centre, -1);
    move({ angle_deg: degrees(Math.atan2(dot(arm, lateral), dot(arm, back))) }, view);
  };

  const up = (event: PointerEvent) => {
    if (!drag || event.pointerId !== drag.pointer) return;
    drag = null;
    canvas.style.cursor = "";
    event.stopImmediatePropagation();
  };

  const jump = (event: MouseEvent) => {
    const [x, y] = at(event);
    const grip = scene.grip(x, y);
    const point = scene.onScalp(x, y);
    if (grip && point) move({ point_mm: point }, views[grip.view]);
  };

  const wheel = (event: WheelEvent) => {
    if (!event.altKey && !event.shiftKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    turn(Math.sign(event.deltaY || event.deltaX) * TURN_deg);
  };

  const key = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || !press(event, scene)) return;
    event.preventDefault();
    event.stopPropagation();
  };

  // In the capture phase, before the camera's own controls.
  canvas.addEventListener("pointerdown", down, true);
  canvas.addEventListener("pointermove", moved, true);
  canvas.addEventListener("pointerup", up, true);
  canvas.addEventListener("pointercancel", up, true);
  canvas.addEventListener("dblclick", jump);
  canvas.addEventListener("wheel", wheel, { capture: true, passive: false });
  canvas.addEventListener("keydown", key);
  return () => {
    canvas.removeEventListener("pointerdown", down, true);
    canvas.removeEventListener("pointermove", moved, true);
    canvas.removeEventListener("pointerup", up, true);
    canvas.removeEventListener("pointercancel", up, true);
    canvas.removeEventListener("dblclick", jump);
    canvas.removeEventListener("wheel", wheel, true);
    canvas.removeEventListener("keydown", key);
  };
}

function turn(by_deg: number): void {
  const aim = aimNow();
  if (aim) move({ angle_deg: wrapped(aim.angle_deg + by_deg) });
}

function tilt(by: [number, number]): void {
  const aim = aimNow();
  const held = (deg: number) => Math.min(30, Math.max(-30, deg));
  if (aim) move({ tilt_deg: [held(aim.tilt_deg[0] + by[0]), held(aim.tilt_deg[1] + by[1])] });
}

function lift(by_mm: number): void {
  const aim = aimNow();
  if (aim) move({ gap_mm: Math.min(50, Math.max(0, aim.gap_mm + by_mm)) });
}

function press(event: KeyboardEvent, scene: Scene): boolean {
  const step = event.shiftKey ? 5 * STEP_mm : STEP_mm;
  const small = event.shiftKey ? 5 : 1;
  switch (event.key.toLowerCase()) {
    case "arrowleft":
      return nudge(scene, -step, 0);
    case "arrowright":
      return nudge(scene, step, 0);
    case "arrowup":
      return nudge(scene, 0, step);
    case "arrowdown":
      return nudge(scene, 0, -step);
    case "q":
      turn(event.shiftKey ? -1 : -TURN_deg);
      return true;
    case "e":
      turn(event.shiftKey ? 1 : TURN_deg);
      return true;
    case "r":
      lift(small);
      return true;
    case "f":
      lift(-small);
      return true;
    case "w":
      tilt([small, 0]);
      return true;
    case "s":
      tilt([-small, 0]);
      return true;
    case "a":
      tilt([0, small]);
      return true;
    case "d":
      tilt([0, -small]);
      return true;
    case "n":
      look.component.value = look.component.value === "normal" ? "magnitude" : "normal";
      return true;
    default:
      return false;
  }
}

/** Slide the coil over the scalp, along the screen's own axes. */
function nudge(scene: Scene, right_mm: number, up_mm: number): boolean {
  const aim = aimNow();
  if (!aim) return true;
  const [right, top] = scene.screenAxes();
  const outward = scene.outwardAt(aim.point_mm);
  const along = add(scaled(right, right_mm), top, up_mm);
  const flat: Vec3 = add(along, outward, -dot(along, outward));
  const length = Math.hypot(right_mm, up_mm);
  move({ point_mm: scene.ontoScalp(add(aim.point_mm, unit(flat), length)) });
  return true;
}
