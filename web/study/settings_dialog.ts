// Settings: how many new cards a day, how well they are to be remembered, which are never asked; today and the next days.

import { DEFAULT_SETTINGS, MOST_NEW, RETENTIONS } from "../progress/settings";
import { forecast, type Day } from "../progress/statistics";
import { make, makeButton, makeTable } from "../ui/dom";
import { count } from "../ui/words";
import { type Session } from "./session";

const DAYS = 7;

export class SettingsDialog {
  readonly element = make("dialog", { class: "study-dialog", "aria-label": "Settings" });
  readonly #newPerDay = make("input", { type: "number", id: "study-new", min: 0, max: MOST_NEW, step: 1, inputmode: "numeric" });
  readonly #retention = make("select", { id: "study-retention" });
  readonly #today = make("p", { class: "study-today" });
  readonly #forecast = make("div");
  readonly #suspended = make("div", { class: "study-suspended" });

  /** `titleOf` returns the title of a card by its id, "" where it is not known. */
  constructor(
    readonly session: Session,
    readonly titleOf: (card: string) => string,
  ) {
    this.#retention.append(...RETENTIONS.map((share) => make("option", { value: share }, `${Math.round(100 * share)} %`)));
    this.#newPerDay.addEventListener("change", () => this.#change());
    this.#retention.addEventListener("change", () => this.#change());
    this.element.append(
      make("h2", {}, "Settings"),
      makeRow("New cards a day", this.#newPerDay),
      makeRow("Recall to aim for", this.#retention),
      make("p", { class: "study-hint" }, "A higher aim brings cards back sooner, and all of them are dated anew."),
      make("h3", {}, "Today and the next days"),
      this.#today,
      this.#forecast,
      make("h3", {}, "Suspended cards"),
      this.#suspended,
      makeButton("Close", () => this.element.close()),
    );
  }

  open(): void {
    this.element.showModal();
    this.render(new Date());
  }

  /** Brings an open dialog up to date with progress and time. */
  render(now: Date): void {
    if (!this.element.open) return;
    const { log, settings } = this.session.store;
    if (document.activeElement !== this.#newPerDay) this.#newPerDay.value = String(settings.newPerDay);
    this.#showRetention(settings.retention);
    const { answers, introduced } = this.session.today(now);
    this.#today.textContent = `Today: ${count(answers, "answer")}, ${count(introduced, "new card")}.`;
    const asked = log.cards.filter((card) => !log.isSuspended(card));
    this.#forecast.replaceChildren(drawForecast(forecast(asked.flatMap((card) => log.stateOf(card)?.due ?? []), now, DAYS)));
    this.#renderSuspended();
  }

  #showRetention(retention: number): void {
    // A file may have brought one that is not offered.
    if (![...this.#retention.options].some(({ value }) => Number(value) === retention))
      this.#retention.append(make("option", { value: retention }, `${Math.round(100 * retention)} %`));
    this.#retention.value = String(retention);
  }

  #renderSuspended(): void {
    const cards = this.session.store.log.suspended;
    if (this.#suspended.dataset.cards === cards.join()) return;
    this.#suspended.dataset.cards = cards.join();
    const items = cards.map((card) =>
      make("li", {}, `${this.titleOf(card) || card} `, makeButton("Resume", () => this.session.suspend(card, false))),
    );
    this.#suspended.replaceChildren(items.length ? make("ul", {}, ...items) : make("p", {}, "None."));
  }

  #change(): void {
    const wanted = this.#newPerDay.valueAsNumber;
    const newPerDay = Number.isNaN(wanted) ? DEFAULT_SETTINGS.newPerDay : Math.min(MOST_NEW, Math.max(0, Math.round(wanted)));
    this.#newPerDay.value = String(newPerDay);
    this.session.store.set({ newPerDay, retention: Number(this.#retention.value) }, new Date());
    this.session.changed();
  }
}

function makeRow(label: string, field: HTMLElement): HTMLElement {
  return make("div", { class: "study-row" }, make("label", { for: field.id }, label), field);
}

function drawForecast(days: readonly Day[]): HTMLElement {
  const weekday = new Intl.DateTimeFormat("en", { weekday: "short" });
  const rows = days.map(({ name, count }, place) => [
    place ? weekday.format(new Date(`${name}T12:00:00`)) : "Today",
    String(count),
  ]);
  const table = makeTable("Cards due", ["Day", "Cards"], rows);
  const most = Math.max(1, ...days.map((day) => day.count));
  table.querySelectorAll("td").forEach((cell, place) => {
    cell.style.setProperty("--share", String(days[place]!.count / most));
  });
  return table;
}
