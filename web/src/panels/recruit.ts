// Who fires, asked while someone looks: at the pulse panel, or at a layer's share on the cortex.

import { effect, signal, untracked } from "@preact/signals";
import { api, sentence } from "../api";
import { activeView, basis, look, openPanel, overlay, plan } from "../state";
import type { RecruitAnswer } from "./answers";
import { pulseAnswer, pulseBusy, pulseFault } from "./dose";
import { sharesOf } from "./text";

export const recruitAnswer = signal<RecruitAnswer | null>(null);
export const recruitFault = signal<string | null>(null);
export const recruitBusy = signal(false);
/** Which population the cortex shows; empty for the field. */
export const shownPopulation = signal("");

const WAIT_ms = 250;
let last = "";
let timer: ReturnType<typeof setTimeout> | undefined;
let stop = new AbortController();

const label = (population: string, following = false) =>
  `${population} cells that fire${following ? ", following" : ""}`;

/** Say that what the cortex shows is of the pose before. */
function mark(following: boolean) {
  const [shown, population] = [overlay.peek(), shownPopulation.peek()];
  if (shown && population) overlay.value = { ...shown, label: label(population, following) };
}

// The stage's own button goes back to the field too.
effect(() => {
  if (!overlay.value) shownPopulation.value = "";
});

/** Show a population on the cortex as soon as it is known; the field where it is empty. */
export function showPopulation(name: string) {
  if (!name) overlay.value = null;
  shownPopulation.value = name;
  last = "";
}

effect(() => {
  const now = plan.value;
  const { state, order } = basis.value;
  const population = shownPopulation.value;
  if (!now || state !== "ready" || (openPanel.value !== "pulse" && !population)) return;
  const { coil, placement, pulse, motor, neuron } = now;
  // What the dose comes to is known first: one that the stimulator refuses makes no one fire.
  const dose = pulseAnswer.value?.dose;
  if (pulseFault.value) recruitFault.value = pulseFault.value;
  if (pulseBusy.value || dose?.text !== pulse.dose) return;
  if (dose.refused) {
    recruitFault.value = dose.refused;
    last = "";
    return;
  }
  const full = look.full.value;
  const key = JSON.stringify([coil, placement, pulse, motor, neuron, population, full, order]);
  if (key === last) return;
  last = key;
  stop.abort();
  stop = new AbortController();
  clearTimeout(timer);
  recruitBusy.value = true;
  untracked(() => mark(true));
  const { signal } = stop;
  timer = setTimeout(() => {
    api.panel<RecruitAnswer>("recruit", { plan: now, population, full }, signal).then(
      (answer) => {
        if (signal.aborted) return;
        recruitAnswer.value = answer;
        recruitFault.value = null;
        recruitBusy.value = false;
        if (answer.overlay && population === shownPopulation.peek())
          overlay.value = { label: label(population), share: sharesOf(answer.overlay) };
      },
      (fault: unknown) => {
        if (signal.aborted) return;
        recruitFault.value = sentence(fault);
        recruitBusy.value = false;
        last = "";
      },
    );
  }, WAIT_ms);
});

// While the coil is moved the plan waits until it rests, and so does this.
const SETTLED_ms = 2000;
let settled: ReturnType<typeof setTimeout> | undefined;
effect(() => {
  void activeView.value.aim.value;
  clearTimeout(settled);
  untracked(() => mark(true));
  settled = setTimeout(() => recruitBusy.peek() || mark(false), SETTLED_ms);
});
