import assert from "node:assert/strict";
import { test } from "node:test";

import { noticeOf } from "../age";

const started = "2026-11-22T22:21:31+00:00";
const after = (days: number): number => Date.parse(started) + days * 24 * 60 * 60 * 1000;

test("a run within the limit is not remarked on", () => {
  for (const days of [0, 1, 34.9, 35, 35.9]) assert.equal(noticeOf(started, 35, after(days)), "");
});

test("an older run is, with its age and the limit", () => {
  assert.match(noticeOf(started, 35, after(36)), /36 days ago.*at most 35\./);
  assert.match(noticeOf(started, 1, after(400.5)), /400 days ago/);
});

test("a wrong clock or date shows nothing", () => {
  assert.equal(noticeOf(started, 35, after(-9000)), "");
  assert.equal(noticeOf(started, 35, Number.NaN), "");
  assert.equal(noticeOf("yesterday", 35, after(99)), "");
  assert.equal(noticeOf(started, Number.NaN, after(99)), "");
});
