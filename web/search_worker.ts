// Replaces the search worker of Material. The book's index is fetched at the first search.

import { type Found, Index, type Section } from "./search";

const SETUP = 0;
const READY = 1;
const QUERY = 2;
const RESULT = 3;

// Beside the site's own address: this file is assets/built/search.js.
const BOOK = new URL("../../search/book.json", location.href);

let index: Promise<Index> | undefined;
let asked = 0;

addEventListener("message", ({ data }: MessageEvent<{ type: number; data: unknown }>) => {
  if (data.type === SETUP) postMessage({ type: READY });
  if (data.type === QUERY) void answer(String(data.data));
});

async function answer(query: string): Promise<void> {
  const number = ++asked;
  const found = query.trim() ? await find(query) : { items: [] };
  // If the reader has typed more meanwhile, only the newest query counts.
  if (number === asked) postMessage({ type: RESULT, data: found });
}

async function find(query: string): Promise<{ items: Found[][]; suggest?: string[] }> {
  try {
    index ??= fetchIndex();
    const ready = await index;
    return { items: ready.find(query), suggest: ready.complete(query) };
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
    index = undefined;
    const text = "<p>The index of the book could not be loaded. Try again with a network.</p>";
    return { items: [[{ location: "", title: "Search is not available", text, score: 0, terms: {} }]] };
  }
}

async function fetchIndex(): Promise<Index> {
  const answer = await fetch(BOOK);
  if (!answer.ok) throw new TypeError(`${BOOK.href}: ${answer.status}`);
  return new Index(((await answer.json()) as { sections: Section[] }).sections);
}
