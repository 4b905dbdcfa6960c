// The review round at the end of a chapter: its cards, one after another, right after reading.

import { type Review } from "../progress/entries";
import { buildQueue } from "../progress/queue";
import { make, makeButton } from "../ui/dom";
import { count, span } from "../ui/words";
import { CardControls } from "./card_controls";
import { type Session } from "./session";
import { describeNext } from "./summary";

export class ChapterRound {
  readonly #cards: ReadonlyMap<string, HTMLElement>;
  readonly #container = make("div", { class: "round-card" });
  readonly #message = make("p", { class: "study-last", tabindex: -1, hidden: true });
  #left: string[] = [];
  #given: Review[] = [];

  /** `cards` are those of the chapter as the page had them; the round asks copies, below `offer`. */
  constructor(
    offer: HTMLElement,
    cards: readonly HTMLElement[],
    readonly session: Session,
  ) {
    this.#cards = new Map(cards.map((card) => [card.dataset.card ?? "", card.cloneNode(true) as HTMLElement]));
    const begin = makeButton("Answer them here", () => this.#begin(), { class: "md-button md-button--primary" });
    offer.prepend(`Can you still answer ${this.#cards.size > 1 ? `these ${this.#cards.size} cards` : "this card"}? `, begin, " ");
    offer.after(this.#message, this.#container);
  }

  #begin(): void {
    const now = new Date();
    const cards = [...this.#cards.keys()].map((id) => ({ id, chapter: "", text: "" }));
    const moment = this.session.moment(now);
    const choice = { filter: "due and new", chapter: "", search: "" } as const;
    this.#left = buildQueue(cards, choice, moment).map(({ id }) => id);
    // If no card is due or new, the round has all cards.
    if (!this.#left.length) this.#left = buildQueue(cards, { ...choice, filter: "all" }, moment).map(({ id }) => id);
    this.#given = [];
    this.#next("");
  }

  #next(text: string, undo?: () => void): void {
    this.#message.hidden = !text;
    this.#message.replaceChildren(make("span", {}, text), ...(undo ? [makeButton("Undo", undo)] : []));
    const [id] = this.#left;
    const original = id === undefined ? undefined : this.#cards.get(id);
    if (!original) {
      this.#finish();
      return;
    }
    const card = original.cloneNode(true) as HTMLElement;
    const controls = new CardControls(card, this.session, {
      graded: (review) => this.#graded(review),
      skipped: () => this.#drop("Skipped for this session."),
      suspended: () => {
        this.session.suspend(controls.id, true);
        this.#drop("Suspended. Settings on the study page lists such cards.");
      },
    });
    this.#container.replaceChildren(make("p", { class: "round-left" }, `${count(this.#left.length, "card")} left`), card);
    this.#focus(card.querySelector<HTMLElement>(".card-question")!);
  }

  #graded(review: Review): void {
    const [id = ""] = this.#left;
    const due = this.session.store.log.stateOf(id)?.due ?? new Date();
    this.#left.shift();
    this.#given.push(review);
    this.#next(`Next in ${span(due, new Date())}.`, () => {
      this.session.undo(review);
      this.#given.pop();
      this.#left.unshift(id);
      this.#next("");
    });
  }

  #drop(text: string): void {
    const [id = ""] = this.#left.splice(0, 1);
    this.session.skipped.add(id);
    this.#next(text);
  }

  #finish(): void {
    const recalled = this.#given.filter(({ grade }) => grade > 1).length;
    const cards = [...this.#cards.keys()].map((id) => ({ id }));
    const next = describeNext(cards, this.session.moment(new Date()));
    const texts = [`Done: ${count(this.#given.length, "card")} answered, ${recalled} recalled.`, next].filter(Boolean);
    const box = make("div", { class: "study-done", tabindex: -1 }, ...texts.map((text) => make("p", {}, text)));
    this.#container.replaceChildren(box);
    this.session.announce(texts.join(" "));
    this.#focus(box);
  }

  #focus(target: HTMLElement): void {
    target.tabIndex = -1;
    target.focus({ preventScroll: true });
    const first = this.#message.hidden ? this.#container : this.#message;
    const header = document.querySelector(".md-header")?.getBoundingClientRect().bottom ?? 0;
    if (first.getBoundingClientRect().top < header || target.getBoundingClientRect().bottom > innerHeight)
      first.scrollIntoView({ block: "start" });
  }
}
