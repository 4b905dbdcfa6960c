// The study page: one card at a time, or all of them as a list; its cards are those of the page's plain list.

import { Answering } from "./answering";
import { Charts } from "./charts";
import { type Desk } from "./desk";
import { make, makeButton } from "./dom";
import { Keep } from "./keep";
import { listen } from "./keys";
import { type Grade, type Review } from "./progress";
import { line, narrow, shuffled, standing, type Choice, type Place, type Shelf } from "./queue";
import { Toolbar } from "./toolbar";
import { count, span } from "./words";

interface Item extends Place {
  readonly heading: HTMLElement;
  readonly chapterHeading: HTMLElement;
  readonly answering: Answering;
}

const KEYS: readonly (readonly [string, string])[] = [
  ["Space", "show the answer"],
  ["1 2 3 4", "grade it: Again, Hard, Good, Easy"],
  ["n", "not now"],
  ["u", "undo the last grade"],
  ["?", "show or hide this"],
];
const TICK = 15_000;

export class StudyPage {
  readonly #items: readonly Item[];
  readonly #toolbar: Toolbar;
  readonly #help = make("dialog", { class: "study-help", "aria-label": "Keys" });
  readonly #counts = make("p", { class: "study-counts" });
  readonly #done = make("div", { class: "study-done", tabindex: -1, hidden: true });
  readonly #charts: Charts;
  #order = new Map<string, number>();
  #current: Item | undefined;

  /** Turns the plain list of the page into a place to study, until the signal ends. */
  constructor(
    mount: HTMLElement,
    readonly desk: Desk,
    signal: AbortSignal,
  ) {
    const list = document.querySelector<HTMLElement>(".study-list")!;
    this.#items = this.#readItems(list);
    const chapters = new Map(this.#items.map(({ chapter, chapterHeading }) => [chapter, titleOf(chapterHeading)]));
    this.#toolbar = new Toolbar(chapters, {
      chosen: () => this.#restart(),
      shuffled: (on) => this.#shuffle(on),
      helped: () => this.#toggleHelp(),
    });
    this.#charts = new Charts(desk.store.log);
    this.#layHelp();
    mount.replaceChildren(this.#counts, this.#toolbar.element, this.#done, this.#help);
    mount.hidden = false;
    list.classList.add("ready");
    list.after(this.#charts.element, new Keep(desk).element);
    desk.watch(() => this.render());
    const timer = setInterval(() => this.render(), TICK);
    signal.addEventListener("abort", () => clearInterval(timer));
    this.#listen(signal);
    this.render();
  }

  /** Brings the page up to date with progress, choice and time. */
  render(): void {
    const now = new Date();
    const choice = this.#toolbar.choice;
    const waiting = this.#line(choice, now);
    if (!this.#current || !this.#holds(this.#current, waiting)) this.#current = waiting[0];
    const shown = new Set(this.#toolbar.asList ? this.#ofShelf(choice, now) : this.#current ? [this.#current] : []);
    const chapters = new Set([...shown].map(({ chapter }) => chapter));
    for (const item of this.#items) {
      item.heading.hidden = item.answering.card.hidden = !shown.has(item);
      item.chapterHeading.hidden = !chapters.has(item.chapter);
      item.answering.render();
    }
    this.#renderCounts(now, waiting.length);
    this.#renderDone(choice, now, shown.size === 0);
    this.#charts.render(now);
  }

  /** Asks the next card and puts the focus on its question. */
  #proceed(): void {
    this.#current = undefined;
    this.render();
    const item = this.#current as Item | undefined;
    if (this.#toolbar.asList) return;
    item?.answering.ask();
    const target = item?.answering.card.querySelector<HTMLElement>(".card-question") ?? this.#done;
    target.tabIndex = -1;
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: "nearest" });
  }

  #restart(): void {
    this.#current = undefined;
    for (const { answering } of this.#items) answering.ask();
    this.render();
  }

  // A card stays while it is asked, whatever else becomes due, unless another tab has answered it.
  #holds(item: Item, waiting: readonly Item[]): boolean {
    return waiting.includes(item) || item.answering.revealed;
  }

  #line(choice: Choice, now: Date): Item[] {
    return this.#ofShelf(choice, now).filter(({ id }) => !this.desk.putOff.has(id));
  }

  #ofShelf(choice: Choice, now: Date): Item[] {
    const waiting = line(this.#items, choice, { stateOf: (id) => this.desk.store.log.stateOf(id), now }) as Item[];
    return this.#order.size ? waiting.sort((one, other) => this.#placeOf(one) - this.#placeOf(other)) : waiting;
  }

  #placeOf(item: Item): number {
    return this.#order.get(item.id) ?? 0;
  }

  #shuffle(on: boolean): void {
    const ids = on ? shuffled(this.#items.map(({ id }) => id), Math.random) : [];
    this.#order = new Map(ids.map((id, place) => [id, place]));
    this.#restart();
    this.desk.say(on ? "Shuffled." : "In order of time.");
  }

  #graded(review: Review): void {
    if (this.#toolbar.asList) return;
    const now = new Date();
    const due = this.desk.store.log.stateOf(review.card)?.due ?? now;
    this.#proceed();
    const left = this.#line(this.#toolbar.choice, now).length;
    this.desk.say(`Next in ${span(due, now)}. ${count(left, "card")} left.`);
  }

  #undo(): boolean {
    const review = this.desk.visit.at(-1);
    const item = this.#items.find(({ id }) => id === review?.card);
    if (!review) return false;
    this.desk.undo(review);
    if (item && !this.#toolbar.asList) this.#current = item;
    item?.answering.ask();
    item?.answering.reveal();
    this.render();
    this.desk.say("Undone. Grade your recall again.");
    return true;
  }

  #listen(signal: AbortSignal): void {
    const asked = (): Answering | undefined =>
      this.#help.open || this.#toolbar.asList ? undefined : this.#current?.answering;
    const grade = (grade: Grade) => (): boolean => {
      const answering = asked();
      if (!answering?.revealed) return false;
      answering.grade(grade);
      return true;
    };
    const reveal = (): boolean => {
      const answering = asked();
      if (!answering || answering.revealed) return false;
      answering.reveal();
      return true;
    };
    const putOff = (): boolean => {
      asked()?.putOff();
      return asked() !== undefined;
    };
    const presses = { " ": reveal, "1": grade(1), "2": grade(2), "3": grade(3), "4": grade(4) };
    const others = { n: putOff, u: () => !this.#help.open && this.#undo(), "?": () => this.#toggleHelp() };
    listen({ ...presses, ...others }, signal);
  }

  #toggleHelp(): boolean {
    if (this.#help.open) this.#help.close();
    else this.#help.showModal();
    return true;
  }

  #layHelp(): void {
    const lines = KEYS.flatMap(([keys, what]) => [
      make("dt", {}, ...keys.split(" ").map((key) => make("kbd", {}, key))),
      make("dd", {}, what),
    ]);
    this.#help.append(make("h2", {}, "Keys"), make("dl", {}, ...lines), makeButton("Close", () => this.#help.close()));
  }

  #renderCounts(now: Date, waiting: number): void {
    const all = { due: 0, new: 0, later: 0 };
    for (const { id } of narrow(this.#items, this.#toolbar.choice)) all[standing(this.desk.store.log.stateOf(id), now)] += 1;
    const parts = [`${all.due} due`, `${all.new} new`, `${all.later} later`];
    this.#counts.textContent = `${parts.join(" · ")} · ${count(waiting, "card")} to answer`;
  }

  #renderDone(choice: Choice, now: Date, empty: boolean): void {
    this.#done.hidden = !empty;
    if (!empty) return;
    const off = this.#ofShelf(choice, now).length;
    const dues = narrow(this.#items, choice).flatMap(({ id }) => this.desk.store.log.stateOf(id)?.due ?? []);
    const next = dues.sort((one, other) => one.getTime() - other.getTime()).find((due) => due > now);
    const found = narrow(this.#items, choice).length > 0;
    const texts = [found ? "Nothing more to answer here." : "No card has these words."];
    if (next) texts.push(`The next card is due in ${span(next, now)}.`);
    const buttons: HTMLElement[] = [];
    if (off) buttons.push(makeButton(`Ask the ${count(off, "card")} put off`, () => this.#askPutOff()));
    if (found && choice.shelf !== "all") buttons.push(makeButton("Study ahead", () => this.#study("all")));
    const text = texts.join(" ");
    if (this.#done.dataset.text === `${text}${off}`) return;
    this.#done.dataset.text = `${text}${off}`;
    this.#done.replaceChildren(make("p", {}, text), ...buttons);
  }

  #askPutOff(): void {
    this.desk.putOff.clear();
    this.#proceed();
  }

  #study(shelf: Shelf): void {
    this.#toolbar.shelf = shelf;
    this.#proceed();
  }

  #readItems(list: HTMLElement): Item[] {
    const items: Item[] = [];
    let chapterHeading: HTMLElement | undefined;
    let heading: HTMLElement | undefined;
    for (const element of list.querySelectorAll<HTMLElement>("h2, h3, .card[data-card]")) {
      if (element.matches("h2")) chapterHeading = element;
      else if (element.matches("h3")) heading = element;
      else if (chapterHeading && heading) items.push(this.#readItem(element, heading, chapterHeading));
    }
    return items;
  }

  #readItem(card: HTMLElement, heading: HTMLElement, chapterHeading: HTMLElement): Item {
    const text = `${titleOf(chapterHeading)} ${titleOf(heading)} ${card.textContent}`.toLowerCase();
    const answering = new Answering(card, this.desk, {
      graded: (review) => this.#graded(review),
      putOff: () => this.#toolbar.asList || this.#proceed(),
    });
    return { id: answering.id, chapter: chapterHeading.id, text, heading, chapterHeading, answering };
  }
}

function titleOf(heading: HTMLElement): string {
  const copy = heading.cloneNode(true) as HTMLElement;
  copy.querySelector(".headerlink")?.remove();
  return copy.textContent?.trim() ?? "";
}

