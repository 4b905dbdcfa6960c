// One of a few: radio buttons, which keyboard and finger know.

import { make } from "../ui/dom";

let groups = 0;

/** Returns a group of radio buttons; `choose` gets the position of the chosen one, at first 0. */
export function makeChoice(name: string, labels: readonly string[], choose: (at: number) => void): HTMLElement {
  const group = `interactive-choice-${++groups}`;
  const options = labels.map((label, at) => {
    const input = make("input", { type: "radio", name: group, checked: at === 0 });
    input.addEventListener("change", () => choose(at));
    return make("label", {}, input, make("span", {}, label));
  });
  choose(0);
  return make("fieldset", { class: "interactive-choice" }, make("legend", {}, name), ...options);
}
