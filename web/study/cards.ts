// The cards of the study page: those in the page or, in a large book, those that are loaded when they are shown.

import { type QueuedCard } from "../progress/queue";
import { make } from "../ui/dom";
import { fetchJson, LoadError, type Index } from "./book_index";

/** What shows a card: the heading of its chapter, which it shares, its own heading, and the card. */
export interface CardElements {
  readonly chapterHeading: HTMLElement;
  readonly heading: HTMLElement;
  readonly card: HTMLElement;
}

export interface StudyCard extends QueuedCard {
  title: string;
  text: string;
  /** The file of the card; "" if the card is in the page. */
  readonly part: string;
  /** The card as it was loaded. */
  html?: string;
  elements?: CardElements;
}

interface PartCard {
  readonly title: string;
  readonly html: string;
}

const PART_SIZE = 50;

export class StudyCards {
  readonly #parts = new Map<string, Promise<void>>();
  readonly #chapterHeadings = new Map<string, HTMLElement>();
  readonly #addresses = new Map<string, string>();

  private constructor(
    readonly list: HTMLElement,
    readonly all: readonly StudyCard[],
    /** The title of each chapter by its id. */
    readonly chapters: ReadonlyMap<string, string>,
    readonly home: URL,
  ) {}

  /** Returns the cards in the page. */
  static inPage(list: HTMLElement): StudyCards {
    const cards: StudyCard[] = [];
    const chapters = new Map<string, string>();
    let chapterHeading: HTMLElement | undefined;
    let heading: HTMLElement | undefined;
    for (const element of list.querySelectorAll<HTMLElement>("h2, h3, .card[data-card]")) {
      if (element.matches("h2")) chapterHeading = element;
      else if (element.matches("h3")) heading = element;
      else if (chapterHeading && heading) {
        const [chapter, title] = [titleOf(chapterHeading), titleOf(heading)];
        const text = `${chapter} ${title} ${element.textContent}`.toLowerCase();
        const elements = { chapterHeading, heading, card: element };
        chapters.set(chapterHeading.id, chapter);
        cards.push({ id: element.dataset.card ?? "", chapter: chapterHeading.id, title, text, part: "", elements });
      }
    }
    return new StudyCards(list, cards, chapters, new URL(location.href));
  }

  /** Returns the cards of a big book: `index` lists them, `home` is its address, `list` links to the chapters in order. */
  static toLoad(list: HTMLElement, index: Index, home: URL): StudyCards {
    const cards = index.chapters.flatMap(({ id, parts, cards }) =>
      cards.map((card, place) => ({ id: card, chapter: id, title: "", text: "", part: parts[Math.floor(place / PART_SIZE)] ?? "" })),
    );
    const links = [...list.querySelectorAll<HTMLAnchorElement>("li a")];
    const found = new StudyCards(list, cards, new Map(index.chapters.map(({ id, title }) => [id, title])), home);
    index.chapters.forEach(({ id }, place) => found.#addresses.set(id, links[place]?.href ?? ""));
    list.replaceChildren();
    return found;
  }

  /** Loads the files of these cards. Throws LoadError. */
  async load(cards: readonly StudyCard[]): Promise<void> {
    const parts = new Set(cards.filter((card) => !isLoaded(card)).map(({ part }) => part));
    await Promise.all([...parts].map((part) => this.#loadPart(part)));
  }

  /** Returns what shows a card that is in the page or loaded. */
  elementsOf(card: StudyCard): CardElements {
    return card.elements ?? this.#lay(card);
  }

  async #loadPart(part: string): Promise<void> {
    const loading = this.#parts.get(part) ?? this.#fetchPart(part);
    this.#parts.set(part, loading);
    try {
      await loading;
    } catch (error) {
      // So that loading can be tried again.
      this.#parts.delete(part);
      throw error;
    }
  }

  async #fetchPart(part: string): Promise<void> {
    const content = (await fetchJson(new URL(part, this.home))) as { readonly cards?: Readonly<Record<string, PartCard>> } | null;
    const found = content?.cards ?? {};
    for (const card of this.all) {
      if (card.part !== part) continue;
      if (!Object.hasOwn(found, card.id)) throw new LoadError("The book has changed since this page was opened: reload the page.");
      const { title, html } = found[card.id]!;
      card.title = title;
      card.html = html;
      card.text = `${this.chapters.get(card.chapter)} ${title} ${html.replace(/<[^>]*>/g, " ")}`.toLowerCase();
    }
  }

  #lay(card: StudyCard): CardElements {
    const template = make("template");
    // Made by the book's own build, with the renderer of its pages; a script in a template never runs.
    template.innerHTML = card.html ?? "";
    const chapterHeading = this.#chapterHeading(card.chapter);
    const link = make("a", { href: `${this.#addresses.get(card.chapter)}#${card.id}` }, card.title);
    const heading = make("h3", { id: card.id, hidden: true }, link);
    const element = template.content.querySelector<HTMLElement>(".card") ?? make("div", { class: "card" });
    element.hidden = true;
    card.elements = { chapterHeading, heading, card: element };
    // Keeps the order of the book in the list.
    const next = this.all.slice(this.all.indexOf(card) + 1).find(({ elements }) => elements)?.elements;
    const before = next?.chapterHeading === chapterHeading ? next.heading : (next?.chapterHeading ?? null);
    if (!chapterHeading.isConnected) this.list.insertBefore(chapterHeading, before);
    this.list.insertBefore(heading, before);
    this.list.insertBefore(element, before);
    return card.elements;
  }

  #chapterHeading(chapter: string): HTMLElement {
    const title = this.chapters.get(chapter) ?? "";
    const heading = this.#chapterHeadings.get(chapter) ?? make("h2", { id: chapter, hidden: true }, title);
    this.#chapterHeadings.set(chapter, heading);
    return heading;
  }
}

export function isLoaded(card: StudyCard): boolean {
  return card.elements !== undefined || card.html !== undefined;
}

function titleOf(heading: HTMLElement): string {
  const copy = heading.cloneNode(true) as HTMLElement;
  copy.querySelector(".headerlink")?.remove();
  return copy.textContent?.trim() ?? "";
}
