// The page's state as a plan, and the plan as a job.

import { effect, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { api, sentence } from "../api";
import { act, startJob, stateWord, under } from "../jobs";
import { jobs, link, openToml, plan, say } from "../state";
import type { Job } from "../types";
import { Button, Card, Empty, PanelHead, Progress } from "../ui";

export default function PlanAndJobs() {
  return (
    <>
      <PanelHead
        title="Plan and jobs"
        about="Whatever the page shows is a plan: keep it, share it, run it."
      />
      <PlanCard />
      <JobsCard />
    </>
  );
}

function PlanCard() {
  const toml = useSignal("");
  const draft = useSignal<string | null>(null);
  const fault = useSignal<string | null>(null);
  const picker = useRef<HTMLInputElement>(null);
  useEffect(
    () =>
      effect(() => {
        const now = plan.value;
        if (!now) return;
        api.toml(now).then(
          (text) => now === plan.peek() && (toml.value = text),
          (problem: unknown) => (fault.value = sentence(problem)),
        );
      }),
    [],
  );
  const open = async (text: string) => {
    try {
      await openToml(text);
      draft.value = fault.value = null;
      say("Plan opened.");
    } catch (problem) {
      draft.value = text;
      fault.value = sentence(problem);
    }
  };
  const share = async () => {
    try {
      const url = await link();
      history.replaceState(null, "", new URL(url).hash);
      await navigator.clipboard.writeText(url).then(
        () => say("Link copied. It holds the whole plan."),
        () => say("The address bar now holds the whole plan."),
      );
    } catch (problem) {
      say(sentence(problem), "fault");
    }
  };
  return (
    <Card title="Plan">
      <div class="stack">
        <textarea
          class="code plan-text"
          rows={15}
          spellcheck={false}
          aria-label="Plan as TOML"
          data-testid="toml"
          value={draft.value ?? toml.value}
          onInput={(event) => (draft.value = event.currentTarget.value)}
        />
        {fault.value && (
          <p class="hint wrong small" role="alert" data-testid="toml-fault">
            {fault.value}
          </p>
        )}
        <div class="row">
          {draft.value !== null ? (
            <>
              <Button kind="primary" testId="toml-take" onClick={() => void open(draft.value ?? "")}>
                Use this plan
              </Button>
              <Button testId="toml-leave" onClick={() => (draft.value = fault.value = null)}>
                Undo my changes
              </Button>
            </>
          ) : (
            <>
              <Button
                icon="copy"
                testId="toml-copy"
                onClick={() =>
                  void navigator.clipboard.writeText(toml.value).then(() => say("Plan copied as TOML."))
                }
              >
                Copy
              </Button>
              <Button icon="link" testId="share" onClick={() => void share()}>
                Link
              </Button>
              <Button onClick={() => picker.current?.click()}>Open a file</Button>
              <a
                class="button"
                download="plan.toml"
                href={`data:application/toml;charset=utf-8,${encodeURIComponent(toml.value)}`}
              >
                Save
              </a>
            </>
          )}
          <input
            ref={picker}
            hidden
            type="file"
            accept=".toml,.json,text/plain"
            data-testid="toml-file"
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              event.currentTarget.value = "";
              if (file) void file.text().then(open);
            }}
          />
        </div>
        <p class="small soft">A plan file dropped anywhere on the page opens too.</p>
      </div>
    </Card>
  );
}

function JobsCard() {
  const run = async () => {
    if (plan.value && (await startJob("run", plan.value)))
      say("The plan runs. It goes on when this page is closed.");
  };
  return (
    <Card
      title="Jobs"
      aside={
        <Button kind="primary" size="small" testId="run" disabled={!plan.value} onClick={() => void run()}>
          Run this plan
        </Button>
      }
    >
      {jobs.value.length === 0 ? (
        <Empty title="No jobs yet">
          A job solves the whole plan in a process of its own, and leaves a report, meshes, volumes and
          navigation markers.
        </Empty>
      ) : (
        <ul class="jobs" data-testid="jobs">
          {jobs.value.map((job) => (
            <JobRow key={job.id} job={job} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function JobRow({ job }: { job: Job }) {
  const report = job.files.find((file) => file.name === "report.html");
  const others = job.files.filter((file) => file !== report);
  return (
    <li class="job" data-testid={`job-${job.id}`} data-state={job.state} data-kind={job.kind}>
      <div class="row between">
        <strong class="title">{job.title}</strong>
        <span class="small">
          <span class={`job-state ${job.state}`}>{stateWord(job)}</span>{" "}
          <span class="soft">{clock(job.finished ?? job.started ?? job.created)}</span>
        </span>
      </div>
      {under(job) && (
        <>
          <Progress fraction={job.fraction} label={job.title} />
          <span class="small soft one-line">{job.stage || "Waiting for its turn"}</span>
        </>
      )}
      {job.message && !under(job) && <p class="small">{job.message}</p>}
      <div class="row">
        {under(job) && (
          <Button size="small" testId="job-cancel" onClick={() => void act(api.cancelJob(job.id))}>
            Cancel
          </Button>
        )}
        {report && (
          <a
            class="button small primary"
            target="_blank"
            rel="noopener"
            href={api.fileUrl(job.id, report.name)}
            data-testid="job-report"
          >
            Open the report
          </a>
        )}
        {(job.state === "failed" || job.state === "interrupted" || job.state === "cancelled") && (
          <Button size="small" testId="job-again" onClick={() => void act(api.jobAgain(job.id))}>
            {job.state === "failed" ? "Try again" : "Go on"}
          </Button>
        )}
        {!under(job) && (
          <Button
            size="small"
            kind="plain"
            testId="job-remove"
            onClick={() => void act(api.removeJob(job.id))}
          >
            Remove
          </Button>
        )}
      </div>
      {others.length > 0 && (
        <details class="small">
          <summary>{`${others.length} files`}</summary>
          <ul class="files">
            {others.map((file) => (
              <li key={file.name}>
                <a href={api.fileUrl(job.id, file.name)} download>
                  {file.name}
                </a>
                <span class="soft">{size(file.bytes)}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}

const clock = (utc: string): string =>
  new Date(utc).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

function size(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
