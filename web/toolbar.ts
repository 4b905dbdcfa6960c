// What a reader chooses on the study page: which cards, of which chapter, with which words, in which order.

import { make, makeButton } from "./dom";
import { SHELVES, type Choice, type Shelf } from "./queue";

export interface ToolbarEvents {
  chosen(): void;
  shuffled(on: boolean): void;
  helped(): void;
}

const SHELF_NAMES: Record<Shelf, string> = {
  "due and new": "Due, then new",
  due: "Only due",
  new: "Only new",
  all: "All, due or not",
};

export class Toolbar {
  readonly element = make("div", { class: "study-toolbar" });
  readonly #shelf = make("select");
  readonly #chapter = make("select");
  readonly #search = make("input", { type: "search", autocomplete: "off", spellcheck: "false" });
  readonly #shuffle: HTMLButtonElement;
  readonly #list: HTMLButtonElement;

  /** `chapters` has the title of each chapter by its id. */
  constructor(chapters: ReadonlyMap<string, string>, events: ToolbarEvents) {
    this.#shelf.append(...SHELVES.map((shelf) => make("option", { value: shelf }, SHELF_NAMES[shelf])));
    const options = [...chapters].map(([id, title]) => make("option", { value: id }, title));
    this.#chapter.append(make("option", { value: "" }, "All chapters"), ...options);
    this.#shuffle = makeToggle("Shuffle", (on) => events.shuffled(on));
    this.#list = makeToggle("List", () => events.chosen());
    for (const select of [this.#shelf, this.#chapter]) select.addEventListener("change", () => events.chosen());
    this.#search.addEventListener("input", () => events.chosen());
    const help = makeButton("Keys", () => events.helped(), { class: "study-button study-keys", "aria-keyshortcuts": "?" });
    this.element.append(
      makeField("Cards", "study-shelf", this.#shelf),
      makeField("Chapter", "study-chapter", this.#chapter),
      makeField("Search cards", "study-search", this.#search),
      make("div", { class: "study-buttons" }, this.#shuffle, this.#list, help),
    );
  }

  get choice(): Choice {
    const shelf = SHELVES.find((name) => name === this.#shelf.value) ?? SHELVES[0];
    return { shelf, chapter: this.#chapter.value, search: this.#search.value };
  }

  set shelf(shelf: Shelf) {
    this.#shelf.value = shelf;
  }

  /** Whether all cards that are chosen are shown at once. */
  get asList(): boolean {
    return this.#list.getAttribute("aria-pressed") === "true";
  }
}

function makeField(text: string, id: string, field: HTMLElement): HTMLElement {
  field.id = id;
  return make("div", { class: `study-field ${id}` }, make("label", { for: id }, text), field);
}

function makeToggle(text: string, pressed: (on: boolean) => void): HTMLButtonElement {
  const button = makeButton(
    text,
    () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(on));
      pressed(on);
    },
    { "aria-pressed": "false" },
  );
  return button;
}
