// The best place, angle and coil for a target: tried by reciprocity by the thousand, verified by a direct solve.

import { effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api } from "../api";
import { act, startJob, stateWord, under } from "../jobs";
import { gradient, readable } from "../stage/colormap";
import {
  activeView,
  candidates,
  didt,
  jobs,
  openPanel,
  page,
  plan,
  setCoil,
  setCompare,
  setPose,
  target,
  views,
  activate,
} from "../state";
import type { FindResult, Job } from "../types";
import {
  Button,
  Card,
  Check,
  Empty,
  Facts,
  Fault,
  NumberField,
  PanelHead,
  Progress,
  Segments,
  Select,
  TextField,
} from "../ui";
import { Topic } from "./topic";

const OBJECTIVES = [
  { value: "mean", label: "Mean E along the column" },
  { value: "vector", label: "Length of mean E" },
  { value: "magnitude", label: "Mean |E|" },
  { value: "recruited", label: "Share of neurons recruited" },
  { value: "contrast", label: "Contrast: target against the rest" },
];

// What was chosen stays chosen while other panels are open.
const objective = signal("mean");
const direction = signal<"outward" | "inward" | "head">("outward");
const vector = signal("0 1 0");
const radius = signal(5);
const coils = signal<string[] | null>(null);
const isRobust = signal(false);
const error_mm = signal(3);
const error_deg = signal(5);
const shown = signal<string | null>(null);

/** The search whose candidates are on the scalp: the one last started, else the newest. */
const job = () =>
  jobs.value.find((one) => one.id === shown.value) ?? jobs.value.find((one) => one.kind === "find");
const found = (of: Job | undefined): FindResult => (of?.result ?? {}) as FindResult;

export default function Find() {
  useEffect(
    () =>
      effect(() => {
        const { map, unit = "V/m" } = found(job());
        const next = map ? { ...map, unit } : null;
        // A job says more often how far it is than it has new candidates.
        if (JSON.stringify(next) !== JSON.stringify(candidates.peek())) candidates.value = next;
      }),
    [],
  );
  useEffect(() => () => void (candidates.value = null), []);
  const current = job();
  const busy = current !== undefined && under(current);
  const chosen = coils.value ?? [activeView.value.coil.value];
  const start = async () => {
    if (!plan.value || !target.value) return;
    const placement = { target: target.value.text, angle: "45 deg", reference: "midline", gap: gap() };
    const id = await startJob(
      "find",
      { ...plan.value, placement },
      {
        objective: objective.value,
        direction: direction.value === "head" ? `head ${vector.value}` : direction.value,
        didt: didt.value,
        radius_mm: radius.value,
        coils: chosen,
        robust: isRobust.value ? { position_mm: error_mm.value, angle_deg: error_deg.value } : null,
      },
    );
    if (id) shown.value = id;
  };
  return (
    <>
      <PanelHead
        title="Best placement"
        about="Every place, angle and coil near a target is tried; the best is solved for again."
        badge={<Topic of="search" />}
      />
      <Card title="What is to be high, and where">
        <div class="stack">
          <div class="grid-2">
            <div class="field">
              <span class="label">Target</span>
              <Button testId="find-target" onClick={() => (openPanel.value = "place")}>
                {target.value?.text ?? "choose"}
              </Button>
            </div>
            <NumberField
              label="Cortex within"
              unit="mm"
              min={1}
              max={30}
              value={radius.value}
              onChange={(value) => (radius.value = value)}
            />
          </div>
          <Select
            label="Objective"
            value={objective.value}
            choices={OBJECTIVES}
            testId="objective"
            onChange={(value) => (objective.value = value)}
          />
          {objective.value === "mean" && (
            <Segments
              fill
              label="Direction"
              value={direction.value}
              choices={[
                { value: "outward", label: "Outward" },
                { value: "inward", label: "Inward" },
                { value: "head", label: "Along a vector" },
              ]}
              onChange={(value) => (direction.value = value)}
            />
          )}
          {objective.value === "mean" && direction.value === "head" && (
            <TextField
              label="Vector in head axes (right, front, top)"
              value={vector.value}
              onChange={(text) => (vector.value = text)}
            />
          )}
        </div>
      </Card>
      <Card title={`Coils to choose from: ${chosen.length}`}>
        <div class="coil-list" data-testid="find-coils">
          {page.value?.coils.map((coil) => (
            <Check
              key={coil.name}
              label={coil.label}
              checked={chosen.includes(coil.name)}
              onChange={(on) => {
                const next = on ? [...chosen, coil.name] : chosen.filter((name) => name !== coil.name);
                coils.value = next.length ? next : null;
              }}
            />
          ))}
        </div>
        <div class="stack spaced">
          <Check
            label="Choose by the mean over placement errors"
            checked={isRobust.value}
            testId="robust"
            onChange={(on) => (isRobust.value = on)}
          />
          {isRobust.value && (
            <div class="grid-2">
              <NumberField
                label="Position, SD"
                unit="mm"
                min={0}
                max={10}
                value={error_mm.value}
                onChange={(value) => (error_mm.value = value)}
              />
              <NumberField
                label="Angle, SD"
                unit="°"
                min={0}
                max={20}
                value={error_deg.value}
                onChange={(value) => (error_deg.value = value)}
              />
            </div>
          )}
        </div>
      </Card>
      <Card>
        <div class="row">
          <Button
            kind="primary"
            icon="find"
            disabled={busy || !target.value}
            testId="find"
            onClick={() => void start()}
          >
            Find
          </Button>
          {busy && (
            <Button testId="find-cancel" onClick={() => void act(api.cancelJob(current.id))}>
              Cancel
            </Button>
          )}
        </div>
      </Card>
      {current ? (
        <Outcome job={current} />
      ) : (
        <Empty title="No search yet">
          Candidates appear on the scalp, coloured by their value, while they are tried.
        </Empty>
      )}
    </>
  );
}

const gap = (): string => `${activeView.value.aim.value?.gap_mm ?? 4} mm`;

function Outcome({ job }: { job: Job }) {
  const {
    map,
    best,
    tried,
    robust,
    unit = "V/m",
    didt_A_per_us,
    verified_value,
    second_order_value,
  } = found(job);
  const values = (map?.values ?? []).filter((value): value is number => value !== null);
  const value = (number: number | undefined) =>
    number === undefined ? (under(job) ? "under way" : "–") : `${readable(number, 4)} ${unit}`;
  const take = (as: "A" | "B") => {
    if (!best) return;
    if (as === "B") {
      setCompare(true);
      activate("B");
    }
    setCoil(best.coil);
    setPose(best.pose, views[as === "B" ? "B" : activeView.value.name]);
  };
  return (
    <Card title={job.title} aside={<span class="small soft">{stateWord(job)}</span>} testId="find-outcome">
      <div class="stack" data-state={job.state} data-testid="find-state">
        {under(job) && (
          <>
            <Progress fraction={job.fraction} label="Search" />
            <span class="small soft">{job.stage || "Waiting for its turn"}</span>
          </>
        )}
        {(job.state === "failed" || job.state === "interrupted") && (
          <Fault
            message={job.message || "The search ended before it was done."}
            action="Go on"
            onAction={() => void act(api.jobAgain(job.id))}
          />
        )}
        {values.length > 0 && (
          <div class="value-scale" data-testid="find-map" data-count={values.length}>
            <span>{readable(Math.min(...values))}</span>
            <div style={{ background: gradient("magnitude") }} />
            <span>
              {readable(Math.max(...values))} {unit}
            </span>
          </div>
        )}
        {best && (
          <>
            <Facts
              rows={[
                ["Best, by reciprocity", value(best.value), "find-best"],
                ["The same by a direct solve", value(verified_value), "find-verified"],
                ["In second order", value(second_order_value), "find-second"],
                ...(robust
                  ? ([
                      ["Mean over placement errors", value(robust.expected)],
                      ["Exceeded by 95 in 100", value(robust.fifth_percentile)],
                    ] as const)
                  : []),
                ["Coil", page.value?.coils.find((coil) => coil.name === best.coil)?.label ?? best.coil],
              ]}
            />
            <div class="row">
              <Button kind="primary" testId="find-take" onClick={() => take("A")}>
                Take this placement
              </Button>
              <Button icon="compare" testId="find-compare" onClick={() => take("B")}>
                Beside the present one
              </Button>
            </div>
            <p class="small soft">
              {tried && `${tried.toLocaleString("en")} placements tried. `}
              {didt_A_per_us && `At ${readable(didt_A_per_us)} A/µs. `}
              Reciprocity and the direct solve share their finite elements and should agree; second order
              shows what the mesh leaves out.
            </p>
          </>
        )}
      </div>
    </Card>
  );
}
