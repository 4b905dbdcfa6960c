// Times and numbers as a reader says them.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Returns how long it is from `now` to `then`, roughly: "1 minute", "8 days", "3 months". */
export function span(then: Date, now: Date): string {
  const time = Math.max(0, then.getTime() - now.getTime());
  if (time < 0.99 * HOUR) return count(Math.max(1, Math.round(time / MINUTE)), "minute");
  if (time < 0.99 * DAY) return count(Math.round(time / HOUR), "hour");
  const days = Math.round(time / DAY);
  if (days < 60) return count(days, "day");
  if (days < 700) return count(Math.round(days / 30.4), "month");
  return count(Math.round(days / 365), "year");
}

/** Returns "1 card", "2 cards", "2 entries". */
export function count(number: number, noun: string): string {
  if (number === 1) return `1 ${noun}`;
  return `${number} ${noun.endsWith("ry") ? `${noun.slice(0, -1)}ies` : `${noun}s`}`;
}

export function percent(part: number, whole: number): string {
  return whole ? `${Math.round((100 * part) / whole)} %` : "–";
}
