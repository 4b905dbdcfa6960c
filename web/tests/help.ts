// What the tests share.

import { type Entry, type Grade, type Review } from "../progress/entries";

/** A storage that can be full or forbidden, with as much of Storage as the store uses. */
export class FakeStorage {
  readonly items = new Map<string, string>();
  /** How many items fit. */
  room = Infinity;
  /** How many characters an item may have, with its key. */
  largest = Infinity;

  get length(): number {
    return this.items.size;
  }

  key(number: number): string | null {
    return [...this.items.keys()][number] ?? null;
  }

  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    const full = (!this.items.has(key) && this.items.size >= this.room) || key.length + value.length > this.largest;
    if (full) throw new DOMException("no room", "QuotaExceededError");
    this.items.set(key, value);
  }

  removeItem(key: string): void {
    this.items.delete(key);
  }

  asStorage(): Storage {
    return this as unknown as Storage;
  }
}

export function forbid(): Storage {
  throw new DOMException("forbidden", "SecurityError");
}

/** Numbers between 0 and 1 that look random and are the same each time. */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

export const START = Date.UTC(2026, 0, 1, 9);
export const DAY = 86_400_000;

export function review(card: string, time: number, grade: Grade): Review {
  return { card, at: new Date(time).toISOString(), grade };
}

/** Draws reviews of a few cards, and undos of some of them. */
export function drawEntries(random: () => number, count: number): Entry[] {
  const entries: Entry[] = [];
  for (let i = 0; i < count; i += 1) {
    const card = `card-${Math.floor(random() * 4)}`;
    const time = START + Math.floor(random() * 90) * DAY + Math.floor(random() * 4) * 60_000;
    const grade = (1 + Math.floor(random() * 4)) as Grade;
    entries.push(review(card, time, grade));
    if (random() < 0.2) entries.push({ card, at: new Date(time).toISOString(), undone: new Date(time + 5000).toISOString() });
  }
  return entries;
}
