// The three-dimensional scene: head, cortex with its field, coils, cut, marks. It draws when something changed.

import * as THREE from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { acceleratedRaycast, computeBoundsTree, MeshBVH } from "three-mesh-bvh";
import type { CoilGeometry } from "../api";
import type { SurfaceData } from "../tmsf";
import type { Pose, Vec3 } from "../types";
import { type Component, colorAt, table } from "./colormap";
import type { LabelVolume } from "./nifti";
import {
  cortexFragment,
  cortexVertex,
  cutFragment,
  cutVertex,
  dotFragment,
  dotVertex,
  scalpFragment,
  scalpVertex,
} from "./shaders";

THREE.ColorManagement.enabled = false; // shaders and CSS then mean the same colours
THREE.Mesh.prototype.raycast = acceleratedRaycast;
THREE.BufferGeometry.prototype.computeBoundsTree = computeBoundsTree;

export type ViewName = "A" | "B";
const LAYER: Record<ViewName, number> = { A: 1, B: 2 };
const FOOTPRINT_mm = 25;
const HALF_HEIGHT_mm = 135;
const MARK = "#e0246a";
const CASING_OPACITY = 0.16; // the field below the coil stays in sight
const NO_CUT = new THREE.Vector4(0, 0, 0, 1e9);

export interface SceneColors {
  background: string;
  scalp: string;
  cortex: string;
  casing: string;
  handle: string;
  winding: string;
  accent: string;
  bad: string;
}

interface Side {
  cortex: THREE.Mesh<THREE.BufferGeometry, THREE.ShaderMaterial>;
  geometries: THREE.BufferGeometry[];
  coil: THREE.Group;
  casing: THREE.MeshLambertMaterial;
  knob: THREE.Mesh | null;
  geometry: CoilGeometry | null;
}

/** What a pointer is over. */
export type Grip =
  { view: ViewName; part: "coil" | "turn" } | { view: ViewName; part: "scalp"; point: Vec3 } | null;

export class Scene {
  readonly camera = new THREE.OrthographicCamera();
  readonly controls: OrbitControls;
  /** Called after each frame whose camera had moved. */
  onCamera: () => void = () => {};
  private readonly renderer: THREE.WebGLRenderer;
  private readonly scene = new THREE.Scene();
  private readonly raycaster = new THREE.Raycaster();
  private readonly luts: Record<Component, THREE.DataTexture>;
  private readonly cut = { value: NO_CUT.clone() };
  private readonly sides: Record<ViewName, Side>;
  private scalp: THREE.Mesh<THREE.BufferGeometry, THREE.ShaderMaterial> | null = null;
  private cutFace: THREE.Mesh<THREE.PlaneGeometry, THREE.ShaderMaterial> | null = null;
  private cutPlane: { axis: 0 | 1 | 2; at_mm: number } | null = null;
  private readonly targetMark: THREE.Group;
  private candidates: THREE.Points | null = null;
  private frame = 0;
  private split = false;
  private width = 1;
  private height = 1;
  private colors: SceneColors;

  constructor(canvas: HTMLCanvasElement, colors: SceneColors) {
    this.colors = colors;
    this.renderer = new THREE.WebGLRenderer({
      canvas,
      antialias: !drawsInSoftware(),
      powerPreference: "high-performance",
    });
    this.renderer.outputColorSpace = THREE.LinearSRGBColorSpace;
    this.renderer.autoClear = false;
    this.camera.up.set(0, 0, 1);
    this.camera.near = 1;
    this.camera.far = 2000;
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.enableDamping = false;
    this.controls.minZoom = 0.6;
    this.controls.maxZoom = 12;
    this.controls.addEventListener("change", () => this.draw());
    this.luts = { magnitude: lut("magnitude"), normal: lut("normal") };
    this.sides = { A: this.side("A"), B: this.side("B") };
    this.scene.add(new THREE.AmbientLight(0xffffff, 1.6));
    const lamp = new THREE.DirectionalLight(0xffffff, 1.9);
    lamp.position.set(-0.3, 0.4, 1);
    this.camera.add(lamp);
    this.scene.add(this.camera);
    this.targetMark = targetMark();
    this.scene.add(this.targetMark);
    canvas.addEventListener("webglcontextrestored", () => this.draw());
  }

  dispose(): void {
    cancelAnimationFrame(this.frame);
    this.controls.dispose();
    this.renderer.dispose();
  }

  private side(name: ViewName): Side {
    const material = new THREE.ShaderMaterial({
      vertexShader: cortexVertex,
      fragmentShader: cortexFragment,
      uniforms: {
        colors: { value: this.luts.magnitude },
        range: { value: new THREE.Vector2(0, 1) },
        threshold: { value: 0 },
        bare: { value: new THREE.Color(this.colors.cortex) },
        hasField: { value: 0 },
        cut: this.cut,
      },
    });
    const cortex = new THREE.Mesh(new THREE.BufferGeometry(), material);
    cortex.layers.set(LAYER[name]);
    cortex.frustumCulled = false;
    const coil = new THREE.Group();
    coil.matrixAutoUpdate = false;
    coil.visible = false;
    this.scene.add(cortex, coil);
    const casing = new THREE.MeshLambertMaterial({
      color: this.colors.casing,
      transparent: true,
      depthWrite: false,
      side: THREE.DoubleSide,
    });
    return { cortex, geometries: [], coil, casing, knob: null, geometry: null };
  }

  // --- drawing -----------------------------------------------------------------------------------------

  /** Ask for a frame; many requests before it comes are one. */
  draw(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.render();
    });
  }

  resize(width: number, height: number): void {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    this.renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
    this.renderer.setSize(this.width, this.height, false);
    this.fit();
    this.render(); // at once: a resized canvas is empty until it is drawn
  }

  setSplit(on: boolean): void {
    this.split = on;
    this.fit();
    this.draw();
  }

  private fit(): void {
    const aspect = (this.split ? this.width / 2 : this.width) / this.height;
    const half = HALF_HEIGHT_mm * Math.max(1, 0.86 / aspect);
    Object.assign(this.camera, { left: -half * aspect, right: half * aspect, top: half, bottom: -half });
    this.camera.updateProjectionMatrix();
  }

  get mm_per_px(): number {
    return (this.camera.top - this.camera.bottom) / this.camera.zoom / this.height;
  }

  private render(): void {
    this.placeCut();
    const { renderer, camera } = this;
    renderer.setScissorTest(true);
    const views: ViewName[] = this.split ? ["A", "B"] : ["A"];
    const width = this.width / views.length;
    views.forEach((name, k) => {
      renderer.setViewport(k * width, 0, width, this.height);
      renderer.setScissor(k * width, 0, width, this.height);
      camera.layers.set(0);
      camera.layers.enable(LAYER[name]);
      renderer.setClearColor(this.colors.background);
      renderer.clear();
      renderer.render(this.scene, camera);
    });
    this.onCamera();
  }

  /** Look at the head from a direction; `up` keeps its head up where that can be told. */
  lookFrom(direction: Vec3): void {
    const centre = this.controls.target;
    const from = new THREE.Vector3(...direction).normalize();
    // Straight from above or below the camera needs another way up: the nose.
    if (Math.abs(from.z) > 0.999) from.set(0, -0.0012, Math.sign(from.z)).normalize();
    this.camera.position.copy(centre).addScaledVector(from, 600);
    this.controls.update();
    this.draw();
  }

  setColors(colors: SceneColors): void {
    this.colors = colors;
    this.scalp?.material.uniforms.tint?.value.set(colors.scalp);
    for (const name of ["A", "B"] as const) {
      const side = this.sides[name];
      side.cortex.material.uniforms.bare?.value.set(colors.cortex);
      if (side.geometry) this.setCoil(name, side.geometry);
    }
    this.draw();
  }

  // --- head --------------------------------------------------------------------------------------------

  setScalp(data: SurfaceData): void {
    const geometry = surface(data);
    geometry.computeBoundsTree();
    const material = new THREE.ShaderMaterial({
      vertexShader: scalpVertex,
      fragmentShader: scalpFragment,
      transparent: true,
      depthWrite: false,
      uniforms: {
        tint: { value: new THREE.Color(this.colors.scalp) },
        opacity: { value: 0.5 },
        cut: this.cut,
      },
    });
    this.scalp = new THREE.Mesh(geometry, material);
    this.scalp.renderOrder = 1;
    this.scene.add(this.scalp);
    geometry.computeBoundingBox();
    const box = geometry.boundingBox as THREE.Box3;
    const centre = box.getCenter(new THREE.Vector3());
    // Faces and necks reach low: the middle of the picture is nearer to the brain.
    this.controls.target.set(centre.x, centre.y, centre.z + 0.06 * (box.max.z - box.min.z));
    this.lookFrom([-0.95, 0.75, 0.75]);
  }

  setScalpOpacity(opacity: number): void {
    if (!this.scalp) return;
    this.scalp.visible = opacity > 0;
    const { uniforms } = this.scalp.material;
    if (uniforms.opacity) uniforms.opacity.value = opacity;
    this.scalp.material.depthWrite = opacity > 0.95;
    this.draw();
  }

  /** A cortex that fields can be shown on: the one whose number of points a field has is drawn. */
  addCortex(data: SurfaceData): void {
    const shared = surface(data);
    for (const name of ["A", "B"] as const) {
      const geometry = new THREE.BufferGeometry();
      for (const key of ["position", "normal"]) geometry.setAttribute(key, shared.getAttribute(key));
      geometry.setIndex(shared.index);
      const field = new THREE.BufferAttribute(new Float32Array(data.points_mm.length / 3), 1);
      field.setUsage(THREE.StreamDrawUsage);
      geometry.setAttribute("field", field);
      const { cortex, geometries } = this.sides[name];
      if (!geometries.length) cortex.geometry = geometry;
      geometries.push(geometry);
    }
    this.draw();
  }

  /** Values at the points of a cortex, or null for a bare one. */
  setField(view: ViewName, values: Float32Array | null): void {
    const { cortex, geometries } = this.sides[view];
    const fitting = geometries.find((geometry) => geometry.getAttribute("field").count === values?.length);
    if (values && !fitting) return; // its surface is still on its way
    if (cortex.material.uniforms.hasField) cortex.material.uniforms.hasField.value = values ? 1 : 0;
    if (values && fitting) {
      const field = fitting.getAttribute("field") as THREE.BufferAttribute;
      (field.array as Float32Array).set(values);
      field.needsUpdate = true;
      cortex.geometry = fitting;
    }
    this.draw();
  }

  setScale(component: Component, top: number, threshold: number): void {
    for (const side of Object.values(this.sides)) {
      const { colors, range, threshold: least } = side.cortex.material.uniforms;
      if (colors) colors.value = this.luts[component];
      range?.value.set(component === "normal" ? -top : 0, top);
      if (least) least.value = threshold;
    }
    this.draw();
  }

  /** The mean outward normal of the scalp round a point, as the server's tangent plane has it. */
  outwardAt(point: Vec3): Vec3 {
    const sum = new THREE.Vector3();
    const geometry = this.scalp?.geometry;
    if (!geometry) return [0, 0, 1];
    const points = geometry.getAttribute("position").array;
    const normals = geometry.getAttribute("normal").array;
    for (let k = 0; k < points.length; k += 3) {
      const [dx, dy, dz] = [0, 1, 2].map((j) => (points[k + j] as number) - (point[j] as number)) as Vec3;
      if (dx * dx + dy * dy + dz * dz > FOOTPRINT_mm * FOOTPRINT_mm) continue;
      sum.x += normals[k] as number;
      sum.y += normals[k + 1] as number;
      sum.z += normals[k + 2] as number;
    }
    if (sum.lengthSq() === 0) sum.fromArray(point).sub(this.controls.target);
    return sum.normalize().toArray();
  }

  // --- cut ---------------------------------------------------------------------------------------------

  setLabels(volume: LabelVolume, tissues: readonly { tag: number; color: string }[]): void {
    const texture = new THREE.Data3DTexture(volume.tags as Uint8Array<ArrayBuffer>, ...volume.size);
    Object.assign(texture, { format: THREE.RedFormat, type: THREE.UnsignedByteType, unpackAlignment: 1 });
    texture.minFilter = texture.magFilter = THREE.NearestFilter;
    texture.needsUpdate = true;
    const colors = Array.from({ length: 16 }, () => new THREE.Color("#888888"));
    for (const tissue of tissues) colors[tissue.tag]?.set(tissue.color);
    const toVoxel = new THREE.Matrix4().fromArray(volume.affine).transpose().invert();
    const material = new THREE.ShaderMaterial({
      vertexShader: cutVertex,
      fragmentShader: cutFragment,
      side: THREE.DoubleSide,
      uniforms: {
        labels: { value: texture },
        toVoxel: { value: toVoxel },
        size: { value: new THREE.Vector3(...volume.size) },
        colors: { value: colors },
      },
    });
    this.cutFace = new THREE.Mesh(new THREE.PlaneGeometry(400, 400), material);
    this.scene.add(this.cutFace);
    this.draw();
  }

  get hasLabels(): boolean {
    return this.cutFace !== null;
  }

  setCut(plane: { axis: 0 | 1 | 2; at_mm: number } | null): void {
    this.cutPlane = plane;
    // The inside of the cortex is seen through a cut only.
    for (const { cortex } of Object.values(this.sides)) {
      const { material } = cortex;
      material.side = plane ? THREE.DoubleSide : THREE.FrontSide;
      material.needsUpdate = true;
    }
    this.draw();
  }

  // What faces the viewer is taken away, so that the cut can be seen.
  private placeCut(): void {
    const plane = this.cutPlane;
    if (this.cutFace) this.cutFace.visible = plane !== null;
    if (!plane) {
      this.cut.value.copy(NO_CUT);
      return;
    }
    const normal = new THREE.Vector3().setComponent(plane.axis, 1);
    const toViewer = this.camera.position.clone().sub(this.controls.target);
    if (toViewer.dot(normal) < 0) normal.negate();
    const at = plane.at_mm * normal.getComponent(plane.axis);
    this.cut.value.set(normal.x, normal.y, normal.z, at);
    if (!this.cutFace) return;
    this.cutFace.position.copy(this.controls.target).setComponent(plane.axis, plane.at_mm);
    this.cutFace.quaternion.setFromUnitVectors(new THREE.Vector3(0, 0, 1), normal);
  }

  // --- coil --------------------------------------------------------------------------------------------

  setCoil(view: ViewName, geometry: CoilGeometry): void {
    const side = this.sides[view];
    side.geometry = geometry;
    side.coil.traverse((object) => {
      if (object instanceof THREE.Mesh || object instanceof THREE.Line) object.geometry.dispose();
    });
    side.coil.clear();
    side.casing.color.set(this.colors.casing);
    side.casing.opacity = CASING_OPACITY;
    const shape = new THREE.BufferGeometry();
    shape.setAttribute("position", new THREE.Float32BufferAttribute(geometry.casing.points_mm, 3));
    shape.setIndex(geometry.casing.triangles);
    shape.computeVertexNormals();
    shape.computeBoundsTree();
    const casing = new THREE.Mesh(shape, side.casing);
    casing.name = "casing";
    casing.renderOrder = 3;
    const edges = new THREE.LineSegments(
      new THREE.EdgesGeometry(shape, 35),
      new THREE.LineBasicMaterial({ color: this.colors.handle, transparent: true, opacity: 0.7 }),
    );
    const copper = new THREE.LineBasicMaterial({
      color: this.colors.winding,
      transparent: true,
      opacity: 0.8,
    });
    for (const line of geometry.windings) {
      const wire = new THREE.BufferGeometry();
      wire.setAttribute("position", new THREE.Float32BufferAttribute(line, 3));
      side.coil.add(new THREE.Line(wire, copper));
    }
    side.coil.add(casing, edges);
    side.knob = null;
    if (geometry.handle) {
      const from = new THREE.Vector3(...geometry.handle.from_mm);
      const to = new THREE.Vector3(...geometry.handle.to_mm);
      const stick = new THREE.Mesh(
        new THREE.CapsuleGeometry(9, from.distanceTo(to) - 9, 6, 16),
        new THREE.MeshLambertMaterial({ color: this.colors.handle }),
      );
      const along = to.clone().sub(from).normalize();
      stick.position.copy(from).add(to).multiplyScalar(0.5).addScaledVector(along, 4.5);
      stick.quaternion.setFromUnitVectors(new THREE.Vector3(0, 1, 0), along);
      stick.name = "casing";
      // Near the windings, so that it is in sight however the head is turned.
      const knob = new THREE.Mesh(
        new THREE.CylinderGeometry(14, 14, 16, 28),
        new THREE.MeshLambertMaterial({ color: this.colors.accent }),
      );
      knob.position.copy(from).addScaledVector(along, 22);
      knob.quaternion.copy(stick.quaternion);
      knob.name = "turn";
      side.coil.add(stick, knob);
      side.knob = knob;
    }
    side.coil.traverse((object) => object.layers.set(LAYER[view]));
    this.draw();
  }

  setPose(view: ViewName, pose: Pose, refused: boolean): void {
    const { coil, casing } = this.sides[view];
    coil.matrix.fromArray(pose).transpose();
    coil.matrixWorldNeedsUpdate = true;
    coil.visible = this.coilShown;
    casing.color.set(refused ? this.colors.bad : this.colors.casing);
    casing.opacity = refused ? 0.5 : CASING_OPACITY;
    this.draw();
  }

  private coilShown = true;

  showCoil(on: boolean): void {
    this.coilShown = on;
    for (const side of Object.values(this.sides)) side.coil.visible = on && side.geometry !== null;
    this.draw();
  }

  // --- marks -------------------------------------------------------------------------------------------

  setTarget(point: Vec3 | null): void {
    this.targetMark.visible = point !== null;
    if (point) this.targetMark.position.set(...point);
    this.draw();
  }

  setCandidates(points_mm: readonly number[], values: readonly (number | null)[]): void {
    if (this.candidates) {
      this.scene.remove(this.candidates);
      this.candidates.geometry.dispose();
      this.candidates = null;
    }
    const known = values
      .map((value, k) => ({ value, k }))
      .filter(({ value }) => value !== null && Number.isFinite(value));
    if (known.length) {
      const numbers = known.map(({ value }) => value as number);
      const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
      const position = new Float32Array(3 * known.length);
      const color = new Float32Array(3 * known.length);
      known.forEach(({ value, k }, j) => {
        const point = points_mm.slice(3 * k, 3 * k + 3) as Vec3;
        const out = this.outwardAt(point);
        position.set(
          point.map((x, i) => x + 1.5 * (out[i] as number)),
          3 * j,
        );
        const share = high > low ? ((value as number) - low) / (high - low) : 1;
        color.set(
          colorAt("magnitude", share).map((byte) => byte / 255),
          3 * j,
        );
      });
      const geometry = new THREE.BufferGeometry();
      geometry.setAttribute("position", new THREE.BufferAttribute(position, 3));
      geometry.setAttribute("color", new THREE.BufferAttribute(color, 3));
      const material = new THREE.ShaderMaterial({
        vertexShader: dotVertex,
        fragmentShader: dotFragment,
        uniforms: { size: { value: 11 * this.renderer.getPixelRatio() } },
      });
      this.candidates = new THREE.Points(geometry, material);
      this.candidates.renderOrder = 2;
      this.scene.add(this.candidates);
    }
    this.draw();
  }

  // --- pointer -----------------------------------------------------------------------------------------

  /** Which view a place on the canvas belongs to, and a ray through it. [px] */
  private aim(x: number, y: number): ViewName {
    const width = this.split ? this.width / 2 : this.width;
    const view: ViewName = this.split && x >= width ? "B" : "A";
    const left = view === "B" ? width : 0;
    const at = new THREE.Vector2(((x - left) / width) * 2 - 1, 1 - (y / this.height) * 2);
    this.raycaster.setFromCamera(at, this.camera);
    return view;
  }

  grip(x: number, y: number): Grip {
    const view = this.aim(x, y);
    const { coil } = this.sides[view];
    this.raycaster.layers.set(LAYER[view]);
    this.raycaster.firstHitOnly = false;
    if (coil.visible) {
      const hits = this.raycaster.intersectObjects(coil.children.filter((child) => child.name !== ""));
      if (hits.some((hit) => hit.object.name === "turn")) return { view, part: "turn" };
      if (hits.length) return { view, part: "coil" };
    }
    const point = this.onScalp(x, y);
    return point ? { view, part: "scalp", point } : null;
  }

  /** The scalp under a place on the canvas. [px to mm] */
  onScalp(x: number, y: number): Vec3 | null {
    this.aim(x, y);
    if (!this.scalp) return null;
    this.raycaster.layers.set(0);
    this.raycaster.firstHitOnly = true;
    const hit = this.raycaster.intersectObject(this.scalp)[0];
    return hit ? (hit.point.toArray() as Vec3) : null;
  }

  /** The scalp point nearest to a point. [mm] */
  ontoScalp(point: Vec3): Vec3 {
    const tree = this.scalp?.geometry.boundsTree;
    const found = tree instanceof MeshBVH ? tree.closestPointToPoint(new THREE.Vector3(...point)) : null;
    return found ? (found.point.toArray() as Vec3) : point;
  }

  /** Where the ray through a place on the canvas meets a plane. [px to mm] */
  onPlane(x: number, y: number, normal: Vec3, through: Vec3): Vec3 | null {
    this.aim(x, y);
    const plane = new THREE.Plane().setFromNormalAndCoplanarPoint(
      new THREE.Vector3(...normal),
      new THREE.Vector3(...through),
    );
    const hit = this.raycaster.ray.intersectPlane(plane, new THREE.Vector3());
    return hit ? (hit.toArray() as Vec3) : null;
  }

  /** Where a point of the head is on the canvas of a view. [mm to px] */
  toCanvas(point: Vec3, view: ViewName): [number, number] {
    const at = new THREE.Vector3(...point).project(this.camera);
    const width = this.split ? this.width / 2 : this.width;
    return [
      ((at.x + 1) / 2) * width + (view === "B" && this.split ? width : 0),
      ((1 - at.y) / 2) * this.height,
    ];
  }

  /** Directions to the right and the top of the screen, and to the viewer, in head axes. */
  screenAxes(): [Vec3, Vec3, Vec3] {
    const e = this.camera.matrixWorld.elements;
    return [e.slice(0, 3), e.slice(4, 7), e.slice(8, 11)] as [Vec3, Vec3, Vec3];
  }
}

/** Without a graphics card each sample of a pixel is paid for by the processor, which has fields to compute. */
function drawsInSoftware(): boolean {
  const probe = document.createElement("canvas").getContext("webgl2");
  const info = probe?.getExtension("WEBGL_debug_renderer_info");
  const name = String(probe?.getParameter(info?.UNMASKED_RENDERER_WEBGL ?? probe.RENDERER));
  probe?.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
}

function surface(data: SurfaceData): THREE.BufferGeometry {
  const geometry = new THREE.BufferGeometry();
  geometry.setAttribute("position", new THREE.BufferAttribute(data.points_mm, 3));
  geometry.setAttribute("normal", new THREE.BufferAttribute(data.normals, 3));
  geometry.setIndex(new THREE.BufferAttribute(data.triangles, 1));
  return geometry;
}

function lut(component: Component): THREE.DataTexture {
  const texture = new THREE.DataTexture(table(component) as Uint8Array<ArrayBuffer>, 256, 1);
  texture.minFilter = texture.magFilter = THREE.LinearFilter;
  texture.needsUpdate = true;
  return texture;
}

function targetMark(): THREE.Group {
  const mark = new THREE.Group();
  const paint = new THREE.MeshBasicMaterial({ color: MARK, depthTest: false, transparent: true });
  mark.add(new THREE.Mesh(new THREE.SphereGeometry(2.2, 16, 12), paint));
  for (const axis of [0, 1, 2]) {
    const length = new THREE.Vector3(0.6, 0.6, 0.6).setComponent(axis, 13);
    mark.add(new THREE.Mesh(new THREE.BoxGeometry(...length.toArray()), paint));
  }
  mark.traverse((object) => (object.renderOrder = 5));
  mark.visible = false;
  return mark;
}
