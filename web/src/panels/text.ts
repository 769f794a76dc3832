// Numbers and times as the panels write them.

/** So many significant digits, without trailing zeros; a true minus. */
export function short(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const text = Number(value.toPrecision(digits));
  return (Math.abs(text) >= 1e4 ? text.toLocaleString("en") : String(text)).replace("-", "−");
}

export const signed = (value: number | null | undefined, digits = 2): string => {
  const text = short(value, digits);
  return value !== null && value !== undefined && value > 0 ? `+${text}` : text;
};

/** "37.5 s", "3 min 8 s", "1 h 5 min". */
export function duration(seconds: number): string {
  if (seconds < 60) return `${short(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600)
    return [`${Math.floor(whole / 60)} min`, whole % 60 ? `${whole % 60} s` : ""].filter(Boolean).join(" ");
  const minutes = Math.round(whole / 60);
  return [`${Math.floor(minutes / 60)} h`, minutes % 60 ? `${minutes % 60} min` : ""]
    .filter(Boolean)
    .join(" ");
}

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export const whole = (value: number): string => Math.round(value).toLocaleString("en");

export interface DoseText {
  value: number;
  unit: "%RMT" | "%AMT" | "%MSO" | "A/us";
}

/** "120 %RMT" in its parts; null where the plan writes it in another unit. */
export function readDose(text: string): DoseText | null {
  const found = /^\s*([\d.]+)\s*(?:%\s*(RMT|AMT|MSO)|A\/[uµμ]s)\s*$/i.exec(text);
  if (!found) return null;
  const unit = found[2] ? (`%${found[2].toUpperCase()}` as DoseText["unit"]) : "A/us";
  return { value: Number(found[1]), unit };
}

export const writeDose = ({ value, unit }: DoseText): string => `${Number(value.toPrecision(5))} ${unit}`;

/** Shares in 255ths as the server packs them, base64 of a byte each. */
export const sharesOf = (packed: string): Float32Array =>
  Float32Array.from(atob(packed), (char) => char.charCodeAt(0) / 255);

/** A measured threshold as the plan writes it, "52 %MSO"; empty for none, null where it can't be read. */
export function readThreshold(text: string): string | null {
  if (!text.trim()) return "";
  const found = /^\s*([\d.]+)\s*(?:%\s*(?:MSO)?)?\s*$/i.exec(text);
  const value = Number(found?.[1]);
  return found && value > 0 && value <= 100 ? `${value} %MSO` : null;
}
