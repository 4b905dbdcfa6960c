// When a card is due: ts-fsrs decides, with its default parameters and without chance, so that the log and the wanted
// retention alone determine it.

import { createEmptyCard, fsrs, State, type Card, type FSRS } from "ts-fsrs";
import { GRADES, type Grade, type Review } from "./entries";

export type CardState = Card;

/** A review of a card that had rested, for days, until it was due: the test of memory that counts for retention. */
export interface Recall {
  readonly at: Date;
  readonly recalled: boolean;
}

export const DEFAULT_RETENTION = 0.9;

export class Schedule {
  readonly #scheduler: FSRS;

  /** `retention` is the probability of recall at which a card becomes due. */
  constructor(readonly retention: number = DEFAULT_RETENTION) {
    this.#scheduler = fsrs({ enable_fuzz: false, request_retention: retention });
  }

  /** Returns the state of a card after these reviews, given in order of time; undefined when there are none. */
  replay(reviews: readonly Review[]): CardState | undefined {
    let state: CardState | undefined;
    for (const review of reviews) state = this.#follow(state, review);
    return state;
  }

  /** Returns when the card would be due again after each grade given now. */
  previewDueDates(state: CardState | undefined, now: Date): Record<Grade, Date> {
    const from = state ?? createEmptyCard<Card>(now);
    const dues = GRADES.map((grade) => [grade, this.#scheduler.next(from, notBefore(from, now), grade).card.due]);
    return Object.fromEntries(dues);
  }

  /** Returns how memory held in these reviews of one card, given in order of time. */
  recalls(reviews: readonly Review[]): Recall[] {
    const found: Recall[] = [];
    let state: CardState | undefined;
    for (const review of reviews) {
      const at = new Date(review.at);
      if (state?.state === State.Review && at >= state.due) found.push({ at, recalled: review.grade > 1 });
      state = this.#follow(state, review);
    }
    return found;
  }

  #follow(state: CardState | undefined, review: Review): CardState {
    const at = new Date(review.at);
    return this.#scheduler.next(state ?? createEmptyCard<Card>(at), at, review.grade).card;
  }
}

export type DueState = "new" | "due" | "learning" | "known";

/** Returns whether a card is new, due, or not due yet: learning while its steps are minutes, known once they are days. */
export function dueState(state: CardState | undefined, now: Date): DueState {
  if (!state) return "new";
  if (state.due <= now) return "due";
  return state.state === State.Review ? "known" : "learning";
}

// A clock that was set back must not ask ts-fsrs for the time before the last review.
function notBefore(state: CardState, now: Date): Date {
  return state.last_review && state.last_review > now ? state.last_review : now;
}
