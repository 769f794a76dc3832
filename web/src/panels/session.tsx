// The composer: a train as a name, as words and as nested blocks; its raster, sound, totals, and what is found.

import { batch, signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { api, sentence } from "../api";
import { page, plan, update } from "../state";
import { Button, Card, EvidenceBadge, Facts, PanelHead, Select } from "../ui";
import type { Finding, Layer, Raster, Severity, TrainAnswer } from "./answers";
import { Answer, Notes, Sources, useAnswer } from "./ask";
import { duration, short, whole } from "./text";

export default function Session() {
  const asked = useAnswer<TrainAnswer>(
    "train",
    ["session", "coil", "placement", "pulse", "motor", "neuron"],
    {},
    150,
  );
  return (
    <>
      <PanelHead
        title="Session"
        about="Which pulses, in which order; what tables and devices say of them."
        badge={asked.value && <EvidenceBadge evidence={asked.value.evidence} />}
      />
      <Composer asked={asked.value} fault={asked.fault} />
      <Answer of={asked} height={420}>
        {(told) => (
          <>
            <RasterCard told={told} />
            <FindingsCard told={told} />
            <TotalsCard told={told} />
            <HearingCard told={told} />
            <AboutCard told={told} />
          </>
        )}
      </Answer>
    </>
  );
}

// --- words and blocks -----------------------------------------------------------------------------------

/** What is being typed, and why it can't be read yet. */
const draft = signal<string | null>(null);
const draftFault = signal<string | null>(null);

function setProtocol(text: string) {
  if (text === plan.value?.session.protocol) return;
  batch(() => {
    update("session", { protocol: text });
    update("course", { missed: [] }); // days of another calendar
  });
}

function Composer({ asked, fault }: { asked: TrainAnswer | null; fault: string | null }) {
  const current = String(plan.value?.session.protocol ?? "");
  const names = page.value?.protocols ?? [];
  const named = names.some((one) => one.name === current);
  const block = asked?.blocks.length === 1 ? asked.blocks[0] : undefined;
  const layers = written.value?.protocol === current ? written.value.layers : block?.layers;
  const words = draft.value ?? (named ? (block?.sentence ?? "") : current);
  // Another protocol, chosen elsewhere, ends what was being typed.
  useEffect(() => {
    if (draft.value?.trim() === current) return;
    draft.value = null;
    draftFault.value = null;
  }, [current]);
  return (
    <Card>
      <Select
        label="Protocol"
        testId="protocol"
        value={named ? current : "own"}
        choices={[
          ...names.map((one) => ({
            value: one.name,
            label: one.title,
            group: one.status === "verified" ? "verified in the source" : "draft: partly recalled",
          })),
          { value: "own", label: "written here" },
        ]}
        onChange={(value) => (value === "own" ? setProtocol(block?.sentence ?? "iTBS") : setProtocol(value))}
      />
      {asked && asked.blocks.length > 1 && draft.value === null ? (
        <div class="spaced">
          {asked.blocks.map((one) => (
            <p key={one.site + one.sentence} class="small">
              <strong>{one.site || "no place"}</strong>: {one.sentence}
            </p>
          ))}
        </div>
      ) : (
        <>
          <Words value={words} />
          {(draftFault.value ?? fault) ? (
            <p class="hint wrong small" role="alert" data-testid="train-fault">
              {draftFault.value ?? fault}
            </p>
          ) : (
            <p class="hint small soft">
              Such as “10 Hz, 4 s on, 26 s off, for 3000 pulses” or “cTBS for 300 pulses”.
            </p>
          )}
          {layers && <Blocks layers={layers} />}
        </>
      )}
    </Card>
  );
}

const TYPED_ms = 350;

function Words({ value }: { value: string }) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const type = (text: string) => {
    draft.value = text;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void read(text), TYPED_ms);
  };
  return (
    <div class="field spaced">
      <label class="label" for="train-words">
        In words
      </label>
      <textarea
        id="train-words"
        class="words"
        rows={2}
        spellcheck={false}
        data-testid="train-words"
        value={value}
        onInput={(event) => type(event.currentTarget.value)}
      />
    </div>
  );
}

interface Reading {
  sentence: string;
  layers: Layer[];
  refused: string;
}

/** The blocks of the train that was written last, until the session's own answer is there: who goes on writing
    meanwhile changes these and not the ones before. */
const written = signal<{ protocol: string; layers: readonly Layer[] } | null>(null);

const reading = (written: { words: string } | { layers: readonly Layer[] }) =>
  api.panel<Reading>("train/read", written);

/** Take what was typed into the plan once it can be read; say why not until then. */
async function read(text: string) {
  if (!text.trim()) return;
  const made = await reading({ words: text.trim() }).catch((problem) => ({
    refused: sentence(problem),
    layers: [],
  }));
  if (draft.value !== text) return;
  draftFault.value = made.refused || null;
  if (made.refused) return;
  written.value = { protocol: text.trim(), layers: made.layers };
  setProtocol(text.trim());
}

/** Layers inner to outer, drawn as blocks inside each other. */
function Blocks({ layers }: { layers: readonly Layer[] }) {
  const fault = useSignal<string | null>(null);
  const write = async (next: readonly Layer[]) => {
    try {
      const made = await reading({ layers: next });
      fault.value = made.refused || null;
      if (made.refused) return;
      written.value = { protocol: made.sentence, layers: made.layers };
      setProtocol(made.sentence);
    } catch (problem) {
      fault.value = sentence(problem);
    }
  };
  const set = (k: number, change: Partial<Layer>) =>
    void write(layers.map((layer, j) => (j === k ? { ...layer, ...change } : layer)));
  const outer = layers[layers.length - 1];
  const more = () => {
    const span = layers.reduce((sum, layer) => sum + (layer.count - 1) * layer.interval_s, 0);
    const interval = outer ? Math.ceil(2 * Math.max(outer.count * outer.interval_s, span)) : 1;
    void write([...layers, { count: 2, interval_s: interval }]);
  };
  let inside = (
    <span class="pulse-mark" aria-hidden="true">
      pulse
    </span>
  );
  layers.forEach((layer, k) => {
    const inner = inside;
    inside = (
      <div class="block" data-testid={`block-${k}`}>
        <div class="block-head">
          <Count
            value={layer.count}
            label={`How often, layer ${k + 1}`}
            testId={`count-${k}`}
            onChange={(count) => set(k, { count: Math.max(1, Math.round(count)) })}
          />
          <span class="soft">×</span>
          {k === 0 && layer.interval_s <= 1 ? (
            <>
              <span class="soft">at</span>
              <Count
                value={1 / layer.interval_s}
                label={`Rate, layer ${k + 1}, in Hz`}
                testId={`rate-${k}`}
                onChange={(rate) => rate > 0 && set(k, { interval_s: 1 / rate })}
              />
              <span class="soft">Hz</span>
            </>
          ) : (
            <>
              <span class="soft">every</span>
              <Count
                value={layer.interval_s}
                label={`Interval, layer ${k + 1}, in seconds`}
                testId={`interval-${k}`}
                onChange={(interval_s) => interval_s > 0 && set(k, { interval_s })}
              />
              <span class="soft">s</span>
            </>
          )}
          <span class="grow" />
          <Button
            kind="plain"
            size="small"
            icon="close"
            label={`Take away layer ${k + 1}`}
            testId={`remove-${k}`}
            onClick={() => void write(layers.filter((_, j) => j !== k))}
          />
        </div>
        {inner}
      </div>
    );
  });
  return (
    <div class="blocks spaced" aria-label="Nested blocks, the outermost first">
      {inside}
      <div class="row spaced">
        <Button size="small" testId="add-layer" onClick={more}>
          Repeat all of it
        </Button>
        {fault.value && (
          <span class="hint wrong small" role="alert">
            {fault.value}
          </span>
        )}
      </div>
    </div>
  );
}

function Count({
  value,
  label,
  testId,
  onChange,
}: {
  value: number;
  label: string;
  testId: string;
  onChange: (value: number) => void;
}) {
  const text = useSignal<string | null>(null);
  const take = () => {
    const number = Number(text.value);
    if (text.value !== null && Number.isFinite(number) && text.value.trim()) onChange(number);
    text.value = null;
  };
  const shown = String(Number(value.toPrecision(6)));
  return (
    <input
      class="count"
      inputMode="decimal"
      autocomplete="off"
      aria-label={label}
      data-testid={testId}
      style={{ width: `${Math.max(3, (text.value ?? shown).length + 1.5)}ch` }}
      value={text.value ?? shown}
      onInput={(event) => (text.value = event.currentTarget.value)}
      onBlur={take}
      onKeyDown={(event) => event.key === "Enter" && take()}
    />
  );
}

// --- raster and sound -----------------------------------------------------------------------------------

function RasterCard({ told }: { told: TrainAnswer }) {
  return (
    <Card title="Raster" aside={<Sound />}>
      {told.blocks.map((block, k) => (
        <div key={k}>
          {told.blocks.length > 1 && <p class="small soft">{block.site}</p>}
          {block.rasters.map((raster, j) => (
            <RasterRow key={j} raster={raster} whole={j === 0} />
          ))}
        </div>
      ))}
    </Card>
  );
}

const RASTER = { width: 380, height: 22 };

function RasterRow({ raster, whole: all }: { raster: Raster; whole: boolean }) {
  const { width, height } = RASTER;
  const scale = (width - 2) / raster.length_s;
  const marks = raster.onsets_s.map((onset) => {
    const w = Math.max(1, raster.width_s * scale);
    return `M${(onset * scale).toFixed(2)} 0h${w.toFixed(2)}v${height}h${(-w).toFixed(2)}z`;
  });
  return (
    <div class="raster">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        data-testid={all ? "raster" : "raster-inner"}
        aria-label={`${raster.pulses} pulses over ${duration(raster.length_s)}`}
      >
        <path d={marks.join("")} />
      </svg>
      <span class="small soft">
        {`${whole(raster.pulses)} ${raster.pulses === 1 ? "pulse" : "pulses"}${raster.pulses === 1 ? "" : ` over ${raster.length_s < 1 ? `${short(1000 * raster.length_s)} ms` : duration(raster.length_s)}`}`}
      </span>
    </div>
  );
}

const SOUND_s = 12;

function Sound() {
  const audio = useRef<HTMLAudioElement>(null);
  const playing = useSignal(false);
  const source = String(plan.value?.session.protocol ?? "");
  useEffect(() => {
    audio.current?.pause();
    playing.value = false;
  }, [source]);
  const toggle = () => {
    const element = audio.current;
    if (!element) return;
    if (playing.value) return element.pause();
    element.src = `/api/panels/clicks.wav?${new URLSearchParams({ source, duration_s: String(SOUND_s) })}`;
    void element.play().catch(() => (playing.value = false));
  };
  return (
    <>
      <audio
        ref={audio}
        data-testid="clicks"
        onPlay={() => (playing.value = true)}
        onPause={() => (playing.value = false)}
        onEnded={() => (playing.value = false)}
      />
      <Button size="small" testId="hear" pressed={playing.value} onClick={toggle}>
        {playing.value ? "Stop" : `Hear its first ${SOUND_s} s`}
      </Button>
    </>
  );
}

// --- findings -------------------------------------------------------------------------------------------

const GRADES: Record<Severity, string> = {
  stop: "stop",
  caution: "caution",
  "caution-with-precedent": "caution, with precedent",
  "outside-table": "outside the tables",
  info: "info",
};

function FindingsCard({ told }: { told: TrainAnswer }) {
  const graves = told.findings.filter((found) => found.severity !== "info");
  const infos = told.findings.filter((found) => found.severity === "info");
  return (
    <Card
      title="Findings"
      testId="findings"
      aside={
        <span class="small soft">
          {[told.intensity, told.percent_mso === null ? null : `${short(told.percent_mso)} %MSO`]
            .filter(Boolean)
            .join(", ")}
        </span>
      }
    >
      <Select
        label="Held against the stimulator"
        testId="device"
        value={String(plan.value?.session.device ?? "")}
        choices={(page.value?.devices ?? []).map((device) => ({ value: device.name, label: device.label }))}
        onChange={(device) => update("session", { device })}
      />
      {told.missing && <p class="small soft spaced">{told.missing}</p>}
      <ul class="findings spaced" data-gravest={told.findings[0]?.severity ?? "none"}>
        {graves.map((found) => (
          <Row key={found.rule + found.message} found={found} />
        ))}
      </ul>
      {infos.length > 0 && (
        <details class="small" open={graves.length === 0}>
          <summary class="soft">{`${infos.length} for information`}</summary>
          <ul class="findings">
            {infos.map((found) => (
              <Row key={found.rule + found.message} found={found} />
            ))}
          </ul>
        </details>
      )}
      <p class="small soft spaced">{told.closing}</p>
    </Card>
  );
}

function Row({ found }: { found: Finding }) {
  const from = found.sources[0];
  return (
    <li class={`finding ${found.severity}`} data-testid="finding" data-severity={found.severity}>
      <span class="grade">{GRADES[found.severity]}</span>
      <div>
        {found.message}
        <div class="soft small">
          {[found.table, found.cell].filter(Boolean).join(", ")}
          {found.status === "unverified" && <em>{found.table ? ", unverified" : "unverified"}</em>}
          {from?.url && (
            <>
              {" "}
              <a href={from.url} target="_blank" rel="noreferrer">
                {from.key}
              </a>
            </>
          )}
        </div>
      </div>
    </li>
  );
}

// --- totals, sound level, what it is --------------------------------------------------------------------

function TotalsCard({ told }: { told: TrainAnswer }) {
  const { totals } = told;
  const course = totals.sessions_total !== null;
  return (
    <Card title="Totals">
      <Facts
        rows={[
          ["pulses in the session", whole(totals.pulses), "pulses"],
          ["duration", duration(totals.duration_s), "duration"],
          ["sessions a day, days a week", `${totals.sessions_per_day}, ${totals.days_per_week}`],
          ["pulses a day, a week", `${whole(totals.pulses_per_day)}, ${whole(totals.pulses_per_week)}`],
          ...(course
            ? ([
                ["pulses of the course", totals.pulses_total === null ? "–" : whole(totals.pulses_total)],
              ] as const)
            : []),
        ]}
      />
    </Card>
  );
}

const range = ([low, high]: [number, number]) => (low === high ? `${low}` : `${low} to ${high}`);

function HearingCard({ told }: { told: TrainAnswer }) {
  if (!told.hearing.length) return null;
  return (
    <Card title="Loudness at the ear">
      <table class="numbers small">
        <thead>
          <tr>
            <th>ear</th>
            <th>a click [dB Z]</th>
            <th>busiest second [dB A]</th>
            <th>with plugs</th>
          </tr>
        </thead>
        <tbody>
          {told.hearing.map((one) => (
            <tr key={one.ear}>
              <th>{`${one.ear}, ${short(one.distance_cm, 2)} cm`}</th>
              <td>{range(one.click_dB)}</td>
              <td>{range(one.busiest_dB)}</td>
              <td>{range(one.protected_busiest_dB)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="small soft spaced">
        Ranges over seven measured coils; how levels follow output and distance is assumed.
      </p>
    </Card>
  );
}

function AboutCard({ told }: { told: TrainAnswer }) {
  if (told.id === "sentence" || told.id === "single") return null;
  return (
    <Card title={told.label} aside={<span class="small soft">{told.status}</span>}>
      <dl class="about small">
        {(
          [
            ["for", told.indication],
            ["published at", told.blocks[0]?.intensity],
            ["evidence", told.evidence_level],
            ["regulatory", told.regulatory],
          ] as const
        ).map(([name, value]) =>
          value ? (
            <>
              <dt class="soft">{name}</dt>
              <dd>{value}</dd>
            </>
          ) : null,
        )}
      </dl>
      {told.notes && <Notes of={[told.notes]} />}
      <Sources of={told.sources} />
    </Card>
  );
}
