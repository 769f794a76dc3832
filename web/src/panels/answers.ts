// What the server's panels answer. Arrays are thinned to what a curve on a screen can show.

import type { Evidence } from "../ui";

export interface Source {
  key: string;
  text: string;
  url: string;
}

export interface Dose {
  text: string;
  didt_A_per_us: number | null;
  percent_mso: number | null;
  percent_rmt: number | null;
  didt_max_A_per_us: number | null;
  threshold: {
    didt_A_per_us: number;
    percent_mso: number | null;
    field_V_per_m: number;
    measured: boolean;
    site: string;
  } | null;
  refused: string;
  ready: boolean;
}

export interface PulseAnswer {
  waveform: {
    name: string;
    label: string;
    kind: string;
    status: string;
    note: string;
    figures: { name: string; value: number; unit: string; source: string; status: string; note: string }[];
    duration_us: number;
    first_phase_us: number;
    second_peak: number;
  };
  curve: { time_us: number[]; share: number[]; didt_A_per_us: number[]; current_A: number[] };
  dose: Dose;
  output: { current_A: number; voltage_V?: number; stored_J?: number; lost_J?: number } | null;
  evidence: Evidence;
}

export interface RecruitAnswer {
  missing: string;
  model: string;
  didt_A_per_us: number;
  threshold_V_per_m: number;
  populations: { name: string; area_cm2: number; volume_cm3: number; share: number }[];
  regions: { region: string; text: string; area_cm2: number; share: number[] }[];
  overlay: string | null;
  evidence: Evidence;
}

export interface PersonAnswer {
  rmt_mso: number;
  origin: string;
  criterion_mV: number;
  expected_mso: number[];
  shares: number[];
  quantiles_mV: number[][];
  amplitude_mso: number[];
  mep_mV: number[][];
  reaching: number[];
  evidence: Evidence;
}

export interface ShotAnswer {
  shot: number;
  amplitude_mso: number;
  mep_mV: number;
  reaches: boolean;
  time_ms: number[];
  emg_mV: number[];
  latency_ms: number;
}

export interface Judged {
  amplitude_mso: number;
  mep_mV: number;
  responded: boolean;
}

export interface HuntAnswer {
  next_mso: number | null;
  estimate_mso: number | null;
  band_mso: [number, number] | null;
  true_mso?: number;
  error?: number | null;
}

export interface RunAnswer {
  method: string;
  trials: (Judged & { estimate_mso: number | null; band_mso: [number, number] | null })[];
  estimate_mso: number;
  true_mso: number;
  error: number;
}

export interface Layer {
  count: number;
  interval_s: number;
}

export interface Raster {
  length_s: number;
  pulses: number;
  onsets_s: number[];
  width_s: number;
}

export type Severity = "stop" | "caution" | "caution-with-precedent" | "outside-table" | "info";

export interface Finding {
  rule: string;
  severity: Severity;
  message: string;
  status: string;
  table: string;
  cell: string;
  precedent: string;
  sources: Source[];
}

export interface TrainAnswer {
  id: string;
  label: string;
  status: "verified" | "draft";
  indication: string;
  evidence_level: string;
  regulatory: string;
  notes: string;
  sources: Source[];
  blocks: {
    sentence: string;
    layers: Layer[];
    site: string;
    target: string;
    intensity: string;
    pulses: number;
    cycle_s: number;
    rasters: Raster[];
  }[];
  totals: {
    pulses: number;
    duration_s: number;
    last_pulse_s: number;
    sessions_per_day: number;
    between_sessions_min: number | null;
    days_per_week: number;
    sessions_total: number | null;
    taper_sessions: number;
    taper: string;
    pulses_per_day: number;
    pulses_per_week: number;
    pulses_total: number | null;
  };
  intensity: string | null;
  percent_mso: number | null;
  missing: string;
  findings: Finding[];
  closing: string;
  hearing: {
    ear: string;
    distance_cm: number;
    click_dB: [number, number];
    busiest_dB: [number, number];
    session_dB: [number, number];
    protected_busiest_dB: [number, number];
  }[];
  evidence: Evidence;
}

export interface AfterAnswer {
  missing: string;
  blocks: {
    site: string;
    sentence: string;
    missing: string;
    group: {
      model: string;
      label: string;
      validity: string;
      time_min: number[];
      model_percent: number[];
      mean_percent: number[];
      sd_percent: number[];
      quantiles_percent: number[][];
      people_percent: number[][];
      people_responded: boolean[];
      people: number;
      peak_min: number;
      peak_percent: number;
      peak_sd_percent: number;
      left_percent: number;
      responders: number;
      effect_size: number | null;
      threshold_percent: number;
      notes: string[];
      sources: Source[];
      evidence: Evidence;
    } | null;
  }[];
}

export interface TransmittersAnswer {
  missing: string;
  share: number;
  session_min: number;
  cases: { sign: 1 | -1; weights: string; text: string }[];
  transmitters: {
    name: string;
    level: "human" | "animal" | "extrapolated";
    sign: string;
    words: string;
    model: string;
    time_min: number[];
    nM: number[][];
    rest_nM: number[];
    change_percent: (number | null)[];
    observations: {
      subjects: string;
      stimulation: string;
      found: string;
      status: string;
      change_percent: number | null;
      sources: Source[];
    }[];
  }[];
  binding_percent: { change: number[]; low: number[]; high: number[] };
  course: { session: number[]; autoreceptor: number[]; rest_nM: number[][][]; mean_nM: number[][][] } | null;
  notes: string[];
  sources: Source[];
  evidence: Evidence;
}

export interface NetworkAnswer {
  missing: string;
  connectome: string;
  source: string;
  site: string;
  site_text: string;
  regions: {
    region: string;
    text: string;
    recruited: number;
    early_mV: number;
    late_mV: number;
    late_cut_mV: number;
  }[];
  time_ms: number[];
  traces: { text: string; recruited: boolean; mV: number[] }[];
  far_share: number;
  overlay: string | null;
  far_kept_when_cut: number | null;
  rest: {
    synapses: string;
    change_percent: number;
    rate_before_Hz: number;
    rate_after_Hz: number;
    similarity: number | null;
    regions: { text: string; fc_before: number; fc_after: number }[];
    notes: string[];
  } | null;
  rest_missing: string;
  notes: string[];
  sources: Source[];
  evidence: Evidence;
}

export interface Share {
  percent: number[];
  low_percent: number[];
  high_percent: number[];
}

export interface CourseAnswer {
  missing: string;
  schedule: {
    name: string;
    planned: number;
    given: number;
    pulses_total: number;
    last_day: number;
    weeks: number;
    most_a_day: number;
    between_min: number | null;
    days: { day: number; planned: number; given: number; taper: boolean; pulses: number }[];
  } | null;
  arms?: {
    arm: "active" | "sham";
    people: number;
    day: number[];
    sessions: number[];
    mean: number[];
    sd: number[];
    quantiles: number[][];
    response: Share;
    remission: Share | null;
    classes: { name: string; share: number; mean: (number | null)[] }[];
  }[];
  effect_size?: number[] | null;
  model?: {
    name: string;
    label: string;
    scale: string;
    scale_label: string;
    scales: string[];
    remission_at: number | null;
    published: string;
    calibrated: string;
    sources: Source[];
  } | null;
  notes?: string[];
  trials?: {
    trial: string;
    label: string;
    arm: "active" | "sham" | "open" | "difference";
    design: string;
    people: number | null;
    scale: string;
    note: string;
    outcomes: {
      name: "response" | "remission";
      percent: number;
      low_percent: number | null;
      high_percent: number | null;
      when: string;
      status: string;
      sources: Source[];
    }[];
  }[];
  models: { name: string; label: string }[];
  indication: { name: string; label: string; evidence: string } | null;
  evidence: Evidence;
}

export interface Link {
  name: string;
  sentence: string;
  evidence: string;
}
