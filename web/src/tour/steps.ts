// The eight steps of "How does TMS work?": what each says, shows and lets one try.

import { api, sentence } from "../api";
import type { Link } from "../panels/answers";
import { openBrainTab, showResponse } from "../panels/brain";
import { openPersonTab } from "../panels/person";
import { showPopulation } from "../panels/recruit";
import { activeView, aimNow, gaze, look, move, openPanel, plan, say } from "../state";
import type { PlanJson, Vec3 } from "../types";

export interface Step {
  title: string;
  /** In plain language; a paragraph each. */
  text: readonly string[];
  /** Links of the chain whose sentences the step shows, with this plan's figures. */
  links: readonly string[];
  /** Put camera, cortex and panel where the step happens. */
  enter: () => void;
  action?: { label: string; run: () => void };
}

const FRONT_LEFT: Vec3 = [-0.95, 0.75, 0.75];

/** Look at the place under the coil from outside, a little from the front. */
function faceCoil(tilt = 0.35) {
  const reading = activeView.value.field.value?.reading;
  if (!reading) return void (gaze.value = [...FRONT_LEFT]);
  const [x = 0, y = 0, z = 0] = reading.scalp_mm;
  const length = Math.hypot(x, y, z) || 1;
  gaze.value = [x / length, y / length + tilt, z / length + 0.1];
}

function field(component: "magnitude" | "normal" = "magnitude") {
  showPopulation("");
  look.coil.value = true;
  look.component.value = component;
}

const turn = (by: number) => () => {
  const aim = aimNow();
  if (aim) move({ angle_deg: ((((aim.angle_deg + by + 180) % 360) + 360) % 360) - 180 });
};

let playing: HTMLAudioElement | null = null;

export function hush() {
  playing?.pause();
  playing = null;
}

/** The first seconds of the plan's own session. */
async function play() {
  hush();
  const source = String(plan.peek()?.session.protocol || "1 pulse");
  playing = new Audio(`/api/panels/clicks.wav?${new URLSearchParams({ source, duration_s: "8" })}`);
  try {
    await playing.play();
  } catch (fault) {
    say(`The clicks could not be played: ${sentence(fault)}`, "fault");
  }
}

export const steps: readonly Step[] = [
  {
    title: "A coil, and a very short current",
    text: [
      "The coil is copper wire in plastic. A charged capacitor is let loose on it, and for a few ten-thousandths of a second thousands of amperes run through the wire.",
      "That makes a magnetic field which passes skin and skull as if they weren't there. It is over before a nerve has answered.",
    ],
    links: ["coil"],
    enter: () => {
      field();
      look.scalp.value = 0.85;
      openPanel.value = "pulse";
      faceCoil(0.6);
    },
  },
  {
    title: "The changing field drives a current in the head",
    text: [
      "A magnetic field that changes makes an electric one. It pushes charge round in loops, and the brain, being salty, conducts. Colours show how hard each place of the cortex is pushed.",
      "The field is strongest near the surface and always covers more than the target. Turn the coil: folds that lie across the push get more of it.",
    ],
    links: ["field"],
    enter: () => {
      field();
      look.scalp.value = 0.3;
      openPanel.value = "place";
      faceCoil();
    },
    action: { label: "Turn the coil by 45°", run: turn(45) },
  },
  {
    title: "How strong is enough?",
    text: [
      "Heads differ, so the dial of the machine says little. The strength is set by what a pulse does: over the hand area one looks for the weakest that makes the hand twitch in half of the tries.",
      "That is the motor threshold, and doses elsewhere are given in percent of it.",
    ],
    links: ["motor threshold"],
    enter: () => {
      field();
      look.scalp.value = 0.3;
      openPanel.value = "pulse";
      faceCoil();
    },
  },
  {
    title: "Some nerve cells fire",
    text: [
      "The field tips the voltage at the ends of nerve fibres. Where it is strong and lies along a fibre, the cell fires. The colours now show which share of the large cells of layer 5 do.",
      "It is a patch of cortex, not a point, and many cells in it stay silent.",
    ],
    links: ["neurons"],
    enter: () => {
      look.scalp.value = 0.2;
      look.coil.value = false;
      openPanel.value = "pulse";
      showPopulation("L5");
      faceCoil();
    },
    action: { label: "See the field along the cells", run: () => field("normal") },
  },
  {
    title: "Down to the muscle, and never twice the same",
    text: [
      "From the hand area the signal runs down the spinal cord, and some twenty milliseconds later a muscle twitches. Electrodes over it see a wave, the motor evoked potential.",
      "The same pulse can make a large wave, a small one or none. So a threshold is a statistic, found with a dozen pulses or more.",
    ],
    links: ["muscle"],
    enter: () => {
      field();
      openPanel.value = "person";
      openPersonTab("curve");
    },
    action: { label: "Hunt a threshold", run: () => openPersonTab("hunt") },
  },
  {
    title: "Pulses become a session",
    text: [
      "One pulse changes nothing for long. Treatments give hundreds to thousands in a rhythm: slow, fast, or in bursts that copy a rhythm of the brain.",
      "Each is a loud click, and it taps on the scalp. Tables of what was tolerated, and the machine itself, set limits: the panel says which a session meets, and which it passes.",
    ],
    links: ["session"],
    enter: () => {
      field();
      openPanel.value = "session";
    },
    action: { label: "Hear it", run: () => void play() },
  },
  {
    title: "What stays behind, and how it spreads",
    text: [
      "After a session the cortex may answer more, or less, for an hour or so. On average; about half of people show it, and it differs from day to day.",
      "Regions are connected, so what happens at the site is heard elsewhere, perhaps down to the cells that release dopamine and serotonin. The farther along this chain, the thinner the evidence.",
    ],
    links: ["plasticity", "network", "transmitters"],
    enter: () => {
      field();
      openPanel.value = "after";
      openBrainTab("network");
    },
    action: {
      label: "See the brain's answer",
      run: () => {
        openPanel.value = "brain";
        look.coil.value = false;
        showResponse("late");
      },
    },
  },
  {
    title: "Weeks of sessions",
    text: [
      "For depression a course takes some thirty sessions. Where everyone knew that it was real, about half of the people were half as ill at the end. In trials where no one knew, fewer were, and fewer still with sham, where next to nothing reaches the brain.",
      "No one can yet compute from a field who will be among them. What you see are the trials themselves, drawn anew: statistics, not a forecast.",
    ],
    links: ["course"],
    enter: () => {
      field();
      openPanel.value = "course";
    },
  },
];

export const explained = (links: readonly string[], of: PlanJson | null, stop: AbortSignal) =>
  api.panel<{ links: Link[] }>("explain", { plan: of, links }, stop);
