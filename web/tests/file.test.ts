import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { BadFile, LARGEST, readProgress, writeProgress } from "../file";
import { Log } from "../log";
import { type Migration } from "../progress";
import { dice, drawEntries, review, START } from "./help";

const OLD = readFileSync("web/tests/progress/schema-1.json", "utf8");
const NONE = new Map<string, unknown>();

function fileWith(changes: Record<string, unknown>): string {
  return JSON.stringify({ ...(JSON.parse(OLD) as object), ...changes });
}

function refused(text: string): string {
  try {
    readProgress(text);
  } catch (error) {
    assert.ok(error instanceof BadFile, String(error));
    return error.message;
  }
  assert.fail("the file was not refused");
}

test("what is written is read again, unknown cards and fields included", () => {
  const log = new Log();
  for (const entry of drawEntries(dice(1), 50)) log.add(entry);
  log.add({ ...review("no-such-card", START, 2), place: { x: [1, null] } });
  const fields = new Map<string, unknown>([["reminders", { hour: 19 }]]);
  const read = readProgress(writeProgress(log, fields, new Date(START)));
  const again = new Log();
  for (const entry of read.entries) again.add(entry);
  assert.deepEqual(again.entries, log.entries);
  assert.deepEqual(read.fields, fields);
});

test("a file has the state of each card, for people", () => {
  const log = new Log();
  log.add(review("a", START, 4));
  const file = JSON.parse(writeProgress(log, NONE, new Date(START))) as { cards: { a: { due: string } } };
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
  assert.equal(readProgress(example).entries.length, 3);
});

test("a later schema reads files of every earlier one, one migration after the other", () => {
  const migrations: Migration[] = [
    ({ confidence, ...rest }) => ({ ...rest, ...(confidence ? { grade: confidence } : {}) }),
    ({ card, ...rest }) => ({ ...rest, card: String(card).replaceAll("_", "-") }),
  ];
  const ofSchema = (schema: number, entry: object): string => fileWith({ schema, reviews: [entry], undos: [] });
  const at = "2026-01-05T09:00:00.000Z";
  const wanted = [{ at, card: "a-b", grade: 2 }];
  const read = (schema: number, entry: object): unknown => readProgress(ofSchema(schema, entry), migrations).entries;
  assert.deepEqual(read(1, { card: "a_b", at, confidence: 2 }), wanted);
  assert.deepEqual(read(2, { card: "a_b", at, grade: 2 }), wanted);
  assert.deepEqual(read(3, { card: "a-b", at, grade: 2 }), wanted);
  assert.throws(() => read(4, { card: "a-b", at, grade: 2 }), /schema: 4 is newer than this page, which knows 3/);
});

const at = "2026-01-05T09:00:00.000Z";
const BAD: Record<string, [string, RegExp]> = {
  "no JSON": ["{", /not JSON/],
  "not an object": ["[1]", /no JSON object/],
  "nothing": ["null", /no JSON object/],
  "deep beyond reading": ["[".repeat(2_000_000), /not JSON|no JSON object/],
  "another format": [fileWith({ format: "anki" }), /format: "anki" is not "cardbook-progress"/],
  "a newer schema": [fileWith({ schema: 2 }), /schema: 2 is newer than this page, which knows 1: reload/],
  "no schema": [fileWith({ schema: "1" }), /schema: "1" is no schema/],
  "schema 0": [fileWith({ schema: 0 }), /schema: 0 is no schema/],
  "no list": [fileWith({ reviews: {} }), /reviews: is no list/],
  "a review that is no object": [fileWith({ reviews: ["x"] }), /reviews\[0\]: is no object/],
  "grade 5": [fileWith({ reviews: [{ card: "a", at, grade: 5 }] }), /reviews\[0\]\.grade: 5 is no grade/],
  "grade as text": [fileWith({ reviews: [{ card: "a", at, grade: "3" }] }), /grade: "3" is no grade/],
  "no grade": [fileWith({ reviews: [{ card: "a", at }] }), /grade: nothing is no grade/],
  "hostile id": [fileWith({ reviews: [{ card: "<img src=x>", at, grade: 3 }] }), /card: "<img src=x>" is no card id/],
  "endless id": [fileWith({ reviews: [{ card: "a".repeat(101), at, grade: 3 }] }), /is no card id/],
  "no date": [fileWith({ reviews: [{ card: "a", at: "yesterday", grade: 3 }] }), /at: "yesterday" is no time/],
  "31 February": [fileWith({ reviews: [{ card: "a", at: "2026-02-31T09:00:00.000Z", grade: 3 }] }), /is no time/],
  "a number as date": [fileWith({ reviews: [{ card: "a", at: 1767600000000, grade: 3 }] }), /is no time/],
  "the future": [fileWith({ reviews: [{ card: "a", at: "2999-01-01T00:00:00.000Z", grade: 3 }] }), /in the future/],
  "long ago": [fileWith({ reviews: [{ card: "a", at: "1999-01-01T00:00:00.000Z", grade: 3 }] }), /before 2000/],
  "an undo among reviews": [fileWith({ reviews: [{ card: "a", at, undone: at }] }), /belongs to the other list/],
  "deep fields": [fileWith({ notes: JSON.parse("[".repeat(30) + "]".repeat(30)) }), /"notes": is nested too deeply/],
  "a deep review": [
    fileWith({ reviews: [{ card: "a", at, grade: 3, note: JSON.parse("[".repeat(30) + "]".repeat(30)) }] }),
    /reviews\[0\]: is nested too deeply/,
  ],
  "cards as list": [fileWith({ cards: [] }), /cards: is no object/],
};
for (const [name, [text, message]] of Object.entries(BAD))
  test(`a file with ${name} is refused with a message that says so`, () => assert.match(refused(text), message));

test("a file that is too large is refused before it is parsed", () => {
  assert.match(refused(" ".repeat(LARGEST + 1)), /at most 10000000/);
});

test("all problems are told at once, as far as one can read them", () => {
  const reviews = Array.from({ length: 9 }, () => ({ card: "A", at: "x", grade: 9 }));
  const lines = refused(fileWith({ reviews })).split("\n");
  assert.equal(lines.length, 6);
  assert.equal(lines[5], "and 22 more");
});
