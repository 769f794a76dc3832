// The guided tour: a card over the stage that moves camera, colours and panel, and can be left at any time.

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { onceReady } from "../panels/ask";
import { showPopulation } from "../panels/recruit";
import { basis, gaze, look, openPanel, plan, tourStep } from "../state";
import { Button, useLoaded } from "../ui";
import { explained, hush, steps } from "./steps";
import "./tour.css";

/** What the stage looked like before, to be left as it was found. */
let before: { scalp: number; component: "magnitude" | "normal"; coil: boolean; panel: string } | null = null;

function leave() {
  tourStep.value = null;
}

/** Forward or back; from the step of this moment, however quickly keys follow each other. */
function go(by: 1 | -1) {
  const to = (tourStep.peek() ?? 0) + by;
  if (to >= 0 && to < steps.length) tourStep.value = to;
}

export function Tour() {
  const at = tourStep.value;
  const running = at !== null;
  // Here and not in the effect: the first step's own runs before it.
  if (running)
    before ??= {
      scalp: look.scalp.peek(),
      component: look.component.peek(),
      coil: look.coil.peek(),
      panel: openPanel.peek(),
    };
  useEffect(() => {
    if (!running) return;
    return () => {
      hush();
      showPopulation("");
      gaze.value = null;
      if (!before) return;
      look.scalp.value = before.scalp;
      look.component.value = before.component;
      look.coil.value = before.coil;
      openPanel.value = before.panel;
      before = null;
    };
  }, [running]);
  return at === null ? null : <Card at={at} key="tour" />;
}

function Card({ at }: { at: number }) {
  const step = steps[at];
  const heading = useRef<HTMLHeadingElement>(null);
  const last = at === steps.length - 1;
  useEffect(() => {
    step?.enter();
    heading.current?.focus({ preventScroll: true });
    return hush;
  }, [at]);
  // At once, so that no key is lost.
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent) => {
      const field =
        event.target instanceof Element &&
        event.target.closest("input, textarea, select, [role=radiogroup], [role=tablist], canvas");
      if (event.key === "Escape") return leave();
      if (field || event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === "ArrowRight") go(1);
      else if (event.key === "ArrowLeft") go(-1);
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  if (!step) return null;
  return (
    <section class="tour" role="dialog" aria-label="How does TMS work?" data-testid="tour" data-step={at}>
      <div class="tour-head">
        <h2 ref={heading} tabIndex={-1}>
          {step.title}
        </h2>
        <span class="small soft">{`Step ${at + 1} of ${steps.length}`}</span>
        <Button
          kind="plain"
          size="small"
          icon="close"
          label="Leave the tour"
          testId="tour-leave"
          onClick={leave}
        />
      </div>
      <div class="tour-text">
        <div>
          {step.text.map((paragraph) => (
            <p key={paragraph}>{paragraph}</p>
          ))}
        </div>
        <Figures links={step.links} />
      </div>
      <div class="row tour-foot">
        <span class="dots" aria-hidden="true">
          {steps.map((one, k) => (
            <i key={one.title} class={k === at ? "on" : ""} />
          ))}
        </span>
        {step.action && (
          <Button size="small" testId="tour-action" onClick={step.action.run}>
            {step.action.label}
          </Button>
        )}
        <Button size="small" disabled={at === 0} testId="tour-back" onClick={() => go(-1)}>
          Back
        </Button>
        <Button size="small" kind="primary" testId="tour-next" onClick={() => (last ? leave() : go(1))}>
          {last ? "Done" : "Next"}
        </Button>
      </div>
    </section>
  );
}

const WAIT_ms = 300;

/** The plan's own figures, from the same sentences as the report's. */
function Figures({ links }: { links: readonly string[] }) {
  const now = plan.value;
  const ready = basis.value.state === "ready";
  const key = JSON.stringify([now, ready, links]);
  const load = onceReady((stop) => explained(links, now, stop).then((told) => ({ told, links })));
  const { value, fault, busy } = useLoaded(load, [key], WAIT_ms);
  const mine = value && value.links === links ? value.told.links : null;
  return (
    <div
      class="tour-figures"
      aria-live="polite"
      aria-busy={busy}
      data-testid="tour-figures"
      data-ready={Boolean(mine) && !busy}
    >
      <span class="small soft">With this plan</span>
      {mine ? (
        mine.map((link) => (
          <p key={link.name + link.sentence}>
            {link.sentence}
            <span class="small soft evidence-line">{link.evidence}</span>
          </p>
        ))
      ) : fault && !busy ? (
        <p class="soft">{fault}</p>
      ) : (
        <p class="soft">{ready ? "Working it out…" : "This follows once the live field is ready."}</p>
      )}
      {mine && mine.length === 0 && <p class="soft">This plan has no such link.</p>}
    </div>
  );
}
