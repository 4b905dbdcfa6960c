import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ProgressFileError, LARGEST, readProgress, writeProgress } from "../progress/file";
import { Log } from "../progress/log";
import { type Migration } from "../progress/entries";
import { DEFAULT_SETTINGS } from "../progress/settings";
import { dice, drawEntries, review, START } from "./help";

const OLD = readFileSync("web/tests/progress/schema-1.json", "utf8");
const HEAD = { book: "", settings: DEFAULT_SETTINGS, fields: new Map<string, unknown>() };

function fileWith(changes: Record<string, unknown>): string {
  return JSON.stringify({ ...(JSON.parse(OLD) as object), ...changes });
}

function refused(text: string, book = ""): string {
  try {
    readProgress(text, book);
  } catch (error) {
    assert.ok(error instanceof ProgressFileError, String(error));
    return error.message;
  }
  assert.fail("the file was not refused");
}

test("what is written is read again, unknown cards and fields included", () => {
  const log = new Log();
  for (const entry of drawEntries(dice(1), 50)) log.add(entry);
  log.add({ ...review("no-such-card", START, 2), place: { x: [1, null] } });
  const fields = new Map<string, unknown>([["reminders", { hour: 19 }]]);
  const read = readProgress(writeProgress(log, { ...HEAD, fields }, new Date(START)));
  const again = new Log();
  for (const entry of read.entries) again.add(entry);
  assert.deepEqual(again.entries, log.entries);
  assert.deepEqual(read.fields, fields);
});

test("a file has the state of each card, for people", () => {
  const log = new Log();
  log.add(review("a", START, 4));
  const file = JSON.parse(writeProgress(log, HEAD, new Date(START))) as { cards: { a: { due: string } } };
  assert.equal(file.cards.a.due, log.stateOf("a")!.due.toISOString());
});

// This file is what readers have exported: it must be read for ever, so it is never changed.
test("a file of schema 1 is read", () => {
  const { entries, fields } = readProgress(OLD);
  assert.equal(entries.length, 6);
  assert.deepEqual([...fields], [["reminders", { hour: 19 }]]);
  const log = new Log();
  for (const entry of entries) log.add(entry);
  assert.equal(log.reviewsOf("text-generation").length, 3);
  assert.equal(log.stateOf("text-generation")!.last_review!.toISOString(), "2026-01-07T09:12:41.500Z");
});

test("the file that the book describes is one", () => {
  const [, example = ""] = /```json\n(.*?)```/s.exec(readFileSync("cardbook/site/standard_pages/progress.md", "utf8")) ?? [];
  assert.equal(readProgress(example, "{{ name }}").entries.length, 3);
});

test("a later schema reads files of every earlier one, one migration after the other", () => {
  const migrations: Migration[] = [
    ({ confidence, ...rest }) => ({ ...rest, ...(confidence ? { grade: confidence } : {}) }),
    ({ card, ...rest }) => ({ ...rest, card: String(card).replaceAll("_", "-") }),
  ];
  const ofSchema = (schema: number, entry: object): string => fileWith({ schema, reviews: [entry], undos: [] });
  const at = "2026-01-05T09:00:00.000Z";
  const wanted = [{ at, card: "a-b", grade: 2 }];
  const read = (schema: number, entry: object): unknown => readProgress(ofSchema(schema, entry), "", migrations).entries;
  assert.deepEqual(read(1, { card: "a_b", at, confidence: 2 }), wanted);
  assert.deepEqual(read(2, { card: "a_b", at, grade: 2 }), wanted);
  assert.deepEqual(read(3, { card: "a-b", at, grade: 2 }), wanted);
  assert.throws(() => read(4, { card: "a-b", at, grade: 2 }), /schema: 4 is newer than this page, which knows 3/);
});

const at = "2026-01-05T09:00:00.000Z";
const BAD: Record<string, [string, RegExp]> = {
  "no JSON": ["{", /not JSON/],
  "not an object": ["[1]", /not a JSON object/],
  "nothing": ["null", /not a JSON object/],
  "deep beyond reading": ["[".repeat(2_000_000), /not JSON|not a JSON object/],
  "another format": [fileWith({ format: "anki" }), /format: "anki" is not "cardbook-progress"/],
  "a newer schema": [fileWith({ schema: 2 }), /schema: 2 is newer than this page, which knows 1: reload/],
  "no schema": [fileWith({ schema: "1" }), /schema: "1" is not a schema/],
  "schema 0": [fileWith({ schema: 0 }), /schema: 0 is not a schema/],
  "no list": [fileWith({ reviews: {} }), /reviews: is not a list/],
  "a review that is not an object": [fileWith({ reviews: ["x"] }), /reviews\[0\]: is not an object/],
  "grade 5": [fileWith({ reviews: [{ card: "a", at, grade: 5 }] }), /reviews\[0\]\.grade: 5 is not a grade/],
  "grade as text": [fileWith({ reviews: [{ card: "a", at, grade: "3" }] }), /grade: "3" is not a grade/],
  "no grade": [fileWith({ reviews: [{ card: "a", at }] }), /grade: nothing is not a grade/],
  "hostile id": [fileWith({ reviews: [{ card: "<img src=x>", at, grade: 3 }] }), /card: "<img src=x>" is not a card id/],
  "endless id": [fileWith({ reviews: [{ card: "a".repeat(101), at, grade: 3 }] }), /is not a card id/],
  "no date": [fileWith({ reviews: [{ card: "a", at: "yesterday", grade: 3 }] }), /at: "yesterday" is not a time/],
  "31 February": [fileWith({ reviews: [{ card: "a", at: "2026-02-31T09:00:00.000Z", grade: 3 }] }), /is not a time/],
  "a number as date": [fileWith({ reviews: [{ card: "a", at: 1767600000000, grade: 3 }] }), /is not a time/],
  "the future": [fileWith({ reviews: [{ card: "a", at: "2999-01-01T00:00:00.000Z", grade: 3 }] }), /in the future/],
  "long ago": [fileWith({ reviews: [{ card: "a", at: "1999-01-01T00:00:00.000Z", grade: 3 }] }), /before 2000/],
  "an undo among reviews": [fileWith({ reviews: [{ card: "a", at, undone: at }] }), /belongs to another list/],
  "deep fields": [fileWith({ notes: JSON.parse("[".repeat(30) + "]".repeat(30)) }), /"notes": is nested too deeply/],
  "a deep review": [
    fileWith({ reviews: [{ card: "a", at, grade: 3, note: JSON.parse("[".repeat(30) + "]".repeat(30)) }] }),
    /reviews\[0\]: is nested too deeply/,
  ],
  "grade and undo in one": [fileWith({ reviews: [{ card: "a", at, grade: 9, undone: at }] }), /reviews\[0\]: belongs to another list/],
  "an empty suspension": [fileWith({ suspensions: [{ card: "a", at, suspended: "yes" }] }), /suspended: "yes" is neither true nor false/],
  "settings of nobody": [fileWith({ settings: { newPerDay: -1 } }), /settings: are not settings of this page/],
  "a wanted recall of 1": [
    fileWith({ settings: { newPerDay: 5, retention: 1, changed: "2026-01-01T00:00:00.000Z" } }),
    /settings: are not settings of this page/,
  ],
  "settings of the future": [
    fileWith({ settings: { newPerDay: 5, retention: 0.9, changed: "2999-01-01T00:00:00.000Z" } }),
    /settings\.changed: .* in the future/,
  ],
  "a year of five digits": [fileWith({ reviews: [{ card: "a", at: "+275760-09-13T00:00:00.000Z", grade: 3 }] }), /is not a time/],
  "20,000 levels where the format stands": [
    `{"format": ${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
    /format: a deeply nested value is not "cardbook-progress"/,
  ],
  "20,000 levels in a review": [
    fileWith({}).replace('"reviews":[', `"reviews":[{"card":"a","at":"${at}","grade":3,"x":${"[".repeat(20_000)}${"]".repeat(20_000)}},`),
    /reviews\[0\]: is nested too deeply/,
  ],
  "a review that is too large": [
    fileWith({ reviews: [{ card: "a", at, grade: 3, note: "x".repeat(20_000) }] }),
    /reviews\[0\]: is too large: at most 10000 characters/,
  ],
  "an unknown field that is too large": [fileWith({ notes: "x".repeat(9_000_000) }), /"notes".*: too large: at most 100000/],
  "cards as list": [fileWith({ cards: [] }), /cards: is not an object/],
};
for (const [name, [text, message]] of Object.entries(BAD))
  test(`a file with ${name} is refused with a message that says so`, () => assert.match(refused(text), message));

test("a file of another book is refused, and one from before books had names is read", () => {
  assert.match(refused(fileWith({ book: "other" }), "mine"), /this is the progress of another book, "other"/);
  assert.match(refused(fileWith({ book: { x: 1 } }), "mine"), /another book/);
  assert.equal(readProgress(fileWith({ book: "mine" }), "mine").entries.length, 6);
  assert.equal(readProgress(OLD, "mine").entries.length, 6);
});

test("suspensions and settings go with the file", () => {
  const log = new Log();
  log.add({ card: "a", at: new Date(START).toISOString(), suspended: true });
  const settings = { newPerDay: 5, retention: 0.85, changed: new Date(START).toISOString() };
  const text = writeProgress(log, { ...HEAD, book: "mine", settings }, new Date(START));
  const read = readProgress(text, "mine");
  assert.deepEqual([read.entries, read.settings], [log.entries, settings]);
});

test("a file that is too large is refused before it is parsed", () => {
  assert.match(refused(" ".repeat(LARGEST + 1)), /at most 10000000/);
});

test("a list with more entries than a file can hold is refused unread", () => {
  assert.equal(refused(fileWith({ reviews: Array.from({ length: 200_001 }, () => 0) })), "reviews: has 200001 entries: at most 200000 are read");
});

test("all problems are reported at once, as far as the file can be read", () => {
  const reviews = Array.from({ length: 9 }, () => ({ card: "A", at: "x", grade: 9 }));
  const lines = refused(fileWith({ reviews })).split("\n");
  assert.equal(lines.length, 6);
  assert.equal(lines[5], "and 22 more");
});
