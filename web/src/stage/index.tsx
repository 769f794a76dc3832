// The stage: the scene, what lies over it, and the slices below it.

import { effect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, sentence } from "../api";
import { predicted } from "../pose";
import {
  active,
  backToGood,
  basis,
  candidates,
  compare,
  connection,
  link,
  gaze,
  look,
  openPanel,
  overlay,
  page,
  say,
  target,
  turnedAway,
  views,
  type View,
  type ViewName,
} from "../state";
import { theme } from "../theme";
import { decodeSurface } from "../tmsf";
import type { Pose } from "../types";
import { Button, Fault, Loading, Progress } from "../ui";
import { ColorBar, scaleTop } from "./colorbar";
import { readLabels, unpacked } from "./nifti";
import { Difference, Readout } from "./readout";
import { Orientation, orient, ScaleBar } from "./orientation";
import { listen } from "./pointer";
import { Scene, type SceneColors } from "./scene";
import { Slices } from "./slices";
import "./stage.css";
import { Toolbar } from "./toolbar";

const COLORS: Record<"light" | "dark", SceneColors> = {
  light: {
    background: "#eef1f3",
    scalp: "#8195a3",
    cortex: "#cfcac5",
    casing: "#5d6b78",
    handle: "#38434d",
    winding: "#c0702f",
    accent: "#0b766d",
    bad: "#c62828",
  },
  dark: {
    background: "#0d1013",
    scalp: "#9fb4c2",
    cortex: "#a29d98",
    casing: "#5f6f7c",
    handle: "#8d9aa6",
    winding: "#e08a45",
    accent: "#45c4b5",
    bad: "#f2665c",
  },
};

export default function Stage() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [scene, setScene] = useState<Scene | null>(null);
  const [fault, setFault] = useState<{ text: string; again: boolean } | null>(null);
  const [loaded, setLoaded] = useState(false);

  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    let made: Scene;
    try {
      made = new Scene(element, COLORS[theme.peek()]);
    } catch {
      setFault({
        text: "This browser draws nothing in 3D: WebGL 2 is off or missing. The panels work without it.",
        again: false,
      });
      return;
    }
    made.onCamera = () => orient(made);
    const watch = new ResizeObserver(() => made.resize(element.clientWidth, element.clientHeight));
    watch.observe(element);
    setScene(made);
    const stops = [...bind(made), listen(element, made, shownPose)];
    return () => {
      watch.disconnect();
      for (const stop of stops) stop();
      made.dispose();
    };
  }, []);

  const load = async () => {
    if (!scene) return;
    setFault(null);
    try {
      const [skin, cortex] = await Promise.all([api.geometry("skin"), api.geometry("cortex")]);
      scene.setScalp(decodeSurface(skin));
      scene.addCortex(decodeSurface(cortex));
      sceneLoads.forEach((again) => again());
      setLoaded(true);
    } catch (problem) {
      setFault({ text: sentence(problem), again: true });
    }
  };
  useEffect(() => void load(), [scene]);

  const { A, B } = views;
  const settled = (view: View) => view.field.value !== null && view.field.value.seq === view.asked.value;
  const ready = loaded && connection.value === "open" && settled(A) && (!compare.value || settled(B));
  return (
    <div
      class={`stage ${look.slices.value ? "with-slices" : ""}`}
      data-testid="stage"
      data-ready={ready}
      data-seq={A.field.value?.seq ?? 0}
      data-peak={A.field.value?.reading.peak ?? ""}
      data-seq-b={B.field.value?.seq ?? 0}
      data-peak-b={B.field.value?.reading.peak ?? ""}
    >
      <div class="scene">
        <canvas
          ref={canvas}
          tabIndex={0}
          data-testid="canvas"
          aria-label="The head with the coil and the electric field on the cortex. Arrow keys slide the coil, Q and E turn it, R and F lift and lower it, W A S D tilt it."
        />
        {fault ? (
          <div class="stage-state">
            {fault.again ? (
              <Fault message={fault.text} action="Try again" onAction={() => void load()} />
            ) : (
              <Fault message={fault.text} />
            )}
          </div>
        ) : (
          !loaded && (
            <div class="stage-state">
              <Loading label="Loading the head" />
            </div>
          )
        )}
        {loaded && scene && (
          <>
            <Toolbar />
            <div class={`readouts ${compare.value ? "two" : ""}`}>
              <Readout view={A} />
              {compare.value && <Readout view={B} />}
            </div>
            {compare.value && <div class="divider" />}
            <State />
            <div class="bottom">
              <ColorBar />
              {compare.value && <Difference />}
            </div>
            <div class="corner">
              <ScaleBar />
              <Orientation scene={scene} />
            </div>
          </>
        )}
      </div>
      {look.slices.value && <Slices />}
    </div>
  );
}

// What has to be said once more when surfaces arrive after fields.
const sceneLoads = new Set<() => void>();

const drawn: Record<ViewName, Pose | null> = { A: null, B: null };
const shownPose = (view: ViewName): Pose | null => drawn[view];

/** Let the scene follow the state. */
function bind(scene: Scene): (() => void)[] {
  const stops: (() => void)[] = [];
  for (const name of ["A", "B"] as const) {
    const view = views[name];
    let coilOf = "";
    const put = (pose: Pose, refused = false) => {
      drawn[name] = pose;
      scene.setPose(name, pose, refused);
    };
    // The coil follows the aim at once, where it will sit; then the server says where it does.
    const predict = () => {
      const aim = view.aim.value;
      if (!aim) return;
      if (aim.pose) return put(aim.pose, view.refused.value !== null);
      const lifted_mm = view.field.peek()?.reading.lifted_mm ?? 0;
      put(
        predicted({ ...aim, outward: scene.outwardAt(aim.point_mm), lifted_mm }),
        view.refused.value !== null,
      );
    };
    const show = () => {
      const field = view.field.value;
      const over = overlay.value;
      if (over) scene.setField(name, name === active.value ? over.share : null);
      else scene.setField(name, field && field[look.component.value]);
      if (field && field.seq === view.asked.peek() && !view.refused.peek()) put(field.reading.pose);
    };
    stops.push(
      effect(predict),
      effect(show),
      effect(() => {
        const coil = view.coil.value;
        if (coil === coilOf || !page.value) return;
        coilOf = coil;
        void api.coil(coil).then(
          (geometry) => {
            if (coil !== coilOf) return;
            scene.setCoil(name, geometry);
            if (drawn[name]) put(drawn[name]);
          },
          (problem) => {
            coilOf = ""; // asked for again with the next change
            say(sentence(problem), "fault");
          },
        );
      }),
    );
    sceneLoads.add(predict).add(show);
    stops.push(() => sceneLoads.delete(predict) && sceneLoads.delete(show));
  }
  stops.push(
    effect(() => scene.setColors(COLORS[theme.value])),
    effect(() => {
      const top = scaleTop.value;
      scene.setScale(overlay.value ? "magnitude" : look.component.value, top, look.threshold.value * top);
    }),
    effect(() => {
      if (gaze.value) scene.lookFrom(gaze.value);
    }),
    effect(() => scene.setSplit(compare.value)),
    effect(() => scene.setTarget(target.value?.point_mm ?? null)),
    effect(() => scene.showCoil(look.coil.value)),
    effect(() => scene.setCut(look.cut.value)),
    effect(() => {
      const found = candidates.value;
      scene.setCandidates(found?.points_mm ?? [], found?.values ?? []);
    }),
    effect(() => {
      // The labels are fetched when the first cut is made.
      if (!look.cut.value || scene.hasLabels || fetching) return;
      fetching = true;
      void api
        .volume("labels")
        .then(unpacked)
        .then((bytes) => scene.setLabels(readLabels(bytes), page.value?.head.tissues ?? []))
        .catch((problem) => say(sentence(problem), "fault"))
        .finally(() => (fetching = false));
    }),
  );
  const opacity = () => scene.setScalpOpacity(look.scalp.value);
  let fullAsked = false;
  stops.push(
    effect(opacity),
    effect(() => {
      if (!look.full.value || fullAsked) return;
      fullAsked = true;
      void api.geometry("cortex-full").then(
        (bytes) => {
          scene.addCortex(decodeSurface(bytes));
          sceneLoads.forEach((again) => again());
        },
        (problem) => {
          fullAsked = look.full.value = false;
          say(sentence(problem), "fault");
        },
      );
    }),
  );
  sceneLoads.add(opacity);
  return stops;
}

let fetching = false;

/** What stands in the way of a live field, in one sentence, and the way on. */
function State() {
  const refused = [views.A, views.B].find(
    (view) => view.refused.value !== null && (view.name === "A" || compare.value),
  );
  if (turnedAway.value !== null)
    return (
      <div class="banner fault stage-banner" role="alert" data-testid="stage-turned-away">
        {turnedAway.value.replaceAll("`", "")} What you see here stays, and its link can be opened there.
        <Button size="small" onClick={() => void link().then((url) => navigator.clipboard.writeText(url))}>
          Copy the link
        </Button>
      </div>
    );
  if (connection.value === "lost")
    return (
      <div class="banner stage-banner" role="status" data-testid="stage-lost">
        <span class="spinner" />
        The connection to the server is lost. The page keeps its state and tries again by itself.
      </div>
    );
  if (basis.value.state === "failed")
    return (
      <div class="banner fault stage-banner" role="alert" data-testid="stage-no-basis">
        {basis.value.message || "The live field could not be prepared."} A job can still solve for this
        placement.
        <Button size="small" onClick={() => (openPanel.value = "jobs")}>
          Run as job
        </Button>
      </div>
    );
  if (basis.value.state !== "ready")
    return (
      <div class="banner stage-banner tall" role="status" data-testid="stage-no-basis">
        <span>
          <strong>The live field is being prepared, once for this head.</strong>
          <br />
          <span class="small soft">{basis.value.stage || "Waiting"}. The coil can be placed meanwhile.</span>
          <Progress fraction={basis.value.fraction} label="Preparing the live field" />
        </span>
      </div>
    );
  if (refused)
    return (
      <div class="banner fault stage-banner" role="alert" data-testid="stage-refused">
        {refused.refused.value}
        {refused.good.value && (
          <Button size="small" onClick={() => backToGood(refused)}>
            Put it back
          </Button>
        )}
      </div>
    );
  return null;
}
