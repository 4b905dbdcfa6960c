// What one's own reviews add up to, by the days of the reader's clock.

import { type Review } from "./entries";
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

/** What was done in a day: answers, and cards that were answered for the first time. */
export interface DayCount {
  readonly answers: number;
  readonly introduced: number;
}

/** Returns what was done on the day of `now`; `reviews` holds those of one card each, in order of time. */
export function countDay(reviews: Iterable<readonly Review[]>, now: Date): DayCount {
  const today = dayName(now);
  let answers = 0;
  let introduced = 0;
  for (const ofCard of reviews) {
    // The last one first: most cards were not answered today.
    for (let i = ofCard.length - 1; i >= 0 && dayName(new Date(ofCard[i]!.at)) >= today; i -= 1) {
      if (dayName(new Date(ofCard[i]!.at)) !== today) continue;
      answers += 1;
      if (i === 0) introduced += 1;
    }
  }
  return { answers, introduced };
}

/** Returns how many of these due dates fall on each of the next `days` days, the present one included, which takes overdue ones. */
export function forecast(dues: readonly Date[], now: Date, days: number): Day[] {
  const counts = Array.from({ length: days }, (_, day) => ({
    name: dayName(new Date(now.getFullYear(), now.getMonth(), now.getDate() + day)),
    count: 0,
  }));
  for (const due of dues) {
    const name = due <= now ? counts[0]!.name : dayName(due);
    const day = counts.find((one) => one.name === name);
    if (day) day.count += 1;
  }
  return counts;
}
