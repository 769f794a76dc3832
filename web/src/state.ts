// The state of the page. It is a plan, and what the server has said about it.
//
// Panels read `plan.value.pulse` and write `update("pulse", {dose: "100 %RMT"})`; a section that did not change
// keeps its identity, so `computed(() => plan.value?.pulse)` wakes only when the pulse does.

import { batch, computed, effect, signal, type Signal } from "@preact/signals";
import { api, sentence, type Placed } from "./api";
import { followJobs } from "./jobs";
import { fromFragment, toFragment } from "./fragment";
import { Live } from "./live";
import { rowsOf } from "./pose";
import type { FieldMessage } from "./tmsf";
import { inUnit, slopeOf } from "./units";
import type { Basis, Job, Page, PlanJson, Pose, Vec3 } from "./types";

export type ViewName = "A" | "B";

/** Where the coil is to be: over a scalp point, or at a pose as it is. */
export interface Aim {
  point_mm: Vec3;
  angle_deg: number;
  tilt_deg: [number, number];
  gap_mm: number;
  pose: Pose | null;
}

/** Where the field is read: the text a plan knows it by, and the place on this head. */
export interface Target {
  text: string;
  label: string;
  point_mm: Vec3;
}

export interface View {
  name: ViewName;
  coil: Signal<string>;
  aim: Signal<Aim | null>;
  /** The last field that came, with its readings; null before the first. */
  field: Signal<FieldMessage | null>;
  /** The last aim that was accepted: the way back from a refused one. */
  good: Signal<Aim | null>;
  /** Why the last pose was refused; null once one is accepted. */
  refused: Signal<string | null>;
  /** The sequence number of the last pose asked for: `field.seq` equals it once nothing is under way. */
  asked: Signal<number>;
}

const view = (name: ViewName): View => ({
  name,
  coil: signal("magstim-70mm-fig8"),
  aim: signal(null),
  field: signal(null),
  good: signal(null),
  refused: signal(null),
  asked: signal(0),
});

// --- what the server says -------------------------------------------------------------------------------

export const page = signal<Page | null>(null);
export const pageFault = signal<string | null>(null);
export const basis = signal<Basis>({ state: "missing", fraction: 0, stage: "", order: 1 });
export const connection = signal<"connecting" | "open" | "lost">("connecting");
/** Why the server does not know this page any more, as after a start with another token. */
export const turnedAway = signal<string | null>(null);
export const jobs = signal<Job[]>([]);

// --- the plan -------------------------------------------------------------------------------------------

export const plan = signal<PlanJson | null>(null);

/** Change some keys of one section; for `placement` the whole section is replaced, since its kinds differ. */
export function update(section: keyof PlanJson & string, values: Record<string, unknown>): void {
  const old = plan.value;
  if (!old) return;
  const before = old[section] as Record<string, unknown>;
  const after = section === "placement" ? values : { ...before, ...values };
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  plan.value = { ...old, [section]: after };
}

/** dI/dt that the dose comes to when it is not a slope itself (%RMT, %MSO); null while unknown. [A/us] */
export const resolvedSlope = signal<number | null>(null);

/** Until the dose is known the field is shown at a usual rate of change, and the stage says at which. [A/us] */
export const REFERENCE_SLOPE = 67;

export const didt = computed(
  () => slopeOf(plan.value?.pulse.dose ?? "") ?? resolvedSlope.value ?? REFERENCE_SLOPE,
);

// --- the views ------------------------------------------------------------------------------------------

export const views: Record<ViewName, View> = { A: view("A"), B: view("B") };
export const compare = signal(false);
export const active = signal<ViewName>("A");
export const activeView = computed(() => views[active.value]);
export const target = signal<Target | null>(null);
/** Radius of cortex that the reading at the target is a mean over. [mm] */
export const radius_mm = signal(5);
/** Placing by name or tape is under way. */
export const placing = signal(false);

/** What is drawn, and how. None of it is part of the plan. */
export const look = {
  component: signal<"magnitude" | "normal">("magnitude"),
  /** Top of the colour bar when locked; null follows the field. [V/m] */
  lockedTop: signal<number | null>(null),
  /** Share of the bar below which the cortex stays bare. */
  threshold: signal(0.2),
  scalp: signal(0.5),
  coil: signal(true),
  cut: signal<{ axis: 0 | 1 | 2; at_mm: number } | null>(null),
  slices: signal(false),
  /** All points of the cortex once the coil rests, not only those that follow it. */
  full: signal(false),
};

/** Candidates of a search, drawn on the scalp. */
export const candidates = signal<{ points_mm: number[]; values: (number | null)[]; unit: string } | null>(
  null,
);

/** A share, 0 to 1, at each point of the cortex, drawn on the active view in place of the field. */
export const overlay = signal<{ label: string; share: Float32Array } | null>(null);
/** Where the head is looked at from; the stage turns there when it changes. */
export const gaze = signal<Vec3 | null>(null);

export const openPanel = signal("place");
export const tourStep = signal<number | null>(null);

// --- messages -------------------------------------------------------------------------------------------

export interface Notice {
  id: number;
  kind: "info" | "fault";
  text: string;
}

export const notices = signal<Notice[]>([]);
let noticeCount = 0;

export function say(text: string, kind: Notice["kind"] = "info"): void {
  const notice = { id: ++noticeCount, kind, text };
  notices.value = [...notices.value.filter((old) => old.text !== text), notice].slice(-3);
  setTimeout(() => dismiss(notice.id), kind === "fault" ? 12_000 : 5_000);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

// --- placing the coil -----------------------------------------------------------------------------------

/** The aim of a view as it now sits, so that it can be moved from there. */
export function aimNow(of: View = activeView.value): Aim | null {
  const aim = of.aim.value;
  const reading = of.field.value?.reading;
  if (!aim?.pose || !reading) return aim;
  return {
    point_mm: reading.scalp_mm,
    angle_deg: reading.angle_deg,
    tilt_deg: [0, 0],
    gap_mm: Math.max(0, reading.gap_mm),
    pose: null,
  };
}

/** Move the coil of the active view: any of its place, angle, tilt and gap. */
export function move(change: Partial<Omit<Aim, "pose">>, of: View = activeView.value): void {
  const aim = aimNow(of);
  if (!aim) return;
  of.aim.value = { ...aim, ...change, pose: null };
  placedFreely(of);
}

/** Put the coil back to where it was last accepted. */
export function backToGood(of: View): void {
  of.refused.value = null;
  of.aim.value = of.good.value;
  placedFreely(of);
}

/** Put the coil of the active view where a matrix says. */
export function setPose(pose: Pose, of: View = activeView.value): void {
  const aim = aimNow(of);
  of.aim.value = {
    point_mm: aim?.point_mm ?? [pose[3] ?? 0, pose[7] ?? 0, pose[11] ?? 0],
    angle_deg: aim?.angle_deg ?? 45,
    tilt_deg: [0, 0],
    gap_mm: aim?.gap_mm ?? 4,
    pose,
  };
  placedFreely(of);
}

export function setCoil(name: string, of: View = activeView.value): void {
  of.coil.value = name;
  if (of === activeView.value) update("coil", { source: name, deformation: {} });
}

// A pose goes into the plan once the coil rests: panels need not follow every pixel of a drag.
let settling: ReturnType<typeof setTimeout> | undefined;
/** Whether the plan says where a view's coil is, in the words it was put there by. */
const said: Record<ViewName, boolean> = { A: false, B: false };

function placedFreely(of: View): void {
  said[of.name] = false;
  writePlacement();
}

function writePlacement(): void {
  clearTimeout(settling);
  settling = setTimeout(() => {
    const of = activeView.value;
    const field = of.field.value;
    if (!of.aim.value || said[of.name]) return;
    if (field && field.seq === of.asked.value) update("placement", { pose: rowsOf(field.reading.pose) });
    else if (!of.refused.value) writePlacement();
  }, 200);
}

/** Put the coil over a target by its name, and read the field there. */
export async function aimAt(
  text: string,
  options: Partial<Pick<Aim, "angle_deg" | "gap_mm" | "tilt_deg">> = {},
) {
  const of = activeView.value;
  const aim = aimNow(of);
  const request = {
    coil: of.coil.value,
    target: text,
    angle_deg: options.angle_deg ?? aim?.angle_deg ?? 45,
    tilt_deg: options.tilt_deg ?? aim?.tilt_deg ?? ([0, 0] as [number, number]),
    gap_mm: options.gap_mm ?? aim?.gap_mm ?? 4,
  };
  placing.value = true;
  try {
    const placed: Placed = await api.place(request);
    batch(() => {
      target.value = { text, label: placed.label || text, point_mm: placed.target_mm };
      of.aim.value = {
        point_mm: placed.scalp_mm,
        angle_deg: request.angle_deg,
        tilt_deg: request.tilt_deg,
        gap_mm: request.gap_mm,
        pose: null,
      };
      of.refused.value = null;
      said[of.name] = true;
      if (request.tilt_deg.some((tilt) => tilt !== 0)) return placedFreely(of);
      clearTimeout(settling);
      update("placement", {
        target: text,
        angle: `${round(request.angle_deg)} deg`,
        reference: "midline",
        gap: `${round(request.gap_mm)} mm`,
      });
    });
    return placed;
  } finally {
    placing.value = false;
  }
}

const round = (value: number): number => Math.round(value * 100) / 100;

/** Make a view the active one: the plan then says what it shows. */
export function activate(name: ViewName): void {
  if (name === active.value) return;
  batch(() => {
    active.value = name;
    update("coil", { source: views[name].coil.value, deformation: {} });
    said[name] = false;
    writePlacement();
  });
}

/** Show two poses side by side; B begins where A is. */
export function setCompare(on: boolean): void {
  batch(() => {
    if (on && !views.B.aim.value) copyPose("A", "B");
    compare.value = on;
    if (!on) activate("A");
  });
}

export function copyPose(from: ViewName, to: ViewName): void {
  batch(() => {
    views[to].coil.value = views[from].coil.value;
    views[to].aim.value = views[from].aim.value;
    views[to].refused.value = null;
    if (to === active.value) placedFreely(views[to]);
  });
}

// --- plans in and out -----------------------------------------------------------------------------------

/** Make a checked plan the page's own, and put the coil where it says. */
export async function openPlan(next: PlanJson): Promise<void> {
  plan.value = next;
  const shown = page.value?.default_plan.head.source;
  if (shown && next.head.source !== shown)
    say(
      `The plan is for the head ${next.head.source}, and the page shows ${shown}: run the plan as a job.`,
      "fault",
    );
  const of = activeView.value;
  of.coil.value = next.coil.source;
  const placement = next.placement as { target?: string; angle?: string; gap?: string; pose?: number[][] };
  if (placement.pose) {
    setPose(placement.pose.flat(), of);
    said[of.name] = true;
  } else if (placement.target) {
    await aimAt(placement.target, {
      angle_deg: inUnit(placement.angle, { deg: 1, rad: 180 / Math.PI }, 45),
      gap_mm: inUnit(placement.gap, { mm: 1, cm: 10, m: 1000 }, 4),
      tilt_deg: [0, 0],
    });
  } else {
    throw new Error("The plan's pose is in a file of its own: write its four rows into the plan as `pose`.");
  }
}

export async function openToml(toml: string): Promise<void> {
  await openPlan(await api.parse(toml));
}

export async function link(): Promise<string> {
  if (!plan.value || !page.value) throw new Error("There is no plan yet.");
  return location.origin + location.pathname + (await toFragment(plan.value, page.value.default_plan));
}

// --- start ----------------------------------------------------------------------------------------------

export const live = new Live({
  onState: (state) => (connection.value = state),
  onBasis: (next) => (basis.value = { ...basis.value, ...next }),
  onField: (message) => {
    const of = views[message.view];
    if (of.field.value && message.seq < of.field.value.seq) return;
    batch(() => {
      of.field.value = message;
      of.refused.value = null;
      if (message.seq === of.asked.value) of.good.value = of.aim.value;
    });
  },
  onTurnedAway: (reason) => (turnedAway.value = reason),
  onRefused: (name, seq, text) => {
    if (seq >= views[name].asked.value) views[name].refused.value = text;
  },
});

/** Order of the live fields that can be had now; 0 for none. */
const fieldOrder = computed(() => (basis.value.state === "ready" ? basis.value.order : 0));
const REST_ms = 400;

function follow(of: View): void {
  let rest: ReturnType<typeof setTimeout> | undefined;
  // Whatever the field depends on asks for a new one; so does a new connection, and a basis that is ready.
  effect(() => {
    clearTimeout(rest);
    const aim = of.aim.value;
    const shown = of.name === "A" || compare.value;
    if (!aim || !shown || connection.value !== "open" || !fieldOrder.value) return;
    const { pose, ...at } = aim;
    const body = {
      coil: of.coil.value,
      didt: didt.value,
      target_mm: target.value?.point_mm ?? null,
      radius_mm: radius_mm.value,
      ...(pose ? { pose } : { at }),
    };
    of.asked.value = live.place(of.name, { ...body, full: false });
    if (look.full.value)
      rest = setTimeout(() => (of.asked.value = live.place(of.name, { ...body, full: true })), REST_ms);
  });
}

/** A dose in %RMT or %MSO becomes a slope on this head, with this coil; without one a usual slope stands in. */
function followDose(): void {
  const parts = computed(() => {
    const { head, coil, pulse, motor } = plan.value ?? {};
    return JSON.stringify([head, coil, pulse, motor, basis.value.state === "ready"]);
  });
  let asked = 0;
  effect(() => {
    void parts.value;
    const now = plan.peek();
    const mine = ++asked;
    if (!now || slopeOf(now.pulse.dose) !== null) return;
    setTimeout(() => {
      if (mine !== asked) return;
      api.panel<{ dose: { didt_A_per_us: number | null } }>("pulse", { plan: now }).then(
        ({ dose }) => mine === asked && (resolvedSlope.value = dose.didt_A_per_us),
        () => mine === asked && (resolvedSlope.value = null), // the pulse panel says why
      );
    }, 120);
  });
}

export async function start(): Promise<void> {
  try {
    const loaded = await api.page();
    batch(() => {
      page.value = loaded;
      basis.value = loaded.basis;
      plan.value = loaded.default_plan;
      pageFault.value = null;
    });
  } catch (fault) {
    pageFault.value = sentence(fault);
    return;
  }
  live.open();
  follow(views.A);
  follow(views.B);
  followDose();
  followJobs();
  await openFragment();
  addEventListener("hashchange", () => void openFragment());
}

async function openFragment(): Promise<void> {
  const loaded = page.value;
  if (!loaded) return;
  let next: PlanJson | null = null;
  try {
    next = await fromFragment(location.hash, loaded.default_plan);
    if (next) next = await api.parse(await api.toml(next));
  } catch (fault) {
    say(sentence(fault), "fault");
    next = null;
  }
  if (!next && target.value) return;
  try {
    await openPlan(next ?? loaded.default_plan);
  } catch (fault) {
    say(sentence(fault), "fault");
  }
}
