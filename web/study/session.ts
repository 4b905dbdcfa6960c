// A reader's session: progress, the reviews since the page was opened, and messages to the reader. It outlives a page.

import { type Grade, type Review } from "../progress/entries";
import { writeProgress } from "../progress/file";
import { type Moment } from "../progress/queue";
import { countDay, dayName, type DayCount } from "../progress/statistics";
import { type Store } from "../progress/store";
import { make, makeButton } from "../ui/dom";
import { count } from "../ui/words";

const TROUBLES = {
  forbidden: "This browser does not let the site store anything, so your progress is only kept until you leave.",
  full: "The browser's storage is full, so your newest progress is only kept until you leave.",
} as const;

export class Session {
  /** The cards that are not asked again in this session. */
  readonly skipped = new Set<string>();
  /** The reviews of this session that were not undone, the last one last. */
  readonly reviews: Review[] = [];
  /** How many new cards the reader wants today beyond the daily limit. */
  extraNew = 0;
  readonly #listeners = new Set<() => void>();
  readonly #status = make("div", { class: "study-status", role: "status" });
  readonly #notice = make("div", { class: "study-notice", role: "alert", hidden: true });
  #page = new AbortController();
  #today: { readonly key: string; readonly count: DayCount } | undefined;

  constructor(readonly store: Store) {
    addEventListener("storage", (event) => {
      if (store.take(event.key, event.newValue)) this.changed();
    });
    // A page restored from the browser's back-forward cache has missed the storage events.
    addEventListener("pageshow", (event) => {
      if (event.persisted && store.reread()) this.changed();
    });
    addEventListener("beforeunload", (event) => {
      if (store.unsaved && !store.save()) event.preventDefault();
    });
  }

  /** Begins a page: removes the listeners of the previous one. Returns a signal that ends with the page. */
  turnPage(): AbortSignal {
    this.#page.abort();
    this.#page = new AbortController();
    this.#listeners.clear();
    document.body.append(this.#status, this.#notice);
    return this.#page.signal;
  }

  /** Calls `changed` after each change of progress, here or in another tab, until the page ends. */
  watch(changed: () => void): void {
    this.#listeners.add(changed);
  }

  /** Calls the listeners: progress or settings have changed. */
  changed(): void {
    this.showTrouble(false);
    for (const listener of this.#listeners) listener();
  }

  grade(card: string, grade: Grade): Review {
    const review = this.store.review(card, grade, new Date());
    this.reviews.push(review);
    this.skipped.delete(card);
    if (this.reviews.length === 1) void askToKeep();
    this.changed();
    return review;
  }

  undo(review: Review): void {
    this.store.undo(review, new Date());
    const place = this.reviews.indexOf(review);
    if (place >= 0) this.reviews.splice(place, 1);
    this.changed();
  }

  suspend(card: string, suspended: boolean): void {
    this.store.suspend(card, suspended, new Date());
    this.changed();
  }

  /** The state of the cards at `now`. */
  moment(now: Date): Moment {
    const { log, settings } = this.store;
    return {
      stateOf: (card) => log.stateOf(card),
      isSuspended: (card) => log.isSuspended(card),
      newLeft: Math.max(0, settings.newPerDay + this.extraNew - this.today(now).introduced),
      now,
    };
  }

  /** What was done today, in this session or before. */
  today(now: Date): DayCount {
    const { log } = this.store;
    const key = `${dayName(now)} ${log.version}`;
    if (this.#today?.key !== key)
      this.#today = { key, count: countDay(log.cards.map((card) => log.reviewsOf(card)), now) };
    return this.#today.count;
  }

  /** Makes a screen reader announce a text. */
  announce(text: string): void {
    this.#status.textContent = text;
  }

  /** Shows or hides the notice that progress is not stored; `early` shows it before anything is lost. */
  showTrouble(early: boolean): void {
    const { trouble, unsaved, unread } = this.store;
    const texts: string[] = [];
    if (trouble && (early || unsaved)) texts.push(TROUBLES[trouble]);
    if (unsaved) texts.push(`Not stored: ${count(unsaved, "entry")}. Export your progress.`);
    if (unread && early)
      texts.push(
        `${count(unread, "stored item")} cannot be read by this version of the page. Nothing of it is lost: reload to use a newer version.`,
      );
    this.#notice.hidden = !texts.length;
    if (this.#notice.dataset.text === texts.join(" ")) return;
    this.#notice.dataset.text = texts.join(" ");
    const retry = makeButton("Try to store again", () => {
      this.announce(this.store.save() ? "Stored." : "Still not stored.");
      this.changed();
    });
    const buttons = trouble ? [makeButton("Export progress", () => this.exportProgress()), retry] : [];
    this.#notice.replaceChildren(make("p", {}, texts.join(" ")), ...buttons);
  }

  /** Downloads all progress as a file. */
  exportProgress(): void {
    const now = new Date();
    const text = writeProgress(this.store.log, this.store, now);
    const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    const name = ["progress", this.store.book, now.toISOString().slice(0, 10)].filter(Boolean).join("-");
    const link = make("a", { href: address, download: `${name}.json`, hidden: true });
    document.body.append(link);
    link.click();
    link.remove();
    // Later, because the browser is still reading it.
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  }
}

/** Asks the browser not to clear this site's storage when space is short; most browsers decide without asking the reader. */
async function askToKeep(): Promise<void> {
  // Undefined in insecure contexts, such as local files.
  const storage = navigator.storage as StorageManager | undefined;
  if (storage && !(await storage.persisted())) await storage.persist();
}
