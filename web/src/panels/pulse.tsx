// Which pulse and how strong, and who fires: the circuit's current, the field over time, layers of cells.

import { signal } from "@preact/signals";
import { activeView, didt, page, plan, update } from "../state";
import {
  Button,
  Card,
  Chart,
  EvidenceBadge,
  Facts,
  NumberField,
  PanelHead,
  Segments,
  Select,
  Slider,
  TextField,
} from "../ui";
import type { PulseAnswer, RecruitAnswer } from "./answers";
import { Answer, Bar, Notes } from "./ask";
import { pulseAnswer, pulseBusy, pulseFault } from "./dose";
import { recruitAnswer, recruitBusy, recruitFault, showPopulation, shownPopulation } from "./recruit";
import { readDose, readThreshold, short, whole, writeDose, type DoseText } from "./text";

type Unit = "%RMT" | "%MSO" | "A/us";

const RANGE: Record<Unit, [low: number, high: number, step: number]> = {
  "%RMT": [20, 180, 1],
  "%MSO": [1, 100, 1],
  "A/us": [1, 200, 0.5],
};

export default function Pulse() {
  const answer = pulseAnswer.value;
  return (
    <>
      <PanelHead
        title="Pulse"
        about="What the stimulator sends through the coil, and who fires at it."
        badge={answer && <EvidenceBadge evidence={answer.evidence} />}
      />
      <Answer of={{ value: answer, fault: pulseFault.value, busy: pulseBusy.value }} height={420}>
        {(told) => (
          <>
            <WaveformCard told={told} />
            <DoseCard told={told} />
          </>
        )}
      </Answer>
      <FiresCard />
    </>
  );
}

function WaveformCard({ told }: { told: PulseAnswer }) {
  const { waveform, curve } = told;
  const name = plan.value?.pulse.waveform ?? "";
  const ctms = /^ctms-([\d.]+)us-([\d.]+)$/.exec(name);
  const set = (width: number, ratio: number) =>
    update("pulse", { waveform: `ctms-${short(width)}us-${short(ratio)}` });
  const peak = peakField();
  const field = curve.share.map((share) => share * (peak ?? 1));
  return (
    <Card>
      <Select
        label="Waveform"
        testId="waveform"
        value={ctms ? "ctms" : name}
        choices={[
          ...(page.value?.waveforms ?? []).map((one) => ({ value: one.name, label: one.label })),
          { value: "ctms", label: "rectangular, any width and ratio" },
        ]}
        onChange={(value) => (value === "ctms" ? set(60, 5) : update("pulse", { waveform: value }))}
        hint={waveform.status === "unverified" ? "The circuit is recalled, not read in a source." : ""}
      />
      {ctms && (
        <div class="grid-2 spaced">
          <NumberField
            label="First phase"
            unit="µs"
            min={10}
            max={310}
            value={Number(ctms[1])}
            onChange={(width) => set(width, Number(ctms[2]))}
          />
          <NumberField
            label="Ratio of amplitudes"
            min={1}
            max={56}
            value={Number(ctms[2])}
            onChange={(ratio) => set(Number(ctms[1]), ratio)}
          />
        </div>
      )}
      <div class="spaced">
        <Chart
          label="Induced field over time"
          testId="chart-field"
          height={140}
          x={curve.time_us}
          xLabel="time [µs]"
          yLabel={peak ? "E [V/m]" : "E, of its peak"}
          series={[{ label: "E(t)", values: field }]}
        />
        <Chart
          label="Coil current over time"
          height={140}
          x={curve.time_us}
          xLabel="time [µs]"
          yLabel="current [kA]"
          series={[
            {
              label: "current",
              values: curve.current_A.map((amperes) => amperes / 1000),
              color: "var(--series-2)",
            },
          ]}
        />
      </div>
      {waveform.note && <Notes of={[waveform.note]} />}
    </Card>
  );
}

const measuredFault = signal<string | null>(null);

/** |E| at the strongest place, at the dose the chart is drawn for. [V/m] */
function peakField(): number | null {
  const peak = activeView.value.field.value?.reading.peak;
  const slope = pulseAnswer.value?.dose.didt_A_per_us;
  return peak && slope ? (peak * slope) / didt.value : null;
}

function DoseCard({ told }: { told: PulseAnswer }) {
  const { dose, output, waveform } = told;
  const asked = readDose(plan.value?.pulse.dose ?? "") ?? { value: 120, unit: "%RMT" as const };
  const unit: Unit = asked.unit === "%AMT" ? "%RMT" : asked.unit;
  const [low, high, step] = RANGE[unit];
  const most = unit === "A/us" && dose.didt_max_A_per_us ? dose.didt_max_A_per_us : high;
  const set = (value: number) =>
    value > 0 && update("pulse", { dose: writeDose({ value, unit: asked.unit }) });
  const others: Record<Unit, number | null> = {
    "%RMT": dose.percent_rmt,
    "%MSO": dose.percent_mso,
    "A/us": dose.didt_A_per_us,
  };
  const change = (next: Unit) => {
    const value = others[next] ?? { "%RMT": 120, "%MSO": 60, "A/us": 67 }[next];
    update("pulse", { dose: writeDose({ value: Math.round(value * 10) / 10, unit: next } as DoseText) });
  };
  const { threshold } = dose;
  return (
    <Card title="Strength">
      <Segments
        label="Unit of the dose"
        testId="dose-unit"
        fill
        value={unit}
        choices={[
          { value: "%RMT", label: "% motor threshold" },
          { value: "%MSO", label: "% output" },
          { value: "A/us", label: "A/µs" },
        ]}
        onChange={change}
      />
      <div class="dose-row spaced">
        <Slider
          label={`Dose in ${asked.unit}`}
          testId="dose"
          value={asked.value}
          min={low}
          max={most}
          step={step}
          digits={unit === "A/us" ? 1 : 0}
          onInput={set}
        />
        <NumberField
          label="Typed"
          unit={asked.unit.replace("us", "µs")}
          value={asked.value}
          min={0.1}
          max={1000}
          testId="dose-number"
          onChange={set}
        />
      </div>
      {dose.refused && (
        <p class="banner small spaced" role="alert" data-testid="dose-refused">
          {dose.refused}
        </p>
      )}
      <div class="spaced">
        <Facts
          rows={[
            [
              "of the motor threshold",
              dose.percent_rmt === null ? "–" : `${short(dose.percent_rmt)} %RMT`,
              "percent-rmt",
            ],
            [
              "of the stimulator's output",
              dose.percent_mso === null ? "–" : `${short(dose.percent_mso)} %MSO`,
              "percent-mso",
            ],
            ["peak dI/dt", dose.didt_A_per_us === null ? "–" : `${short(dose.didt_A_per_us)} A/µs`, "didt"],
            ["peak current", output ? `${whole(output.current_A)} A` : "–"],
            ...(output?.stored_J === undefined
              ? []
              : ([
                  ["capacitor", `${whole(output.voltage_V ?? 0)} V, ${short(output.stored_J)} J`],
                  ["turned to heat in a pulse", `${short(output.lost_J)} J`],
                ] as const)),
            [
              "pulse, and its first phase",
              `${short(waveform.duration_us)} µs, ${short(waveform.first_phase_us)} µs`,
            ],
          ]}
        />
      </div>
      <div class="spaced grid-2">
        <TextField
          label="Measured threshold"
          placeholder="52 %MSO"
          testId="measured-rmt"
          value={String(plan.value?.motor.rmt ?? "")}
          fault={measuredFault.value}
          onChange={(text) => {
            const rmt = readThreshold(text);
            measuredFault.value = rmt === null ? "Such as 52 %MSO, or nothing." : null;
            if (rmt !== null) update("motor", { rmt });
          }}
          hint="With this coil over the hand area."
        />
        <p class="small soft threshold-text">
          {threshold
            ? `${threshold.measured ? "Measured" : "Simulated"}: ${short(threshold.didt_A_per_us)} A/µs${
                threshold.percent_mso === null ? "" : `, ${short(threshold.percent_mso)} %MSO`
              }, where the hand area has ${short(threshold.field_V_per_m)} V/m.`
            : dose.ready
              ? "No motor threshold on this head."
              : "The threshold follows once the live field is ready."}
        </p>
      </div>
    </Card>
  );
}

function FiresCard() {
  const population = shownPopulation.value;
  const value = recruitAnswer.value;
  const asked = { value, fault: recruitFault.value, busy: recruitBusy.value };
  return (
    <Card title="Who fires" testId="fires" aside={value && <EvidenceBadge evidence={value.evidence} />}>
      <Select
        label="Model of the cells"
        value={String(plan.value?.neuron.model ?? "directional")}
        choices={(page.value?.neuron_models ?? [])
          .filter((model) => model.name !== "axon-terminal")
          .map((model) => ({ value: model.name, label: model.label }))}
        onChange={(model) => update("neuron", { model })}
      />
      <Answer of={asked} height={230} label="Asking the cells">
        {(told) =>
          told.missing ? (
            <p class="small soft">{told.missing}</p>
          ) : (
            <>
              <Layers told={told} population={population} show={showPopulation} />
              <p class="small soft spaced">
                {`Most recruited: ${told.regions
                  .slice(0, 3)
                  .map((row) => `${row.text} (${percent(Math.max(...row.share))})`)
                  .join(", ")}.`}
              </p>
            </>
          )
        }
      </Answer>
    </Card>
  );
}

const percent = (share: number) => `${short(100 * share, 2)} %`;

function Layers({
  told,
  population,
  show,
}: {
  told: RecruitAnswer;
  population: string;
  show: (name: string) => void;
}) {
  const most = Math.max(...told.populations.map((row) => row.area_cm2));
  return (
    <ul class="layers spaced" aria-label="Cortex that fires, by layer">
      {told.populations.map((row) => (
        <li key={row.name} class="layer" data-testid={`layer-${row.name.replace("/", "")}`}>
          <span>{row.name}</span>
          <Bar value={row.area_cm2} of={most} />
          <span class="right">{`${short(row.area_cm2)} cm²`}</span>
          <Button
            size="small"
            kind="plain"
            pressed={population === row.name}
            testId={`show-${row.name.replace("/", "")}`}
            onClick={() => show(population === row.name ? "" : row.name)}
          >
            show
          </Button>
        </li>
      ))}
    </ul>
  );
}
