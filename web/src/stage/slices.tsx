// Slices through the head by NiiVue, fetched when they are first shown, with |E| laid over the tissues.

import { effect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, sentence } from "../api";
import { activeView, didt, page, target } from "../state";
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
        stops.push(followTarget(viewer), followField(viewer, setState, setFault), () => viewer.cleanup());
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
    backColor: [0, 0, 0, 1],
    fontColor: [0.85, 0.88, 0.9, 1],
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
  const volume = await NVImage.loadFromUrl({ url: labels, name: "labels.nii.gz" });
  const tissues = page.value?.head.tissues ?? [];
  const channel = (at: number) => [
    0,
    ...tissues.map((tissue) => parseInt(tissue.color.slice(at, at + 2), 16)),
  ];
  volume.setColormapLabel({
    R: channel(1),
    G: channel(3),
    B: channel(5),
    A: [0, ...tissues.map(() => 255)],
    I: [0, ...tissues.map((tissue) => tissue.tag)],
    labels: ["", ...tissues.map((tissue) => tissue.label)],
  });
  viewer.addVolume(volume);
  return viewer;
}

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
    if (!overlay || overlay.cal_max === top) return;
    Object.assign(overlay, range(top));
    viewer.updateGLVolume();
  });
  const lay = async (body: { coil: string; didt: number; pose: number[] }) => {
    const mine = ++latest;
    setState("busy");
    try {
      const bytes = await api.fieldVolume(body);
      const { NVImage } = await import("@niivue/niivue");
      const scale = range(scaleTop.peek());
      const next = await NVImage.loadFromUrl({
        url: bytes,
        name: "field.nii.gz",
        colormap: "viridis",
        opacity: 0.75,
        ...scale,
      });
      if (mine !== latest) return;
      const old = viewer.volumes[1];
      if (old?.img?.length === next.img?.length && old && next.img) {
        // The same grid: its values are exchanged, which spares the viewer the tissues below.
        Object.assign(old, { img: next.img, ...scale });
        viewer.updateGLVolume();
      } else {
        if (old) viewer.removeVolume(old);
        viewer.addVolume(next);
      }
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

/** A quarter of the top and more is laid over the tissues. */
const range = (top: number) => ({ cal_min: 0.25 * top, cal_max: top });
