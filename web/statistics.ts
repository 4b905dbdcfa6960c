// What one's own reviews add up to, by the days of the reader's clock.

import { type Recall } from "./schedule";

export interface Day {
  /** As YYYY-MM-DD, in the reader's time zone. */
  readonly name: string;
  readonly count: number;
}

export interface Retention {
  readonly tested: number;
  readonly recalled: number;
}

export interface Week extends Retention {
  /** Its first day, a Monday. */
  readonly from: Date;
}

/** Returns a date's name in the reader's time zone. */
export function dayName(date: Date): string {
  const part = (number: number): string => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${part(date.getMonth() + 1)}-${part(date.getDate())}`;
}

/** Returns the start of the Monday of a date's week. */
export function mondayOf(date: Date): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() - ((date.getDay() + 6) % 7));
}

/** Returns the last `weeks` weeks, the present one included, as lists of days; days to come are left out. */
export function calendar(reviewed: readonly Date[], now: Date, weeks: number): Day[][] {
  const counts = new Map<string, number>();
  for (const date of reviewed) counts.set(dayName(date), (counts.get(dayName(date)) ?? 0) + 1);
  const monday = mondayOf(now);
  const today = dayName(now);
  return Array.from({ length: weeks }, (_, week) =>
    Array.from({ length: 7 }, (_, day) => {
      // Not by adding hours: a day may have 23 or 25.
      const date = new Date(monday.getFullYear(), monday.getMonth(), monday.getDate() + 7 * (week - weeks + 1) + day);
      return { name: dayName(date), count: counts.get(dayName(date)) ?? 0 };
    }).filter(({ name }) => name <= today),
  );
}

export function retention(recalls: readonly Recall[]): Retention {
  return { tested: recalls.length, recalled: recalls.filter(({ recalled }) => recalled).length };
}

/** Returns the retention of each of the last `weeks` weeks, the present one included. */
export function weeklyRetention(recalls: readonly Recall[], now: Date, weeks: number): Week[] {
  const monday = mondayOf(now);
  return Array.from({ length: weeks }, (_, week) => {
    const from = new Date(monday.getFullYear(), monday.getMonth(), monday.getDate() + 7 * (week - weeks + 1));
    const name = dayName(from);
    return { from, ...retention(recalls.filter(({ at }) => dayName(mondayOf(at)) === name)) };
  });
}
