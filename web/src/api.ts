// Requests to the server. Every failure becomes one sentence that can be shown as it is.

import type { Job, Page, PlanJson, Pose, Vec3 } from "./types";

export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

async function answer(path: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...init });
  } catch {
    throw new ApiError("The server does not answer. Is tmsim serve still running?", 0);
  }
  if (response.ok) return response;
  const message = await response
    .json()
    .then((body: { message?: unknown; detail?: unknown }) => body.message ?? body.detail)
    .catch(() => undefined);
  throw new ApiError(
    typeof message === "string" ? message : `The server refused ${path} (${response.status}).`,
    response.status,
  );
}

export async function get<T>(path: string): Promise<T> {
  return (await answer(path)).json() as Promise<T>;
}

export async function getBytes(path: string): Promise<ArrayBuffer> {
  return (await answer(path)).arrayBuffer();
}

export async function post<T>(path: string, body: unknown = {}, signal?: AbortSignal): Promise<T> {
  const response = await answer(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
  return response.json() as Promise<T>;
}

export async function postForBytes(path: string, body: unknown): Promise<ArrayBuffer> {
  const response = await answer(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return response.arrayBuffer();
}

export async function remove(path: string): Promise<void> {
  await answer(path, { method: "DELETE" });
}

export interface CoilGeometry {
  casing: { points_mm: number[]; triangles: number[] };
  windings: number[][];
  handle: { from_mm: Vec3; to_mm: Vec3 } | null;
}

export interface Placed {
  pose: Pose;
  scalp_mm: Vec3;
  lifted_mm: number;
  angle_deg: number;
  target_mm: Vec3;
  label: string;
}

export interface PlaceRequest {
  coil: string;
  target?: string;
  point_mm?: Vec3;
  angle_deg: number;
  tilt_deg: [number, number];
  gap_mm: number;
}

export const api = {
  page: () => get<Page>("/api/page"),
  geometry: (name: "skin" | "cortex" | "cortex-full") => getBytes(`/api/geometry/${name}`),
  coil: (name: string) => get<CoilGeometry>(`/api/coils/${encodeURIComponent(name)}/geometry`),
  volume: (name: "labels" | "t1") => getBytes(`/api/volume/${name}.nii.gz`),
  fieldVolume: (body: { pose: Pose; coil: string; didt: number }) => postForBytes("/api/volume/field", body),
  place: (body: PlaceRequest) => post<Placed>("/api/place", body),
  parse: async (toml: string) => (await post<{ plan: PlanJson }>("/api/plan/parse", { toml })).plan,
  toml: async (plan: PlanJson) => (await post<{ toml: string }>("/api/plan/toml", { plan })).toml,
  jobs: () => get<Job[]>("/api/jobs"),
  startJob: (kind: "run" | "find" | "verify", plan: PlanJson, options: object = {}) =>
    post<{ id: string }>("/api/jobs", { kind, plan, options }),
  cancelJob: (id: string) => post(`/api/jobs/${id}/cancel`),
  jobAgain: (id: string) => post<{ id: string }>(`/api/jobs/${id}/again`),
  removeJob: (id: string) => remove(`/api/jobs/${id}`),
  fileUrl: (id: string, name: string) =>
    `/api/jobs/${id}/files/${name.split("/").map(encodeURIComponent).join("/")}`,
  panel: <T>(name: string, body: object, signal?: AbortSignal) =>
    post<T>(`/api/panels/${name}`, body, signal),
};

export const sentence = (fault: unknown): string =>
  fault instanceof Error ? fault.message : "Something went wrong, and the server did not say what.";
