// Sessions over days and weeks, what virtual cohorts show in them, and the figures of trials beside.

import { useMemo } from "preact/hooks";
import { plan, update } from "../state";
import { Button, Card, Chart, EvidenceBadge, Facts, Legend, NumberField, PanelHead, Select } from "../ui";
import type { CourseAnswer, Share } from "./answers";
import { Answer, Notes, Sources, useAnswer } from "./ask";
import { missedDays, toggled } from "./missed";
import { short, whole } from "./text";

const ARM = {
  active: "var(--series-1)",
  sham: "var(--series-2)",
  open: "var(--ink-faint)",
  difference: "var(--ink-faint)",
};
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

export default function Course() {
  const asked = useAnswer<CourseAnswer>("course", ["session", "course", "seed"], {}, 200);
  const section = plan.value?.course;
  return (
    <>
      <PanelHead
        title="Course"
        about="What trials of such courses found, drawn anew; no one's own course."
        badge={asked.value && <EvidenceBadge evidence={asked.value.evidence} />}
      />
      <div class="grid-2">
        <NumberField
          label="Daily sessions"
          min={0}
          max={300}
          digits={0}
          value={Number(section?.sessions ?? 0)}
          testId="sessions"
          hint="0: the protocol's own"
          onChange={(sessions) => update("course", { sessions: Math.round(sessions), missed: [] })}
        />
        <NumberField
          label="People in each arm"
          min={2}
          max={20000}
          digits={0}
          step={100}
          value={Number(section?.people ?? 2000)}
          onChange={(people) => update("course", { people: Math.round(people) })}
        />
      </div>
      <Answer
        of={asked}
        height={460}
        action={{
          label: "The protocol's own course",
          run: () => update("course", { sessions: 0, missed: [], model: "", scale: "" }),
        }}
      >
        {(told) =>
          told.schedule === null ? (
            <p class="banner small spaced" data-testid="no-course">
              {told.missing}
            </p>
          ) : (
            <>
              <Calendar told={told.schedule} />
              <Symptoms told={told} />
            </>
          )
        }
      </Answer>
    </>
  );
}

// --- calendar -------------------------------------------------------------------------------------------

function Calendar({ told }: { told: NonNullable<CourseAnswer["schedule"]> }) {
  const missed = (plan.value?.course.missed ?? []) as readonly string[];
  const toggle = (day: number) => update("course", { missed: toggled(missed, day) });
  const gone = missedDays(missed);
  return (
    <Card
      title="Calendar"
      aside={
        missed.length > 0 && (
          <Button
            size="small"
            kind="plain"
            testId="give-all"
            onClick={() => update("course", { missed: [] })}
          >
            Give all
          </Button>
        )
      }
    >
      <div
        class="calendar"
        role="group"
        aria-label="Sessions on each day; a day can be missed"
        data-testid="calendar"
      >
        <span />
        {WEEKDAYS.map((day) => (
          <span key={day} class="small soft center">
            {day}
          </span>
        ))}
        {Array.from({ length: told.weeks }, (_, week) => (
          <Week key={week} week={week} told={told} gone={gone} toggle={toggle} />
        ))}
      </div>
      <p class="small soft spaced">
        {`${told.given} of ${told.planned} sessions, ${whole(told.pulses_total)} pulses in ${told.last_day} days${
          told.between_min === null ? "" : `, ${short(told.between_min)} min between sessions of a day`
        }. Press a day to miss it; the taper is paler.`}
      </p>
    </Card>
  );
}

function Week({
  week,
  told,
  gone,
  toggle,
}: {
  week: number;
  told: NonNullable<CourseAnswer["schedule"]>;
  gone: ReadonlySet<number>;
  toggle: (day: number) => void;
}) {
  return (
    <>
      <span class="small soft">{`week ${week + 1}`}</span>
      {told.days.slice(7 * week, 7 * week + 7).map((day) =>
        day.planned === 0 ? (
          <span key={day.day} class="day none" />
        ) : (
          <button
            key={day.day}
            type="button"
            class={`day ${day.given === 0 ? "missed" : day.given < day.planned ? "some" : ""} ${day.taper ? "taper" : ""}`}
            aria-pressed={day.given === 0 || gone.has(day.day)}
            aria-label={`Day ${day.day}: ${day.given} of ${day.planned} sessions given`}
            title={`Day ${day.day}, ${whole(day.pulses)} pulses so far`}
            data-testid={`day-${day.day}`}
            data-given={day.given}
            onClick={() => toggle(day.day)}
          >
            {day.given === day.planned ? day.given : `${day.given}/${day.planned}`}
          </button>
        ),
      )}
    </>
  );
}

// --- symptoms -------------------------------------------------------------------------------------------

function Symptoms({ told }: { told: CourseAnswer }) {
  const { arms = [], model, notes = [], indication } = told;
  const section = plan.value?.course;
  return (
    <>
      <Card title={indication ? `Symptoms: ${indication.label}` : "Symptoms"}>
        {indication && <p class="small soft">{`Evidence: ${indication.evidence}.`}</p>}
        <div class="wide-narrow spaced">
          <Select
            label="Model"
            testId="course-model"
            value={String(section?.model ?? "")}
            choices={[
              {
                value: "",
                label: model && !section?.model ? `${model.label}` : "that which suits the protocol",
              },
              ...told.models.map((one) => ({ value: one.name, label: one.label })),
            ]}
            onChange={(next) => update("course", { model: next, scale: "" })}
          />
          {model && (
            <Select
              label="Scale"
              value={String(section?.scale ?? "") || model.scale}
              choices={model.scales.map((scale) => ({ value: scale, label: scale }))}
              onChange={(scale) => update("course", { scale })}
            />
          )}
        </div>
        {told.missing && <p class="banner small spaced">{told.missing}</p>}
        {arms.length > 0 && model && <Scores told={told} />}
      </Card>
      {arms.length > 0 && <Rates told={told} />}
      {!arms.length && (told.trials?.length ?? 0) > 0 && (
        <Card title="In trials">
          <Trials told={told} name="response" />
          <Trials told={told} name="remission" />
        </Card>
      )}
      {notes.length > 0 && (
        <Card title="What to know before reading it">
          <Notes of={notes} />
          {model && <Sources of={model.sources} />}
        </Card>
      )}
    </>
  );
}

function Scores({ told }: { told: CourseAnswer }) {
  const { arms = [], model } = told;
  const [active, sham] = arms;
  const x = useMemo(() => weeksOf(active?.day ?? []), [active]);
  const series = useMemo(() => {
    const of = (arm: NonNullable<typeof active>, color: string) => [
      {
        label: `${arm.arm}: half of the people`,
        values: arm.quantiles[3] ?? [],
        bandTo: arm.quantiles[1] ?? [],
        color,
      },
      { label: `${arm.arm}: mean`, values: arm.mean, color, width: 2 },
    ];
    return [
      ...(active
        ? [
            {
              label: "active: 90 % of the people",
              values: active.quantiles[4] ?? [],
              bandTo: active.quantiles[0] ?? [],
              color: ARM.active,
            },
          ]
        : []),
      ...(sham ? of(sham, ARM.sham) : []),
      ...(active ? of(active, ARM.active) : []),
      ...(active && active.classes.length > 1
        ? active.classes.map((one) => ({
            label: one.name,
            values: one.mean,
            color: "var(--ink-faint)",
            width: 1,
            dash: [3, 3],
          }))
        : []),
    ];
  }, [active, sham]);
  const ends = active && sham ? ([active, sham] as const) : null;
  return (
    <div class="spaced">
      <Chart
        label={`${model?.scale} over the course, active and sham`}
        testId="chart-scores"
        height={230}
        legend={false}
        x={x}
        xLabel={isShort(active?.day) ? "day of the course" : "week of the course"}
        yLabel={`${model?.scale} [points]`}
        series={series}
      />
      <Legend
        items={[
          { label: "active", color: ARM.active },
          { label: "sham", color: ARM.sham },
          { label: "classes of people", color: "var(--ink-faint)" },
        ]}
      />
      <p class="small soft">Lines are means; bands hold half of the people, the wide one 90 % of active.</p>
      {ends && (
        <div class="spaced">
          <Facts
            rows={ends.map(
              (arm) =>
                [
                  `${arm.arm}, ${whole(arm.people)} people`,
                  `${short(arm.mean[0])} to ${short(arm.mean[arm.mean.length - 1])} ± ${short(arm.sd[arm.sd.length - 1], 2)}`,
                  `end-${arm.arm}`,
                ] as const,
            )}
          />
        </div>
      )}
    </div>
  );
}

const isShort = (days: readonly number[] | undefined) => (days?.[days.length - 1] ?? 0) <= 14;
const weeksOf = (days: readonly number[]) => (isShort(days) ? [...days] : days.map((day) => day / 7));

function Rates({ told }: { told: CourseAnswer }) {
  const { arms = [] } = told;
  const x = useMemo(() => weeksOf(arms[0]?.day ?? []), [arms]);
  const xLabel = isShort(arms[0]?.day) ? "day of the course" : "week of the course";
  return (
    <>
      {(["response", "remission"] as const).map((name) => {
        const curves = arms.map((arm) => ({
          arm: arm.arm,
          share: name === "response" ? arm.response : arm.remission,
        }));
        if (curves.some((curve) => curve.share === null)) return null;
        return (
          <Card key={name} title={name === "response" ? "Response: scores halved" : "Remission"}>
            <Rate
              name={name}
              x={x}
              xLabel={xLabel}
              curves={curves as { arm: "active" | "sham"; share: Share }[]}
            />
            <Trials told={told} name={name} />
          </Card>
        );
      })}
    </>
  );
}

function Rate({
  name,
  x,
  xLabel,
  curves,
}: {
  name: string;
  x: readonly number[];
  xLabel: string;
  curves: readonly { arm: "active" | "sham"; share: Share }[];
}) {
  const key = JSON.stringify(curves);
  const series = useMemo(
    () =>
      curves.flatMap(({ arm, share }) => [
        {
          label: `${arm}: 95 % by chance of drawing`,
          values: share.high_percent,
          bandTo: share.low_percent,
          color: ARM[arm],
        },
        { label: arm, values: share.percent, color: ARM[arm], width: 2 },
      ]),
    [key],
  );
  const last = curves
    .map(({ arm, share }) => `${arm} ${short(share.percent[share.percent.length - 1], 2)} %`)
    .join(", ");
  return (
    <>
      <Chart
        label={`${name} over the course`}
        testId={`chart-${name}`}
        height={150}
        legend={false}
        x={x}
        xLabel={xLabel}
        yLabel="people [%]"
        yRange={[0, 100]}
        series={series}
      />
      <p class="small" data-testid={`${name}-end`}>{`In the model at the end: ${last}.`}</p>
    </>
  );
}

const at = (percent: number) => 5 + 1.1 * percent;

/** Published shares as dots with their intervals, on the scale of the curve above. */
function Trials({ told, name }: { told: CourseAnswer; name: "response" | "remission" }) {
  const rows = (told.trials ?? []).flatMap((trial) =>
    trial.outcomes.filter((outcome) => outcome.name === name).map((outcome) => ({ trial, outcome })),
  );
  if (!rows.length) return null;
  return (
    <div class="trials" data-testid={`trials-${name}`}>
      <p class="small soft">{`${name === "response" ? "Response" : "Remission"} in trials, open circles recalled:`}</p>
      {rows.map(({ trial, outcome }, k) => (
        <div
          key={k}
          class="trial small"
          title={[trial.design, outcome.when, trial.note].filter(Boolean).join("; ")}
        >
          <span class="trial-name">
            {outcome.sources[0]?.url ? (
              <a href={outcome.sources[0].url} target="_blank" rel="noreferrer">
                {trial.trial}
              </a>
            ) : (
              trial.trial
            )}
            {`, ${trial.label}`}
          </span>
          <svg viewBox="0 0 120 12" aria-hidden="true" style={{ color: ARM[trial.arm] }}>
            <line x1="5" x2="115" y1="6" y2="6" class="axis" />
            {outcome.low_percent !== null && outcome.high_percent !== null && (
              <line x1={at(outcome.low_percent)} x2={at(outcome.high_percent)} y1="6" y2="6" class="span" />
            )}
            <circle
              cx={at(outcome.percent)}
              cy="6"
              r="3.6"
              class={outcome.status === "unverified" ? "open" : ""}
            />
          </svg>
          <span class="right">{`${short(outcome.percent, 2)} %`}</span>
        </div>
      ))}
    </div>
  );
}
