import assert from "node:assert/strict";
import { test } from "node:test";
import { line, narrow, shuffled, standing, type Choice } from "../queue";
import { outlook, replay, type CardState } from "../schedule";
import { calendar, weeklyRetention } from "../statistics";
import { span } from "../words";
import { DAY, dice, review, START } from "./help";

const PLACES = ["a", "b", "c", "d"].map((id) => ({ id, chapter: id < "c" ? "one" : "two", text: `card ${id} words` }));
const ALL: Choice = { shelf: "due and new", chapter: "", search: "" };
const STATES: Record<string, CardState | undefined> = {
  a: replay([review("a", START, 4)]),
  c: replay([review("c", START, 3)]),
  d: replay([review("d", START - DAY, 3)]),
};

function ids(choice: Partial<Choice>, now: Date): string {
  return line(PLACES, { ...ALL, ...choice }, { stateOf: (id) => STATES[id], now }).map(({ id }) => id).join("");
}

test("due cards come first, the longest due first, then new ones in the book's order, then the rest", () => {
  const now = new Date(START + 3_600_000);
  assert.equal(ids({}, now), "dcb");
  assert.equal(ids({ shelf: "due" }, now), "dc");
  assert.equal(ids({ shelf: "new" }, now), "b");
  assert.equal(ids({ shelf: "all" }, now), "dcba");
  assert.equal(ids({ chapter: "two" }, now), "dc");
  assert.equal(ids({ shelf: "due" }, new Date(START + 300 * DAY)), "dca");
});

test("a search finds the cards that have every word", () => {
  const found = (search: string): string => narrow(PLACES, { ...ALL, search }).map(({ id }) => id).join("");
  assert.deepEqual(["  ", "WORDS b", "b x", "x"].map(found), ["abcd", "b", "", ""]);
});

test("a card is due from the very moment on", () => {
  const due = STATES.a!.due;
  assert.deepEqual([standing(undefined, due), standing(STATES.a, due)], ["new", "due"]);
  assert.equal(standing(STATES.a, new Date(due.getTime() - 1)), "later");
});

test("a shuffle keeps every card", () => {
  const order = shuffled(PLACES, dice(5));
  assert.notDeepEqual(order, PLACES);
  assert.deepEqual(new Set(order), new Set(PLACES));
});

test("a better grade never brings a card back sooner, and a clock set back breaks nothing", () => {
  const now = new Date(START - 30 * DAY);
  for (const state of [undefined, ...Object.values(STATES)]) {
    const dues = Object.values(outlook(state, now)).map((due) => due.getTime());
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

test("times are said as one says them", () => {
  const spans = [30e3, 60e3, 600e3, 3.6e6, 8.64e7, 8 * 8.64e7, 90 * 8.64e7, 800 * 8.64e7];
  const said = spans.map((time) => span(new Date(START + time), new Date(START)));
  const wanted = ["1 minute", "1 minute", "10 minutes", "1 hour", "1 day", "8 days", "3 months", "2 years"];
  assert.deepEqual(said, wanted);
});
