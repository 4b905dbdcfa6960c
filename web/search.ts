// Search as people type: ranks the sections of the book for a question, a few words or half a word.

/** A section of a page as `search/book.json` has it. A card has `also`, other words for it, and its `corrections`. */
export interface Section {
  readonly location: string;
  readonly title: string;
  readonly text: string;
  readonly card?: boolean;
  readonly also?: readonly string[];
  readonly corrections?: readonly string[];
}

/** A section that was found: HTML, with `terms` telling which words were found in it and which were not. */
export interface Found {
  readonly location: string;
  readonly title: string;
  readonly text: string;
  readonly tags?: readonly string[];
  readonly score: number;
  readonly terms: Readonly<Record<string, boolean>>;
}

interface Word {
  readonly stem: string;
  // The word's share of its text: half of another name with two words.
  readonly share: number;
  // It is two words that stand side by side.
  readonly pair: boolean;
  readonly start: number;
  readonly end: number;
}

type Field = "title" | "also" | "text";

interface Posting {
  readonly section: number;
  readonly field: Field;
  readonly words: Word[];
}

const WEIGHTS: Readonly<Record<Field, number>> = { title: 5, also: 6, text: 1 };
// What a word scores that is only the beginning of one, or one letter off.
const BEGINNING = 0.5;
const TYPO = 0.3;
// The factors for cards, and for pages that are not chapters.
const CARD = 1.6;
const ASIDE = 0.5;
const EXCERPT = 220;
// Between the other names of a card.
const SEPARATOR = " · ";

const STOP = new Set(
  (
    "a about am an and any are as at be because been but by can could did do does done for from get had has have how i if in into is it " +
    "its let me mean means my no not of on or our should so some than that the their them then there these they this to " +
    "us use used using want was we were what when where which while who why will with would you your explain define difference between vs versus"
  ).split(" "),
);

export class Index {
  readonly #sections: readonly Section[];
  readonly #postings = new Map<string, Posting[]>();
  // The stems of single words.
  readonly #single = new Set<string>();
  readonly #lengths: number[];
  readonly #average: number;
  readonly #titles = new Map<string, number>();

  constructor(sections: readonly Section[]) {
    this.#sections = sections;
    this.#lengths = sections.map((section, number) => {
      this.#add(number, "title", section.title);
      this.#add(number, "also", (section.also ?? []).join(SEPARATOR));
      return this.#add(number, "text", textOf(section));
    });
    this.#average = this.#lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, sections.length);
    for (const { title } of sections) {
      for (const { text } of wordsOf(title)) this.#titles.set(text.toLowerCase(), (this.#titles.get(text.toLowerCase()) ?? 0) + 1);
    }
  }

  /** Returns what was found, grouped by page, best first; each group ends with its page if the page is not in it. */
  find(query: string): Found[][] {
    const terms = this.#termsOf(query);
    const scores = new Map<number, { score: number; matches: Map<string, Posting[]>; missing: string[] }>();
    const required = terms.filter((term) => !term.bonus).length;
    for (const term of terms) {
      for (const [section, { score, postings }] of this.#score(term.alternatives)) {
        const found = scores.get(section) ?? { score: 0, matches: new Map(), missing: [] };
        found.score += score;
        if (!term.bonus) found.matches.set(term.text, postings);
        scores.set(section, found);
      }
    }
    const found: { item: Found; page: string }[] = [];
    for (const [number, { score, matches }] of scores) {
      const section = this.#sections[number]!;
      if (matches.size === 0) continue;
      const total = score * (matches.size / required) ** 2 * this.#rank(section);
      const missing = terms.filter((term) => !term.bonus && !matches.has(term.text)).map((term) => term.text);
      found.push({ item: show(section, total, [...matches.values()].flat(), missing), page: pageOf(section.location) });
    }
    found.sort((one, other) => other.item.score - one.item.score);
    const groups = new Map<string, Found[]>();
    for (const { item, page } of found) groups.set(page, [...(groups.get(page) ?? []), item]);
    for (const [page, items] of groups) {
      const section = this.#sections.find(({ location }) => location === page);
      if (section && !items.some(({ location }) => location === page)) items.push(show(section, 0, [], []));
    }
    return [...groups.values()].filter((items) => items.some(({ location }) => !location.includes("#")));
  }

  /** Returns how the last word could end, as a title has it. */
  complete(query: string): string[] {
    const last = /[\p{L}\p{N}]+$/u.exec(query)?.[0].toLowerCase() ?? "";
    if (last.length < 3) return [];
    const known = [...this.#titles].filter(([word]) => word.startsWith(last) && word !== last);
    return known.sort(([, one], [, other]) => other - one).slice(0, 1).map(([word]) => word);
  }

  #rank(section: Section): number {
    if (!section.location.startsWith("chapters/")) return ASIDE;
    return section.card ? CARD : 1;
  }

  #add(section: number, field: Field, text: string): number {
    const words = new Map<string, Word[]>();
    let count = 0;
    for (const word of stemsOf(text, field === "also")) {
      if (!word.pair) this.#single.add(word.stem);
      const same = words.get(word.stem);
      if (same) same.push(word);
      else words.set(word.stem, [word]);
      count += 1;
    }
    for (const [stem, found] of words) {
      const postings = this.#postings.get(stem) ?? [];
      postings.push({ section, field, words: found });
      this.#postings.set(stem, postings);
    }
    return count;
  }

  /** Returns the words of a query, each with the stems that count as it, and as a bonus those that stand side by side. */
  #termsOf(query: string): { text: string; alternatives: Map<string, number>; bonus: boolean }[] {
    const all = wordsOf(query);
    const chosen = all.filter(({ text }) => !STOP.has(text.toLowerCase()));
    const words = chosen.length ? chosen : all;
    const open = /[\p{L}\p{N}]$/u.test(query) ? words.at(-1) : undefined;
    const terms = words.map((word) => ({
      text: word.text.toLowerCase(),
      alternatives: this.#alternatives(word.text, word === open),
      bonus: false,
    }));
    const pairs = words.slice(1).map((word, at) => `${words[at]!.text}${word.text}`);
    const bonuses = pairs
      .filter((text) => this.#postings.has(stemOf(text)))
      .map((text) => ({ text, alternatives: new Map([[stemOf(text), 1.5]]), bonus: true }));
    return [...new Map(terms.map((term) => [term.text, term])).values(), ...bonuses];
  }

  #alternatives(word: string, open: boolean): Map<string, number> {
    const stem = stemOf(word);
    const found = new Map<string, number>();
    const exact = this.#postings.has(stem);
    if (exact) found.set(stem, 1);
    if (word.length >= 3 && (open || !exact)) {
      const start = plain(word);
      // A word that is there needs no pair of it and another, which would be marked whole.
      for (const known of exact ? this.#single : this.#postings.keys()) {
        if (known !== stem && (known.startsWith(start) || (!exact && known.startsWith(stem) && stem.length >= 4))) found.set(known, BEGINNING);
      }
    }
    if (found.size === 0 && stem.length >= 4) {
      for (const known of this.#postings.keys()) if (isOneOff(stem, known)) found.set(known, TYPO);
    }
    return found;
  }

  #score(alternatives: ReadonlyMap<string, number>): Map<number, { score: number; postings: Posting[] }> {
    const scores = new Map<number, { score: number; postings: Posting[] }>();
    for (const [stem, weight] of alternatives) {
      const postings = this.#postings.get(stem) ?? [];
      const sections = new Set(postings.map(({ section }) => section)).size;
      const rarity = Math.log(1 + (this.#sections.length - sections + 0.5) / (sections + 0.5));
      const sums = new Map<number, { sum: number; own: Posting[] }>();
      for (const posting of postings) {
        const { section, field, words } = posting;
        const length = field === "text" ? this.#lengths[section]! / this.#average : 1;
        const most = words.reduce((largest, { share }) => Math.max(largest, share), 0);
        const often = field === "text" ? words.length / (words.length + 1.2 * (0.4 + 0.6 * length)) : most;
        const found = sums.get(section) ?? { sum: 0, own: [] };
        found.sum += WEIGHTS[field] * often;
        found.own.push(posting);
        sums.set(section, found);
      }
      for (const [section, { sum, own }] of sums) {
        const known = scores.get(section);
        // Of several stems that count as the word, the best counts; all are shown.
        const score = Math.max(known?.score ?? 0, weight * rarity * sum);
        scores.set(section, { score, postings: [...(known?.postings ?? []), ...own] });
      }
    }
    return scores;
  }
}

function textOf(section: Section): string {
  return [section.text, ...(section.corrections ?? [])].join(" ");
}

function pageOf(location: string): string {
  return location.split("#")[0]!;
}

function plain(word: string): string {
  return word
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase();
}

interface Span {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

function wordsOf(text: string): Span[] {
  return spansOf(text, /[\p{L}\p{M}\p{N}]+/gu);
}

function spansOf(text: string, pattern: RegExp, from = 0): Span[] {
  return [...text.matchAll(pattern)].map((found) => {
    const start = from + found.index;
    return { text: found[0], start, end: start + found[0].length };
  });
}

// The stems of a text: of each word; of each part of `AutoTokenizer`; and of two words that stand side by side, so that
// "fine-tuning", "fine tuning" and "finetuning" are one.
function* stemsOf(text: string, names: boolean): Generator<Word> {
  const words = wordsOf(text);
  for (const [at, word] of words.entries()) {
    const share = names ? 1 / nameAround(text, word.start).length : 1;
    yield { stem: stemOf(word.text), share, pair: false, start: word.start, end: word.end };
    const parts = /\p{Ll}\p{Lu}/u.test(word.text) ? spansOf(word.text, /\p{Lu}+\p{Ll}*|\p{Ll}+/gu, word.start) : [];
    for (const part of parts) yield { stem: stemOf(part.text), share, pair: false, start: part.start, end: part.end };
    const next = words[at + 1];
    if (next && next.start - word.end <= 1 && !/[.:;·]/.test(text.slice(word.end, next.start))) {
      yield { stem: stemOf(word.text + next.text), share: 1, pair: true, start: word.start, end: next.end };
    }
  }
}

// The words that count of the name at a place in a list of names.
function nameAround(names: string, at: number): string[] {
  const start = names.lastIndexOf(SEPARATOR, at) + 1;
  const end = names.indexOf(SEPARATOR, at);
  const all = wordsOf(names.slice(start, end < 0 ? names.length : end)).map(({ text }) => text);
  return all.length > 1 ? all.filter((word) => !STOP.has(word.toLowerCase())) : all;
}

const ENDINGS = ["izations", "ization", "izers", "izer", "izing", "ized", "izes", "ize", "ations", "ation", "ings", "ing", "ers", "er", "ed", "es", "s", "e"];

/** Returns what "tokenizer", "tokenisers" and "tokenization" have in common; short words keep their letters. */
export function stemOf(word: string): string {
  let stem = plain(word).replace(/is(e|ed|es|er|ers|ing|ation|ations)$/, "iz$1").replace(/our(s?)$/, "or$1");
  if (stem.length > 4 && stem.endsWith("ies")) stem = `${stem.slice(0, -3)}y`;
  const ending = ENDINGS.find((end) => stem.endsWith(end) && stem.length - end.length >= 3 && !(end === "s" && stem.endsWith("ss")));
  if (ending) stem = stem.slice(0, -ending.length);
  return stem.length > 3 ? stem.replace(/([bdglmnprt])\1$/, "$1") : stem;
}

function isOneOff(one: string, other: string): boolean {
  if (Math.abs(one.length - other.length) > 1) return false;
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  const [a, b] = [one.slice(at), other.slice(at)];
  return a.slice(1) === b.slice(1) || a === b.slice(1) || a.slice(1) === b || (a[0] === b[1] && a[1] === b[0] && a.slice(2) === b.slice(2));
}

function show(section: Section, score: number, postings: readonly Posting[], missing: readonly string[]): Found {
  const spans = (field: Field): Word[] => postings.filter((posting) => posting.field === field).flatMap(({ words }) => words);
  const text = textOf(section);
  const found = [...spans("title").map((word) => section.title.slice(word.start, word.end)), ...spans("text").map((word) => text.slice(word.start, word.end))];
  const names = (section.also ?? []).join(SEPARATOR);
  const tags = (section.also ?? []).filter((name) => {
    const start = names.indexOf(name);
    return spans("also").some((word) => word.start >= start && word.end <= start + name.length);
  });
  const own = section.text;
  const corrected = text.slice(own.length + 1);
  const correction = corrected
    ? `<p class="search-correction"><strong>Correction</strong> ${excerpt(corrected, spans("text").map((word) => move(word, -own.length - 1)))}</p>`
    : "";
  return {
    location: section.location,
    title: mark(section.title, spans("title"), 0, section.title.length),
    text: `<p>${excerpt(own, spans("text"))}</p>${correction}`,
    ...(tags.length ? { tags: tags.map(escape) } : {}),
    score,
    terms: Object.fromEntries([...found.map((word) => [word.toLowerCase(), true] as const), ...missing.map((word) => [word, false] as const)]),
  };
}

function move(word: Word, by: number): Word {
  return { ...word, start: word.start + by, end: word.end + by };
}

// The part of a text with the most different words that were found.
function excerpt(text: string, spans: readonly Word[]): string {
  const inside = spans.filter(({ start, end }) => start >= 0 && end <= text.length).sort((one, other) => one.start - other.start);
  // How often each stem is in the window that begins with a word; a word can be longer than the window.
  const near = new Map<string, number>();
  let best = 0;
  let most = 0;
  let next = 0;
  for (const [at, { start, stem }] of inside.entries()) {
    while (next <= at || (next < inside.length && inside[next]!.end <= start + EXCERPT)) {
      near.set(inside[next]!.stem, (near.get(inside[next]!.stem) ?? 0) + 1);
      next += 1;
    }
    if (near.size > most) [best, most] = [start, near.size];
    const left = near.get(stem)! - 1;
    if (left) near.set(stem, left);
    else near.delete(stem);
  }
  const from = best < 60 ? 0 : text.indexOf(" ", best - 50) + 1;
  const to = from + EXCERPT >= text.length ? text.length : Math.max(text.lastIndexOf(" ", from + EXCERPT), from);
  return `${from ? "… " : ""}${mark(text, inside, from, to)}${to < text.length ? " …" : ""}`;
}

function mark(text: string, spans: readonly Word[], from: number, to: number): string {
  let html = "";
  let at = from;
  for (const { start, end } of [...spans].sort((one, other) => one.start - other.start || other.end - one.end)) {
    if (start < at || end > to) continue;
    html += `${escape(text.slice(at, start))}<mark>${escape(text.slice(start, end))}</mark>`;
    at = end;
  }
  return html + escape(text.slice(at, to));
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
