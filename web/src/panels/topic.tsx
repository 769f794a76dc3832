// The evidence mark of a panel that asks the server for nothing else.

import { signal } from "@preact/signals";
import { get } from "../api";
import { EvidenceBadge, type Evidence } from "../ui";

const topics = signal<Record<string, Evidence> | null>(null);
let asked = false;

/** Equation and sources behind a topic, fetched once for all of them. */
export function Topic({ of }: { of: string }) {
  if (!asked) {
    asked = true;
    get<Record<string, Evidence>>("/api/panels/evidence").then(
      (told) => (topics.value = told),
      () => (asked = false), // asked for again when a panel opens
    );
  }
  const evidence = topics.value?.[of];
  return evidence ? <EvidenceBadge evidence={evidence} /> : null;
}
