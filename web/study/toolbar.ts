// What a reader chooses on the study page: which cards, of which chapter, with which words, in which order.

import { FILTERS, type Choice, type Filter } from "../progress/queue";
import { type RememberedChoice } from "../progress/settings";
import { make, makeButton } from "../ui/dom";

export interface ToolbarEvents {
  chosen(): void;
  searched(): void;
  shuffled(on: boolean): void;
  settings(): void;
  help(): void;
}

const FILTER_NAMES: Record<Filter, string> = {
  "due and new": "Due, then new",
  due: "Only due",
  new: "Only new",
  all: "All, due or not",
};

export class Toolbar {
  readonly element = make("details", { class: "study-choose" }, make("summary", {}));
  readonly #filter = make("select");
  readonly #chapter = make("select");
  readonly #search = make("input", { type: "search", autocomplete: "off", spellcheck: "false" });
  readonly #shuffle: HTMLButtonElement;
  readonly #list: HTMLButtonElement;

  /** `chapters` has the title of each chapter by its id. */
  constructor(
    readonly chapters: ReadonlyMap<string, string>,
    events: ToolbarEvents,
  ) {
    this.#filter.append(...FILTERS.map((filter) => make("option", { value: filter }, FILTER_NAMES[filter])));
    const options = [...chapters].map(([id, title]) => make("option", { value: id }, title));
    this.#chapter.append(make("option", { value: "" }, "All chapters"), ...options);
    this.#shuffle = makeToggle("Shuffle", (on) => events.shuffled(on));
    this.#list = makeToggle("List", () => events.chosen());
    for (const select of [this.#filter, this.#chapter]) select.addEventListener("change", () => events.chosen());
    this.#search.addEventListener("input", () => events.searched());
    const settings = makeButton("Settings", () => events.settings());
    const keys = makeButton("Keys", () => events.help(), { class: "study-button study-keys", "aria-keyshortcuts": "?" });
    const fields = make(
      "div",
      { class: "study-toolbar" },
      makeField("Cards", "study-filter", this.#filter),
      makeField("Chapter", "study-chapter", this.#chapter),
      makeField("Search cards", "study-search", this.#search),
      make("div", { class: "study-buttons" }, this.#shuffle, this.#list, settings, keys),
    );
    this.element.append(fields);
    this.render();
  }

  get choice(): Choice {
    const filter = FILTERS.find((name) => name === this.#filter.value) ?? FILTERS[0];
    return { filter, chapter: this.#chapter.value, search: this.#search.value };
  }

  /** What is to be remembered of the choice. */
  get remembered(): RememberedChoice {
    const { filter, chapter } = this.choice;
    return { filter, chapter, shuffle: isOn(this.#shuffle), asList: this.asList };
  }

  set remembered({ filter, chapter, shuffle, asList }: RememberedChoice) {
    this.#filter.value = filter;
    this.#chapter.value = this.chapters.has(chapter) ? chapter : "";
    this.#shuffle.setAttribute("aria-pressed", String(shuffle));
    this.#list.setAttribute("aria-pressed", String(asList));
    this.render();
  }

  set filter(filter: Filter) {
    this.#filter.value = filter;
  }

  /** Whether all cards that are chosen are shown at once. */
  get asList(): boolean {
    return isOn(this.#list);
  }

  /** Says in the summary what is chosen, so that a closed toolbar hides nothing. */
  render(): void {
    const { filter, chapter, search } = this.choice;
    const parts = [
      FILTER_NAMES[filter],
      this.chapters.get(chapter) ?? "all chapters",
      search.trim() ? `“${search.trim()}”` : "",
      isOn(this.#shuffle) ? "shuffled" : "",
      this.asList ? "as a list" : "",
    ];
    this.element.querySelector("summary")!.textContent = `Cards: ${parts.filter(Boolean).join(" · ")}`;
  }
}

function makeField(text: string, id: string, field: HTMLElement): HTMLElement {
  field.id = id;
  return make("div", { class: `study-field ${id}` }, make("label", { for: id }, text), field);
}

function isOn(button: HTMLButtonElement): boolean {
  return button.getAttribute("aria-pressed") === "true";
}

function makeToggle(text: string, pressed: (on: boolean) => void): HTMLButtonElement {
  const button = makeButton(
    text,
    () => {
      button.setAttribute("aria-pressed", String(!isOn(button)));
      pressed(isOn(button));
    },
    { "aria-pressed": "false" },
  );
  return button;
}
