import assert from "node:assert/strict";
import { test } from "node:test";
import { distribute, type Sampling, type Settings } from "../interactive/sampling";

const LOGITS = [3, 2.5, 2.5, 1, 0, -1, -1, -4];
const SINGLE: Sampling = { prompt: "", tokens: [], logits: LOGITS, groups: [] };
const GROUPED: Sampling = { prompt: "", tokens: [], logits: [3], groups: [[2.5, 2], [1, 1], [0, 1], [-1, 2], [-4, 1]] };
const ALL: Settings = { temperature: 1, topK: 0, topP: 1 };

// As the warpers of transformers do: tokens from the last up are cut off while their probabilities sum to at most 1 - p.
function expected({ temperature, topK, topP }: Settings): number[] {
  const softmax = (weights: number[]): number[] => weights.map((w) => w / weights.reduce((a, b) => a + b));
  let weights = LOGITS.map((logit) => Math.exp(logit / temperature));
  if (topK) weights = weights.map((weight, at) => (at < topK ? weight : 0));
  if (topP < 1) {
    const share = softmax(weights);
    const after = share.map((_, at) => share.slice(at).reduce((a, b) => a + b));
    weights = weights.map((weight, at) => (at === 0 || after[at]! > 1 - topP ? weight : 0));
  }
  return softmax(weights);
}

const SETTINGS = [0.3, 1, 1.5].flatMap((temperature) =>
  [0, 1, 2, 5].flatMap((topK) => [0.05, 0.5, 0.77, 1].map((topP) => ({ temperature, topK, topP }))),
);

test("probabilities are those of softmax, top-k and top-p", () => {
  for (const settings of SETTINGS) {
    const wanted = expected(settings);
    const { probabilities, left, exact, perplexity } = distribute(SINGLE, settings);
    wanted.forEach((share, at) => assert.ok(Math.abs(share - probabilities[at]!) < 1e-9, JSON.stringify(settings)));
    assert.equal(left, wanted.filter((share) => share > 0).length);
    assert.ok(exact);
    const entropy = wanted.reduce((sum, share) => sum - (share ? share * Math.log(share) : 0), 0);
    assert.ok(Math.abs(perplexity - Math.exp(entropy)) < 1e-9);
  }
});

test("a group counts as its tokens", () => {
  for (const settings of SETTINGS) {
    const single = distribute(SINGLE, settings);
    const grouped = distribute(GROUPED, settings);
    assert.equal(grouped.left, single.left);
    assert.ok(Math.abs(grouped.perplexity - single.perplexity) < 1e-9);
    assert.ok(Math.abs(grouped.probabilities[0]! - single.probabilities[0]!) < 1e-9);
  }
  assert.equal(distribute(GROUPED, { ...ALL, topK: 2 }).exact, false);
  assert.equal(distribute(GROUPED, ALL).exact, true);
});

test("large logits and low temperatures give numbers", () => {
  const steep = distribute({ ...SINGLE, logits: [900_000, -900_000] }, { ...ALL, temperature: 0.1 });
  assert.deepEqual([steep.probabilities, steep.left, steep.perplexity], [[1, 0], 2, 1]);
});
