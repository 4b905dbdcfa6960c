// The next token of a language model under temperature, top-k and top-p, from its recorded logits.

import { make } from "../ui/dom";

/** The most probable tokens, logits from the largest down, and the other tokens in groups of [logit, how many]. */
export interface Sampling {
  readonly prompt: string;
  readonly tokens: readonly string[];
  readonly logits: readonly number[];
  readonly groups: readonly (readonly [number, number])[];
}

/** A top-k of 0 and a top-p of 1 cut nothing off. */
export interface Settings {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
}

/** The probability of each logit, 0 if its token is cut off; how many tokens are left, and whether that is exact. */
export interface Distribution {
  readonly probabilities: readonly number[];
  readonly left: number;
  readonly exact: boolean;
  readonly perplexity: number;
}

const ROWS = 12;

/** Applies temperature, then top-k, then top-p, as `generate` of transformers does. */
export function distribute(data: Sampling, { temperature, topK, topP }: Settings): Distribution {
  const entries = [...data.logits.map((logit) => [logit, 1] as const), ...data.groups];
  const weigh = (logit: number): number => Math.exp((logit - data.logits[0]!) / temperature);
  const kept: { weight: number; count: number }[] = [];
  let room = topK || Infinity;
  for (const [logit, count] of entries) {
    const taken = Math.min(count, room);
    if (taken > 0) kept.push({ weight: weigh(logit), count: taken });
    room -= taken;
  }
  let wanted = topP < 1 ? topP * sum(kept) : Infinity;
  const left: typeof kept = [];
  for (const { weight, count } of kept) {
    if (wanted <= 0 && left.length) break;
    const taken = Math.min(count, Math.max(1, Math.ceil(wanted / weight)));
    left.push({ weight, count: taken });
    wanted -= taken * weight;
  }
  const total = sum(left);
  const entropy = left.reduce((bits, { weight, count }) => bits - count * (weight / total) * Math.log(weight / total || 1), 0);
  return {
    probabilities: data.logits.map((_, at) => (left[at] ? left[at].weight / total : 0)),
    left: left.reduce((all, { count }) => all + count, 0),
    exact: left.length <= data.logits.length || left.length === entries.length,
    perplexity: Math.exp(entropy),
  };
}

function sum(entries: readonly { weight: number; count: number }[]): number {
  return entries.reduce((total, { weight, count }) => total + weight * count, 0);
}

export function drawSampling(data: Sampling): HTMLElement {
  const tokens = data.tokens.slice(0, ROWS);
  const rows = tokens.map((token) => makeRow(`“${token}”`));
  const others = makeRow("all others");
  const summary = make("output", { class: "interactive-summary" });
  const inputs = {
    temperature: makeSlider("Temperature", { min: 0.1, max: 2, step: 0.1, value: 1 }, (value) => value.toFixed(1)),
    topK: makeSlider("Top-k", { min: 0, max: 50, step: 1, value: 0 }, (value) => (value ? String(value) : "off")),
    topP: makeSlider("Top-p", { min: 0.05, max: 1, step: 0.05, value: 1 }, (value) => (value < 1 ? value.toFixed(2) : "off")),
  };
  const update = (): void => {
    const [temperature, topK, topP] = [inputs.temperature, inputs.topK, inputs.topP].map((slider) => slider.read());
    const result = distribute(data, { temperature: temperature!, topK: topK!, topP: topP! });
    rows.forEach((row, at) => row.show(result.probabilities[at]!, result.probabilities[at] === 0));
    const rest = 1 - tokens.reduce((total, _, at) => total + result.probabilities[at]!, 0);
    others.show(Math.max(0, rest), result.left <= tokens.length);
    summary.value = describe(result);
  };
  const sliders = Object.values(inputs);
  sliders.forEach(({ input }) => input.addEventListener("input", update));
  update();
  const label = `Probability of the next token after “${data.prompt}”`;
  const body = make("tbody", {}, ...[...rows, others].map(({ element }) => element));
  const table = make("table", { class: "interactive-bars", "aria-label": label }, body);
  const controls = make("div", { class: "interactive-sliders" }, ...sliders.map(({ element }) => element));
  return make("div", { class: "interactive-sampling" }, controls, summary, table);
}

function describe({ probabilities, left, exact, perplexity }: Distribution): string {
  const digits = perplexity < 100 ? 1 : 0;
  const tokens = `${exact ? "" : "about "}${left} ${left === 1 ? "token" : "tokens"} left`;
  return `${tokens}, best token ${probabilities[0]!.toFixed(2)}, perplexity ${perplexity.toFixed(digits)}`;
}

interface Slider {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  read(): number;
}

function makeSlider(name: string, range: Record<"min" | "max" | "step" | "value", number>, say: (value: number) => string): Slider {
  const input = make("input", { type: "range", ...range });
  const value = make("span", { class: "interactive-value" });
  const read = (): number => {
    value.textContent = say(input.valueAsNumber);
    input.setAttribute("aria-valuetext", value.textContent);
    return input.valueAsNumber;
  };
  return { element: make("label", {}, make("span", {}, name), input, value), input, read };
}

interface Row {
  readonly element: HTMLElement;
  show(share: number, cut: boolean): void;
}

function makeRow(name: string): Row {
  const cell = make("td");
  const element = make("tr", {}, make("th", { scope: "row" }, make("bdi", {}, name)), cell);
  const show = (share: number, cut: boolean): void => {
    cell.style.setProperty("--share", String(share));
    cell.textContent = cut ? "cut" : share.toFixed(2);
    element.classList.toggle("cut", cut);
  };
  return { element, show };
}
