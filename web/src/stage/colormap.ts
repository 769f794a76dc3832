// Colour scales, and the ticks of their bar. Both maps hold for colour-blind readers.

/** Viridis (matplotlib, CC0) in 17 steps. */
// prettier-ignore
const VIRIDIS = [
  "#440154", "#48186a", "#472d7b", "#424086", "#3b528b", "#33638d", "#2c728e", "#26828e", "#21918c",
  "#1fa088", "#28ae80", "#3fbc73", "#5ec962", "#84d44b", "#addc30", "#d8e219", "#fde725",
];

/** Blue to red through near-white; equal steps from the middle are equally light on either side. */
// prettier-ignore
const DIVERGING = [
  "#0b3c75", "#1d5a9c", "#3b7dbd", "#6ba3d4", "#a3c8e6", "#d3e3f0", "#f3f1ee",
  "#f6dacd", "#eeb49b", "#de856a", "#c45544", "#9f2f2f", "#741524",
];

export type Component = "magnitude" | "normal";
const STOPS: Record<Component, readonly string[]> = { magnitude: VIRIDIS, normal: DIVERGING };

const channels = (hex: string): [number, number, number] => [
  parseInt(hex.slice(1, 3), 16),
  parseInt(hex.slice(3, 5), 16),
  parseInt(hex.slice(5, 7), 16),
];

/** The colour at a share of the map, 0 to 1, as sRGB bytes. */
export function colorAt(component: Component, share: number): [number, number, number] {
  const stops = STOPS[component];
  const at = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const below = Math.min(Math.floor(at), stops.length - 2);
  const [a, b] = [channels(stops[below] as string), channels(stops[below + 1] as string)];
  const part = at - below;
  return [0, 1, 2].map((k) => Math.round((a[k] as number) * (1 - part) + (b[k] as number) * part)) as [
    number,
    number,
    number,
  ];
}

/** The whole map as RGBA bytes, for a texture that shaders look colours up in. */
export function table(component: Component, size = 256): Uint8Array {
  const bytes = new Uint8Array(4 * size);
  for (let k = 0; k < size; k++) bytes.set([...colorAt(component, k / (size - 1)), 255], 4 * k);
  return bytes;
}

export const gradient = (component: Component): string =>
  `linear-gradient(90deg, ${STOPS[component].join(", ")})`;

/** The least of 1, 2, 2.5, 5 times a power of ten that is not below `value`. */
export function niceAbove(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= value * (1 - 1e-9)) ?? 10;
  return step * power;
}

/** Round numbers from `low` to `high`, about `count` of them. */
export function ticks(low: number, high: number, count = 4): number[] {
  const step = niceAbove((high - low) / count);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, k) => Number(((first + k) * step).toPrecision(12)) + 0);
}

/** The top of the bar that follows a field: a little above nearly all of it, in steps that do not flicker. */
export function autoTop(p999: number): number {
  if (!(p999 > 0)) return 1;
  const step = 10 ** Math.floor(Math.log10(p999)) / 2;
  return Number((Math.ceil(p999 / step) * step).toPrecision(6));
}

export function readable(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const decimals = size === 0 ? 0 : Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return value.toFixed(Math.min(decimals, 4));
}
