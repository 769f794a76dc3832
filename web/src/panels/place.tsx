// Where the coil sits: over a named target, or typed to the tenth of a millimetre.

import { useSignal } from "@preact/signals";
import { sentence } from "../api";
import { between, readPose, rowsOf } from "../pose";
import {
  active,
  activate,
  activeView,
  aimAt,
  aimNow,
  compare,
  copyPose,
  didt,
  jobs,
  move,
  page,
  placing,
  plan,
  radius_mm,
  say,
  setCoil,
  setCompare,
  setPose,
  target,
  update,
  views,
} from "../state";
import { startJob, stateWord, under } from "../jobs";
import { readable } from "../stage/colormap";
import type { Pose, Reading, Vec3, VerifyResult } from "../types";
import { Button, Card, Facts, NumberField, PanelHead, Progress, Segments, Select, TextField } from "../ui";
import { Topic } from "./topic";

type Kind = "scalp" | "cortex" | "mni" | "beam";

export default function Place() {
  const view = activeView.value;
  const aim = aimNow(view);
  const scalp = view.field.value?.reading.scalp_mm ?? aim?.point_mm;
  return (
    <>
      <PanelHead
        title="Placement"
        about="Drag the coil on the head, jump to a target, or type where it sits."
        badge={<Topic of="field" />}
      />
      <TargetCard />
      <CoilCard />
      <Card title="Position" aside={<span class="soft small">{lifted()}</span>}>
        <div class="grid-3">
          {(["x", "y", "z"] as const).map((axis, k) => (
            <NumberField
              key={axis}
              label={`Scalp ${axis}`}
              unit="mm"
              value={scalp?.[k] ?? null}
              testId={`scalp-${axis}`}
              onChange={(value) =>
                scalp && move({ point_mm: scalp.map((old, j) => (j === k ? value : old)) as Vec3 })
              }
            />
          ))}
          <NumberField
            label="Handle angle"
            unit="°"
            min={-360}
            max={360}
            step={5}
            value={aim?.angle_deg ?? null}
            testId="angle"
            onChange={(angle_deg) => move({ angle_deg })}
          />
          <NumberField
            label="Gap"
            unit="mm"
            min={0}
            max={100}
            value={aim?.gap_mm ?? null}
            testId="gap"
            onChange={(gap_mm) => move({ gap_mm })}
          />
          <span />
          <NumberField
            label="Tilt about x"
            unit="°"
            min={-45}
            max={45}
            value={aim?.tilt_deg[0] ?? null}
            testId="tilt-x"
            onChange={(tilt) => aim && move({ tilt_deg: [tilt, aim.tilt_deg[1]] })}
          />
          <NumberField
            label="Tilt about y"
            unit="°"
            min={-45}
            max={45}
            value={aim?.tilt_deg[1] ?? null}
            testId="tilt-y"
            onChange={(tilt) => aim && move({ tilt_deg: [aim.tilt_deg[0], tilt] })}
          />
          <div class="field">
            <span class="label">&nbsp;</span>
            <Button
              size="small"
              disabled={!aim?.tilt_deg.some(Boolean)}
              onClick={() => move({ tilt_deg: [0, 0] })}
            >
              Level
            </Button>
          </div>
        </div>
        <p class="hint small soft spaced">
          The handle's angle counts from straight back, away from the midline: 45° over the left hand area
          points back and out.
        </p>
      </Card>
      <CompareCard />
      <VerifyCard />
      <PoseCard />
    </>
  );
}

function lifted(): string {
  const reading = activeView.value.field.value?.reading;
  if (!reading || reading.lifted_mm < 0.05) return "";
  return `raised ${readable(reading.lifted_mm, 2)} mm more to clear the scalp`;
}

const QUICK = [
  { text: "hand-knob-left", label: "Hand knob" },
  { text: "F3", label: "F3" },
  { text: "beam-f3", label: "Beam F3" },
  { text: "dlpfc-sgacc", label: "DLPFC" },
  { text: "Cz", label: "Cz" },
];

function TargetCard() {
  const kind = useSignal<Kind>("scalp");
  const label = useSignal("F3");
  const mni = useSignal<Vec3>([-38, 44, 26]);
  const tapes = useSignal<[number | null, number | null, number | null]>([null, null, null]);
  const fault = useSignal<string | null>(null);
  const targets = page.value?.targets;
  const known = targets ? [...Object.keys(targets.electrodes), ...targets.named.map((one) => one.name)] : [];
  const go = (text: string) => {
    fault.value = null;
    aimAt(text).catch((problem: unknown) => (fault.value = sentence(problem)));
  };
  const tapesText = () => {
    const given = tapes.value;
    return given.every((tape) => tape !== null) ? `beam-f3 ${given.join(" ")} cm` : "beam-f3";
  };
  return (
    <Card
      title="Target"
      aside={
        <span class="small" data-testid="target-label">
          {placing.value ? "placing" : target.value ? target.value.label : "none"}
        </span>
      }
      testId="target-card"
    >
      <div class="stack">
        <div class="row chips">
          {QUICK.filter(({ text }) => text === "beam-f3" || known.includes(text)).map(
            ({ text, label: name }) => (
              <Button
                key={text}
                size="small"
                testId={`quick-${text}`}
                pressed={target.value?.text === text}
                onClick={() => go(text)}
              >
                {name}
              </Button>
            ),
          )}
        </div>
        <Segments
          fill
          label="Kind of target"
          testId="target-kind"
          value={kind.value}
          choices={[
            { value: "scalp", label: "10-10" },
            { value: "cortex", label: "Cortex" },
            { value: "mni", label: "MNI" },
            { value: "beam", label: "Beam F3" },
          ]}
          onChange={(value) => (kind.value = value)}
        />
        {kind.value === "scalp" && (
          <TextField
            label="Label, or any target as a plan writes it"
            value={target.value?.text ?? label.value}
            list={known}
            placeholder="F3"
            fault={fault.value}
            testId="target-text"
            onChange={(text) => {
              label.value = text;
              go(text.trim());
            }}
          />
        )}
        {kind.value === "cortex" && (
          <Select
            label="Cortical target"
            value={
              targets?.named.some((one) => one.name === target.value?.text) ? (target.value?.text ?? "") : ""
            }
            choices={(targets?.named ?? []).map((one) => ({ value: one.name, label: one.label }))}
            testId="target-named"
            hint={fault.value ?? "Group averages: the place differs from person to person."}
            onChange={go}
          />
        )}
        {kind.value === "mni" && (
          <div class="stack">
            <div class="grid-3">
              {(["x", "y", "z"] as const).map((axis, k) => (
                <NumberField
                  key={axis}
                  label={`MNI ${axis}`}
                  unit="mm"
                  value={mni.value[k] as number}
                  testId={`mni-${axis}`}
                  onChange={(value) =>
                    (mni.value = mni.value.map((old, j) => (j === k ? value : old)) as Vec3)
                  }
                />
              ))}
            </div>
            <Go fault={fault.value} onClick={() => go(`mni ${mni.value.join(" ")} mm`)} />
          </div>
        )}
        {kind.value === "beam" && (
          <div class="stack">
            <div class="grid-3">
              {["Tragus, tragus", "Nasion, inion", "Round the head"].map((name, k) => (
                <NumberField
                  key={name}
                  label={name}
                  unit="cm"
                  value={tapes.value[k] ?? null}
                  testId={`tape-${k}`}
                  onChange={(value) =>
                    (tapes.value = tapes.value.map((old, j) => (j === k ? value : old)) as typeof tapes.value)
                  }
                />
              ))}
            </div>
            <p class="small soft">Left empty, the tapes are laid on this head.</p>
            <Go fault={fault.value} onClick={() => go(tapesText())} />
          </div>
        )}
      </div>
    </Card>
  );
}

function Go({ fault, onClick }: { fault: string | null; onClick: () => void }) {
  return (
    <>
      {fault && (
        <p class="hint wrong small" role="alert">
          {fault}
        </p>
      )}
      <div class="row">
        <Button kind="primary" testId="target-go" onClick={onClick}>
          Place the coil there
        </Button>
      </div>
    </>
  );
}

function CoilCard() {
  const dose = plan.value?.pulse.dose ?? "";
  const reading = activeView.value.field.value?.reading;
  return (
    <Card title="Coil and reading">
      <div class="stack">
        <Select
          label="Coil"
          value={activeView.value.coil.value}
          choices={(page.value?.coils ?? []).map((coil) => ({
            value: coil.name,
            label: coil.label,
            group: shape(coil.shape),
          }))}
          testId="coil"
          onChange={(name) => setCoil(name)}
        />
        <div class="grid-3">
          <NumberField
            label="dI/dt"
            unit="A/µs"
            min={0.01}
            max={1000}
            value={didt.value}
            testId="didt"
            onChange={(value) => update("pulse", { dose: `${value} A/us` })}
          />
          <NumberField
            label="Read within"
            unit="mm"
            min={0}
            max={50}
            value={radius_mm.value}
            testId="radius"
            onChange={(value) => (radius_mm.value = value)}
          />
          <div class="field">
            <span class="label">Dose in the plan</span>
            <span class="plain-value">{dose}</span>
          </div>
        </div>
        <Facts
          rows={[
            [`|E| at ${target.value?.text ?? "the target"}`, `${readable(reading?.at_target)} V/m`],
            ["its part along the normal, outward", `${readable(reading?.target_component)} V/m`],
            ["99.9th percentile of the cortex", `${readable(reading?.p999)} V/m`],
          ]}
        />
      </div>
    </Card>
  );
}

const shape = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

function CompareCard() {
  if (!compare.value)
    return (
      <Card title="Two poses">
        <Button icon="compare" testId="keep-ab" onClick={() => setCompare(true)}>
          Keep this pose as A, move another as B
        </Button>
      </Card>
    );
  const [a, b] = [views.A.field.value?.reading, views.B.field.value?.reading];
  const rows = (
    [
      ["Peak |E|, V/m", a?.peak, b?.peak],
      ["At the target, V/m", a?.at_target, b?.at_target],
      ["Depth of half peak, mm", a?.depth_mm, b?.depth_mm],
      ["Cortex above half peak, cm²", a?.spread, b?.spread],
    ] as const
  ).map(([name, x, y]) => ({ name, x, y, change: x && y ? (100 * (y - x)) / x : null }));
  const apart = a && b ? between(a.pose, b.pose) : null;
  return (
    <Card title="Two poses" testId="compare-card">
      <div class="stack">
        <div class="row">
          <Segments
            label="The pose that moves"
            testId="active-view"
            value={active.value}
            choices={[
              { value: "A", label: "Move A" },
              { value: "B", label: "Move B" },
            ]}
            onChange={activate}
          />
          <Button size="small" onClick={() => copyPose("A", "B")}>
            A → B
          </Button>
          <Button size="small" onClick={() => copyPose("B", "A")}>
            B → A
          </Button>
          <Button size="small" kind="plain" onClick={() => setCompare(false)}>
            Close
          </Button>
        </div>
        <table class="numbers">
          <thead>
            <tr>
              <th />
              <th>A</th>
              <th>B</th>
              <th>change</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ name, x, y, change }) => (
              <tr key={name}>
                <th>{name}</th>
                <td>{readable(x)}</td>
                <td>{readable(y)}</td>
                <td>{change === null ? "–" : `${change > 0 ? "+" : ""}${change.toFixed(1)} %`}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {apart && (
          <p class="small soft">
            The coils are {readable(apart.distance_mm)} mm and {readable(apart.turn_deg)}° apart. The plan
            holds the one that moves.
          </p>
        )}
      </div>
    </Card>
  );
}

/** The live field beside a direct solve of the same placement. */
function VerifyCard() {
  const asked = useSignal<{ id: string; reading: Reading; didt: number } | null>(null);
  const reading = activeView.value.field.value?.reading;
  const job = jobs.value.find((one) => one.id === asked.value?.id);
  const solved = job?.state === "done" ? (job.result as unknown as VerifyResult) : null;
  const start = async () => {
    const now = plan.value;
    if (!now || !reading) return;
    const id = await startJob(
      "verify",
      { ...now, placement: { pose: rowsOf(reading.pose) } },
      { didt: didt.value, target_mm: target.value?.point_mm ?? null, radius_mm: radius_mm.value },
    );
    if (id) asked.value = { id, reading, didt: didt.value };
  };
  const rows = asked.value
    ? ([
        ["99.9th percentile, V/m", asked.value.reading.p999, solved?.p999],
        ["At the target, V/m", asked.value.reading.at_target, solved?.at_target],
      ] as const)
    : [];
  return (
    <Card title="Direct solve of this placement" testId="verify-card">
      <div class="stack">
        <div class="row">
          <Button
            testId="verify"
            disabled={!reading || (job !== undefined && under(job))}
            onClick={() => void start()}
          >
            Solve for it
          </Button>
          <span class="small soft one-line">
            {job
              ? under(job)
                ? job.stage || "waiting"
                : stateWord(job)
              : `order ${String(plan.value?.field.order ?? 2)}, as the plan says`}
          </span>
        </div>
        {job && under(job) && <Progress fraction={job.fraction} label="Direct solve" />}
        {job?.state === "failed" && <p class="small hint wrong">{job.message}</p>}
        {solved && (
          <table class="numbers">
            <thead>
              <tr>
                <th />
                <th>live</th>
                <th>{`order ${solved.order}`}</th>
                <th>live is off by</th>
              </tr>
            </thead>
            <tbody>
              {rows.map(([name, live, direct]) => (
                <tr key={name}>
                  <th>{name}</th>
                  <td>{readable(live)}</td>
                  <td>{readable(direct)}</td>
                  <td>{live && direct ? `${((100 * (live - direct)) / direct).toFixed(1)} %` : "–"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </Card>
  );
}

const asText = (pose: Pose): string =>
  rowsOf(pose)
    .map((row) => row.map((value, k) => value.toFixed(k === 3 ? 2 : 5).padStart(9)).join(" "))
    .join("\n");

function PoseCard() {
  const draft = useSignal<string | null>(null);
  const fault = useSignal<string | null>(null);
  const pose = activeView.value.field.value?.reading.pose;
  const take = () => {
    try {
      setPose(readPose(draft.value ?? ""));
      draft.value = fault.value = null;
    } catch (problem) {
      fault.value = sentence(problem);
    }
  };
  return (
    <Card
      title="Pose, SimNIBS convention, mm"
      aside={
        <Button
          kind="plain"
          size="small"
          icon="copy"
          disabled={!pose}
          onClick={() =>
            pose && void navigator.clipboard.writeText(asText(pose)).then(() => say("Pose copied."))
          }
        >
          Copy
        </Button>
      }
    >
      <textarea
        class="code"
        rows={4}
        spellcheck={false}
        aria-label="Pose as four rows"
        data-testid="pose"
        value={draft.value ?? (pose ? asText(pose) : "")}
        onInput={(event) => (draft.value = event.currentTarget.value)}
      />
      {fault.value && (
        <p class="hint wrong small" role="alert">
          {fault.value}
        </p>
      )}
      {draft.value !== null && (
        <div class="row">
          <Button kind="primary" size="small" testId="pose-take" onClick={take}>
            Put the coil there
          </Button>
          <Button size="small" onClick={() => (draft.value = fault.value = null)}>
            Leave it
          </Button>
        </div>
      )}
    </Card>
  );
}
