// What a reader has set, and what was chosen last.

import { isFields, isTime } from "./entries";
import { FILTERS, type Choice } from "./queue";
import { DEFAULT_RETENTION } from "./schedule";

/** `changed` is when the reader set them, in UTC; "" for the defaults. Of two, the later ones count. */
export interface Settings {
  /** How many new cards are asked in a day. */
  readonly newPerDay: number;
  /** The probability of recall at which a card becomes due. */
  readonly retention: number;
  readonly changed: string;
}

export const DEFAULT_SETTINGS: Settings = { newPerDay: 10, retention: DEFAULT_RETENTION, changed: "" };
export const MOST_NEW = 999;
export const RETENTIONS = [0.8, 0.85, 0.9, 0.95] as const;

/** Returns `value` as settings; undefined if it is not valid settings. */
export function readSettings(value: unknown): Settings | undefined {
  if (!isFields(value)) return undefined;
  const { newPerDay, retention, changed } = value;
  if (typeof newPerDay !== "number" || !Number.isInteger(newPerDay) || newPerDay < 0 || newPerDay > MOST_NEW) return undefined;
  if (typeof retention !== "number" || !(retention >= 0.7 && retention <= 0.97)) return undefined;
  return isTime(changed) ? { newPerDay, retention, changed } : undefined;
}

/** What a reader has chosen on the study page, except for words to search. */
export interface RememberedChoice extends Omit<Choice, "search"> {
  readonly shuffle: boolean;
  readonly asList: boolean;
}

/** Returns `value` as a remembered choice; invalid parts of it get their defaults. */
export function readChoice(value: unknown): RememberedChoice {
  const { filter, chapter, shuffle, asList } = isFields(value) ? value : {};
  return {
    filter: FILTERS.find((name) => name === filter) ?? FILTERS[0],
    chapter: typeof chapter === "string" ? chapter : "",
    shuffle: shuffle === true,
    asList: asList === true,
  };
}
