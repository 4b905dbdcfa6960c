import assert from "node:assert/strict";
import { test } from "node:test";
import { Log } from "../progress/log";
import { mergeFields, type Entry } from "../progress/entries";
import { Schedule } from "../progress/schedule";
import { shuffled } from "../progress/queue";
import { DAY, dice, drawEntries, review, START } from "./help";

function logOf(entries: readonly Entry[]): Log {
  const log = new Log();
  for (const entry of entries) log.add(entry);
  return log;
}

function contents(log: Log): unknown {
  return { entries: log.entries, states: log.cards.map((card) => log.stateOf(card)) };
}

test("the state is what a replay of the log gives, however entries arrive", () => {
  for (let seed = 0; seed < 60; seed += 1) {
    const random = dice(seed);
    const log = new Log();
    for (const entry of drawEntries(random, 40)) {
      log.add(entry);
      const card = `card-${Math.floor(random() * 4)}`;
      assert.deepEqual(log.stateOf(card), new Schedule().replay(log.reviewsOf(card)));
    }
    const again = logOf(JSON.parse(JSON.stringify(log.entries)) as Entry[]);
    assert.deepEqual(contents(again), contents(log));
  }
});

test("logs merge into the same one in any order and any number of times", () => {
  for (let seed = 0; seed < 60; seed += 1) {
    const random = dice(seed);
    const entries = drawEntries(random, 30);
    const extra = entries.map((entry, i): Entry => (i % 3 ? entry : { ...entry, note: `n${i}`, device: Math.floor(random() * 9) }));
    const all = [...entries, ...extra];
    const one = contents(logOf(all));
    assert.deepEqual(contents(logOf(shuffled(all, random))), one);
    assert.deepEqual(contents(logOf([...shuffled(all, random), ...shuffled(all, random)])), one);
  }
});

test("a merge drops no field, not even one named __proto__", () => {
  const one = JSON.parse('{"a": 1, "__proto__": {"x": 1}}') as Record<string, unknown>;
  const merged = mergeFields(one, { b: [2], a: 1 });
  assert.equal(JSON.stringify(merged), '{"__proto__":{"x":1},"a":1,"b":[2]}');
  assert.equal(Object.getPrototypeOf(merged), Object.prototype);
});

test("an undone review does not count, whichever of the two arrives first", () => {
  const first = review("a", START, 3);
  const second = review("a", START + DAY, 1);
  const undo = { card: "a", at: second.at, undone: new Date(START + DAY + 1000).toISOString() };
  for (const entries of [[first, second, undo], [undo, second, first]]) {
    const log = logOf(entries);
    assert.deepEqual(log.reviewsOf("a"), [first]);
    assert.equal(log.entries.length, 3);
  }
});

test("only cards that had rested until they were due count as tests of memory", () => {
  const reviews = [
    review("a", START, 4),
    review("a", START + DAY, 3),
    review("a", START + 200 * DAY, 1),
    review("a", START + 200 * DAY + 600_000, 3),
    review("a", START + 260 * DAY, 3),
  ];
  assert.deepEqual(new Schedule().recalls(reviews).map(({ recalled }) => recalled), [false, true]);
});
