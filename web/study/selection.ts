// Which cards of the book are asked, and in which order: what the reader chose, remembered from visit to visit.

import { buildQueue, narrow, shuffled, type Choice, type Filter } from "../progress/queue";
import { readChoice } from "../progress/settings";
import { type StudyCard, type StudyCards } from "./cards";
import { type Session } from "./session";
import { Toolbar } from "./toolbar";

export interface SelectionEvents {
  /** Other cards are asked now. */
  changed(): void;
  settings(): void;
  help(): void;
}

export class Selection {
  readonly toolbar: Toolbar;
  #order = new Map<string, number>();
  /** What is wrong with the chapter that the page's address asks for; "" for nothing. */
  problem = "";

  constructor(
    readonly cards: StudyCards,
    readonly session: Session,
    readonly events: SelectionEvents,
  ) {
    this.toolbar = new Toolbar(cards.chapters, {
      chosen: () => this.#chosen(),
      searched: () => this.#changed(),
      shuffled: (on) => this.#shuffle(on),
      settings: () => events.settings(),
      help: () => events.help(),
    });
    this.#restore();
  }

  get choice(): Choice {
    return this.toolbar.choice;
  }

  get asList(): boolean {
    return this.toolbar.asList;
  }

  /** The cards of the chosen chapter that have the words that are searched. */
  get found(): StudyCard[] {
    return narrow(this.cards.all, this.choice);
  }

  /** The cards to ask, in order, skipped ones included; see `waiting`. */
  queue(now: Date): StudyCard[] {
    const queue = buildQueue(this.cards.all, this.choice, this.session.moment(now));
    const placeOf = ({ id }: StudyCard): number => this.#order.get(id) ?? 0;
    return this.#order.size ? queue.sort((one, other) => placeOf(one) - placeOf(other)) : queue;
  }

  /** The cards to ask, in order, without those skipped in this session. */
  waiting(now: Date): StudyCard[] {
    return this.queue(now).filter(({ id }) => !this.session.skipped.has(id));
  }

  /** Chooses other cards, until the page is left. */
  filter(filter: Filter): void {
    this.toolbar.filter = filter;
    this.toolbar.render();
  }

  #restore(): void {
    const remembered = readChoice(this.session.store.choice);
    const wanted = new URLSearchParams(location.search).get("chapter");
    const known = wanted !== null && this.cards.chapters.has(wanted);
    this.toolbar.remembered = known
      ? { ...remembered, filter: "due and new", chapter: wanted, asList: false }
      : { ...remembered, ...(wanted === null ? {} : { chapter: "" }) };
    if (wanted !== null && !known)
      this.problem = `This book has no chapter “${wanted.slice(0, 60)}”. All chapters are asked.`;
    this.#drawOrder(this.toolbar.remembered.shuffle);
    this.toolbar.element.open = matchMedia("(min-width: 60em)").matches;
  }

  #chosen(): void {
    this.session.store.remember(this.toolbar.remembered);
    // Loaded again, the page is to show what was chosen, not what a link once wanted.
    if (location.search) history.replaceState(history.state, "", location.pathname);
    this.#changed();
  }

  #changed(): void {
    this.problem = "";
    this.toolbar.render();
    this.events.changed();
  }

  #shuffle(on: boolean): void {
    this.#drawOrder(on);
    this.#chosen();
    this.session.announce(on ? "Shuffled." : "In order of time.");
  }

  #drawOrder(on: boolean): void {
    const ids = on ? shuffled(this.cards.all.map(({ id }) => id), Math.random) : [];
    this.#order = new Map(ids.map((id, place) => [id, place]));
  }
}
