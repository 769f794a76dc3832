// A virtual subject's hand: pulse by pulse, its recruitment curve, and the hunt for its threshold.

import { signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { api, sentence } from "../api";
import { plan } from "../state";
import {
  Button,
  Card,
  Chart,
  Empty,
  EvidenceBadge,
  Facts,
  Legend,
  NumberField,
  PanelHead,
  Segments,
  Select,
  Slider,
  Tabs,
} from "../ui";
import type { HuntAnswer, Judged, PersonAnswer, RunAnswer, ShotAnswer } from "./answers";
import { Answer, useAnswer } from "./ask";
import { capital, short, signed } from "./text";

type Tab = "curve" | "hunt" | "run";

const person = signal(0);
const tab = signal<Tab>("curve");

export default function Person() {
  const asked = useAnswer<PersonAnswer>("person", ["coil", "motor", "pulse", "neuron", "seed"], {
    person: person.value,
  });
  return (
    <>
      <PanelHead
        title="Person"
        about="The hand of a virtual subject: no two pulses give the same twitch."
        badge={asked.value && <EvidenceBadge evidence={asked.value.evidence} />}
      />
      <div class="stack">
        <div class="row">
          <Segments
            label="Whose hand"
            testId="whose"
            value={person.value === 0 ? "plan" : "other"}
            choices={[
              { value: "plan", label: "This head" },
              { value: "other", label: "Someone else" },
            ]}
            onChange={(whose) => meet(whose === "plan" ? 0 : 1)}
          />
          {person.value > 0 && (
            <Button testId="next-person" onClick={() => meet(person.value + 1)}>
              Next
            </Button>
          )}
        </div>
        <Tabs
          label="What to do"
          testId="person-tab"
          fill
          value={tab.value}
          choices={[
            { value: "curve", label: "Curve" },
            { value: "hunt", label: "Hunt by hand" },
            { value: "run", label: "Let it run" },
          ]}
          onChange={(next) => (tab.value = next)}
        />
        {tab.value === "curve" && (
          <Answer of={asked} height={340}>
            {(told) => <Curve told={told} />}
          </Answer>
        )}
        {tab.value === "hunt" && <Hunt />}
        {tab.value === "run" && <Run />}
      </div>
    </>
  );
}

export function openPersonTab(next: Tab) {
  tab.value = next;
}

function meet(next: number) {
  person.value = next;
  begin();
  run.value = null;
}

// --- recruitment curve ----------------------------------------------------------------------------------

function Curve({ told }: { told: PersonAnswer }) {
  const series = useMemo(() => {
    const [low, lower, middle, upper, high] = told.quantiles_mV;
    if (!low || !lower || !middle || !upper || !high) return [];
    return [
      { label: "90 % of pulses", values: high, bandTo: low, color: "var(--series-1)" },
      { label: "half of them", values: upper, bandTo: lower, color: "var(--series-1)" },
      { label: "median", values: middle, color: "var(--series-1)" },
    ];
  }, [told]);
  const recorded = useMemo(() => told.mep_mV.map((row) => median(row)), [told]);
  const at = useMemo(
    () => told.expected_mso.map((mso) => nearest(told.amplitude_mso, recorded, mso)),
    [told, recorded],
  );
  const shown = useMemo(
    () => [...series, { label: "median of 10 recorded", values: at, points: true, color: "var(--series-2)" }],
    [series, at],
  );
  const share = useMemo(
    () => [
      { label: "share above 50 µV", values: told.reaching.map((one) => 100 * one), color: "var(--series-3)" },
    ],
    [told],
  );
  return (
    <>
      <Chart
        label="Recruitment curve: MEP size against output"
        testId="chart-curve"
        height={200}
        legend={false}
        x={told.expected_mso}
        xLabel="output [%MSO]"
        yLabel="MEP, peak to peak [mV]"
        series={shown}
        marks={[{ at: told.rmt_mso, label: "RMT" }]}
      />
      <Legend
        items={[
          { label: "median, half and 90 % of pulses", color: "var(--series-1)" },
          { label: "median of 10 recorded", color: "var(--series-2)" },
        ]}
      />
      <Chart
        label="Share of pulses that reach 50 microvolt"
        height={130}
        x={told.expected_mso}
        xLabel="output [%MSO]"
        yLabel="reach 50 µV [%]"
        yRange={[0, 100]}
        series={share}
        marks={[{ at: told.rmt_mso, label: "half of them" }]}
      />
      <Card>
        <Facts rows={[["resting motor threshold", `${short(told.rmt_mso)} %MSO`, "rmt"]]} />
        <p class="small soft">{capital(told.origin)}.</p>
      </Card>
    </>
  );
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
};

/** The recorded value at the grid point that lies nearest to its amplitude, null elsewhere. */
function nearest(at: readonly number[], values: readonly number[], grid: number): number | null {
  const step = 0.6;
  const found = at.findIndex((amplitude) => Math.abs(amplitude - grid) <= step / 2);
  return found < 0 ? null : (values[found] ?? null);
}

// --- a hunt by hand -------------------------------------------------------------------------------------

const amplitude = signal(50);
const trials = signal<Judged[]>([]);
const shot = signal<ShotAnswer | null>(null);
const state = signal<HuntAnswer | null>(null);
const fault = signal<string | null>(null);
const firing = signal(false);
/** Where the numbers of this hunt's shots begin, so that a new hunt of the same person gets other pulses. */
let firstShot = 0;

function begin() {
  firstShot += trials.value.length + 1;
  trials.value = [];
  shot.value = null;
  state.value = null;
  fault.value = null;
  amplitude.value = 50;
}

async function fire() {
  if (firing.value || shot.value) return;
  firing.value = true;
  fault.value = null;
  try {
    shot.value = await api.panel<ShotAnswer>("person/shot", {
      plan: plan.value,
      person: person.value,
      amplitude_mso: amplitude.value,
      shot: firstShot + trials.value.length,
    });
  } catch (problem) {
    fault.value = sentence(problem);
  } finally {
    firing.value = false;
  }
}

async function judge(responded: boolean, reveal = false) {
  const seen = shot.value;
  if (seen) {
    trials.value = [...trials.value, { amplitude_mso: seen.amplitude_mso, mep_mV: seen.mep_mV, responded }];
    shot.value = null;
  }
  await estimate(reveal);
}

async function estimate(reveal: boolean) {
  const body = { plan: plan.value, person: person.value, trials: trials.value, reveal };
  try {
    state.value = await api.panel<HuntAnswer>("person/hunt", body);
  } catch (problem) {
    fault.value = sentence(problem);
  }
}

function keys(event: KeyboardEvent) {
  if (event.target instanceof HTMLInputElement && event.target.inputMode === "decimal") return;
  const key = event.key.toLowerCase();
  if (key === "f") void fire();
  else if (key === "y" && shot.value) void judge(true);
  else if (key === "n" && shot.value) void judge(false);
  else return;
  event.preventDefault();
}

function Hunt() {
  const seen = shot.value;
  const told = state.value;
  const size = Math.max(0.1, seen ? 1.15 * Math.max(...seen.emg_mV.map(Math.abs)) : 0);
  const trace = useMemo(
    () => (seen ? [{ label: "EMG", values: seen.emg_mV }] : [{ label: "EMG", values: [] as number[] }]),
    [seen],
  );
  const x = useMemo(() => seen?.time_ms ?? [], [seen]);
  return (
    <div class="stack" onKeyDown={keys} data-testid="hunt">
      <p class="small soft">
        Find the output at which half of the pulses make a response of 50 µV or more. Fire, look, and judge;
        keys F, Y and N do it too.
      </p>
      <Chart
        label="Electromyogram after the last pulse"
        testId="chart-trace"
        height={150}
        x={x}
        xRange={[0, 60]}
        yRange={[-size, size]}
        xLabel="time after the pulse [ms]"
        yLabel="EMG [mV]"
        series={trace}
      />
      <div class="dose-row">
        <Slider
          label="Output"
          unit="%MSO"
          testId="shot-amplitude"
          value={amplitude.value}
          min={1}
          max={100}
          onInput={(value) => (amplitude.value = value)}
        />
        <Button
          kind="primary"
          testId="fire"
          disabled={seen !== null || firing.value}
          onClick={() => void fire()}
        >
          Fire
        </Button>
      </div>
      <div class="judge" data-ready={seen !== null}>
        <span class="small soft" data-testid="mep-size">
          {seen
            ? `${short(1000 * seen.mep_mV, 2)} µV peak to peak`
            : trials.value.length
              ? "Fire the next pulse."
              : "No pulse yet."}
        </span>
        <Button disabled={!seen} testId="judge-yes" onClick={() => void judge(true)}>
          Response
        </Button>
        <Button disabled={!seen} testId="judge-no" onClick={() => void judge(false)}>
          None
        </Button>
      </div>
      {fault.value && <p class="banner fault small">{fault.value}</p>}
      <Shots />
      <Facts
        rows={[
          ["pulses fired", String(trials.value.length), "shots"],
          ["likeliest threshold", told?.estimate_mso ? `${short(told.estimate_mso)} %MSO` : "–", "estimate"],
          [
            "95 % of the likelihood",
            told?.band_mso ? `${short(told.band_mso[0])} to ${short(told.band_mso[1])} %MSO` : "–",
          ],
          ["maximum likelihood fires next at", told?.next_mso ? `${short(told.next_mso)} %MSO` : "–"],
          ...(told?.true_mso
            ? ([
                ["true threshold", `${short(told.true_mso)} %MSO`, "truth"],
                [
                  "your error",
                  told.error === null || told.error === undefined ? "–" : `${signed(100 * told.error)} %`,
                  "hunt-error",
                ],
                ["judged against 50 µV", misjudged()],
              ] as const)
            : []),
        ]}
      />
      <div class="row">
        {told?.next_mso && (
          <Button
            size="small"
            testId="take-advice"
            onClick={() => (amplitude.value = told.next_mso ?? amplitude.value)}
          >
            Go to {short(told.next_mso)} %MSO
          </Button>
        )}
        <Button
          size="small"
          testId="reveal"
          disabled={trials.value.length < 1}
          onClick={() => void judgeless()}
        >
          Show the true threshold
        </Button>
        <Button size="small" kind="plain" onClick={begin}>
          Start over
        </Button>
      </div>
    </div>
  );
}

const judgeless = () => {
  shot.value = null;
  return estimate(true);
};

function misjudged(): string {
  const wrong = trials.value.filter((one) => one.responded !== one.mep_mV >= 0.05).length;
  return wrong ? `${wrong} of ${trials.value.length} otherwise` : "all as 50 µV has it";
}

/** Each pulse at its output; filled where a response was seen. */
function Shots() {
  const shots = trials.value;
  const told = state.value;
  if (!shots.length) return null;
  const width = 380;
  const height = 92;
  const amplitudes = [
    ...shots.map((one) => one.amplitude_mso),
    told?.true_mso ?? shots[0]?.amplitude_mso ?? 50,
  ];
  const low = Math.max(0, Math.min(...amplitudes) - 4);
  const high = Math.min(100, Math.max(...amplitudes) + 4);
  const y = (mso: number) => 6 + (height - 12) * (1 - (mso - low) / (high - low || 1));
  const step = Math.min(22, (width - 80) / shots.length);
  return (
    <svg
      class="shots"
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label="Output of each pulse, filled where a response was seen"
    >
      <text x="0" y="12">{`${short(high)} %MSO`}</text>
      <text x="0" y={height - 3}>
        {short(low)}
      </text>
      {told?.band_mso && (
        <rect
          class="band"
          x="66"
          width={width - 66}
          y={y(Math.min(high, told.band_mso[1]))}
          height={Math.max(1, y(Math.max(low, told.band_mso[0])) - y(Math.min(high, told.band_mso[1])))}
        />
      )}
      {told?.estimate_mso && (
        <line class="estimate" x1="66" x2={width} y1={y(told.estimate_mso)} y2={y(told.estimate_mso)} />
      )}
      {told?.true_mso && (
        <line class="truth" x1="66" x2={width} y1={y(told.true_mso)} y2={y(told.true_mso)} />
      )}
      {shots.map((one, k) => (
        <circle
          key={k}
          class={one.responded ? "yes" : "no"}
          cx={74 + k * step}
          cy={y(one.amplitude_mso)}
          r="3.6"
        />
      ))}
    </svg>
  );
}

// --- a hunt by itself -----------------------------------------------------------------------------------

const run = signal<RunAnswer | null>(null);
const method = signal("ml-pest");
const pulses = signal(20);
let repeats = 0;

async function start() {
  fault.value = null;
  const body = {
    plan: plan.value,
    person: person.value,
    method: method.value,
    pulses: pulses.value,
    repeat: repeats++,
  };
  try {
    run.value = await api.panel<RunAnswer>("person/run", body);
  } catch (problem) {
    run.value = null;
    fault.value = sentence(problem);
  }
}

function Run() {
  const told = run.value;
  const x = useMemo(() => (told ? told.trials.map((_, k) => k + 1) : []), [told]);
  const series = useMemo(() => {
    if (!told) return [];
    const of = (pick: (trial: RunAnswer["trials"][number]) => number | null) => told.trials.map(pick);
    return [
      {
        label: "95 % of the likelihood",
        values: of((t) => t.band_mso?.[1] ?? null),
        bandTo: of((t) => t.band_mso?.[0] ?? null),
        color: "var(--series-1)",
      },
      { label: "estimate", values: of((t) => t.estimate_mso), color: "var(--series-1)" },
      { label: "true threshold", values: of(() => told.true_mso), dash: [5, 4], color: "var(--ink-soft)" },
      {
        label: "response",
        values: of((t) => (t.responded ? t.amplitude_mso : null)),
        points: true,
        color: "var(--series-2)",
      },
      {
        label: "none",
        values: of((t) => (t.responded ? null : t.amplitude_mso)),
        points: true,
        color: "var(--series-3)",
      },
    ];
  }, [told]);
  return (
    <div class="stack">
      <div class="grid-2">
        <Select
          label="Procedure"
          testId="hunt-method"
          value={method.value}
          choices={[
            { value: "ml-pest", label: "maximum likelihood (ML-PEST)" },
            { value: "5-of-10", label: "5 of 10 (Rossini-Rothwell)" },
          ]}
          onChange={(next) => (method.value = next)}
        />
        {method.value === "ml-pest" ? (
          <NumberField
            label="Pulses"
            min={2}
            max={200}
            digits={0}
            value={pulses.value}
            onChange={(next) => (pulses.value = Math.round(next))}
          />
        ) : (
          <p class="small soft threshold-text">It ends by itself, after some 50 to 80 pulses.</p>
        )}
      </div>
      <Button kind="primary" testId="run-hunt" onClick={() => void start()}>
        {told ? "Run once more" : "Run"}
      </Button>
      {fault.value && <p class="banner fault small">{fault.value}</p>}
      {told ? (
        <>
          <Chart
            label="A hunt by itself, pulse by pulse"
            testId="chart-run"
            height={210}
            x={x}
            xLabel="pulse"
            yLabel="output [%MSO]"
            series={series}
          />
          <Facts
            rows={[
              ["estimate", `${short(told.estimate_mso)} %MSO`, "run-estimate"],
              ["true threshold", `${short(told.true_mso)} %MSO`, "run-truth"],
              ["error", `${signed(100 * told.error)} %`],
              ["pulses", String(told.trials.length)],
            ]}
          />
        </>
      ) : (
        <Empty title="A hunt that fires and judges by itself">
          Each run meets other pulses of the same person.
        </Empty>
      )}
    </div>
  );
}
