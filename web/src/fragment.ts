// A plan in a URL fragment: what differs from the default plan, deflated, as base64url.

import type { PlanJson } from "./types";

type Json = unknown;
const isTable = (value: Json): value is Record<string, Json> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What of `value` differs from `base`; undefined where nothing does. Lists and placements are kept whole. */
export function difference(base: Json, value: Json, key = ""): Json {
  if (isTable(base) && isTable(value) && key !== "placement") {
    const out: Record<string, Json> = {};
    for (const [name, inner] of Object.entries(value)) {
      const changed = difference(base[name], inner, name);
      if (changed !== undefined) out[name] = changed;
    }
    return Object.keys(out).length ? out : undefined;
  }
  return JSON.stringify(base) === JSON.stringify(value) ? undefined : value;
}

/** `base` with the differences put back in. */
export function patched(base: Json, changes: Json, key = ""): Json {
  if (!isTable(base) || !isTable(changes) || key === "placement")
    return changes === undefined ? base : changes;
  const out: Record<string, Json> = { ...base };
  for (const [name, inner] of Object.entries(changes)) out[name] = patched(base[name], inner, name);
  return out;
}

async function through(
  bytes: Uint8Array,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const body = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(body).arrayBuffer());
}

export function toBase64Url(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export function fromBase64Url(text: string): Uint8Array {
  const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
}

export async function toFragment(plan: PlanJson, base: PlanJson): Promise<string> {
  const changes = JSON.stringify(difference(base, plan) ?? {});
  const packed = await through(new TextEncoder().encode(changes), new CompressionStream("deflate-raw"));
  return `#plan=${toBase64Url(packed)}`;
}

/** The plan that a fragment means, or null where it holds none. Throws where it was damaged on its way. */
export async function fromFragment(fragment: string, base: PlanJson): Promise<PlanJson | null> {
  const packed = /^#?plan=([\w-]+)/.exec(fragment.replace(/^#/, ""))?.[1];
  if (!packed) return null;
  try {
    const bytes = await through(fromBase64Url(packed), new DecompressionStream("deflate-raw"));
    return patched(base, JSON.parse(new TextDecoder().decode(bytes))) as PlanJson;
  } catch {
    throw new Error("The plan in this link is damaged: copy the whole link, or ask for the plan as TOML.");
  }
}
