// The reader's desk: progress, what was done in this visit, and how the reader is told. It outlives a page.

import { make, makeButton } from "./dom";
import { writeProgress } from "./file";
import { type Grade, type Review } from "./progress";
import { type Store } from "./store";
import { count } from "./words";

const TROUBLES = {
  forbidden: "This browser does not let the site store anything, so your progress is only kept until you leave.",
  full: "The browser's storage is full, so your newest progress is only kept until you leave.",
} as const;

export class Desk {
  /** The cards that are not asked again in this visit. */
  readonly putOff = new Set<string>();
  /** The reviews of this visit that were not undone, the last one last. */
  readonly visit: Review[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #said = make("div", { class: "study-said", role: "status" });
  readonly #notice = make("div", { class: "study-notice", role: "alert", hidden: true });
  #page = new AbortController();

  constructor(readonly store: Store) {
    addEventListener("storage", (event) => {
      if (store.take(event.key, event.newValue)) this.#tell();
    });
    // A page that comes back from the browser's memory was told nothing meanwhile.
    addEventListener("pageshow", (event) => {
      if (event.persisted && store.reread()) this.#tell();
    });
    addEventListener("beforeunload", (event) => {
      if (store.unsaved && !store.save()) event.preventDefault();
    });
  }

  /** Begins a page: forgets the listeners of the last one. Returns a signal that ends with the page. */
  turnPage(): AbortSignal {
    this.#page.abort();
    this.#page = new AbortController();
    this.#listeners.clear();
    document.body.append(this.#said, this.#notice);
    return this.#page.signal;
  }

  /** Has `changed` called whenever progress has changed, here or in another tab, until the page ends. */
  watch(changed: () => void): void {
    this.#listeners.add(changed);
  }

  grade(card: string, grade: Grade): Review {
    const review = this.store.review(card, grade, new Date());
    this.visit.push(review);
    this.putOff.delete(card);
    if (this.visit.length === 1) void askToKeep();
    this.#tell();
    return review;
  }

  undo(review: Review): void {
    this.store.undo(review, new Date());
    const place = this.visit.indexOf(review);
    if (place >= 0) this.visit.splice(place, 1);
    this.#tell();
  }

  /** Tells listeners after progress was imported. */
  refresh(): void {
    this.#tell();
  }

  /** Has a screen reader say this. */
  say(text: string): void {
    this.#said.textContent = text;
  }

  /** Shows or hides the notice that progress is not stored; `early` shows it before anything is lost. */
  showTrouble(early: boolean): void {
    const { trouble, unsaved, unread } = this.store;
    const texts: string[] = [];
    if (trouble && (early || unsaved)) texts.push(TROUBLES[trouble]);
    if (unsaved) texts.push(`Not stored: ${count(unsaved, "entry")}. Export your progress.`);
    if (unread && early)
      texts.push(`${unread} stored items were written by a newer version of this page. They are kept: reload to use them.`);
    this.#notice.hidden = !texts.length;
    if (this.#notice.dataset.text === texts.join(" ")) return;
    this.#notice.dataset.text = texts.join(" ");
    const retry = makeButton("Try to store again", () => {
      this.say(this.store.save() ? "Stored." : "Still not stored.");
      this.#tell();
    });
    const buttons = trouble ? [makeButton("Export progress", () => this.exportProgress()), retry] : [];
    this.#notice.replaceChildren(make("p", {}, texts.join(" ")), ...buttons);
  }

  /** Hands the reader all progress as a file. */
  exportProgress(): void {
    const now = new Date();
    const text = writeProgress(this.store.log, this.store.fields, now);
    const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    const link = make("a", { href: address, download: `progress-${now.toISOString().slice(0, 10)}.json`, hidden: true });
    document.body.append(link);
    link.click();
    link.remove();
    // Not at once: the download has only been asked for.
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  }

  #tell(): void {
    this.showTrouble(false);
    for (const changed of this.#listeners) changed();
  }
}

/** Asks the browser not to clear this site's storage when space is short; most decide without a question. */
async function askToKeep(): Promise<void> {
  // Absent on pages that are not secure, such as files.
  const storage = navigator.storage as StorageManager | undefined;
  if (storage && !(await storage.persisted())) await storage.persist();
}
