import assert from "node:assert/strict";
import { test } from "node:test";
import { Index } from "../search";

const PAGE = { location: "chapters/one/", title: "One" };

function excerptOf(text: string, query: string): string {
  return new Index([{ ...PAGE, text }]).find(query)[0]![0]!.text;
}

test("the excerpt is where the most different words are", () => {
  const far = "filler ".repeat(60);
  assert.match(excerptOf(`attention ${far}here attention meets a head ${far}head`, "attention head"), /<mark>attention<.mark> meets a <mark>head</);
});

test("the excerpt is the first of several that are as good", () => {
  assert.match(excerptOf(`first attention ${"filler ".repeat(60)}second attention`, "attention"), /^<p>first <mark>attention</);
});

test("a word that a text has 200,000 times is found", () => {
  assert.match(excerptOf("model ".repeat(200_000), "model"), /^<p><mark>model<.mark> <mark>model</);
});

test("a section of each page that has the word is found", () => {
  const sections = ["a", "b", "c"].map((name) => ({ location: `chapters/${name}/`, title: name, text: "the softmax of it" }));
  assert.deepEqual(
    new Index(sections).find("softmax").map(([found]) => found!.location),
    ["chapters/a/", "chapters/b/", "chapters/c/"],
  );
});
