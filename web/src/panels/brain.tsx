// Beyond the site: what a pulse sets off on the connectome, and what the session may do to transmitters.

import { effect, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { look, overlay, plan, update } from "../state";
import { Card, Chart, EvidenceBadge, Facts, Legend, PanelHead, Segments, Slider, Tabs } from "../ui";
import type { NetworkAnswer, TransmittersAnswer } from "./answers";
import { Answer, Bar, Notes, Sources, useAnswer, type Asked } from "./ask";
import { showPopulation } from "./recruit";
import { capital, sharesOf, short, signed } from "./text";

type Tab = "network" | "transmitters";

const tab = signal<Tab>("network");
const FIELD = ["coil", "placement", "pulse", "motor", "neuron"];

type Part = "" | "early" | "late";

/** Which part of the response the cortex shows; empty for the field. */
const shownResponse = signal<Part>("");

export function showResponse(part: Part) {
  if (shownResponse.peek() || part) showPopulation("");
  shownResponse.value = part;
}

// The stage's own button goes back to the field too.
effect(() => {
  if (!overlay.value) shownResponse.value = "";
});

export function openBrainTab(next: Tab) {
  tab.value = next;
}

export default function Brain() {
  return tab.value === "network" ? <Network /> : <Transmitters />;
}

function Head({ asked }: { asked: Asked<NetworkAnswer> | Asked<TransmittersAnswer> }) {
  return (
    <>
      <PanelHead
        title="Brain"
        about={
          tab.value === "network"
            ? "How a pulse spreads over connections, and how rest changes."
            : "Dopamine, serotonin and noradrenaline in the session."
        }
        badge={asked.value && <EvidenceBadge evidence={asked.value.evidence} />}
      />
      <div class="tab-row">
        <Tabs
          label="What of the brain"
          testId="brain-tab"
          fill
          value={tab.value}
          choices={[
            { value: "network", label: "Network" },
            { value: "transmitters", label: "Transmitters" },
          ]}
          onChange={(next) => (tab.value = next)}
        />
      </div>
    </>
  );
}

// --- network --------------------------------------------------------------------------------------------

function Network() {
  const shown = shownResponse.value;
  const asked = useAnswer<NetworkAnswer>(
    "network",
    [...FIELD, "session", "network", "seed"],
    { shown, full: look.full.value },
    500,
  );
  const packed = asked.busy ? null : asked.value?.overlay;
  useEffect(() => {
    const label = `${capital(shown)} response, of the strongest region`;
    const before = overlay.peek();
    if (packed && shown) overlay.value = { label, share: sharesOf(packed) };
    else if (before && shown) overlay.value = { ...before, label: `${label}, following` };
  }, [packed, shown]);
  // It is of this plan, so it goes when no one looks after it.
  useEffect(() => () => showResponse(""), []);
  return (
    <>
      <Head asked={asked} />
      <Answer of={asked} height={420} label="Letting the regions answer; a few seconds">
        {(told) => (told.missing ? <p class="small soft">{told.missing}</p> : <NetworkBody told={told} />)}
      </Answer>
    </>
  );
}

function NetworkBody({ told }: { told: NetworkAnswer }) {
  const series = useMemo(
    () =>
      told.traces.map((trace) => ({ label: trace.text + (trace.recruited ? " *" : ""), values: trace.mV })),
    [told],
  );
  const most = {
    early: Math.max(...told.regions.map((row) => row.early_mV)),
    late: Math.max(...told.regions.map((row) => row.late_mV)),
  };
  const kept = told.far_kept_when_cut;
  return (
    <>
      <Chart
        label="Evoked response of the regions that answer most"
        testId="chart-network"
        height={220}
        x={told.time_ms}
        xLabel="time after the pulse [ms]"
        yLabel="potential of the source [mV]"
        series={series}
      />
      <p class="small soft spaced">
        {`The pulse makes cells fire in regions marked *, most in the ${told.site_text}. After 100 ms ${percent(told.far_share)} of the response is in regions that no field reaches${
          kept !== null && kept < 0.01 ? "; cut off from each other they stay silent" : ""
        }.`}
      </p>
      <Card
        title="By region"
        aside={
          <Segments
            label="Response shown on the cortex"
            testId="show-response"
            value={shownResponse.value}
            choices={[
              { value: "", label: "Field" },
              { value: "early", label: "Early" },
              { value: "late", label: "Late" },
            ]}
            onChange={showResponse}
          />
        }
      >
        <table class="numbers small">
          <thead>
            <tr>
              <th>region</th>
              <th>cells firing</th>
              <th class="half">to 100 ms</th>
              <th class="half">to 300 ms</th>
            </tr>
          </thead>
          <tbody>
            {told.regions.map((row) => (
              <tr key={row.region}>
                <th>{row.text}</th>
                <td>{row.recruited > 0 ? percent(row.recruited) : "–"}</td>
                <td>
                  <Bar value={row.early_mV} of={most.early} />
                </td>
                <td>
                  <Bar value={row.late_mV} of={most.late} color="var(--series-2)" />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        <p class="small soft spaced">{`Bars of each column have a scale of their own: up to ${short(most.early, 2)} and ${short(most.late, 2)} mV.`}</p>
      </Card>
      <Card title="At rest, before and after the session">
        {told.rest ? (
          <>
            <Facts
              rows={[
                [`${told.rest.synapses} synapses of the site`, `${signed(told.rest.change_percent, 2)} %`],
                [
                  "its rate",
                  `${short(told.rest.rate_before_Hz)} to ${short(told.rest.rate_after_Hz)} Hz`,
                  "rest-rate",
                ],
                ...(told.rest.similarity === null
                  ? []
                  : ([["correlations against measured ones, r", short(told.rest.similarity, 2)]] as const)),
              ]}
            />
            <table class="numbers small spaced">
              <thead>
                <tr>
                  <th>correlation with the site</th>
                  <th>before</th>
                  <th>after</th>
                </tr>
              </thead>
              <tbody>
                {told.rest.regions.slice(0, 6).map((row) => (
                  <tr key={row.text}>
                    <th>{row.text}</th>
                    <td>{row.fc_before.toFixed(3)}</td>
                    <td>{row.fc_after.toFixed(3)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </>
        ) : (
          <p class="small soft">{`Nothing: ${told.rest_missing}.`}</p>
        )}
        <Notes of={[...told.notes, ...(told.rest?.notes ?? [])]} />
        <Sources of={told.sources} />
      </Card>
    </>
  );
}

const percent = (share: number) => `${short(100 * share, 2)} %`;

// --- transmitters ---------------------------------------------------------------------------------------

const SIGN = { 1: "var(--series-3)", [-1]: "var(--series-2)" } as const;
const LEVEL = {
  human: "measured in people",
  animal: "measured in animals",
  extrapolated: "extrapolated",
} as const;

function Transmitters() {
  const asked = useAnswer<TransmittersAnswer>(
    "transmitters",
    [...FIELD, "session", "transmitters", "course"],
    {},
    600,
  );
  return (
    <>
      <Head asked={asked} />
      <Drugs />
      <Answer of={asked} height={420} label="Following the terminals second by second; a few seconds">
        {(told) =>
          told.missing ? <p class="small soft spaced">{told.missing}</p> : <TransmittersBody told={told} />
        }
      </Answer>
    </>
  );
}

const DRUGS = [
  { key: "sert_scale", label: "Serotonin transporters" },
  { key: "dat_scale", label: "Dopamine transporters" },
  { key: "net_scale", label: "Noradrenaline transporters" },
] as const;

function Drugs() {
  const section = plan.value?.transmitters;
  return (
    <details class="small drugs" open={DRUGS.some((drug) => Number(section?.[drug.key] ?? 1) !== 1)}>
      <summary class="soft">Drugs: transporters that work, of healthy ones</summary>
      <div class="stack spaced">
        {DRUGS.map((drug) => (
          <Slider
            key={drug.key}
            label={drug.label}
            unit="%"
            min={20}
            max={150}
            step={5}
            value={Math.round(100 * Number(section?.[drug.key] ?? 1))}
            testId={drug.key}
            onInput={(value) => update("transmitters", { [drug.key]: value / 100 })}
          />
        ))}
        <p class="soft">A selective serotonin reuptake inhibitor leaves about 30 %.</p>
      </div>
    </details>
  );
}

function TransmittersBody({ told }: { told: TransmittersAnswer }) {
  return (
    <>
      <p class="small soft spaced">
        {`${percent(told.share)} of the left prefrontal L5 cells fire at each pulse, for ${short(told.session_min, 2)} min. What isn't known of the connections is shown as separate lines.`}
      </p>
      <Legend
        items={[
          { label: "cortex excites the cells", color: SIGN[1] },
          { label: "cortex inhibits them", color: SIGN[-1] },
        ]}
      />
      {told.transmitters.map((one) => (
        <OneTransmitter key={one.name} told={told} one={one} />
      ))}
      {told.course && <OverCourse told={told} course={told.course} />}
      <Notes of={told.notes} />
      <Sources of={told.sources} />
    </>
  );
}

function OneTransmitter({
  told,
  one,
}: {
  told: TransmittersAnswer;
  one: TransmittersAnswer["transmitters"][number];
}) {
  const series = useMemo(
    () =>
      told.cases.map((given, k) => ({
        label: given.text,
        values: one.nM[k] ?? [],
        color: SIGN[given.sign],
        ...(given.weights === told.cases[0]?.weights ? {} : { dash: [4, 3] }),
      })),
    [told, one],
  );
  const found = one.change_percent.filter((value): value is number => value !== null);
  const span = found.length
    ? `${signed(Math.min(...found))} to ${signed(Math.max(...found))} %`
    : "silent at rest";
  return (
    <Card
      title={capital(one.name)}
      aside={<span class={`level ${one.level} small`}>{LEVEL[one.level]}</span>}
      testId={`transmitter-${one.name}`}
    >
      <Chart
        label={`${one.name} over the session`}
        height={170}
        legend={false}
        x={one.time_min}
        xLabel="time [min]"
        xRange={[0, one.time_min[one.time_min.length - 1] ?? 1]}
        yLabel="outside cells [nM]"
        series={series}
        marks={[{ at: told.session_min, label: "last pulse" }]}
      />
      <p class="small">{`Over the session ${span}.`}</p>
      <p class="small soft">{one.words}</p>
      <details class="small soft">
        <summary>{`What studies found: ${one.observations.length}`}</summary>
        {one.observations.map((row, k) => (
          <p key={k} class="observation">
            {`${row.subjects}, ${row.stimulation}: ${row.found}${row.change_percent === null ? "" : ` (${signed(row.change_percent)} %)`}. `}
            {row.sources.map((source) => (
              <a key={source.key} href={source.url} target="_blank" rel="noreferrer">
                {source.key}
              </a>
            ))}
          </p>
        ))}
      </details>
    </Card>
  );
}

function OverCourse({
  told,
  course,
}: {
  told: TransmittersAnswer;
  course: NonNullable<TransmittersAnswer["course"]>;
}) {
  const serotonin = told.transmitters.findIndex((one) => one.name === "serotonin");
  const series = useMemo(
    () =>
      told.cases.map((given, k) => ({
        label: given.text,
        values: course.mean_nM[serotonin]?.[k] ?? [],
        color: SIGN[given.sign],
        ...(given.weights === told.cases[0]?.weights ? {} : { dash: [4, 3] }),
      })),
    [told, course],
  );
  if (course.session.length < 2) return null;
  return (
    <Card title="Serotonin from session to session">
      <Chart
        label="Mean serotonin in each session of the course"
        height={150}
        legend={false}
        x={course.session}
        xLabel="session"
        yLabel="mean [nM]"
        series={series}
      />
      <p class="small soft">
        As autoreceptors lose sensitivity, which was seen in rats; size and pace are choices.
      </p>
    </Card>
  );
}
