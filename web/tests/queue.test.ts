import assert from "node:assert/strict";
import { test } from "node:test";
import { buildQueue, narrow, shuffled, type Choice, type Moment } from "../progress/queue";
import { dueState, Schedule, type CardState } from "../progress/schedule";
import { calendar, countDay, forecast, weeklyRetention } from "../progress/statistics";
import { span } from "../ui/words";
import { DAY, dice, review, START } from "./help";

const CARDS = ["a", "b", "c", "d"].map((id) => ({ id, chapter: id < "c" ? "one" : "two", text: `card ${id} words` }));
const SCHEDULE = new Schedule();
const ALL: Choice = { filter: "due and new", chapter: "", search: "" };
const STATES: Record<string, CardState | undefined> = {
  a: SCHEDULE.replay([review("a", START, 4)]),
  c: SCHEDULE.replay([review("c", START, 3)]),
  d: SCHEDULE.replay([review("d", START - DAY, 3)]),
};

function ids(choice: Partial<Choice>, now: Date, changes: Partial<Moment> = {}): string {
  const moment = { stateOf: (id: string) => STATES[id], isSuspended: () => false, newLeft: 100, now, ...changes };
  return buildQueue(CARDS, { ...ALL, ...choice }, moment).map(({ id }) => id).join("");
}

test("due cards come first, the longest due first, then new ones in the book's order, then the rest", () => {
  const now = new Date(START + 3_600_000);
  assert.equal(ids({}, now), "dcb");
  assert.equal(ids({ filter: "due" }, now), "dc");
  assert.equal(ids({ filter: "new" }, now), "b");
  assert.equal(ids({ filter: "all" }, now), "dcba");
  assert.equal(ids({ chapter: "two" }, now), "dc");
  assert.equal(ids({ filter: "due" }, new Date(START + 300 * DAY)), "dca");
});

test("the limit of a day holds for new cards, except when all cards are wanted; suspended ones are never asked", () => {
  const now = new Date(START + 3_600_000);
  const none = { newLeft: 0 };
  assert.deepEqual([ids({}, now, none), ids({ filter: "new" }, now, none), ids({ filter: "all" }, now, none)], ["dc", "", "dcba"]);
  const isSuspended = (id: string): boolean => id === "d";
  assert.deepEqual([ids({}, now, { isSuspended }), ids({ filter: "all" }, now, { isSuspended })], ["cb", "cba"]);
});

test("a search finds the cards that have every word", () => {
  const found = (search: string): string => narrow(CARDS, { ...ALL, search }).map(({ id }) => id).join("");
  assert.deepEqual(["  ", "WORDS b", "b x", "x"].map(found), ["abcd", "b", "", ""]);
});

test("a card is due from the very moment on", () => {
  const due = STATES.a!.due;
  assert.deepEqual([dueState(undefined, due), dueState(STATES.a, due)], ["new", "due"]);
  assert.equal(dueState(STATES.a, new Date(due.getTime() - 1)), "known");
  assert.equal(dueState(STATES.c, new Date(START)), "learning");
});

test("a shuffle keeps every card", () => {
  const order = shuffled(CARDS, dice(5));
  assert.notDeepEqual(order, CARDS);
  assert.deepEqual(new Set(order), new Set(CARDS));
});

test("a better grade never brings a card back sooner, and a clock set back breaks nothing", () => {
  const now = new Date(START - 30 * DAY);
  for (const state of [undefined, ...Object.values(STATES)]) {
    const dues = Object.values(SCHEDULE.previewDueDates(state, now)).map((due) => due.getTime());
    assert.deepEqual(dues, [...dues].sort((one, other) => one - other));
  }
});

test("the calendar has each day once, from a Monday to today, and counts by the reader's clock", () => {
  const now = new Date(2026, 10, 18, 12);
  const weeks = calendar([new Date(2026, 10, 18, 0, 1), new Date(2026, 10, 17, 23, 59), new Date(2026, 10, 17, 1)], now, 60);
  const days = weeks.flat();
  assert.equal(days.length, 59 * 7 + 3);
  assert.equal(new Set(days.map(({ name }) => name)).size, days.length);
  assert.deepEqual(days.slice(-2), [{ name: "2026-11-17", count: 2 }, { name: "2026-11-18", count: 1 }]);
});

test("retention is counted in the week of the review", () => {
  const at = (day: number, recalled: boolean): { at: Date; recalled: boolean } => ({ at: new Date(2026, 10, day), recalled });
  const weeks = weeklyRetention([at(9, true), at(15, false), at(16, true)], new Date(2026, 10, 18), 3);
  assert.deepEqual(weeks.map(({ tested, recalled }) => [tested, recalled]), [[0, 0], [2, 1], [1, 1]]);
});

test("a day's count takes the reader's own day, and a card is new on the day of its first answer", () => {
  const now = new Date(2026, 10, 18, 12);
  const at = (day: number, hour: number): number => new Date(2026, 10, day, hour).getTime();
  const reviews = [
    [review("a", at(17, 23), 3), review("a", at(18, 0), 3), review("a", at(18, 9), 3)],
    [review("b", at(18, 8), 1)],
    [review("c", at(19, 8), 3)],
    [],
  ];
  assert.deepEqual(countDay(reviews, now), { answers: 3, introduced: 1 });
});

test("a forecast counts what is overdue today, and nothing beyond its days", () => {
  const now = new Date(2026, 2, 28, 12);
  const dues = [new Date(2020, 0, 1), new Date(2026, 2, 28, 23), new Date(2026, 2, 29, 0), new Date(2026, 3, 3, 23), new Date(2026, 3, 4)];
  const days = forecast(dues, now, 7);
  assert.deepEqual(days.map(({ count }) => count), [2, 1, 0, 0, 0, 0, 1]);
  assert.equal(days.at(-1)!.name, "2026-04-03");
});

test("spans of time are written in words", () => {
  const spans = [30e3, 60e3, 600e3, 3.6e6, 8.64e7, 8 * 8.64e7, 90 * 8.64e7, 800 * 8.64e7];
  const texts = spans.map((time) => span(new Date(START + time), new Date(START)));
  const wanted = ["1 minute", "1 minute", "10 minutes", "1 hour", "1 day", "8 days", "3 months", "2 years"];
  assert.deepEqual(texts, wanted);
});
