// Texts as points on a map: the text of the point under the pointer, or of the one that a slider chooses.

import { draw, make } from "../ui/dom";
import { count } from "../ui/words";

/** Of each text: its place to the right and up, the position of its group, its first words. */
export interface TextMap {
  readonly groups: readonly string[];
  readonly points: readonly (readonly [number, number, number, string])[];
}

const WIDTH = 640;
const HEIGHT = 520;
const MARGIN = 14;

export function drawMap({ groups, points }: TextMap): HTMLElement {
  // Group by group, each from left to right: a way through the map for the keyboard.
  const ordered = [...points].sort((one, other) => one[2] - other[2] || one[0] - other[0]);
  const places = place(ordered);
  const dots = places.map(({ x, y }, at) => draw("circle", { cx: x, cy: y, r: 6, class: `group-${ordered[at]![2]}` }));
  const ring = draw("circle", { r: 10, class: "ring" });
  const text = make("output", { class: "interactive-text" });
  const slider = make("input", { type: "range", min: 1, max: points.length, value: 1, "aria-label": "Text" });
  const choose = (at: number): void => {
    const [, , group, words] = ordered[at]!;
    ring.setAttribute("cx", String(places[at]!.x));
    ring.setAttribute("cy", String(places[at]!.y));
    text.replaceChildren(make("small", {}, make("bdi", {}, groups[group] ?? "")), make("bdi", {}, words));
    slider.value = String(at + 1);
    slider.setAttribute("aria-valuetext", words);
  };
  slider.addEventListener("input", () => choose(slider.valueAsNumber - 1));
  const picture = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `Map of ${count(points.length, "text")}` }, ...dots, ring);
  const point = (event: PointerEvent): void => {
    const box = picture.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * WIDTH;
    const y = ((event.clientY - box.top) / box.height) * HEIGHT;
    choose(nearest(places, x, y));
  };
  picture.addEventListener("pointermove", point);
  picture.addEventListener("pointerdown", point);
  choose(0);
  return make("div", { class: "interactive-map" }, picture, slider, text, makeLegend(groups, points));
}

interface Place {
  readonly x: number;
  readonly y: number;
}

/** Returns where each point is in the picture. */
export function place(points: TextMap["points"]): Place[] {
  const scale = (values: readonly number[], from: number, to: number): number[] => {
    const least = values.reduce((a, b) => Math.min(a, b), Infinity);
    const span = values.reduce((a, b) => Math.max(a, b), -Infinity) - least || 1;
    return values.map((value) => from + ((value - least) / span) * (to - from));
  };
  const xs = scale(points.map(([x]) => x), MARGIN, WIDTH - MARGIN);
  const ys = scale(points.map(([, y]) => y), HEIGHT - MARGIN, MARGIN);
  return xs.map((x, at) => ({ x, y: ys[at]! }));
}

/** Returns the position of the place that is nearest to a point of the picture. */
export function nearest(places: readonly Place[], x: number, y: number): number {
  const far = (at: number): number => (places[at]!.x - x) ** 2 + (places[at]!.y - y) ** 2;
  return places.reduce((best, _, at) => (far(at) < far(best) ? at : best), 0);
}

function makeLegend(groups: TextMap["groups"], points: TextMap["points"]): HTMLElement {
  const items = groups.map((name, group) => {
    const size = points.filter((point) => point[2] === group).length;
    return make("li", { class: `group-${group}` }, make("bdi", {}, `${count(size, "text")}: ${name}`));
  });
  return make("ul", {}, ...items);
}
