// Jobs: processes of their own on the server, which go on when the page closes.

import { api, sentence } from "./api";
import { socketUrl } from "./live";
import { jobs, say } from "./state";
import type { Job, PlanJson } from "./types";

export const under = (job: Job): boolean => job.state === "waiting" || job.state === "running";

export const stateWord = (job: Job): string =>
  ({
    waiting: "waiting",
    running: `${Math.round(100 * job.fraction)} %`,
    done: "done",
    failed: "failed",
    cancelled: "cancelled",
    interrupted: "interrupted",
  })[job.state];

const latestFirst = (list: Job[]): Job[] => list.sort((a, b) => b.id.localeCompare(a.id)); // ids begin with the time

function put(job: Job): void {
  jobs.value = latestFirst([...jobs.value.filter((old) => old.id !== job.id), job]);
}

/** Follow all jobs, from now on and through lost connections. */
export function followJobs(wait_ms = 250): void {
  const socket = new WebSocket(socketUrl("/api/jobs/live"));
  let next_ms = Math.min(2 * wait_ms, 4000);
  socket.onopen = () => {
    next_ms = 250;
    void refresh();
  };
  socket.onmessage = (event: MessageEvent<string>) => put(JSON.parse(event.data) as Job);
  socket.onclose = (event) => event.code !== 4403 && setTimeout(() => followJobs(next_ms), wait_ms);
}

export async function refresh(): Promise<void> {
  try {
    jobs.value = latestFirst(await api.jobs());
  } catch (fault) {
    say(sentence(fault), "fault");
  }
}

/** Start a job; its number once it is there, or null with a notice of why not. */
export async function startJob(
  kind: Job["kind"],
  plan: PlanJson,
  options: object = {},
): Promise<string | null> {
  try {
    const { id } = await api.startJob(kind, plan, options);
    await refresh();
    return id;
  } catch (fault) {
    say(sentence(fault), "fault");
    return null;
  }
}

/** Something done to a job, then the list as it is now. */
export async function act(what: Promise<unknown>): Promise<void> {
  try {
    await what;
    await refresh();
  } catch (fault) {
    say(sentence(fault), "fault");
  }
}
