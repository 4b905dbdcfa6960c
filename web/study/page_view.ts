// What the study page shows around its cards. The controller decides what to show.

import { make, makeButton } from "../ui/dom";
import { type CardElements } from "./cards";

const KEYS: readonly (readonly [string, string])[] = [
  ["Space", "show the answer; then grade it Good"],
  ["1 2 3 4", "grade it: Again, Hard, Good, Easy"],
  ["n", "skip the card in this session"],
  ["u", "undo"],
  ["?", "show or hide this"],
];

/** A button below a text: what it says, and what it does. */
export type Action = readonly [string, () => void];

export class PageView {
  readonly #counts = make("p", { class: "study-counts" });
  readonly #note = make("div", { class: "study-note", hidden: true });
  readonly #welcome = make("div", { class: "study-note", hidden: true });
  readonly #last = make("p", { class: "study-last", hidden: true });
  readonly #done = make("div", { class: "study-done", tabindex: -1, hidden: true });
  readonly #more = make("div", { class: "study-more", hidden: true });
  readonly #help = make("dialog", { class: "study-dialog", "aria-label": "Keys" });
  #shown: readonly CardElements[] = [];

  /** Lays out the page: `toolbar` and `dialog` stand above the list of cards, `below` follows it. */
  constructor(
    mount: HTMLElement,
    list: HTMLElement,
    toolbar: HTMLElement,
    dialog: HTMLElement,
    below: readonly HTMLElement[],
  ) {
    this.#layHelp();
    mount.replaceChildren(this.#counts, toolbar, this.#note, this.#last, this.#done, this.#help, dialog);
    mount.hidden = false;
    // What the page has to read without a script; cards are shown one by one from now on.
    for (const element of list.children) (element as HTMLElement).hidden = true;
    list.classList.add("ready");
    list.after(this.#more, this.#welcome, ...below);
  }

  get helpIsOpen(): boolean {
    return this.#help.open;
  }

  toggleHelp(): void {
    if (this.#help.open) this.#help.close();
    else this.#help.showModal();
  }

  showCounts(text: string): void {
    this.#counts.textContent = text;
  }

  /** Shows these cards and no others. */
  showCards(shown: readonly CardElements[]): void {
    const chapters = new Set(shown.map(({ chapterHeading }) => chapterHeading));
    for (const { chapterHeading, heading, card } of this.#shown)
      chapterHeading.hidden = heading.hidden = card.hidden = true;
    for (const { heading, card } of shown) heading.hidden = card.hidden = false;
    for (const heading of chapters) heading.hidden = false;
    this.#shown = shown;
  }

  /** Shows what was done last above the card, with a way to take it back; "" for nothing. */
  showLast(text: string, undo: () => void): void {
    this.#last.hidden = !text;
    this.#last.replaceChildren(make("span", {}, text), makeButton("Undo", undo));
  }

  /** Shows a message above the cards; "" for none. */
  showNote(text: string, ...actions: readonly Action[]): void {
    fillBox(this.#note, text ? [text] : [], actions);
  }

  /** Shows what a reader without progress has to know, below the cards; "" for nothing. */
  showWelcome(text: string, ...actions: readonly Action[]): void {
    fillBox(this.#welcome, text ? [text] : [], actions);
  }

  /** Shows these texts when no card is asked; nothing if there are none. */
  showDone(texts: readonly string[], actions: readonly Action[]): void {
    fillBox(this.#done, texts, actions);
  }

  /** Offers more cards below a list; undefined when there are no more. */
  showMore(action: Action | undefined): void {
    fillBox(this.#more, [], action ? [action] : []);
  }

  /** Puts the focus on the question of a card, or on the message in its place, and brings it clear of the header. */
  focus(elements: CardElements | undefined): void {
    const target = elements?.card.querySelector<HTMLElement>(".card-question") ?? this.#done;
    const first = !this.#last.hidden ? this.#last : (elements?.heading ?? target);
    target.tabIndex = -1;
    target.focus({ preventScroll: true });
    const header = document.querySelector(".md-header")?.getBoundingClientRect().bottom ?? 0;
    const [top, bottom] = [first.getBoundingClientRect().top, target.getBoundingClientRect().bottom];
    if (top < header || bottom > innerHeight) first.scrollIntoView({ block: "start" });
  }

  #layHelp(): void {
    const lines = KEYS.flatMap(([keys, what]) => [
      make("dt", {}, ...keys.split(" ").map((key) => make("kbd", {}, key))),
      make("dd", {}, what),
    ]);
    this.#help.append(make("h2", {}, "Keys"), make("dl", {}, ...lines), makeButton("Close", () => this.#help.close()));
  }
}

// Replaces the content of a box only if it has changed, because the focus may be in it.
function fillBox(box: HTMLElement, texts: readonly string[], actions: readonly Action[]): void {
  box.hidden = !texts.length && !actions.length;
  const content = [...texts, ...actions.map(([label]) => label)].join("\n");
  if (box.dataset.text === content) return;
  box.dataset.text = content;
  box.replaceChildren(
    ...texts.map((text) => make("p", {}, text)),
    ...actions.map(([label, press]) => makeButton(label, press)),
  );
}
