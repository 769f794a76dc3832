// The frame of the page: top bar, stage, panel with its rail, footer, notices.

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { sentence } from "./api";
import { panels } from "./panels";
import {
  basis,
  connection,
  dismiss,
  jobs,
  notices,
  openPanel,
  openToml,
  page,
  pageFault,
  say,
  start,
  tourStep,
  views,
} from "./state";
import { theme, toggleTheme } from "./theme";
import { Tour } from "./tour";
import { Button, Fault, Icon, Loading, Progress } from "./ui";

export function App() {
  return (
    <div class="app">
      <TopBar />
      <main class="stage-area">
        {pageFault.value ? (
          <div class="stage-state">
            <Fault message={pageFault.value} action="Try again" onAction={() => void start()} />
          </div>
        ) : (
          <StageHost />
        )}
      </main>
      <Side />
      <Foot />
      <Notices />
      <Drop />
      <Tour />
    </div>
  );
}

function TopBar() {
  const running = jobs.value.filter((job) => job.state === "running" || job.state === "waiting").length;
  return (
    <div class="top" role="banner">
      <span class="brand">
        <img src="/favicon.svg" alt="" width={22} height={22} />
        tmsim
      </span>
      <span class="what" data-testid="head-name">
        {page.value && headTitle(page.value.head.name)}
      </span>
      <BasisState />
      <span class="spacer" />
      <Button kind="plain" icon="tour" onClick={() => (tourStep.value = 0)} testId="tour-start">
        How does TMS work?
      </Button>
      <Button kind="plain" icon="plan" onClick={() => (openPanel.value = "jobs")} testId="open-jobs">
        {running ? `${running} running` : "Plan"}
      </Button>
      <Button
        kind="plain"
        icon={theme.value === "dark" ? "sun" : "moon"}
        label={theme.value === "dark" ? "Light theme" : "Dark theme"}
        onClick={toggleTheme}
        testId="theme"
      />
    </div>
  );
}

const headTitle = (name: string) => (name === "colin27" ? "Colin 27, the built-in head" : name);

function BasisState() {
  const { state, fraction, stage, order } = basis.value;
  if (!page.value) return null;
  if (state === "ready") {
    const more = stage && fraction < 1 ? `, order 2 at ${Math.round(100 * fraction)} %` : "";
    return (
      <span class="soft small optional" data-testid="basis" data-state="ready">
        {`live field ready, order ${order}${more}`}
      </span>
    );
  }
  return (
    <span class="basis small" data-testid="basis" data-state={state} title={stage}>
      {state === "failed" ? "no live field" : `preparing the live field ${Math.round(100 * fraction)} %`}
      {state !== "failed" && <Progress fraction={fraction} label="Preparing the live field" />}
    </span>
  );
}

// three.js is most of the page's weight: the frame paints first.
function StageHost() {
  const [Stage, setStage] = useState<ComponentType | null>(null);
  const [fault, setFault] = useState(false);
  useEffect(() => {
    import("./stage").then(
      (module) => setStage(() => module.default),
      () => setFault(true),
    );
  }, []);
  if (fault)
    return (
      <div class="stage-state">
        <Fault
          message="The 3D view could not be loaded."
          action="Load again"
          onAction={() => location.reload()}
        />
      </div>
    );
  if (!Stage)
    return (
      <div class="stage-state">
        <Loading label="Loading the head" />
      </div>
    );
  return <Stage />;
}

function Side() {
  const open = panels.find((panel) => panel.id === openPanel.value) ?? panels[0];
  if (!open) return null;
  const step = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const next = panels[(panels.indexOf(open) + by + panels.length) % panels.length];
    if (!next) return;
    openPanel.value = next.id;
    document.getElementById(`tab-${next.id}`)?.focus();
  };
  return (
    <aside class="side" aria-label="Panels">
      <div
        class="panel"
        role="tabpanel"
        aria-labelledby={`tab-${open.id}`}
        data-testid={`panel-${open.id}`}
        key={open.id}
      >
        {page.value ? <open.component /> : !pageFault.value && <Loading />}
      </div>
      <div class="rail" role="tablist" aria-orientation="vertical" onKeyDown={step}>
        {panels.map((panel) => (
          <button
            key={panel.id}
            id={`tab-${panel.id}`}
            type="button"
            role="tab"
            aria-selected={panel === open}
            tabIndex={panel === open ? 0 : -1}
            data-testid={`tab-${panel.id}`}
            onClick={() => (openPanel.value = panel.id)}
          >
            <Icon name={panel.icon} />
            {panel.title}
          </button>
        ))}
      </div>
    </aside>
  );
}

function Foot() {
  const field = views.A.field.value;
  return (
    <footer class="foot">
      <span>Research software, not a medical device.</span>
      <span class="spacer" />
      {field && <span class="optional">{`field in ${field.reading.server_ms.toFixed(0)} ms`}</span>}
      <span data-testid="connection" data-state={connection.value}>
        {{ connecting: "connecting", open: "connected", lost: "connection lost" }[connection.value]}
      </span>
      <span>{page.value && `tmsim ${page.value.version}`}</span>
    </footer>
  );
}

/** A plan dropped anywhere on the page opens. */
function Drop() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const carries = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const onOver = (event: DragEvent) => {
      if (!carries(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const onLeave = (event: DragEvent) => event.relatedTarget === null && setOver(false);
    const onDrop = (event: DragEvent) => {
      setOver(false);
      const file = event.dataTransfer?.files[0];
      if (!file) return;
      event.preventDefault();
      void file
        .text()
        .then(openToml)
        .then(
          () => say(`${file.name} opened.`),
          (fault: unknown) => say(sentence(fault), "fault"),
        );
    };
    addEventListener("dragover", onOver);
    addEventListener("dragleave", onLeave);
    addEventListener("drop", onDrop, true);
    return () => {
      removeEventListener("dragover", onOver);
      removeEventListener("dragleave", onLeave);
      removeEventListener("drop", onDrop, true);
    };
  }, []);
  return over ? <div class="drop">Drop a plan to open it</div> : null;
}

function Notices() {
  return (
    <div class="notices" aria-live="polite" data-testid="notices">
      {notices.value.map((notice) => (
        <div
          key={notice.id}
          class={`notice ${notice.kind}`}
          role={notice.kind === "fault" ? "alert" : "status"}
        >
          <span>{notice.text}</span>
          <Button kind="plain" size="small" icon="close" label="Dismiss" onClick={() => dismiss(notice.id)} />
        </div>
      ))}
    </div>
  );
}
