// What the session leaves behind over two hours, and how much people differ in it.

import { useMemo } from "preact/hooks";
import { page, plan, update } from "../state";
import { Card, Chart, EvidenceBadge, Facts, Legend, NumberField, PanelHead, Select } from "../ui";
import type { AfterAnswer } from "./answers";
import { Answer, Notes, Sources, useAnswer } from "./ask";
import { short, signed, whole } from "./text";

type Group = NonNullable<AfterAnswer["blocks"][number]["group"]>;

const INK = "var(--ink)";
const BAND = "var(--series-1)";
const MODEL = "var(--series-2)";
const FAINT = "var(--rule-strong)";
const PEOPLE = 16;

export default function After() {
  const asked = useAnswer<AfterAnswer>("after", ["session", "coil", "pulse", "motor", "neuron", "seed"]);
  const evidence = asked.value?.blocks.find((block) => block.group)?.group?.evidence;
  return (
    <>
      <PanelHead
        title="After-effect"
        about="What the session leaves behind, and how much people differ."
        badge={evidence && <EvidenceBadge evidence={evidence} />}
      />
      <div class="wide-narrow">
        <Select
          label="Model"
          testId="plasticity"
          value={String(plan.value?.session.plasticity ?? "")}
          choices={[
            { value: "", label: "that which suits the train" },
            ...(page.value?.plasticity_models ?? []).map((model) => ({
              value: model.name,
              label: model.label,
            })),
          ]}
          onChange={(plasticity) => update("session", { plasticity })}
        />
        <NumberField
          label="People"
          min={2}
          max={2000}
          digits={0}
          step={50}
          value={Number(plan.value?.session.people ?? 200)}
          testId="people"
          onChange={(people) => update("session", { people: Math.round(people) })}
        />
      </div>
      <Answer of={asked} height={380}>
        {(told) =>
          told.missing ? (
            <p class="small soft spaced">{told.missing}</p>
          ) : (
            <>
              {told.blocks.map((block, k) => (
                <Card key={k} title={told.blocks.length > 1 ? block.site || block.sentence : ""}>
                  {block.group ? <Effect group={block.group} /> : <p class="banner small">{block.missing}</p>}
                </Card>
              ))}
            </>
          )
        }
      </Answer>
    </>
  );
}

function Effect({ group }: { group: Group }) {
  const series = useMemo(() => {
    const [low, lower, , upper, high] = group.quantiles_percent;
    const half = group.time_min.map((_, k) => k % 2 === 0);
    const people = group.people_percent.slice(0, PEOPLE).map((values) => ({
      label: "one person",
      values: half.map((here, k) => (here ? (values[k / 2] ?? null) : midway(values, k))),
      color: FAINT,
      width: 0.7,
    }));
    return [
      { label: "90 % of people", values: high ?? [], bandTo: low ?? [], color: BAND },
      { label: "half of them", values: upper ?? [], bandTo: lower ?? [], color: BAND },
      ...people,
      { label: "model", values: group.model_percent, color: MODEL, dash: [5, 3] },
      { label: "mean of people", values: group.mean_percent, color: INK, width: 2 },
    ];
  }, [group]);
  return (
    <>
      <Chart
        label="Change of the MEP after the session"
        testId="chart-after"
        height={240}
        legend={false}
        x={group.time_min}
        xLabel="time after the last pulse [min]"
        yLabel="change of the MEP [%]"
        series={series}
      />
      <Legend
        items={[
          { label: "mean of people", color: INK },
          { label: `model ${group.model}`, color: MODEL },
          { label: "half, and 90 % of people", color: BAND },
          { label: `${PEOPLE} of them`, color: FAINT },
        ]}
      />
      <div class="spaced">
        <Facts
          rows={[
            [
              "largest mean change",
              `${signed(group.peak_percent)} % after ${short(group.peak_min)} min`,
              "after-peak",
            ],
            ["spread between people, SD", `${short(group.peak_sd_percent, 2)} %`],
            [
              `respond as expected, of ${whole(group.people)}`,
              `${short(100 * group.responders, 2)} %`,
              "responders",
            ],
            ["mean over SD", signed(group.effect_size)],
            ["left after two hours", `${signed(group.left_percent, 2)} %`],
            ["motor threshold at the peak", `${signed(group.threshold_percent, 2)} %`],
          ]}
        />
      </div>
      <p class="small soft spaced">{group.validity}</p>
      <Notes of={group.notes} />
      <Sources of={group.sources} />
    </>
  );
}

const midway = (values: readonly number[], k: number): number | null => {
  const [before, after] = [values[(k - 1) / 2], values[(k + 1) / 2]];
  return before === undefined || after === undefined ? null : (before + after) / 2;
};
