import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest, place } from "../interactive/map";

test("points keep their order to the right and up, inside the picture", () => {
  const places = place([[-5, 10, 0, "a"], [0, 0, 0, "b"], [5, 30, 0, "c"]]);
  const [a, b, c] = places as [typeof places[0], typeof places[0], typeof places[0]];
  assert.ok(a!.x < b!.x && b!.x < c!.x);
  assert.ok(c!.y < a!.y && a!.y < b!.y);
  assert.ok(places.every(({ x, y }) => x > 0 && x < 640 && y > 0 && y < 520));
  assert.equal(b!.x - a!.x, c!.x - b!.x);
});

test("points in one place, and a single one, have a place", () => {
  for (const points of [[[1, 1, 0, "a"]], [[1, 1, 0, "a"], [1, 1, 0, "b"]]] as const) {
    assert.ok(place(points).every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y)));
  }
});

test("the nearest point is found", () => {
  const places = [{ x: 0, y: 0 }, { x: 10, y: 0 }, { x: 10, y: 10 }];
  assert.equal(nearest(places, 8, 1), 1);
  assert.equal(nearest(places, -3, -3), 0);
  assert.equal(nearest(places, 9, 6), 2);
});
