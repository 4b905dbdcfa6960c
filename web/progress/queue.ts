// Which cards are asked, and in which order.

import { dueState, type CardState, type DueState } from "./schedule";

/** A card in its place in the book; `text` is what a search looks through, in lower case. */
export interface QueuedCard {
  readonly id: string;
  readonly chapter: string;
  readonly text: string;
}

export const FILTERS = ["due and new", "due", "new", "all"] as const;
export type Filter = (typeof FILTERS)[number];

/** What a reader has chosen to study: "" stands for every chapter, and for no search. */
export interface Choice {
  readonly filter: Filter;
  readonly chapter: string;
  readonly search: string;
}

/** What is known of the cards: the state of each, which are suspended, how many new ones may be asked today; the time. */
export interface Moment {
  readonly stateOf: (card: string) => CardState | undefined;
  readonly isSuspended: (card: string) => boolean;
  readonly newLeft: number;
  readonly now: Date;
}

/** Returns the cards that chapter and search leave, in the book's order. Every word must be found. */
export function narrow<T extends QueuedCard>(cards: readonly T[], choice: Choice): T[] {
  const words = choice.search.toLowerCase().split(/\s+/);
  return cards.filter(
    ({ chapter, text }) =>
      (!choice.chapter || choice.chapter === chapter) && words.every((word) => text.includes(word)),
  );
}

/** Returns the cards to ask: the due ones first, longest due first; then new ones in order; then the rest. */
export function buildQueue<T extends QueuedCard>(cards: readonly T[], choice: Choice, moment: Moment): T[] {
  const groups: Record<DueState, T[]> = { due: [], new: [], learning: [], known: [] };
  for (const card of narrow(cards, choice))
    if (!moment.isSuspended(card.id)) groups[dueState(moment.stateOf(card.id), moment.now)].push(card);
  const dueOf = ({ id }: T): number => moment.stateOf(id)?.due.getTime() ?? 0;
  const byDue = (some: T[]): T[] => some.sort((one, other) => dueOf(one) - dueOf(other));
  const due = byDue(groups.due);
  const allowed = groups.new.slice(0, moment.newLeft);
  const wanted: Record<Filter, () => T[]> = {
    "due and new": () => [...due, ...allowed],
    due: () => due,
    new: () => allowed,
    // The filter "all" ignores the daily limit of new cards.
    all: () => [...due, ...groups.new, ...byDue([...groups.learning, ...groups.known])],
  };
  return wanted[choice.filter]();
}

/** Returns the items in random order; `random` is like Math.random. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const drawn = items.map((item) => ({ item, number: random() }));
  return drawn.sort((one, other) => one.number - other.number).map(({ item }) => item);
}
