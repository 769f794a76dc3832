// Missed sessions as the plan writes them: "12", "7-9" or "day 12". The calendar adds and takes away whole days.

const DAYS = /^\s*day\s+(\d+)(?:\s*-\s*(\d+))?\s*$/i;

/** Days that are missed as days; sessions missed by their number are not among them. */
export function missedDays(missed: readonly string[]): Set<number> {
  const days = new Set<number>();
  for (const item of missed) {
    const found = DAYS.exec(item);
    if (!found) continue;
    for (let day = Number(found[1]); day <= Number(found[2] ?? found[1]); day++) days.add(day);
  }
  return days;
}

/** The same list with a day missed, or given again; what is missed by number stays. */
export function toggled(missed: readonly string[], day: number): string[] {
  const days = missedDays(missed);
  if (!days.delete(day)) days.add(day);
  const numbers = missed.filter((item) => !DAYS.test(item));
  return [...numbers, ...[...days].sort((a, b) => a - b).map((one) => `day ${one}`)];
}
