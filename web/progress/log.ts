// The log: a set of entries that only grows, and each card's state, which follows from it.

import { isReview, isSuspension, keyOf, mergeEntries, type Entry, type Review, type Suspension } from "./entries";
import { Schedule, type CardState, type Recall } from "./schedule";

export class Log {
  readonly #entries = new Map<string, Entry>();
  readonly #reviews = new Map<string, Map<string, Review>>();
  readonly #suspensions = new Map<string, Suspension>();
  readonly #states = new Map<string, CardState | undefined>();
  readonly #recalls = new Map<string, Recall[]>();
  /** Grows with every change. */
  version = 0;
  #schedule = new Schedule();

  /** Adds an entry, merged with the one that is there. Returns whether anything is new. */
  add(entry: Entry): boolean {
    if (!this.isNew(entry)) return false;
    const key = keyOf(entry);
    const merged = this.merged(entry);
    this.#entries.set(key, merged);
    if (isReview(merged)) {
      const ofCard = this.#reviews.get(merged.card) ?? new Map<string, Review>();
      this.#reviews.set(merged.card, ofCard.set(merged.at, merged));
    } else if (isSuspension(merged)) {
      const latest = this.#suspensions.get(merged.card);
      if (!latest || latest.at <= merged.at) this.#suspensions.set(merged.card, merged);
    }
    this.#states.delete(merged.card);
    this.#recalls.delete(merged.card);
    this.version += 1;
    return true;
  }

  /** Returns the entry as it would be in the log: merged with the one that is there, its fields in order. */
  merged(entry: Entry): Entry {
    return mergeEntries(this.#entries.get(keyOf(entry)) ?? entry, entry);
  }

  /** Whether adding the entry would change anything. */
  isNew(entry: Entry): boolean {
    const known = this.#entries.get(keyOf(entry));
    return !known || JSON.stringify(known) !== JSON.stringify(mergeEntries(known, entry));
  }

  has(entry: Entry): boolean {
    return this.#entries.has(keyOf(entry));
  }

  /** Every entry, in order of time. */
  get entries(): Entry[] {
    return [...this.#entries.values()].sort(byTime);
  }

  /** Whether the log has no entries. */
  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** The ids of all cards that were ever reviewed, those no longer in the book too. */
  get cards(): string[] {
    return [...this.#reviews.keys()].sort();
  }

  /** The ids of the cards that are suspended. */
  get suspended(): string[] {
    return [...this.#suspensions.values()].filter(({ suspended }) => suspended).map(({ card }) => card).sort();
  }

  isSuspended(card: string): boolean {
    return this.#suspensions.get(card)?.suspended ?? false;
  }

  /** The probability of recall at which a card becomes due. */
  get retention(): number {
    return this.#schedule.retention;
  }

  set retention(retention: number) {
    if (retention === this.retention) return;
    this.#schedule = new Schedule(retention);
    this.#states.clear();
    this.#recalls.clear();
    this.version += 1;
  }

  /** The reviews of a card that count, in order of time. */
  reviewsOf(card: string): Review[] {
    const reviews = [...(this.#reviews.get(card)?.values() ?? [])];
    return reviews.filter((review) => !this.#isUndone(review)).sort(byTime);
  }

  /** What the reviews of a card lead to; undefined for a card without any. */
  stateOf(card: string): CardState | undefined {
    if (!this.#states.has(card)) this.#states.set(card, this.#schedule.replay(this.reviewsOf(card)));
    return this.#states.get(card);
  }

  /** When a card would be due again after each grade given now. */
  previewDueDates(card: string, now: Date): ReturnType<Schedule["previewDueDates"]> {
    return this.#schedule.previewDueDates(this.stateOf(card), now);
  }

  /** How memory held in the reviews of a card. */
  recallsOf(card: string): Recall[] {
    const recalls = this.#recalls.get(card) ?? this.#schedule.recalls(this.reviewsOf(card));
    this.#recalls.set(card, recalls);
    return recalls;
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
