// The review log: a set of entries that only grows, and each card's state, which follows from it.

import { isReview, keyOf, mergeEntries, type Entry, type Review } from "./progress";
import { replay, type CardState } from "./schedule";

export class Log {
  readonly #entries = new Map<string, Entry>();
  readonly #reviews = new Map<string, Map<string, Review>>();
  readonly #states = new Map<string, CardState | undefined>();

  /** Adds an entry, merged with the one that is there. Returns whether anything is new. */
  add(entry: Entry): boolean {
    const key = keyOf(entry);
    const known = this.#entries.get(key);
    // With itself, an entry gets its fields in order, so that equal ones read the same.
    const merged = mergeEntries(known ?? entry, entry);
    if (known && JSON.stringify(known) === JSON.stringify(merged)) return false;
    this.#entries.set(key, merged);
    if (isReview(merged)) {
      const ofCard = this.#reviews.get(merged.card) ?? new Map<string, Review>();
      this.#reviews.set(merged.card, ofCard.set(merged.at, merged));
    }
    this.#states.delete(merged.card);
    return true;
  }

  has(entry: Entry): boolean {
    return this.#entries.has(keyOf(entry));
  }

  get(entry: Entry): Entry | undefined {
    return this.#entries.get(keyOf(entry));
  }

  /** Every entry, in order of time. */
  get entries(): Entry[] {
    return [...this.#entries.values()].sort(byTime);
  }

  /** The ids of all cards that were ever reviewed, those no longer in the book too. */
  get cards(): string[] {
    return [...this.#reviews.keys()].sort();
  }

  /** The reviews of a card that count, in order of time. */
  reviewsOf(card: string): Review[] {
    const reviews = [...(this.#reviews.get(card)?.values() ?? [])];
    return reviews.filter((review) => !this.#isUndone(review)).sort(byTime);
  }

  /** What the reviews of a card lead to; undefined for a card without any. */
  stateOf(card: string): CardState | undefined {
    if (!this.#states.has(card)) this.#states.set(card, replay(this.reviewsOf(card)));
    return this.#states.get(card);
  }

  #isUndone(review: Review): boolean {
    return this.#entries.has(`undo:${review.at}:${review.card}`);
  }
}

function byTime(one: Entry, other: Entry): number {
  // A review and its undo have card and time in common.
  const [first, second] = [`${one.at} ${keyOf(one)}`, `${other.at} ${keyOf(other)}`];
  return first < second ? -1 : first > second ? 1 : 0;
}
