// Where progress is kept: the browser's localStorage, one item for each entry.
//
// localStorage, because a write is done when it returns: a tab may be closed right after a grade. One item for each
// entry, because no tab then ever overwrites what another has written. An item carries its own schema, so that it is
// migrated when read, and a tab with an older version of this page does no harm.

import { type Progress } from "./file";
import { Log } from "./log";
import { isFields, keyOf, mergeFields, readEntry, SCHEMA, type Entry, type Grade, type Review } from "./progress";

const PREFIX = "cardbook:";
const FIELD = `${PREFIX}field:`;

export type Trouble = "forbidden" | "full";

export class Store {
  readonly log = new Log();
  /** Fields of imported files that this version does not know. */
  readonly fields = new Map<string, unknown>();
  /** What keeps the browser from storing, if anything does. */
  trouble: Trouble | undefined;
  /** How many stored items this version cannot read; they stay as they are. */
  unread = 0;
  readonly #unsaved = new Map<string, string>();
  readonly #open: () => Storage;

  /** Reads what is stored. `open` returns the storage, or throws where the browser forbids it. */
  constructor(open: () => Storage) {
    this.#open = open;
    this.reread();
  }

  /** How many items are only in memory, because the browser did not store them. */
  get unsaved(): number {
    return this.#unsaved.size;
  }

  /** Takes in everything that is stored. Returns whether any of it is new. */
  reread(): boolean {
    this.unread = 0;
    let news = false;
    try {
      const storage = this.#open();
      const keys = Array.from({ length: storage.length }, (_, number) => storage.key(number));
      for (const key of keys) news = this.take(key, key && storage.getItem(key)) || news;
    } catch {
      this.trouble = "forbidden";
    }
    return news;
  }

  /** Takes in one stored item, as a storage event tells it. Returns whether it is new. */
  take(key: string | null, text: string | null): boolean {
    if (!key?.startsWith(PREFIX) || text === null) return false;
    const value = readJson(text);
    if (key.startsWith(FIELD)) {
      const known = this.fields.has(key.slice(FIELD.length));
      if (isFields(value)) this.fields.set(key.slice(FIELD.length), value.value);
      return !known;
    }
    const schema = isFields(value) ? value.schema : undefined;
    const readable = typeof schema === "number" && schema >= 1 && schema <= SCHEMA;
    const entry = readable ? readEntry(withoutSchema(value), key, () => {}, schema) : undefined;
    if (!entry) {
      this.unread += 1;
      return false;
    }
    return this.log.add(entry);
  }

  /** Adds a review of a card, given now, and returns it. */
  review(card: string, grade: Grade, now: Date): Review {
    let time = now.getTime();
    let review: Review = { card, at: now.toISOString(), grade };
    // Two answers to one card in one millisecond are two answers.
    while (this.log.has(review) || this.#stored(review)) {
      time += 1;
      review = { ...review, at: new Date(time).toISOString() };
    }
    this.#append(review);
    this.save();
    return review;
  }

  /** Says that a review does not count. */
  undo(review: Review, now: Date): void {
    this.#append({ card: review.card, at: review.at, undone: now.toISOString() });
    this.save();
  }

  /** Adds what a progress file holds. Returns how many of its entries are new. */
  merge(progress: Progress): number {
    const news = progress.entries.filter((entry) => this.#append(entry)).length;
    for (const [name, value] of progress.fields) {
      const merged = this.fields.has(name) ? mergeFields({ value: this.fields.get(name) }, { value }).value : value;
      this.fields.set(name, merged);
      this.#unsaved.set(`${FIELD}${name}`, JSON.stringify({ value: merged }));
    }
    this.save();
    return news;
  }

  /** Tries again to store what is only in memory. Returns whether all of it is stored now. */
  save(): boolean {
    for (const [key, text] of [...this.#unsaved]) if (!this.#put(key, text)) return false;
    this.trouble = undefined;
    return true;
  }

  #append(entry: Entry): boolean {
    if (!this.log.add(entry)) return false;
    const merged = this.log.get(entry) ?? entry;
    this.#unsaved.set(`${PREFIX}${keyOf(merged)}`, JSON.stringify({ ...merged, schema: SCHEMA }));
    return true;
  }

  #put(key: string, text: string): boolean {
    let storage: Storage;
    try {
      storage = this.#open();
    } catch {
      this.trouble = "forbidden";
      return false;
    }
    try {
      storage.setItem(key, text);
    } catch (error) {
      this.trouble = error instanceof DOMException && error.name === "SecurityError" ? "forbidden" : "full";
      return false;
    }
    this.#unsaved.delete(key);
    return true;
  }

  #stored(entry: Entry): boolean {
    try {
      return this.#open().getItem(`${PREFIX}${keyOf(entry)}`) !== null;
    } catch {
      return false;
    }
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function withoutSchema(value: unknown): unknown {
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== "schema"));
}
