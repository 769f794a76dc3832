// What the server and the page say to each other. Lengths in mm, angles in deg, dI/dt in A/us, E in V/m.

export type Vec3 = [number, number, number];

/** Rigid 4x4, row by row, from coil to head; columns x, y, z, centre; z into the head, -y along the handle. */
export type Pose = number[];

export type PlanSection = Record<string, unknown>;

/** The plan as JSON, with every default written out. */
export interface PlanJson {
  head: PlanSection & { source: string };
  coil: PlanSection & { source: string };
  placement: PlanSection;
  pulse: PlanSection & { waveform: string; dose: string };
  motor: PlanSection;
  neuron: PlanSection;
  session: PlanSection & { protocol: string };
  transmitters: PlanSection;
  network: PlanSection;
  course: PlanSection;
  field: PlanSection;
  output: PlanSection;
  [section: string]: unknown;
}

export interface Named {
  name: string;
  label: string;
}

export interface Basis {
  state: "missing" | "building" | "ready" | "failed";
  fraction: number;
  stage: string;
  order: number;
  message?: string;
}

export interface Page {
  version: string;
  head: {
    name: string;
    tissues: { tag: number; name: string; label: string; color: string }[];
    bounds_mm: [Vec3, Vec3];
    n_cortex: number;
    n_cortex_full: number;
  };
  coils: (Named & { shape: string })[];
  waveforms: Named[];
  protocols: { name: string; title: string; [key: string]: unknown }[];
  targets: {
    electrodes: Record<string, Vec3>;
    named: (Named & { point_mm: Vec3 })[];
  };
  neuron_models: Named[];
  plasticity_models: Named[];
  devices: Named[];
  connectomes: Named[];
  default_plan: PlanJson;
  basis: Basis;
  [key: string]: unknown;
}

/** What the live socket says beside the field itself. */
export interface Reading {
  pose: Pose;
  scalp_mm: Vec3;
  lifted_mm: number;
  angle_deg: number;
  gap_mm: number;
  peak: number;
  p999: number;
  at_target: number | null;
  target_component: number | null;
  /** How deep below the brain's hull |E| is still half its peak or more. */
  depth_mm: number | null;
  /** Area of cortex with |E| of half its peak or more. [cm2] */
  spread: number | null;
  errors: { projection: number | null; truncation: number | null };
  order: number;
  server_ms: number;
  dropped: number;
  full: boolean;
}

export interface Job {
  id: string;
  kind: "run" | "find" | "verify";
  title: string;
  state: "waiting" | "running" | "done" | "failed" | "cancelled" | "interrupted";
  fraction: number;
  stage: string;
  message: string;
  /** UTC, to a second. */
  created: string;
  started: string | null;
  finished: string | null;
  result: Record<string, unknown> | null;
  files: { name: string; bytes: number }[];
}

/** What a search has found so far. */
export interface FindResult {
  unit?: string;
  didt_A_per_us?: number;
  map?: { points_mm: number[]; values: (number | null)[] };
  best?: { pose: Pose; coil: string; value: number };
  tried?: number;
  verified_value?: number;
  second_order_value?: number;
  robust?: { expected: number; fifth_percentile: number };
}

/** What a direct solve of one placement reads. */
export interface VerifyResult {
  didt: number;
  order: number;
  peak: number;
  p999: number;
  at_target: number | null;
  target_component: number | null;
  depth_mm: number;
  spread: number;
  discretisation_error: number | null;
}
