// The index of the book: its chapters and the ids of their cards. cardbook/pages/study.py writes it.

export interface Index {
  readonly chapters: readonly IndexChapter[];
  /** The ids of cards that the book once had. */
  readonly retired: readonly string[];
}

export interface IndexChapter {
  readonly id: string;
  readonly title: string;
  /** The files that hold the cards, 50 each in the order of `cards`; none if the study page contains the cards. */
  readonly parts: readonly string[];
  readonly cards: readonly string[];
}

/** Something could not be loaded. Its message is for the reader. */
export class LoadError extends Error {}

/** Returns the index at `address`. Throws LoadError. */
export async function loadIndex(address: URL): Promise<Index> {
  const index = await fetchJson(address);
  if (!isIndex(index)) throw new LoadError("The list of cards cannot be read by this version of the page: reload it.");
  return index;
}

/** Returns the JSON at `address`. Throws LoadError. */
export async function fetchJson(address: URL): Promise<unknown> {
  let answer: Response;
  try {
    answer = await fetch(address);
  } catch {
    throw new LoadError("The cards could not be loaded. Check the connection, then try again.");
  }
  if (!answer.ok) throw new LoadError("The cards are no longer where they were: reload the page.");
  try {
    return await answer.json();
  } catch {
    throw new LoadError("The cards could not be read. Try again.");
  }
}

function isIndex(value: unknown): value is Index {
  const { chapters, retired } = (value ?? {}) as Partial<Record<string, unknown>>;
  return Array.isArray(chapters) && chapters.every(isChapter) && isTexts(retired);
}

function isChapter(value: unknown): boolean {
  const { id, title, parts, cards } = (value ?? {}) as Partial<Record<string, unknown>>;
  return typeof id === "string" && typeof title === "string" && isTexts(parts) && isTexts(cards);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
