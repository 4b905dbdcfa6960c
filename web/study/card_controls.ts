// A card answered in place: recall, reveal, grade.

import { GRADE_NAMES, GRADES, type Grade, type Review } from "../progress/entries";
import { dueState } from "../progress/schedule";
import { make, makeButton } from "../ui/dom";
import { span } from "../ui/words";
import { type Session } from "./session";

/** Callbacks of the page around a card. */
export interface CardEvents {
  graded(review: Review): void;
  /** The reader does not want to answer the card now. */
  skipped(): void;
  /** The reader does not want to be asked the card any more. */
  suspended(): void;
}

export class CardControls {
  readonly id: string;
  readonly #summary: HTMLElement;
  readonly #details: HTMLDetailsElement;
  readonly #body = make("div", { class: "card-answer-body", tabindex: -1 });
  readonly #state = make("span", { class: "card-state" });
  readonly #grades = make("div", { class: "card-grades", role: "group", "aria-label": "How well did you recall it?" });
  readonly #buttons: ReadonlyMap<Grade, HTMLButtonElement>;
  readonly #graded = make("p", { class: "card-graded", tabindex: -1, hidden: true });
  readonly #resume: HTMLButtonElement;
  #review: Review | undefined;
  // Announced once and immediately: the toggle event comes later, after other announcements.
  #announced = false;

  /**
   * Adds to a card of a page what is needed to answer it; without this it is question and reveal. With `events`, the
   * card is part of a queue: it can be skipped and suspended.
   */
  constructor(
    readonly card: HTMLElement,
    readonly session: Session,
    readonly events?: CardEvents,
  ) {
    this.id = card.dataset.card ?? "";
    this.#details = card.querySelector<HTMLDetailsElement>("details.card-answer")!;
    this.#summary = this.#details.querySelector("summary")!;
    this.#buttons = new Map(GRADES.map((grade) => [grade, this.#makeGrade(grade)]));
    this.#resume = makeButton("Ask this card again", () => this.session.suspend(this.id, false));
    this.#lay();
    this.#details.addEventListener("toggle", () => this.#toggled());
    this.render();
  }

  get revealed(): boolean {
    return this.#details.open;
  }

  /** Shows the answer and puts the focus there. */
  reveal(): void {
    this.#details.open = true;
    this.#announce();
    this.render();
    this.#body.focus({ preventScroll: true });
    this.#bringGradesIntoView();
  }

  /** Asks the card again: hides the answer and removes the grade. */
  ask(): void {
    this.#details.open = false;
    this.#announced = false;
    this.#review = undefined;
    this.render();
  }

  /** Grades the card, if its answer is shown and not graded yet. */
  grade(grade: Grade): void {
    if (!this.revealed || this.#review) return;
    const review = this.session.grade(this.id, grade);
    this.#review = review;
    const due = this.session.store.log.stateOf(this.id)?.due ?? new Date();
    const text = `${GRADE_NAMES[grade]}: next in ${span(due, new Date())}.`;
    this.#graded.replaceChildren(`${text} `, makeButton("Undo", () => this.#undo(review)));
    this.render();
    this.#graded.focus({ preventScroll: true });
    this.session.announce(text);
    this.events?.graded(review);
  }

  /** Brings what is shown up to date with progress and time. */
  render(): void {
    const now = new Date();
    const { log } = this.session.store;
    const state = log.stateOf(this.id);
    const suspended = log.isSuspended(this.id);
    const later = `Due in ${state ? span(state.due, now) : ""}`;
    const texts = { new: "Unanswered", due: "Due", learning: later, known: later };
    this.#state.textContent = suspended ? "Suspended" : texts[dueState(state, now)];
    this.#resume.hidden = !suspended;
    this.#grades.hidden = !this.revealed || suspended || this.#review !== undefined;
    this.#graded.hidden = this.#review === undefined;
    if (this.#grades.hidden) return;
    const dues = log.previewDueDates(this.id, now);
    for (const [grade, button] of this.#buttons) button.lastElementChild!.textContent = span(dues[grade], now);
  }

  #makeGrade(grade: Grade): HTMLButtonElement {
    const button = makeButton("", () => this.grade(grade), { class: "card-grade", "data-grade": grade });
    button.append(
      make("kbd", { "aria-hidden": "true" }, String(grade)),
      make("span", {}, GRADE_NAMES[grade]),
      make("small", {}),
    );
    return button;
  }

  #lay(): void {
    const recall = make("div", { class: "card-recall" });
    this.#details.before(recall);
    this.#body.append(...[...this.#details.childNodes].filter((node) => node !== this.#summary));
    this.#details.append(this.#body);
    this.#summary.replaceChildren(make("span", {}, ...this.#summary.childNodes), " ", this.#state);
    this.#grades.append(make("p", {}, "How well did you recall it?"), ...this.#buttons.values());
    recall.append(this.#details, this.#grades, this.#graded, this.#resume);
    const { events } = this;
    if (events)
      this.card.append(
        make(
          "div",
          { class: "card-actions" },
          makeButton("Skip", () => events.skipped(), { class: "card-action", title: "Ask it in another session" }),
          makeButton("Suspend", () => events.suspended(), { class: "card-action", title: "Never ask it, until you resume it in Settings" }),
        ),
      );
    this.card.classList.add("studied");
  }

  #toggled(): void {
    if (this.revealed) {
      this.#announce();
      this.render();
      if (this.events) this.#bringGradesIntoView();
      return;
    }
    this.#review = undefined;
    this.#announced = false;
    this.render();
  }

  #announce(): void {
    if (!this.#announced) this.session.announce("Answer shown. Grade your recall below it.");
    this.#announced = true;
  }

  /** Scrolls to the grades if answer and grades fit into the window, otherwise to the start of the answer. */
  #bringGradesIntoView(): void {
    const top = this.#summary.getBoundingClientRect().top;
    const bottom = this.#grades.getBoundingClientRect().bottom;
    const header = document.querySelector(".md-header")?.getBoundingClientRect().bottom ?? 0;
    if (bottom <= innerHeight) return;
    if (bottom - top <= innerHeight - header) this.#grades.scrollIntoView({ block: "end" });
    else this.#summary.scrollIntoView({ block: "start" });
  }

  #undo(review: Review): void {
    this.session.undo(review);
    this.session.announce("Undone. Grade your recall again.");
    this.#review = undefined;
    this.render();
    this.#buttons.get(3)?.focus();
  }
}
