// What pages show of a reader's progress: the due count in the header, each chapter on the home page, each card in the
// table of contents, and the chapter's own line.

import { dueState, type DueState } from "../progress/schedule";
import { make } from "../ui/dom";
import { count } from "../ui/words";
import { LoadError, type Index } from "./book_index";
import { type Session } from "./session";

type Counts = Readonly<Record<DueState, number>>;

const NAMES: Record<DueState, string> = { due: "due", new: "new", learning: "learning", known: "known" };
const STATES = Object.keys(NAMES) as DueState[];
const TICK = 60_000;

export class Overview {
  readonly #link = document.querySelector<HTMLElement>(".study-link");
  readonly #onPage: readonly string[];
  #index: Index | undefined;

  /** Shows progress on the page until the signal ends. `loadIndex` loads what the book has, where that is needed. */
  constructor(
    readonly session: Session,
    loadIndex: () => Promise<Index>,
    signal: AbortSignal,
  ) {
    this.#onPage = [...document.querySelectorAll<HTMLElement>(".card[data-card]")].map((card) => card.dataset.card ?? "");
    session.watch(() => this.render());
    const timer = setInterval(() => this.render(), TICK);
    signal.addEventListener("abort", () => clearInterval(timer));
    session.store.adopt(new Set(this.#onPage));
    this.render();
    void this.#load(loadIndex, signal);
  }

  render(): void {
    const now = new Date();
    this.#renderBadge(now);
    this.#renderHome(now);
    this.#renderChapter(now);
    this.#renderContents(now);
  }

  async #load(loadIndex: () => Promise<Index>, signal: AbortSignal): Promise<void> {
    const { store } = this.session;
    const isHome = document.querySelector(".contents") !== null;
    // Without progress and without a list of chapters, the index is not needed.
    if (!isHome && store.log.isEmpty && !store.hasOlderItems) return;
    try {
      this.#index = await loadIndex();
    } catch (error) {
      // The page was opened as a file, or there is no network: the rest of the page is still shown.
      if (error instanceof LoadError) return;
      throw error;
    }
    if (signal.aborted) return;
    const cards = this.#index.chapters.flatMap((chapter) => chapter.cards);
    store.adopt(new Set([...cards, ...this.#index.retired]));
    this.session.changed();
  }

  #count(cards: readonly string[], now: Date): Counts {
    const { log } = this.session.store;
    const counts = { new: 0, due: 0, learning: 0, known: 0 };
    for (const card of cards) if (!log.isSuspended(card)) counts[dueState(log.stateOf(card), now)] += 1;
    return counts;
  }

  // Cards that were removed from the book are in the log, and are not asked.
  #renderBadge(now: Date): void {
    if (!this.#link) return;
    const badge = this.#link.querySelector(".study-badge") ?? this.#link.appendChild(make("span", { class: "study-badge" }));
    const cards = this.#index?.chapters.flatMap((chapter) => chapter.cards) ?? this.session.store.log.cards;
    const { due } = this.#count(cards, now);
    badge.textContent = due ? String(due) : "";
    this.#link.title = due ? `${count(due, "card")} due` : "No card is due";
    for (const button of document.querySelectorAll<HTMLElement>("article .md-button[href*='study/']")) {
      button.dataset.text ??= button.textContent ?? "";
      button.textContent = due ? `Study ${due} due` : button.dataset.text;
    }
  }

  #renderHome(now: Date): void {
    const links = [...document.querySelectorAll<HTMLAnchorElement>(".contents li > a, .contents li > p > a")];
    for (const chapter of this.#index?.chapters ?? []) {
      const item = links.find(({ href }) => new RegExp(`/chapters/${chapter.id}(/|\\.html)`).test(href))?.closest("li");
      if (!item) continue;
      const line = item.querySelector(".card-counts") ?? item.appendChild(make("span", { class: "card-counts" }));
      showCounts(line, this.#count(chapter.cards, now), `${count(chapter.cards.length, "card")} · `);
    }
  }

  #renderChapter(now: Date): void {
    const introduction = document.querySelector<HTMLElement>(".introduction");
    const link = document.querySelector<HTMLAnchorElement>(".chapter-round a");
    if (!introduction || !link) return;
    const found = introduction.querySelector(".card-counts");
    const line = found ?? make("span", { class: "card-counts" });
    if (!found) {
      const study = make("a", { href: link.href }, "Study this chapter");
      introduction.append(make("p", { class: "chapter-progress" }, study, " ", line));
    }
    showCounts(line, this.#count(this.#onPage, now), "");
  }

  #renderContents(now: Date): void {
    const { log } = this.session.store;
    const ids = new Set(this.#onPage);
    for (const link of document.querySelectorAll<HTMLAnchorElement>(".md-nav--secondary a.md-nav__link")) {
      const card = decodeURIComponent(link.hash.slice(1));
      if (!ids.has(card)) continue;
      const state = log.isSuspended(card) ? undefined : dueState(log.stateOf(card), now);
      const dot = link.querySelector(".card-dot") ?? link.appendChild(make("span", { class: "card-dot", role: "img" }));
      dot.setAttribute("data-state", state ?? "suspended");
      dot.setAttribute("aria-label", state ?? "suspended");
      dot.setAttribute("title", state ?? "suspended");
    }
  }
}

function showCounts(line: Element, counts: Counts, before: string): void {
  const total = STATES.reduce((sum, state) => sum + counts[state], 0);
  const parts = STATES.filter((state) => counts[state]);
  const text = `${before}${parts.map((state) => `${counts[state]} ${NAMES[state]}`).join(" · ")}`;
  if (line.getAttribute("data-text") === text) return;
  line.setAttribute("data-text", text);
  const bar = make("span", { class: "card-bar", "aria-hidden": "true" });
  // In the order of a way through the book: what is behind one first.
  for (const state of ["known", "learning", "due", "new"] as const) {
    const piece = make("span", { "data-state": state });
    piece.style.flexGrow = String(counts[state] / Math.max(1, total));
    if (counts[state]) bar.append(piece);
  }
  line.replaceChildren(bar, text);
}
