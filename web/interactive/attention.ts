// What each token of a sentence attends to: the weights of the token under the pointer, as bars over all tokens.

import { make } from "../ui/dom";
import { makeChoice } from "./choice";

/** In one head: the row of a token has its weight for each token. `start` is the token that is chosen at first. */
export interface Sentence {
  readonly title: string;
  readonly tokens: readonly string[];
  readonly weights: readonly (readonly number[])[];
  readonly start: number;
}

export function drawAttention({ sentences }: { readonly sentences: readonly Sentence[] }): HTMLElement {
  const panels = sentences.map(makePanel);
  const choice = makeChoice("Sentence", sentences.map(({ title }) => title), (chosen) => {
    panels.forEach((panel, at) => panel.classList.toggle("chosen", at === chosen));
  });
  return make("div", { class: "interactive-attention" }, choice, make("div", { class: "interactive-stack" }, ...panels));
}

function makePanel({ tokens, weights, start }: Sentence): HTMLElement {
  const summary = make("output", { class: "interactive-summary" });
  const words = tokens.map((token, at) => {
    const share = make("small");
    const button = make("button", { type: "button" }, make("i"), make("bdi", {}, token), share);
    for (const event of ["pointerenter", "focus", "click"]) button.addEventListener(event, () => choose(at));
    return { button, share };
  });
  const choose = (chosen: number): void => {
    const row = tokens.map((_, at) => weights[chosen]?.[at] ?? 0);
    words.forEach(({ button, share }, at) => {
      button.style.setProperty("--share", String(row[at]));
      button.setAttribute("aria-pressed", String(at === chosen));
      share.textContent = row[at]!.toFixed(2);
    });
    summary.value = describe(tokens, chosen, row);
  };
  choose(Math.min(start, tokens.length - 1));
  const sentence = make("div", { role: "group", "aria-label": "Tokens, each with its weight" }, ...words.map(({ button }) => button));
  return make("div", {}, sentence, summary);
}

function describe(tokens: readonly string[], chosen: number, row: readonly number[]): string {
  const order = row.map((_, at) => at).sort((one, other) => row[other]! - row[one]!);
  const most = order.slice(0, 3).map((at) => `“${tokens[at]}” ${row[at]!.toFixed(2)}`);
  return `“${tokens[chosen]}” looks at ${most.join(", ")}`;
}
