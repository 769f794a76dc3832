// The panels in the order of the chain: where, with what, on whom, how often, to what end.

import type { ComponentType } from "preact";
import type { IconName } from "../ui/icons";
import After from "./after";
import Brain from "./brain";
import Course from "./course";
import Find from "./find";
import Jobs from "./jobs";
import Person from "./person";
import Place from "./place";
import Pulse from "./pulse";
import Session from "./session";

export interface Panel {
  id: string;
  title: string;
  icon: IconName;
  component: ComponentType;
}

export const panels: readonly Panel[] = [
  { id: "place", title: "Place", icon: "place", component: Place },
  { id: "find", title: "Find", icon: "find", component: Find },
  { id: "pulse", title: "Pulse", icon: "pulse", component: Pulse },
  { id: "person", title: "Person", icon: "person", component: Person },
  { id: "session", title: "Session", icon: "session", component: Session },
  { id: "after", title: "After", icon: "after", component: After },
  { id: "brain", title: "Brain", icon: "brain", component: Brain },
  { id: "course", title: "Course", icon: "course", component: Course },
  { id: "jobs", title: "Plan & jobs", icon: "plan", component: Jobs },
];
