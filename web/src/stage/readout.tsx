// Numbers over the stage: what the field of a pose comes to.

import { between } from "../pose";
import { active, compare, target, views, type View } from "../state";
import { readable } from "./colormap";

const percent = (share: number | null | undefined): string =>
  share === null || share === undefined ? "–" : `${readable(100 * share, 2)} %`;

export function Readout({ view }: { view: View }) {
  const reading = view.field.value?.reading;
  const waiting = !reading || view.field.value?.seq !== view.asked.value;
  const rows: [string, string, string, string][] = [
    ["Peak |E|", readable(reading?.peak), "V/m", "peak"],
    [
      target.value ? `At ${target.value.text}` : "At the target",
      readable(reading?.at_target),
      "V/m",
      "at-target",
    ],
    ["Half peak to depth", readable(reading?.depth_mm), "mm", "depth"],
    ["Above half peak", readable(reading?.spread), "cm²", "spread"],
  ];
  const { projection, truncation } = reading?.errors ?? {};
  return (
    <div
      class={`readout glass ${waiting ? "waiting" : ""} ${compare.value && view.name === active.value ? "active" : ""}`}
      data-testid={`readout-${view.name}`}
    >
      {compare.value && <strong class="view-name">{view.name}</strong>}
      <dl>
        {rows.map(([name, value, unit, id]) => (
          <div key={id}>
            <dt>{name}</dt>
            <dd data-testid={`${id}-${view.name}`}>
              {value} <span class="soft">{unit}</span>
            </dd>
          </div>
        ))}
      </dl>
      <p
        class="soft"
        title="Of |E|, relative: what the live field leaves out against a full solve of the same order."
      >
        live field's own error{" "}
        {percent(projection === undefined ? undefined : (projection ?? 0) + (truncation ?? 0))}
      </p>
    </div>
  );
}

const signed = (value: number | null | undefined): string =>
  value === null || value === undefined
    ? "–"
    : `${value > 0 ? "+" : value < 0 ? "−" : ""}${readable(Math.abs(value))}`;

/** What B has more than A. */
export function Difference() {
  const [a, b] = [views.A.field.value?.reading, views.B.field.value?.reading];
  if (!a || !b) return null;
  const { distance_mm, turn_deg } = between(a.pose, b.pose);
  const less = (x: number | null, y: number | null) => (x === null || y === null ? null : y - x);
  return (
    <div class="difference glass" data-testid="difference">
      <strong>B − A</strong>
      <span>
        peak <b data-testid="difference-peak">{signed(b.peak - a.peak)}</b> V/m
      </span>
      <span>
        target <b data-testid="difference-target">{signed(less(a.at_target, b.at_target))}</b> V/m
      </span>
      <span>
        moved <b>{readable(distance_mm)}</b> mm, turned <b>{readable(turn_deg)}</b>°
      </span>
    </div>
  );
}
