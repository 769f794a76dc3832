// What is drawn, and how.

import { compare, look, page, setCompare } from "../state";
import { Button, Check, Icon, Popover, Segments, Slider } from "../ui";

const AXES = [
  { value: "0", label: "Sagittal" },
  { value: "1", label: "Coronal" },
  { value: "2", label: "Axial" },
] as const;

export function Toolbar() {
  return (
    <div class="toolbar" role="toolbar" aria-label="View">
      <Segments
        label="Shown on the cortex"
        testId="component"
        value={look.component.value}
        choices={[
          { value: "magnitude", label: "|E|" },
          { value: "normal", label: "Normal" },
        ]}
        onChange={(value) => (look.component.value = value)}
      />
      <Popover
        testId="look"
        class="look"
        button={{
          class: `button tool ${look.cut.value ? "on" : ""}`,
          label: "Scalp, coil and cut",
          testId: "open-look",
          children: <Icon name="skin" />,
        }}
      >
        <LookMenu />
      </Popover>
      <Button
        icon="compare"
        label="Two poses side by side"
        pressed={compare.value}
        testId="compare"
        onClick={() => setCompare(!compare.value)}
      />
      <Button
        icon="slices"
        label="Slices through the head"
        pressed={look.slices.value}
        testId="slices"
        onClick={() => (look.slices.value = !look.slices.value)}
      />
      <Popover
        class="keys"
        button={{
          class: "button tool",
          label: "Mouse and keys",
          testId: "open-keys",
          children: <Icon name="keys" />,
        }}
      >
        <Keys />
      </Popover>
    </div>
  );
}

function LookMenu() {
  const bounds = page.value?.head.bounds_mm;
  const cut = look.cut.value;
  const middle = (axis: 0 | 1 | 2) => (bounds ? Math.round((bounds[0][axis] + bounds[1][axis]) / 2) : 0);
  return (
    <div class="stack">
      <Slider
        label="Scalp"
        unit="%"
        min={0}
        max={100}
        value={Math.round(100 * look.scalp.value)}
        testId="scalp"
        onInput={(value) => (look.scalp.value = value / 100)}
      />
      <Check
        label="Coil"
        checked={look.coil.value}
        testId="show-coil"
        onChange={(on) => (look.coil.value = on)}
      />
      <Check
        label={`All ${page.value?.head.n_cortex_full.toLocaleString("en") ?? ""} points once the coil rests`}
        checked={look.full.value}
        testId="full"
        onChange={(on) => (look.full.value = on)}
      />
      <div class="field">
        <span class="label">Cut through the tissues</span>
        <Segments
          fill
          label="Cut through the tissues"
          testId="cut"
          value={cut ? (String(cut.axis) as "0" | "1" | "2") : "none"}
          choices={[{ value: "none", label: "None" }, ...AXES]}
          onChange={(value) => {
            const axis = Number(value) as 0 | 1 | 2;
            look.cut.value = value === "none" ? null : { axis, at_mm: middle(axis) };
          }}
        />
      </div>
      {cut && bounds && (
        <>
          <Slider
            label="Position of the cut"
            unit="mm"
            min={Math.ceil(bounds[0][cut.axis])}
            max={Math.floor(bounds[1][cut.axis])}
            value={cut.at_mm}
            testId="cut-at"
            onInput={(at_mm) => (look.cut.value = { ...cut, at_mm })}
          />
          <div class="legend small soft row">
            {page.value?.head.tissues
              .filter((tissue) => tissue.tag <= 6)
              .map((tissue) => (
                <span key={tissue.tag}>
                  <i class="swatch" style={{ background: tissue.color }} />
                  {tissue.label}
                </span>
              ))}
          </div>
        </>
      )}
    </div>
  );
}

const KEYS: [string, string][] = [
  ["Drag the coil", "slide it over the scalp"],
  ["Drag the collar of its handle", "turn it"],
  ["Double click on the scalp", "put it there"],
  ["Drag elsewhere, wheel", "turn the head, zoom"],
  ["Arrow keys", "slide by 2 mm, 10 with Shift"],
  ["Q, E or Shift + wheel", "turn by 5°"],
  ["R, F", "lift, lower by 1 mm"],
  ["W, S and A, D", "tilt by 1°, 5 with Shift"],
  ["N", "|E| or normal component"],
];

function Keys() {
  return (
    <>
      <strong>Mouse and keys</strong>
      <dl class="facts small">
        {KEYS.map(([keys, does]) => (
          <>
            <dt>{keys}</dt>
            <dd>{does}</dd>
          </>
        ))}
      </dl>
    </>
  );
}
