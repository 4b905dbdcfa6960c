// Where progress is kept: the browser's localStorage, one item for each entry, under a key that holds the book's name.
//
// localStorage, because a write is done when it returns: a tab may be closed right after a grade. One item for each
// entry, because no tab then ever overwrites what another has written. An item carries its own schema, so that it is
// migrated when read, and a tab with an older version of this page does no harm.

import { DEEPEST, deeperThan, isFields, keyOf, mergeEntries, mergeFields, readEntry, SCHEMA } from "./entries";
import type { Entry, Grade, Review } from "./entries";
import { LARGEST_FIELDS, type Progress } from "./file";
import { Log } from "./log";
import { DEFAULT_SETTINGS, readSettings, type Settings } from "./settings";

// Books without a name, and all of them before names were in the keys.
const NAMELESS = "cardbook:";
const FIELD = "field:";
const SETTINGS = "settings";
const CHOICE = "choice";
const PROBE = "probe";
// What an import leaves free for reviews to come, in characters.
const RESERVE = 50_000;

export type Trouble = "forbidden" | "full";

/** An import that does not fit into the browser's storage; nothing of it was taken. */
export class StorageFullError extends Error {}

export class Store {
  readonly log = new Log();
  /** Fields of imported files that this version does not know. */
  readonly fields = new Map<string, unknown>();
  /** What keeps the browser from storing, if anything does. */
  trouble: Trouble | undefined;
  #settings = DEFAULT_SETTINGS;
  readonly #prefix: string;
  readonly #unread = new Set<string>();
  readonly #unsaved = new Map<string, string>();
  #adopted: ReadonlySet<string> = new Set();
  readonly #open: () => Storage;

  /**
   * Reads what is stored. `open` returns the storage, or throws where the browser forbids it; `book` is the book's
   * permanent name, "" for none.
   */
  constructor(
    open: () => Storage,
    readonly book = "",
  ) {
    this.#open = open;
    this.#prefix = book ? `cardbook/${book}/` : NAMELESS;
    this.reread();
  }

  /** How many items are only in memory, because the browser did not store them. */
  get unsaved(): number {
    return this.#unsaved.size;
  }

  /** How many stored items this version cannot read; they stay as they are. */
  get unread(): number {
    return this.#unread.size;
  }

  get settings(): Settings {
    return this.#settings;
  }

  /** Whether there is progress from before keys held the book's name. */
  get hasOlderItems(): boolean {
    return this.book !== "" && this.#items(NAMELESS).length > 0;
  }

  /** What the reader chose last on the study page; undefined when there is nothing that can be read. */
  get choice(): unknown {
    const text = this.#get(`${this.#prefix}${CHOICE}`);
    return text === null ? undefined : readJson(text);
  }

  /** Reads everything that is stored. Returns whether any of it is new. */
  reread(): boolean {
    this.#unread.clear();
    let news = false;
    for (const [key, text] of this.#items(this.#prefix)) news = this.#take(key, text) || news;
    return this.adopt(this.#adopted) || news;
  }

  /** Reads one stored item, given by a storage event. Returns whether it is new. */
  take(key: string | null, text: string | null): boolean {
    if (key === null || text === null) return false;
    if (key.startsWith(this.#prefix)) return this.#take(key, text);
    // A tab with an older version of this page goes on writing what it always wrote.
    return key.startsWith(NAMELESS) && this.#adopt(key, text);
  }

  /**
   * Copies what was stored before keys held the book's name: entries of these cards, which are all that this book ever
   * had, and fields of files. The originals stay, since another book of this host may have a card of the same name.
   * Returns whether any of it is new.
   */
  adopt(cards: ReadonlySet<string>): boolean {
    this.#adopted = cards;
    if (!this.book || !cards.size) return false;
    let news = false;
    for (const [key, text] of this.#items(NAMELESS)) news = this.#adopt(key, text) || news;
    return news;
  }

  /** Adds a review of a card, given now, and returns it. */
  review(card: string, grade: Grade, now: Date): Review {
    const review: Review = { ...this.#fresh({ card, at: "", grade }, now), grade };
    this.#append(review);
    this.save();
    return review;
  }

  /** Makes a review not count. */
  undo(review: Review, now: Date): void {
    this.#append({ card: review.card, at: review.at, undone: now.toISOString() });
    this.save();
  }

  /** Suspends a card, or has it asked again. */
  suspend(card: string, suspended: boolean, now: Date): void {
    this.#append({ ...this.#fresh({ card, at: "", suspended }, now), suspended });
    this.save();
  }

  /** Changes what the reader has set. */
  set(settings: Omit<Settings, "changed">, now: Date): void {
    this.#useSettings({ ...settings, changed: now.toISOString() });
    this.#unsaved.set(`${this.#prefix}${SETTINGS}`, JSON.stringify(this.#settings));
    this.save();
  }

  /** Remembers what the reader chose. A failure loses only the choice. */
  remember(choice: object): void {
    try {
      this.#open().setItem(`${this.#prefix}${CHOICE}`, JSON.stringify(choice));
    } catch {
      return;
    }
  }

  /**
   * Adds what a progress file holds. Returns how many of its entries are new. Throws StorageFullError, with nothing
   * taken, when the browser has no room for all of it.
   */
  merge(progress: Progress): number {
    const entries = new Map<string, Entry>();
    for (const entry of progress.entries) entries.set(keyOf(entry), mergeEntries(entries.get(keyOf(entry)) ?? entry, entry));
    const news = [...entries.values()].filter((entry) => this.log.isNew(entry));
    const items = new Map(news.map((entry) => [this.#keyOf(entry), write(this.log.merged(entry))]));
    for (const [name, value] of this.#mergedFields(progress.fields))
      items.set(`${this.#prefix}${FIELD}${name}`, JSON.stringify({ value }));
    const newer = progress.settings && progress.settings.changed > this.#settings.changed ? progress.settings : undefined;
    if (newer) items.set(`${this.#prefix}${SETTINGS}`, JSON.stringify(newer));
    this.#putAll(items);
    for (const entry of news) this.log.add(entry);
    for (const [name, value] of this.#mergedFields(progress.fields)) this.fields.set(name, value);
    if (newer) this.#useSettings(newer);
    return news.length;
  }

  /** Tries again to store what is only in memory. Returns whether all of it is stored now. */
  save(): boolean {
    // If one item does not fit, smaller ones may still fit.
    for (const [key, text] of [...this.#unsaved]) if (this.#put(key, text)) this.#unsaved.delete(key);
    if (!this.#unsaved.size) this.trouble = undefined;
    return !this.#unsaved.size;
  }

  #take(key: string, text: string): boolean {
    const name = key.slice(this.#prefix.length);
    const value = readJson(text);
    if (name === CHOICE || name === PROBE) return false;
    if (name === SETTINGS) return this.#takeSettings(readSettings(value));
    if (name.startsWith(FIELD)) return this.#takeField(key, name.slice(FIELD.length), value, text.length);
    const entry = readItem(value, key);
    if (entry) return this.log.add(entry);
    this.#unread.add(key);
    return false;
  }

  #takeSettings(settings: Settings | undefined): boolean {
    if (!settings || settings.changed <= this.#settings.changed) return false;
    this.#useSettings(settings);
    return true;
  }

  #useSettings(settings: Settings): void {
    this.#settings = settings;
    this.log.retention = settings.retention;
  }

  #takeField(key: string, name: string, value: unknown, size: number): boolean {
    if (!isFields(value) || size > LARGEST_FIELDS + 100 || deeperThan(value, DEEPEST + 1)) {
      this.#unread.add(key);
      return false;
    }
    const known = this.fields.has(name);
    this.fields.set(name, value.value);
    return !known;
  }

  #adopt(key: string, text: string): boolean {
    if (!this.book) return false;
    const name = key.slice(NAMELESS.length);
    const value = readJson(text);
    if (name.startsWith(FIELD)) {
      const field = name.slice(FIELD.length);
      return !this.fields.has(field) && this.#takeField(key, field, value, text.length) && this.#copy(`${FIELD}${field}`, text);
    }
    const entry = readItem(value, key);
    if (!entry || !this.#adopted.has(entry.card) || !this.log.add(entry)) return false;
    return this.#copy(keyOf(entry), write(this.log.merged(entry)));
  }

  // If there is no room, the original stays and is read the next time.
  #copy(name: string, text: string): true {
    this.#put(`${this.#prefix}${name}`, text);
    this.trouble = undefined;
    return true;
  }

  #mergedFields(fields: ReadonlyMap<string, unknown>): [string, unknown][] {
    return [...fields].map(([name, value]) => {
      const merged = this.fields.has(name) ? mergeFields({ value: this.fields.get(name) }, { value }).value : value;
      return [name, merged];
    });
  }

  // Two entries for one card in one millisecond are two entries.
  #fresh(entry: Entry, now: Date): Entry {
    let time = now.getTime();
    let fresh = { ...entry, at: now.toISOString() };
    while (this.log.has(fresh) || this.#get(this.#keyOf(fresh)) !== null) {
      time += 1;
      fresh = { ...fresh, at: new Date(time).toISOString() };
    }
    return fresh;
  }

  #append(entry: Entry): void {
    if (this.log.add(entry)) this.#unsaved.set(this.#keyOf(entry), write(this.log.merged(entry)));
  }

  #keyOf(entry: Entry): string {
    return `${this.#prefix}${keyOf(entry)}`;
  }

  // Stores all items or, where they do not fit, none. Where nothing may be stored, all stay in memory.
  #putAll(items: ReadonlyMap<string, string>): void {
    const before = new Map([...items.keys()].map((key) => [key, this.#get(key)]));
    const probe = `${this.#prefix}${PROBE}`;
    const fits = [...items, [probe, "x".repeat(RESERVE)] as const].every(([key, text]) => this.#put(key, text));
    this.#restore(new Map([[probe, null]]));
    if (fits) this.trouble = this.#unsaved.size ? this.trouble : undefined;
    else if (this.trouble === "forbidden") for (const [key, text] of items) this.#unsaved.set(key, text);
    else {
      this.#restore(before);
      this.trouble = this.#unsaved.size ? this.trouble : undefined;
      throw new StorageFullError("this browser has no room for it: free storage of this site, or use another browser");
    }
  }

  #restore(items: ReadonlyMap<string, string | null>): void {
    try {
      const storage = this.#open();
      // Deletions first, to make room.
      for (const [key, text] of items) if (text === null) storage.removeItem(key);
      for (const [key, text] of items) if (text !== null) storage.setItem(key, text);
    } catch {
      this.trouble = "forbidden";
    }
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
    return true;
  }

  #get(key: string): string | null {
    try {
      return this.#open().getItem(key);
    } catch {
      return null;
    }
  }

  #items(prefix: string): [string, string][] {
    try {
      const storage = this.#open();
      const keys = Array.from({ length: storage.length }, (_, number) => storage.key(number) ?? "");
      return keys.filter((key) => key.startsWith(prefix)).map((key) => [key, storage.getItem(key) ?? ""]);
    } catch {
      this.trouble = "forbidden";
      return [];
    }
  }
}

function write(entry: Entry): string {
  return JSON.stringify({ ...entry, schema: SCHEMA });
}

function readItem(value: unknown, key: string): Entry | undefined {
  const schema = isFields(value) ? value.schema : undefined;
  if (typeof schema !== "number" || !Number.isInteger(schema) || schema < 1 || schema > SCHEMA) return undefined;
  return readEntry(withoutSchema(value), key, () => {}, schema);
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
