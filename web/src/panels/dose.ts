// What the plan's dose comes to, kept up to date whichever panel is open: the field on the stage hangs on it.

import { effect, signal } from "@preact/signals";
import { api, sentence } from "../api";
import { basis, plan, resolvedSlope } from "../state";
import type { PulseAnswer } from "./answers";

export const pulseAnswer = signal<PulseAnswer | null>(null);
export const pulseFault = signal<string | null>(null);
export const pulseBusy = signal(false);

const WAIT_ms = 150;
let last = "";
let timer: ReturnType<typeof setTimeout> | undefined;
let stop = new AbortController();

effect(() => {
  const now = plan.value;
  if (!now) return;
  const { state, order } = basis.value;
  const { coil, motor, pulse, neuron } = now;
  const key = JSON.stringify([coil, motor, pulse, neuron, state === "ready" ? order : 0]);
  if (key === last) return;
  last = key;
  stop.abort();
  stop = new AbortController();
  clearTimeout(timer);
  pulseBusy.value = true;
  const { signal } = stop;
  timer = setTimeout(() => {
    api.panel<PulseAnswer>("pulse", { plan: now }, signal).then(
      (answer) => {
        if (signal.aborted) return;
        pulseAnswer.value = answer;
        pulseFault.value = null;
        pulseBusy.value = false;
        // A dose that is refused leaves the stage at the last one that was not.
        if (answer.dose.didt_A_per_us) resolvedSlope.value = answer.dose.didt_A_per_us;
      },
      (fault: unknown) => {
        if (signal.aborted) return;
        pulseFault.value = sentence(fault);
        pulseBusy.value = false;
        last = "";
      },
    );
  }, WAIT_ms);
});
