// Charts of the reader's reviews: a calendar, and how much was recalled by week. Each has its numbers as a table too.

import { type Log } from "../progress/log";
import { calendar, dayName, retention, weeklyRetention, type Day, type Week } from "../progress/statistics";
import { draw, make, makeTable } from "../ui/dom";
import { count, percent } from "../ui/words";

const WEEKS = 26;
const CELL = 15;
const LEFT = 30;
const TOP = 18;
const LEVELS = [1, 5, 10, 20];

export class Charts {
  readonly element = make("section", { class: "study-reviews", "aria-labelledby": "study-reviews" });
  readonly #log: Log;
  readonly #content = make("div");
  #drawn = "";

  constructor(log: Log) {
    this.#log = log;
    this.element.append(make("h2", { id: "study-reviews" }, "Your reviews"), this.#content);
  }

  /** Redraws after a new review or on a new day. */
  render(now: Date): void {
    const state = `${dayName(now)} ${this.#log.version}`;
    if (state === this.#drawn) return;
    this.#drawn = state;
    const reviews = this.#log.cards.flatMap((card) => this.#log.reviewsOf(card));
    if (!reviews.length) {
      this.#content.replaceChildren(make("p", {}, "None yet. They will be drawn here, by day."));
      return;
    }
    const weeks = calendar(reviews.map(({ at }) => new Date(at)), now, WEEKS);
    const tests = this.#log.cards.flatMap((card) => this.#log.recallsOf(card));
    const weekly = weeklyRetention(tests, now, WEEKS);
    this.#content.replaceChildren(
      makeFigure(drawCalendar(weeks), tableOfDays(weeks)),
      make("p", { class: "study-retention" }, describeRetention(retention(tests).recalled, tests.length)),
      ...(tests.length ? [makeFigure(drawRetention(weekly), tableOfWeeks(weekly))] : []),
    );
  }
}

function makeFigure(picture: SVGElement, table: HTMLElement): HTMLElement {
  const numbers = make("details", { class: "study-numbers" }, make("summary", {}, "The same as a table"), table);
  return make("figure", { class: "study-figure" }, picture, numbers);
}

function describeRetention(recalled: number, tested: number): string {
  if (!tested) return "Retention is counted once cards come back after a day or more.";
  return `Retention: ${percent(recalled, tested)} — of ${count(tested, "review")} of cards that were due after days, ${recalled} were recalled.`;
}

function drawCalendar(weeks: readonly Day[][]): SVGElement {
  const days = weeks.flat();
  const reviewed = days.filter(({ count }) => count > 0);
  const total = reviewed.reduce((sum, day) => sum + day.count, 0);
  const width = LEFT + WEEKS * CELL;
  const cells = weeks.flatMap((week, x) =>
    week.map((day, y) =>
      draw(
        "rect",
        { x: LEFT + x * CELL, y: TOP + y * CELL, width: CELL - 3, height: CELL - 3, rx: 2, class: `heat-${level(day.count)}` },
        draw("title", {}, `${day.name}: ${count(day.count, "review")}`),
      ),
    ),
  );
  const names = ["Mon", "Wed", "Fri"].map((name, row) => draw("text", { x: 0, y: TOP + (2 * row + 0.75) * CELL }, name));
  const description = `${count(total, "review")} on ${count(reviewed.length, "day")} of the last ${WEEKS} weeks.`;
  return makePicture("Reviews by day", description, width, TOP + 7 * CELL, [...months(weeks), ...names, ...cells]);
}

function months(weeks: readonly Day[][]): SVGElement[] {
  const format = new Intl.DateTimeFormat("en", { month: "short" });
  return weeks.flatMap((week, x) => {
    const first = week.find(({ name }) => name.endsWith("-01"));
    // A name at the edge would be cut off.
    if (!first || x > WEEKS - 2) return [];
    return [draw("text", { x: LEFT + x * CELL, y: 10 }, format.format(new Date(`${first.name}T12:00:00`)))];
  });
}

function level(count: number): number {
  return LEVELS.filter((least) => count >= least).length;
}

function drawRetention(weeks: readonly Week[]): SVGElement {
  const height = 80;
  const width = LEFT + WEEKS * CELL;
  const y = (share: number): number => TOP + height * (1 - share);
  const lines = [0.5, 0.9, 1].flatMap((share) => [
    draw("line", { x1: LEFT, x2: width, y1: y(share), y2: y(share), class: share === 0.9 ? "goal" : "grid" }),
    draw("text", { x: 0, y: y(share) + 3 }, `${100 * share}%`),
  ]);
  const bars = weeks.flatMap((week, x) => {
    if (!week.tested) return [];
    const share = week.recalled / week.tested;
    const title = `Week of ${dayName(week.from)}: ${week.recalled} of ${week.tested} recalled`;
    const place = { x: LEFT + x * CELL, y: y(share), width: CELL - 3, height: height * share };
    return [draw("rect", { ...place, class: "bar" }, draw("title", {}, title))];
  });
  const description = "The share of reviews that were recalled, by week; the line at 90 % is what the schedule aims at.";
  return makePicture("Retention by week", description, width, TOP + height + 4, [...bars, ...lines]);
}

function makePicture(title: string, text: string, width: number, height: number, parts: SVGElement[]): SVGElement {
  const id = title.toLowerCase().replaceAll(" ", "-");
  const attributes = { role: "img", viewBox: `0 0 ${width} ${height}`, width, height, class: "study-picture" };
  const named = { "aria-labelledby": `${id}-title`, "aria-describedby": `${id}-description` };
  return draw(
    "svg",
    { ...attributes, ...named },
    draw("title", { id: `${id}-title` }, title),
    draw("desc", { id: `${id}-description` }, text),
    ...parts,
  );
}

function tableOfDays(weeks: readonly Day[][]): HTMLElement {
  const days = weeks.flat().filter(({ count }) => count > 0);
  return makeTable("Reviews by day", ["Day", "Reviews"], days.map(({ name, count }) => [name, String(count)]));
}

function tableOfWeeks(weeks: readonly Week[]): HTMLElement {
  const rows = weeks
    .filter(({ tested }) => tested)
    .map((week) => [dayName(week.from), String(week.tested), String(week.recalled), percent(week.recalled, week.tested)]);
  return makeTable("Retention by week", ["Week of", "Reviews", "Recalled", "Retention"], rows);
}
