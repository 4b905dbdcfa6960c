// What the study page says: how many cards there are, what was done in the session, when the next card comes.

import { GRADE_NAMES, GRADES, type Review } from "../progress/entries";
import { type Moment, type QueuedCard } from "../progress/queue";
import { dueState } from "../progress/schedule";
import { dayName } from "../progress/statistics";
import { count, span } from "../ui/words";

/** Returns how many of these cards are in which state, and how many `waiting` ones are asked. */
export function describeCounts(cards: readonly QueuedCard[], waiting: number, moment: Moment): string {
  const counts = { due: 0, new: 0, learning: 0, known: 0, suspended: 0 };
  for (const { id } of cards)
    counts[moment.isSuspended(id) ? "suspended" : dueState(moment.stateOf(id), moment.now)] += 1;
  const parts = Object.entries(counts).filter(([, number]) => number).map(([name, number]) => `${number} ${name}`);
  return [`${count(waiting, "card")} to answer`, ...parts].join(" · ");
}

/** Returns what was done in a session. */
export function describeSession(reviews: readonly Review[]): string {
  if (!reviews.length) return "Nothing more to answer here.";
  const cards = new Set(reviews.map(({ card }) => card)).size;
  const parts = GRADES.map((grade) => [reviews.filter((review) => review.grade === grade).length, GRADE_NAMES[grade]] as const)
    .filter(([number]) => number)
    .map(([number, name]) => `${number} ${name}`);
  return `Done: ${count(reviews.length, "answer")} to ${count(cards, "card")} in this session (${parts.join(", ")}).`;
}

/** Returns when the next of these cards is due, and how many come tomorrow; "" when none will. */
export function describeNext(cards: readonly Pick<QueuedCard, "id">[], { stateOf, isSuspended, now }: Moment): string {
  const dues = cards
    .filter(({ id }) => !isSuspended(id))
    .flatMap(({ id }) => stateOf(id)?.due ?? [])
    .filter((due) => due > now)
    .sort((one, other) => one.getTime() - other.getTime());
  if (!dues[0]) return "";
  const tomorrow = dayName(new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1));
  const then = dues.filter((due) => dayName(due) === tomorrow).length;
  return `The next card is due in ${span(dues[0], now)}${then ? `; ${count(then, "card")} tomorrow` : ""}.`;
}

/** Returns how many of these cards are new but beyond what may be asked today. */
export function countBeyondLimit(cards: readonly QueuedCard[], { stateOf, isSuspended, newLeft }: Moment): number {
  const fresh = cards.filter(({ id }) => !isSuspended(id) && !stateOf(id)).length;
  return Math.max(0, fresh - newLeft);
}
