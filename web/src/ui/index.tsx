// The pieces that panels are made of.

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icons";

export { Icon, type IconName } from "./icons";
export { Chart, type ChartSeries } from "./chart";
export { EvidenceBadge, type Evidence } from "./evidence";
export { Popover } from "./popover";

type Children = { children?: ComponentChildren };

interface ButtonProps extends Children {
  onClick?: () => void;
  kind?: "primary" | "plain" | "normal";
  size?: "small" | "normal";
  icon?: IconName;
  disabled?: boolean;
  pressed?: boolean;
  label?: string;
  testId?: string;
}

/** `label` names a button that shows an icon alone. */
export function Button({
  kind = "normal",
  size = "normal",
  icon,
  label,
  pressed,
  testId,
  children,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      class={`button ${kind} ${size === "small" ? "small" : ""}`}
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      data-testid={testId}
      {...rest}
    >
      {icon && <Icon name={icon} size={16} />}
      {children}
    </button>
  );
}

interface NumberProps {
  label: string;
  value: number | null;
  unit?: string;
  min?: number;
  max?: number;
  step?: number;
  digits?: number;
  onChange: (value: number) => void;
  hint?: string;
  disabled?: boolean;
  testId?: string;
}

/** A number that is typed, with its unit. It is taken on Enter, on leaving, and by the arrow keys. */
export function NumberField(props: NumberProps) {
  const { label, value, unit, min = -Infinity, max = Infinity, step = 1, digits = 1, onChange, hint } = props;
  const id = useId();
  const [draft, setDraft] = useState<string | null>(null);
  const shown = value === null ? "" : String(Number(value.toFixed(digits)));
  const wrong = draft !== null && !(Number.isFinite(Number(draft)) && draft.trim() !== "");
  const take = (text: string) => {
    setDraft(null);
    const number = Number(text);
    if (text.trim() === "" || !Number.isFinite(number)) return;
    const held = Math.min(max, Math.max(min, number));
    if (held !== value) onChange(held);
  };
  return (
    <div class="field">
      <label class="label" for={id}>
        {label}
      </label>
      <div class={`input ${wrong ? "wrong" : ""}`}>
        <input
          id={id}
          inputMode="decimal"
          autocomplete="off"
          value={draft ?? shown}
          disabled={props.disabled}
          data-testid={props.testId}
          onInput={(event) => setDraft(event.currentTarget.value)}
          onBlur={(event) => draft !== null && take(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter") take(event.currentTarget.value);
            if (event.key === "Escape") setDraft(null);
            if (event.key === "ArrowUp" || event.key === "ArrowDown") {
              event.preventDefault();
              const by = (event.key === "ArrowUp" ? 1 : -1) * step * (event.shiftKey ? 10 : 1);
              take(String(Number((Number(draft ?? shown) + by).toFixed(6))));
            }
          }}
        />
        {unit && <span class="unit">{unit}</span>}
      </div>
      {hint && <span class="hint">{hint}</span>}
    </div>
  );
}

interface TextProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  hint?: string;
  fault?: string | null;
  placeholder?: string;
  list?: readonly string[];
  testId?: string;
}

/** Text that is taken on Enter or on leaving. `list` offers completions. */
export function TextField({ label, value, onChange, hint, fault, placeholder, list, testId }: TextProps) {
  const id = useId();
  const [draft, setDraft] = useState<string | null>(null);
  const take = () => {
    if (draft !== null && draft !== value) onChange(draft);
    setDraft(null);
  };
  return (
    <div class="field">
      <label class="label" for={id}>
        {label}
      </label>
      <div class={`input ${fault ? "wrong" : ""}`}>
        <input
          id={id}
          value={draft ?? value}
          placeholder={placeholder}
          autocomplete="off"
          spellcheck={false}
          list={list && `${id}-list`}
          data-testid={testId}
          onInput={(event) => setDraft(event.currentTarget.value)}
          onChange={take}
          onKeyDown={(event) => event.key === "Enter" && take()}
        />
      </div>
      {list && (
        <datalist id={`${id}-list`}>
          {list.map((item) => (
            <option key={item} value={item} />
          ))}
        </datalist>
      )}
      {fault ? <span class="hint wrong">{fault}</span> : hint && <span class="hint">{hint}</span>}
    </div>
  );
}

interface SliderProps {
  label: string;
  value: number;
  min: number;
  max: number;
  step?: number;
  unit?: string;
  digits?: number;
  onInput: (value: number) => void;
  testId?: string;
}

export function Slider({
  label,
  value,
  min,
  max,
  step = 1,
  unit = "",
  digits = 0,
  onInput,
  testId,
}: SliderProps) {
  const id = useId();
  return (
    <div class="field">
      <label class="label" for={id}>
        <span>{label}</span>
        <span>
          {value.toFixed(digits)}
          {unit && ` ${unit}`}
        </span>
      </label>
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        data-testid={testId}
        onInput={(event) => onInput(Number(event.currentTarget.value))}
      />
    </div>
  );
}

interface Choice {
  value: string;
  label: string;
  group?: string;
}

interface SelectProps {
  label: string;
  value: string;
  choices: readonly Choice[];
  onChange: (value: string) => void;
  hint?: string;
  testId?: string;
}

export function Select({ label, value, choices, onChange, hint, testId }: SelectProps) {
  const id = useId();
  const groups = [...new Set(choices.map((choice) => choice.group))];
  const options = (group: string | undefined) =>
    choices
      .filter((choice) => choice.group === group)
      .map((choice) => (
        <option key={choice.value} value={choice.value}>
          {choice.label}
        </option>
      ));
  return (
    <div class="field">
      <label class="label" for={id}>
        {label}
      </label>
      <div class="input">
        <select
          id={id}
          value={value}
          data-testid={testId}
          onChange={(event) => onChange(event.currentTarget.value)}
        >
          {!choices.some((choice) => choice.value === value) && (
            <option value={value}>{value || "choose"}</option>
          )}
          {groups.map((group) =>
            group ? (
              <optgroup key={group} label={group}>
                {options(group)}
              </optgroup>
            ) : (
              options(undefined)
            ),
          )}
        </select>
      </div>
      {hint && <span class="hint">{hint}</span>}
    </div>
  );
}

interface SegmentsProps<T extends string> {
  label: string;
  value: T;
  choices: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
  fill?: boolean;
  testId?: string;
}

/** One of a few: arrow keys move between them. */
export function Segments<T extends string>({
  label,
  value,
  choices,
  onChange,
  fill,
  testId,
}: SegmentsProps<T>) {
  const box = useRef<HTMLDivElement>(null);
  const step = (by: number) => {
    const at = choices.findIndex((choice) => choice.value === value);
    const next = choices[(at + by + choices.length) % choices.length];
    if (!next) return;
    onChange(next.value);
    box.current?.querySelectorAll("button")[choices.indexOf(next)]?.focus();
  };
  return (
    <div
      ref={box}
      class={`segments ${fill ? "fill" : ""}`}
      role="radiogroup"
      aria-label={label}
      data-testid={testId}
    >
      {choices.map((choice) => (
        <button
          key={choice.value}
          type="button"
          role="radio"
          aria-checked={choice.value === value}
          tabIndex={choice.value === value ? 0 : -1}
          data-value={choice.value}
          onClick={() => onChange(choice.value)}
          onKeyDown={(event) => {
            if (event.key === "ArrowRight" || event.key === "ArrowDown") step(1);
            else if (event.key === "ArrowLeft" || event.key === "ArrowUp") step(-1);
            else return;
            event.preventDefault();
          }}
        >
          {choice.label}
        </button>
      ))}
    </div>
  );
}

/** Tabs look and work as segments do; the panel below them belongs to the caller. */
export const Tabs = Segments;

export function Check({
  label,
  checked,
  onChange,
  testId,
}: {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
  testId?: string;
}) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={checked}
        data-testid={testId}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      {label}
    </label>
  );
}

export function Card({
  title,
  aside,
  children,
  testId,
}: Children & { title?: string; aside?: ComponentChildren; testId?: string }) {
  return (
    <section class="card" data-testid={testId}>
      {(title || aside) && (
        <div class="card-head">
          <h3>{title}</h3>
          {aside}
        </div>
      )}
      {children}
    </section>
  );
}

/** Heading of a panel: its name, one sentence, and its evidence mark. */
export function PanelHead({
  title,
  about,
  badge,
}: {
  title: string;
  about?: string;
  badge?: ComponentChildren;
}) {
  return (
    <header>
      <div>
        <h2>{title}</h2>
        {about && <p class="soft small">{about}</p>}
      </div>
      {badge}
    </header>
  );
}

/** Pairs of a name and a value. */
export function Facts({
  rows,
}: {
  rows: readonly (readonly [ComponentChildren, ComponentChildren, string?])[];
}) {
  return (
    <dl class="facts">
      {rows.map(([name, value, testId], k) => (
        <>
          <dt key={`n${k}`}>{name}</dt>
          <dd key={`v${k}`} data-testid={testId}>
            {value}
          </dd>
        </>
      ))}
    </dl>
  );
}

export function Progress({ fraction, label }: { fraction: number; label: string }) {
  const percent = Math.round(100 * Math.min(1, Math.max(0, fraction)));
  return (
    <div
      class="progress"
      role="progressbar"
      aria-label={label}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <span style={{ width: `${percent}%` }} />
    </div>
  );
}

export function Empty({ title, children }: Children & { title: string }) {
  return (
    <div class="state">
      <strong>{title}</strong>
      {children && <p class="small">{children}</p>}
    </div>
  );
}

/** `height` keeps the place that the content will take, so that nothing jumps. */
export function Loading({ label = "Loading", height }: { label?: string; height?: number }) {
  return (
    <div class="state" style={height ? { minHeight: `${height}px` } : {}} role="status">
      <span class="spinner" />
      <span class="small">{label}</span>
    </div>
  );
}

/** A fault in one sentence, and the way on. */
export function Fault({
  message,
  action,
  onAction,
}: {
  message: string;
  action?: string;
  onAction?: () => void;
}) {
  return (
    <div class="state fault" role="alert">
      <p>{message}</p>
      {action && onAction && (
        <Button size="small" onClick={onAction}>
          {action}
        </Button>
      )}
    </div>
  );
}

export function Legend({ items }: { items: readonly { label: string; color: string }[] }) {
  return (
    <div class="legend small soft row">
      {items.map((item) => (
        <span key={item.label}>
          <i style={{ background: item.color }} />
          {item.label}
        </span>
      ))}
    </div>
  );
}

/** What `load` resolves to, loaded anew whenever `keys` change; the last answer stays until the next is there. */
export function useLoaded<T>(
  load: (signal: AbortSignal) => Promise<T>,
  keys: readonly unknown[],
  wait_ms = 0,
) {
  const [state, setState] = useState<{ value: T | null; fault: string | null; busy: boolean }>({
    value: null,
    fault: null,
    busy: true,
  });
  useEffect(() => {
    const stop = new AbortController();
    setState((old) => ({ ...old, busy: true }));
    const timer = setTimeout(() => {
      load(stop.signal).then(
        (value) => !stop.signal.aborted && setState({ value, fault: null, busy: false }),
        (fault: unknown) =>
          !stop.signal.aborted &&
          setState((old) => ({
            ...old,
            fault: fault instanceof Error ? fault.message : String(fault),
            busy: false,
          })),
      );
    }, wait_ms);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, keys);
  return state;
}
