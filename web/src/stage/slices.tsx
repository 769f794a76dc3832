// Slices through the head by NiiVue, fetched when they are first shown, with |E| laid over the tissues.

import { effect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, sentence } from "../api";
import { activeView, didt, page, target } from "../state";
import { theme } from "../theme";
import { Fault, Loading } from "../ui";
import { scaleTop } from "./colorbar";

type Niivue = import("@niivue/niivue").Niivue;
const REST_ms = 500;

export function Slices() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [state, setState] = useState<"loading" | "ready" | "busy">("loading");
  const [fault, setFault] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    let gone = false;
    const stops: (() => void)[] = [];
    void open(element).then(
      (viewer) => {
        if (gone) return;
        setState("ready");
        stops.push(followTheme(viewer), followTarget(viewer), followField(viewer, setState, setFault));
      },
      (problem) => setFault(sentence(problem)),
    );
    return () => {
      gone = true;
      for (const stop of stops) stop();
    };
  }, [attempt]);

  return (
    <div class="slices" data-testid="slices-view" data-state={fault ? "fault" : state}>
      <canvas ref={canvas} aria-label="Axial, coronal and sagittal slices with the electric field" />
      {state === "busy" && <span class="slices-note glass small soft">field of this pose</span>}
      {fault ? (
        <div class="stage-state">
          <Fault
            message={fault}
            action="Try again"
            onAction={() => {
              setFault(null);
              setAttempt(attempt + 1);
            }}
          />
        </div>
      ) : (
        state === "loading" && (
          <div class="stage-state">
            <Loading label="Loading the slices" />
          </div>
        )
      )}
    </div>
  );
}

async function open(canvas: HTMLCanvasElement): Promise<Niivue> {
  const [{ Niivue, NVImage, SLICE_TYPE, MULTIPLANAR_TYPE, SHOW_RENDER }, labels] = await Promise.all([
    import("@niivue/niivue"),
    api.volume("labels"),
  ]);
  const viewer = new Niivue({
    logLevel: "silent",
    loadingText: "",
    isColorbar: false,
    isOrientCube: false,
    isResizeCanvas: true,
    crosshairWidth: 1,
    crosshairColor: [0.88, 0.14, 0.42, 0.9],
    show3Dcrosshair: false,
    dragAndDropEnabled: false,
    multiplanarPadPixels: 6,
    multiplanarShowRender: SHOW_RENDER.NEVER,
    isRadiologicalConvention: false,
  });
  await viewer.attachToCanvas(canvas, true);
  viewer.setSliceType(SLICE_TYPE.MULTIPLANAR);
  viewer.setMultiplanarLayout(MULTIPLANAR_TYPE.ROW);
  const volume = new NVImage(labels, "labels.nii.gz");
  viewer.addVolume(volume);
  const tissues = page.value?.head.tissues ?? [];
  volume.setColormapLabel({
    R: [0, ...tissues.map((tissue) => parseInt(tissue.color.slice(1, 3), 16))],
    G: [0, ...tissues.map((tissue) => parseInt(tissue.color.slice(3, 5), 16))],
    B: [0, ...tissues.map((tissue) => parseInt(tissue.color.slice(5, 7), 16))],
    A: [0, ...tissues.map(() => 255)],
    I: [0, ...tissues.map((tissue) => tissue.tag)],
    labels: ["", ...tissues.map((tissue) => tissue.label)],
  });
  viewer.updateGLVolume();
  return viewer;
}

const followTheme = (viewer: Niivue) =>
  effect(() => {
    viewer.opts.backColor = theme.value === "dark" ? [0.05, 0.063, 0.075, 1] : [0.933, 0.945, 0.953, 1];
    viewer.opts.fontColor = theme.value === "dark" ? [0.9, 0.92, 0.93, 1] : [0.1, 0.13, 0.15, 1];
    viewer.drawScene();
  });

const followTarget = (viewer: Niivue) =>
  effect(() => {
    const point = target.value?.point_mm;
    if (!point) return;
    viewer.scene.crosshairPos = viewer.mm2frac(point);
    viewer.drawScene();
  });

/** Once the coil rests, its field through the volume is laid over the tissues. */
function followField(
  viewer: Niivue,
  setState: (state: "ready" | "busy") => void,
  setFault: (text: string) => void,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let latest = 0;
  const stop = effect(() => {
    const view = activeView.value;
    const field = view.field.value;
    const body = { coil: view.coil.value, didt: didt.value };
    clearTimeout(timer);
    if (!field) return;
    timer = setTimeout(() => void lay({ ...body, pose: field.reading.pose }), REST_ms);
  });
  const stopScale = effect(() => {
    const overlay = viewer.volumes[1];
    const top = scaleTop.value;
    if (overlay) recolor(viewer, overlay, top);
  });
  const lay = async (body: { coil: string; didt: number; pose: number[] }) => {
    const mine = ++latest;
    setState("busy");
    try {
      const bytes = await api.fieldVolume(body);
      if (mine !== latest) return;
      const { NVImage } = await import("@niivue/niivue");
      const overlay = new NVImage(bytes, "field.nii.gz", "viridis", 0.75);
      const old = viewer.volumes[1];
      if (old) viewer.removeVolume(old);
      viewer.addVolume(overlay);
      recolor(viewer, overlay, scaleTop.peek());
    } catch (problem) {
      if (mine === latest) setFault(sentence(problem));
    } finally {
      if (mine === latest) setState("ready");
    }
  };
  return () => {
    clearTimeout(timer);
    latest++;
    stop();
    stopScale();
  };
}

function recolor(viewer: Niivue, overlay: import("@niivue/niivue").NVImage, top: number): void {
  overlay.cal_min = 0.25 * top;
  overlay.cal_max = top;
  viewer.updateGLVolume();
}
