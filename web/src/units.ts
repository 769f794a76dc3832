// Text with a unit, as plans have it.

/** A dose that is a slope itself, such as "67 A/us", as a number; null for %RMT and %MSO. [A/us] */
export function slopeOf(dose: string): number | null {
  const found = /^\s*([\d.eE+-]+)\s*A\/[uµμ]s\s*$/.exec(dose);
  const value = found ? Number(found[1]) : Number.NaN;
  return Number.isFinite(value) && value > 0 ? value : null;
}

export function inUnit(text: string | undefined, units: Record<string, number>, otherwise: number): number {
  const found = /^\s*(-?[\d.eE+-]+)\s*([a-zµ]+)\s*$/.exec(text ?? "");
  const scale = found?.[2] ? units[found[2]] : undefined;
  return found && scale !== undefined ? Number(found[1]) * scale : otherwise;
}
