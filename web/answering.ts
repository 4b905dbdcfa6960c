// A card answered in place: recall, reveal, grade.

import { type Desk } from "./desk";
import { make, makeButton } from "./dom";
import { GRADE_NAMES, GRADES, type Grade, type Review } from "./progress";
import { standing } from "./queue";
import { outlook } from "./schedule";
import { span } from "./words";

/** What the page around a card does when something has happened to it. */
export interface Reaction {
  graded?(review: Review): void;
  putOff?(): void;
}

export class Answering {
  readonly id: string;
  readonly #details: HTMLDetailsElement;
  readonly #body = make("div", { class: "card-answer-body", tabindex: -1 });
  readonly #standing = make("span", { class: "card-standing" });
  readonly #notNow: HTMLButtonElement;
  readonly #grades = make("div", { class: "card-grades", role: "group", "aria-label": "How well did you recall it?" });
  readonly #buttons: ReadonlyMap<Grade, HTMLButtonElement>;
  readonly #graded = make("p", { class: "card-graded", tabindex: -1, hidden: true });
  #review: Review | undefined;
  // Told of the answer once, and at once: the toggle event comes when something else may have been said.
  #told = false;

  /** Adds to a card of a page what is needed to answer it; without this it is question and reveal. */
  constructor(
    readonly card: HTMLElement,
    readonly desk: Desk,
    readonly reaction: Reaction = {},
  ) {
    this.id = card.dataset.card ?? "";
    this.#details = card.querySelector<HTMLDetailsElement>("details.card-answer")!;
    this.#notNow = makeButton("Not now", () => this.putOff(), { class: "card-not-now" });
    this.#buttons = new Map(GRADES.map((grade) => [grade, this.#makeGrade(grade)]));
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
    this.#tell();
    this.render();
    this.#body.focus({ preventScroll: true });
    this.#grades.scrollIntoView({ block: "nearest" });
  }

  /** Asks the card anew: the answer closed, no grade given. */
  ask(): void {
    this.#details.open = false;
    this.#told = false;
    this.#review = undefined;
    this.render();
  }

  /** Grades the card, if its answer is shown and not graded yet. */
  grade(grade: Grade): void {
    if (!this.revealed || this.#review) return;
    const review = this.desk.grade(this.id, grade);
    this.#review = review;
    const due = this.desk.store.log.stateOf(this.id)?.due ?? new Date();
    const text = `${GRADE_NAMES[grade]}: next in ${span(due, new Date())}.`;
    this.#graded.replaceChildren(`${text} `, makeButton("Undo", () => this.#undo(review)));
    this.render();
    this.#graded.focus({ preventScroll: true });
    this.desk.say(text);
    this.reaction.graded?.(review);
  }

  /** Brings what is shown up to date with progress and time. */
  render(): void {
    const now = new Date();
    const state = this.desk.store.log.stateOf(this.id);
    const off = this.desk.putOff.has(this.id);
    const texts = { new: "New", due: "Due", later: `Due in ${state ? span(state.due, now) : ""}` };
    this.#standing.textContent = off ? "Not now" : texts[standing(state, now)];
    this.#notNow.textContent = off ? "Ask me" : "Not now";
    this.#standing.hidden = off;
    this.#grades.hidden = !this.revealed || off || this.#review !== undefined;
    this.#graded.hidden = this.#review === undefined;
    if (this.#grades.hidden) return;
    const dues = outlook(state, now);
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
    const summary = this.#details.querySelector("summary");
    this.#body.append(...[...this.#details.childNodes].filter((node) => node !== summary));
    this.#details.append(this.#body);
    this.#grades.append(make("p", {}, "How well did you recall it?"), ...this.#buttons.values());
    const corner = make("div", { class: "card-corner" }, this.#standing, this.#notNow);
    recall.append(this.#details, corner, this.#grades, this.#graded);
    this.card.classList.add("studied");
  }

  #toggled(): void {
    if (this.revealed) this.#tell();
    else {
      this.#review = undefined;
      this.#told = false;
    }
    this.render();
  }

  #tell(): void {
    if (!this.#told && !this.desk.putOff.has(this.id)) this.desk.say("Answer shown. Grade your recall below it.");
    this.#told = true;
  }

  /** Asks the card no more in this visit, or again after all. */
  putOff(): void {
    if (this.desk.putOff.delete(this.id)) this.desk.say("Asked again.");
    else {
      this.desk.putOff.add(this.id);
      this.#details.open = false;
      this.desk.say("Put off for this visit.");
      this.reaction.putOff?.();
    }
    this.render();
  }

  #undo(review: Review): void {
    this.desk.undo(review);
    this.desk.say("Undone. Grade your recall again.");
    this.#review = undefined;
    this.render();
    this.#buttons.get(3)?.focus();
  }
}
