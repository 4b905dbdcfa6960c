// Texts as coloured tokens with their ids; the reader chooses the tokenizer.

import { make } from "../ui/dom";
import { count } from "../ui/words";
import { makeChoice } from "./choice";

/** The tokens of each line: text and id. */
export interface Tokens {
  readonly tokenizers: readonly { readonly name: string; readonly lines: readonly Line[] }[];
}

type Line = readonly (readonly [string, number])[];

const COLOURS = 3;

export function drawTokens({ tokenizers }: Tokens): HTMLElement {
  const texts = tokenizers.map(({ lines }) => make("div", {}, ...lines.map(makeLine)));
  const choice = makeChoice("Tokenizer", tokenizers.map(({ name }) => name), (chosen) => {
    texts.forEach((text, at) => text.classList.toggle("chosen", at === chosen));
  });
  return make("div", { class: "interactive-tokens" }, choice, make("div", { class: "interactive-stack" }, ...texts));
}

function makeLine(line: Line): HTMLElement {
  const tokens = line.map(([text, id], at) => make("li", { "data-colour": at % COLOURS }, make("bdi", {}, visible(text)), make("small", {}, String(id))));
  return make("div", {}, make("ol", {}, ...tokens), make("span", {}, count(line.length, "token")));
}

// A space at the edge of a token would be lost, and a line break would break the chip.
function visible(text: string): string {
  return text.replaceAll(" ", "·").replaceAll("\n", "⏎") || "∅";
}
