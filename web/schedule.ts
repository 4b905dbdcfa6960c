// When a card is due: ts-fsrs decides, with its own parameters and without chance, so that the log alone tells.

import { createEmptyCard, fsrs, State, type Card } from "ts-fsrs";
import { GRADES, type Grade, type Review } from "./progress";

export type CardState = Card;

/** A review of a card that had rested, for days, until it was due: the test of memory that counts for retention. */
export interface Recall {
  readonly at: Date;
  readonly recalled: boolean;
}

const scheduler = fsrs({ enable_fuzz: false });

/** Returns the state of a card after these reviews, given in order of time; undefined when there are none. */
export function replay(reviews: readonly Review[]): CardState | undefined {
  let state: CardState | undefined;
  for (const review of reviews) state = follow(state, review);
  return state;
}

/** Returns when the card would be due again after each grade given now. */
export function outlook(state: CardState | undefined, now: Date): Record<Grade, Date> {
  const from = state ?? createEmptyCard<Card>(now);
  const dues = GRADES.map((grade) => [grade, scheduler.next(from, notBefore(from, now), grade).card.due]);
  return Object.fromEntries(dues);
}

/** Returns how memory held in these reviews of one card, given in order of time. */
export function recalls(reviews: readonly Review[]): Recall[] {
  const found: Recall[] = [];
  let state: CardState | undefined;
  for (const review of reviews) {
    const at = new Date(review.at);
    if (state?.state === State.Review && at >= state.due) found.push({ at, recalled: review.grade > 1 });
    state = follow(state, review);
  }
  return found;
}

function follow(state: CardState | undefined, review: Review): CardState {
  const at = new Date(review.at);
  return scheduler.next(state ?? createEmptyCard<Card>(at), at, review.grade).card;
}

// A clock that was set back must not ask ts-fsrs for the time before the last review.
function notBefore(state: CardState, now: Date): Date {
  return state.last_review && state.last_review > now ? state.last_review : now;
}
