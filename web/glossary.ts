// Explains terms where a chapter first uses them: on hover, and by keyboard or finger. The page Glossary has all of them.

/** A term as glossary.json has it, with what it means. */
type Glossary = Readonly<Record<string, string>>;

// Where terms are not explained: in names, links, and answers that the reader should recall.
const NOT_HERE = "a, abbr, code, pre, math, button, summary, table, h1, h2, h3, h4, h5, h6, .card, .run, .provenance, .introduction";

export function start(): void {
  const place = document.querySelector<HTMLMetaElement>("meta[name=glossary]");
  const article = document.querySelector("article");
  if (!place || !article || article.querySelector("abbr.term")) return;
  const explain = async (): Promise<void> => {
    const answer = await fetch(new URL(place.content, location.href));
    if (answer.ok) markTerms(article, (await answer.json()) as Glossary);
  };
  // Without a network, terms are not explained.
  const ignore = (error: unknown): void => {
    if (!(error instanceof TypeError)) throw error;
  };
  const idle = globalThis.requestIdleCallback ?? setTimeout;
  idle(() => void explain().catch(ignore));
}

/** Marks the first use of each term below `root`, whole words only, plural or not. */
export function markTerms(root: Element, glossary: Glossary): void {
  const meanings = new Map(Object.entries(glossary).map(([term, meaning]) => [term.toLowerCase(), meaning]));
  if (meanings.size === 0) return;
  const longestFirst = [...meanings.keys()].sort((one, other) => other.length - one.length);
  const pattern = new RegExp(`(^|[^\\p{L}\\p{N}-])(${longestFirst.map(literal).join("|")})(s?)(?![\\p{L}\\p{N}-])`, "iu");
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) {
    const text = walker.currentNode as Text;
    if (!text.parentElement?.closest(NOT_HERE)) texts.push(text);
  }
  for (let text = texts.shift(); text; text = texts.shift()) {
    const found = pattern.exec(text.data);
    if (!found) continue;
    const [all, before = "", term = "", plural = ""] = found;
    const word = term + plural;
    const rest = text.splitText(found.index + before.length).splitText(all.length - before.length);
    const meaning = meanings.get(term.toLowerCase());
    // Later ones stay as they are.
    if (meaning !== undefined) rest.previousSibling!.replaceWith(explained(word, meaning));
    meanings.delete(term.toLowerCase());
    texts.unshift(rest);
  }
}

function explained(word: string, meaning: string): HTMLElement {
  const term = document.createElement("abbr");
  term.className = "term";
  term.title = meaning;
  term.tabIndex = 0;
  term.textContent = word;
  return term;
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
