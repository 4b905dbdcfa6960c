import assert from "node:assert/strict";
import { test } from "node:test";
import { SCHEMA } from "../progress/entries";
import { writeProgress } from "../progress/file";
import { DEFAULT_SETTINGS, readChoice } from "../progress/settings";
import { StorageFullError, Store } from "../progress/store";
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

const BOOK = "mine";

test("two books on one host keep their progress apart", () => {
  const storage = new FakeStorage();
  new Store(() => storage.asStorage(), "one").review("a", 3, NOW);
  const other = new Store(() => storage.asStorage(), "other");
  assert.equal(other.log.isEmpty, true);
  other.review("a", 1, NOW);
  assert.deepEqual(new Store(() => storage.asStorage(), "one").log.reviewsOf("a").map(({ grade }) => grade), [3]);
  assert.equal(other.take([...storage.items.keys()][0]!, [...storage.items.values()][0]!), false);
});

test("what was stored before keys had names is taken over: reviews, undos and fields, of this book's cards only", () => {
  const storage = new FakeStorage();
  const before = new Store(() => storage.asStorage());
  const kept = before.review("a", 3, NOW);
  before.undo(before.review("a", 1, new Date(START + DAY)), new Date(START + DAY));
  before.merge({ entries: [{ ...review("gone", START, 2), device: "phone" }], fields: new Map([["reminders", { hour: 19 }]]) });
  const theirs = before.review("of-another-book", 4, NOW);
  const originals = new Map(storage.items);
  const store = new Store(() => storage.asStorage(), BOOK);
  assert.deepEqual([store.log.isEmpty, store.hasOlderItems], [true, true]);
  assert.equal(store.adopt(new Set(["a", "gone"])), true);
  assert.deepEqual([store.log.reviewsOf("a"), store.log.cards], [[kept], ["a", "gone"]]);
  assert.equal(store.adopt(new Set(["a", "gone"])), false);
  const written = storage.items.size;
  for (const [key, text] of originals) assert.equal(storage.getItem(key), text);
  for (const key of originals.keys()) storage.items.delete(key);
  const next = new Store(() => storage.asStorage(), BOOK);
  assert.deepEqual([next.log.entries, next.fields], [store.log.entries, store.fields]);
  assert.equal(next.log.has(theirs), false);
  assert.equal(written, originals.size + 5);
});

test("what a tab with the version before names writes meanwhile is taken over too", () => {
  const storage = new FakeStorage();
  const store = new Store(() => storage.asStorage(), BOOK);
  store.adopt(new Set(["a"]));
  const text = JSON.stringify({ ...review("a", START, 3), schema: 1 });
  const key = "cardbook:review:2026-01-01T09:00:00.000Z:a";
  assert.deepEqual([store.take(key, text), store.take(key, text), store.take(key.replace(":a", ":b"), text.replace('"a"', '"b"'))], [true, false, false]);
});

test("a full storage keeps no progress from being taken over: the original stays and is read each time", () => {
  const storage = new FakeStorage();
  new Store(() => storage.asStorage()).review("a", 3, NOW);
  storage.room = 1;
  const store = new Store(() => storage.asStorage(), BOOK);
  store.adopt(new Set(["a"]));
  assert.deepEqual([store.log.cards, store.unsaved, store.trouble], [["a"], 0, undefined]);
});

test("an item that does not fit keeps no later one from being stored", () => {
  const storage = new FakeStorage();
  const store = new Store(() => storage.asStorage(), BOOK);
  storage.largest = 150;
  store.review("a-card-with-a-very-long-name-which-takes-all-the-room-there-is-and-more", 3, NOW);
  store.review("b", 3, NOW);
  store.review("c", 3, NOW);
  assert.deepEqual([store.trouble, store.unsaved], ["full", 1]);
  assert.deepEqual(new Store(() => storage.asStorage(), BOOK).log.cards, ["b", "c"]);
});

test("an import that does not fit is refused whole, and leaves room for reviews", () => {
  const storage = new FakeStorage();
  const store = new Store(() => storage.asStorage(), BOOK);
  store.review("a", 3, NOW);
  const before = new Map(storage.items);
  storage.room = 4;
  const entries = ["b", "c", "d", "e"].map((card) => review(card, START, 3));
  assert.throws(() => store.merge({ entries, fields: new Map() }), StorageFullError);
  assert.deepEqual([storage.items, store.log.cards, store.unsaved, store.trouble], [before, ["a"], 0, undefined]);
  assert.equal(store.merge({ entries: entries.slice(0, 2), fields: new Map() }), 2);
});

test("stored items of 20,000 levels, huge ones and wrong ones stay, and keep nothing from working", () => {
  const storage = new FakeStorage();
  const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
  const items = {
    "cardbook/mine/field:deep": `{"value": ${deep}}`,
    "cardbook/mine/field:huge": JSON.stringify({ value: "x".repeat(200_000) }),
    "cardbook/mine/review:2026-01-01T09:00:00.000Z:a": `{"schema":1,"card":"a","at":"2026-01-01T09:00:00.000Z","grade":3,"x":${deep}}`,
    "cardbook/mine/review:2026-01-01T09:00:00.001Z:a": '{"schema":1,"card":"a","at":"2026-01-01T09:00:00.001Z","grade":7,"undone":"x"}',
    "cardbook/mine/settings": `{"newPerDay": ${deep}}`,
    "cardbook/mine/choice": deep,
  };
  for (const [key, text] of Object.entries(items)) storage.setItem(key, text);
  const store = new Store(() => storage.asStorage(), BOOK);
  assert.deepEqual([store.unread, store.fields.size, store.settings], [4, 0, DEFAULT_SETTINGS]);
  assert.deepEqual(readChoice(store.choice), { filter: "due and new", chapter: "", shuffle: false, asList: false });
  store.review("a", 3, NOW);
  JSON.parse(writeProgress(store.log, store, NOW));
  for (const [key, text] of Object.entries(items)) assert.equal(storage.getItem(key), text);
});

test("settings and suspensions last, the later ones count, and retention moves due dates", () => {
  const storage = new FakeStorage();
  const store = new Store(() => storage.asStorage(), BOOK);
  store.review("a", 4, NOW);
  const due = store.log.stateOf("a")!.due;
  store.set({ newPerDay: 3, retention: 0.8 }, NOW);
  assert.ok(store.log.stateOf("a")!.due > due);
  store.suspend("a", true, NOW);
  store.suspend("a", false, new Date(START + 1));
  store.suspend("b", true, new Date(START + 2));
  const next = new Store(() => storage.asStorage(), BOOK);
  assert.deepEqual([next.settings.newPerDay, next.log.suspended, next.log.stateOf("a")!.due], [3, ["b"], store.log.stateOf("a")!.due]);
  next.merge({ entries: [], fields: new Map(), settings: { newPerDay: 9, retention: 0.9, changed: new Date(START - 1).toISOString() } });
  assert.equal(next.settings.newPerDay, 3);
  next.merge({ entries: [], fields: new Map(), settings: { newPerDay: 9, retention: 0.9, changed: new Date(START + 9).toISOString() } });
  assert.equal(new Store(() => storage.asStorage(), BOOK).settings.newPerDay, 9);
});
