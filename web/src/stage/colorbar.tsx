// The colour bar: units, range and its lock, and a threshold below which the cortex stays bare.

import { computed } from "@preact/signals";
import { compare, didt, look, overlay, views } from "../state";
import { Button, NumberField } from "../ui";
import { autoTop, gradient, readable, ticks } from "./colormap";

/** Top of the colour scale of both views. [V/m] */
export const scaleTop = computed(() => {
  if (overlay.value) return 1;
  if (look.lockedTop.value !== null) return look.lockedTop.value;
  const tops = [views.A, ...(compare.value ? [views.B] : [])].map(
    (view) => view.field.value?.reading.p999 ?? 0,
  );
  return autoTop(Math.max(...tops));
});

export function ColorBar() {
  return overlay.value ? <ShareBar label={overlay.value.label} /> : <FieldBar />;
}

function ShareBar({ label }: { label: string }) {
  return (
    <div class="colorbar glass" data-testid="colorbar" data-top={1}>
      <div class="row between">
        <strong>{label}</strong>
        <Button kind="plain" size="small" testId="overlay-off" onClick={() => (overlay.value = null)}>
          Show the field
        </Button>
      </div>
      <div class="ramp" style={{ background: gradient("magnitude") }} />
      <div class="ticks">
        {[0, 25, 50, 75, 100].map((percent) => (
          <span key={percent} style={{ left: `${percent}%` }}>{`${percent} %`}</span>
        ))}
      </div>
    </div>
  );
}

function FieldBar() {
  const component = look.component.value;
  const top = scaleTop.value;
  const low = component === "normal" ? -top : 0;
  const least = look.threshold.value * top;
  const locked = look.lockedTop.value !== null;
  const share = (value: number) => `${(100 * (value - low)) / (top - low)}%`;
  return (
    <div class="colorbar glass" data-testid="colorbar" data-top={top}>
      <div class="row between">
        <span>
          <strong>{component === "normal" ? "Normal E" : "|E|"}</strong>{" "}
          <span class="soft">{`V/m at ${readable(didt.value)} A/µs`}</span>
        </span>
        <Button
          kind="plain"
          size="small"
          icon={locked ? "lock" : "unlock"}
          pressed={locked}
          label={locked ? "Let the range follow the field" : "Lock the range"}
          testId="range-lock"
          onClick={() => (look.lockedTop.value = locked ? null : top)}
        />
      </div>
      <div class="ramp" style={{ background: gradient(component) }}>
        {component === "normal" ? (
          <span class="bare" style={{ left: share(-least), right: `calc(100% - ${share(least)})` }} />
        ) : (
          <span class="bare" style={{ left: 0, right: `calc(100% - ${share(least)})` }} />
        )}
      </div>
      <div class="ticks">
        {ticks(low, top).map((tick) => (
          <span key={tick} style={{ left: share(tick) }}>
            {String(Number(tick.toPrecision(4))).replace("-", "−")}
          </span>
        ))}
      </div>
      <div class="row between threshold">
        <label class="small soft" for="threshold">
          {least > 0 ? `from ${readable(least)}` : "no threshold"}
        </label>
        <input
          id="threshold"
          type="range"
          min={0}
          max={0.95}
          step={0.01}
          value={look.threshold.value}
          data-testid="threshold"
          aria-label="Threshold of the colours"
          onInput={(event) => (look.threshold.value = Number(event.currentTarget.value))}
        />
        {locked && (
          <NumberField
            label="Top of the range"
            value={top}
            unit="V/m"
            min={0.001}
            testId="range-top"
            onChange={(value) => (look.lockedTop.value = value)}
          />
        )}
      </div>
    </div>
  );
}
