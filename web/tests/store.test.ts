import assert from "node:assert/strict";
import { test } from "node:test";
import { SCHEMA } from "../progress";
import { Store } from "../store";
import { DAY, FakeStorage, forbid, review, START } from "./help";

const NOW = new Date(START);

test("a review is stored when the call returns, and is there for the next visit", () => {
  const storage = new FakeStorage();
  const store = new Store(() => storage.asStorage());
  const first = store.review("a", 3, NOW);
  store.undo(store.review("a", 1, new Date(START + DAY)), new Date(START + DAY));
  const next = new Store(() => storage.asStorage());
  assert.deepEqual(next.log.entries, store.log.entries);
  assert.deepEqual(next.log.reviewsOf("a"), [first]);
  assert.equal(next.unsaved, 0);
});

test("two tabs that do not hear of each other lose no review", () => {
  const storage = new FakeStorage();
  const [one, other] = [new Store(() => storage.asStorage()), new Store(() => storage.asStorage())];
  for (let i = 0; i < 20; i += 1) (i % 2 ? one : other).review("a", 3, new Date(START + (i - (i % 2)) * 1000));
  assert.equal(new Store(() => storage.asStorage()).log.reviewsOf("a").length, 20);
});

test("a full storage loses nothing: what was not stored is kept, counted, and stored when there is room", () => {
  const storage = new FakeStorage();
  storage.room = 1;
  const store = new Store(() => storage.asStorage());
  store.review("a", 3, NOW);
  store.review("b", 3, NOW);
  store.review("c", 3, NOW);
  assert.deepEqual([store.trouble, store.unsaved], ["full", 2]);
  assert.ok(store.log.stateOf("c"));
  storage.room = 10;
  store.review("d", 3, NOW);
  assert.deepEqual([store.trouble, store.unsaved], [undefined, 0]);
  assert.deepEqual(new Store(() => storage.asStorage()).log.cards, ["a", "b", "c", "d"]);
});

test("a forbidden storage leaves studying as it is, in memory", () => {
  const store = new Store(forbid);
  assert.equal(store.trouble, "forbidden");
  store.review("a", 3, NOW);
  assert.deepEqual([store.trouble, store.unsaved], ["forbidden", 1]);
  assert.equal(store.log.reviewsOf("a").length, 1);
});

test("items that cannot be read stay as they are", () => {
  const storage = new FakeStorage();
  const items = {
    "cardbook:review:2026-01-01T09:00:00.000Z:a": JSON.stringify({ ...review("a", START, 3), schema: SCHEMA + 1 }),
    "cardbook:review:2026-01-02T09:00:00.000Z:a": "{",
    "cardbook:review:2026-01-03T09:00:00.000Z:a": '{"schema": 1, "card": "a", "grade": 3}',
    "another:key": "{",
  };
  for (const [key, text] of Object.entries(items)) storage.setItem(key, text);
  const store = new Store(() => storage.asStorage());
  store.review("a", 3, new Date(START + 5 * DAY));
  assert.equal(store.unread, 3);
  assert.equal(store.log.entries.length, 1);
  for (const [key, text] of Object.entries(items)) assert.equal(storage.getItem(key), text);
});

test("a review of a future that never came, or of a clock gone wrong, is still read", () => {
  const storage = new FakeStorage();
  new Store(() => storage.asStorage()).review("a", 3, new Date(Date.UTC(2990, 0, 1)));
  assert.equal(new Store(() => storage.asStorage()).log.entries.length, 1);
});

test("an import adds what is missing, and keeps what only this browser has", () => {
  const storage = new FakeStorage();
  const store = new Store(() => storage.asStorage());
  const own = store.review("mine", 4, NOW);
  const entries = [{ ...own, device: "phone" }, review("gone", START + DAY, 2)];
  const fields = new Map<string, unknown>([["reminders", { hour: 19 }]]);
  assert.equal(store.merge({ entries, fields }), 2);
  assert.equal(store.merge({ entries, fields }), 0);
  const next = new Store(() => storage.asStorage());
  assert.deepEqual(next.log.entries, [{ ...own, device: "phone" }, entries[1]]);
  assert.deepEqual(next.fields, fields);
});

test("news of another tab is taken once, and of other keys never", () => {
  const store = new Store(() => new FakeStorage().asStorage());
  const text = JSON.stringify({ ...review("a", START, 3), schema: 1 });
  const key = "cardbook:review:2026-01-01T09:00:00.000Z:a";
  assert.deepEqual([store.take(key, text), store.take(key, text)], [true, false]);
  assert.deepEqual([store.take("other", text), store.take(key, null), store.take(null, null)], [false, false, false]);
  assert.equal(store.log.entries.length, 1);
});
