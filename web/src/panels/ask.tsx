// What the panels share: the question that follows the plan, and how its answer waits, fails and shows.

import type { ComponentChildren } from "preact";
import { api } from "../api";
import { basis, plan } from "../state";
import { Button, Fault, Loading, useLoaded } from "../ui";
import type { Source } from "./answers";
import "./panels.css";

export interface Asked<T> {
  value: T | null;
  fault: string | null;
  busy: boolean;
}

/**
 * The server's answer on the plan, asked anew whenever one of these sections changes, or the live field does.
 * `wait_ms` is how long the plan has to rest first.
 */
export function useAnswer<T>(
  name: string,
  sections: readonly string[],
  more: object = {},
  wait_ms = 250,
): Asked<T> {
  const now = plan.value;
  const { state, order } = basis.value;
  const key = JSON.stringify([
    now && sections.map((section) => now[section]),
    more,
    state === "ready" ? order : 0,
  ]);
  const load = (signal: AbortSignal) => api.panel<T>(name, { plan: now, ...more }, signal);
  return useLoaded(NEED_FIELD.has(name) ? onceReady(load) : load, [name, key], wait_ms);
}

/** What has nothing to say before the live field is there. */
const NEED_FIELD = new Set(["network", "transmitters"]);

/** Waits for ever while there is no field; its keys change when there is one. */
export function onceReady<T>(load: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  return basis.value.state === "ready" ? load : () => new Promise<T>(() => {});
}

/** An answer, or what stands in its place; the last one stays, paler, while the next is worked out. */
export function Answer<T>({
  of,
  height = 200,
  label,
  action,
  children,
}: {
  of: Asked<T>;
  height?: number;
  label?: string;
  /** The way on from a refusal. */
  action?: { label: string; run: () => void };
  children: (value: T) => ComponentChildren;
}) {
  const { value, fault, busy } = of;
  const waiting =
    basis.value.state === "ready" ? (label ?? "Working it out") : "This follows once the live field is ready";
  if (!value && (!fault || busy)) return <Loading height={height} label={waiting} />;
  if (!value)
    return action ? (
      <Fault message={fault ?? ""} action={action.label} onAction={action.run} />
    ) : (
      <Fault message={fault ?? ""} />
    );
  return (
    <div class={`answer ${busy ? "busy" : ""}`} aria-busy={busy} data-busy={busy}>
      {fault && !busy && (
        <div class="banner fault small" role="alert">
          <span class="grow">{fault}</span>
          {action && (
            <Button size="small" onClick={action.run}>
              {action.label}
            </Button>
          )}
        </div>
      )}
      {children(value)}
    </div>
  );
}

export function Sources({ of }: { of: readonly Source[] }) {
  if (!of.length) return null;
  return (
    <details class="sources small soft">
      <summary>{of.length === 1 ? "Source" : `${of.length} sources`}</summary>
      {of.map((source) => (
        <p key={source.key}>
          {source.text}{" "}
          {source.url && (
            <a href={source.url} target="_blank" rel="noreferrer">
              {source.url.replace("https://", "")}
            </a>
          )}
        </p>
      ))}
    </details>
  );
}

export function Notes({ of }: { of: readonly string[] }) {
  if (!of.length) return null;
  return (
    <ul class="notes small soft">
      {of.map((note) => (
        <li key={note}>{note}</li>
      ))}
    </ul>
  );
}

/** A share as a bar beside its number; `of` is the whole length. */
export function Bar({ value, of, color = "var(--accent)" }: { value: number; of: number; color?: string }) {
  const percent = of > 0 ? Math.min(100, (100 * value) / of) : 0;
  return (
    <span class="bar" aria-hidden="true">
      <i style={{ width: `${percent}%`, background: color }} />
    </span>
  );
}
