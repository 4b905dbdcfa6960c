// Which cards are asked, and in which order.

import { type CardState } from "./schedule";

/** A card in its place in the book; `text` is what a search looks through, in lower case. */
export interface Place {
  readonly id: string;
  readonly chapter: string;
  readonly text: string;
}

export const SHELVES = ["due and new", "due", "new", "all"] as const;
export type Shelf = (typeof SHELVES)[number];

/** What a reader has chosen to study: "" stands for every chapter, and for no search. */
export interface Choice {
  readonly shelf: Shelf;
  readonly chapter: string;
  readonly search: string;
}

export type Standing = "new" | "due" | "later";

/** What is known of the cards: the state of each, and the time. */
export interface Moment {
  readonly stateOf: (card: string) => CardState | undefined;
  readonly now: Date;
}

export function standing(state: CardState | undefined, now: Date): Standing {
  if (!state) return "new";
  return state.due <= now ? "due" : "later";
}

/** Returns the places that chapter and search leave, in the book's order. Every word must be found. */
export function narrow(places: readonly Place[], choice: Choice): Place[] {
  const words = choice.search.toLowerCase().split(/\s+/);
  return places.filter(
    ({ chapter, text }) =>
      (!choice.chapter || choice.chapter === chapter) && words.every((word) => text.includes(word)),
  );
}

/** Returns the cards to ask: the due ones first, longest due first; then new ones in order; then the rest. */
export function line(places: readonly Place[], choice: Choice, { stateOf, now }: Moment): Place[] {
  const ofStanding = (wanted: Standing): Place[] =>
    narrow(places, choice).filter(({ id }) => standing(stateOf(id), now) === wanted);
  const dueOf = ({ id }: Place): number => stateOf(id)?.due.getTime() ?? 0;
  const byDue = (cards: Place[]): Place[] => cards.sort((one, other) => dueOf(one) - dueOf(other));
  const shelves = {
    due: byDue(ofStanding("due")),
    new: ofStanding("new"),
    later: byDue(ofStanding("later")),
  };
  const wanted: Record<Shelf, Place[]> = {
    "due and new": [...shelves.due, ...shelves.new],
    due: shelves.due,
    new: shelves.new,
    all: [...shelves.due, ...shelves.new, ...shelves.later],
  };
  return wanted[choice.shelf];
}

/** Returns the places in an order of chance; `random` is like Math.random. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const drawn = items.map((item) => ({ item, number: random() }));
  return drawn.sort((one, other) => one.number - other.number).map(({ item }) => item);
}
