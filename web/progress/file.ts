// The progress file: all of a reader's progress, written and read as JSON.

import { checkSpan, DEEPEST, deeperThan, isFields, isReview, isSuspension, kindOf, MIGRATIONS, readEntry } from "./entries";
import { SCHEMA, show } from "./entries";
import type { Entry, Kind, Migration, Report } from "./entries";
import { type Log } from "./log";
import { readSettings, type Settings } from "./settings";

export const FORMAT = "cardbook-progress";
/** In characters; more than any browser keeps for a site. */
export const LARGEST = 10_000_000;
/** The most that a file may hold of what this version does not know, in characters of JSON. */
export const LARGEST_FIELDS = 100_000;

const OURS = ["format", "schema", "book", "exported", "reviews", "undos", "suspensions", "settings", "cards"];
const LISTS: Readonly<Record<string, Kind>> = { reviews: "review", undos: "undo", suspensions: "suspension" };
const MOST_PROBLEMS = 5;
// In one list; more than a file of the largest size can hold.
const MOST_ENTRIES = 200_000;

/** The content of a progress file: entries, settings, and fields of the file that this version does not know. */
export interface Progress {
  readonly entries: readonly Entry[];
  readonly fields: ReadonlyMap<string, unknown>;
  readonly settings?: Settings | undefined;
}

/** The content of the file besides the log: `book` is the permanent name of the book, "" for none. */
export interface FileHead {
  readonly book: string;
  readonly settings: Settings;
  readonly fields: ReadonlyMap<string, unknown>;
}

/** A file that is refused as a whole. Its message names what is wrong, where, and what to do. */
export class ProgressFileError extends Error {}

/** Returns the text of a progress file. The state of each card is in it for people: it follows from the reviews. */
export function writeProgress(log: Log, head: FileHead, now: Date): string {
  const entries = log.entries;
  const suspensions = entries.filter(isSuspension);
  const file = {
    format: FORMAT,
    schema: SCHEMA,
    ...(head.book ? { book: head.book } : {}),
    exported: now.toISOString(),
    reviews: entries.filter(isReview),
    undos: entries.filter((entry) => kindOf(entry) === "undo"),
    ...(suspensions.length ? { suspensions } : {}),
    ...(head.settings.changed ? { settings: head.settings } : {}),
    cards: Object.fromEntries(log.cards.map((card) => [card, log.stateOf(card)])),
  };
  const unknown = Object.fromEntries([...head.fields].filter(([name]) => !OURS.includes(name)));
  return `${JSON.stringify({ ...unknown, ...file }, null, 2)}\n`;
}

/**
 * Returns what a progress file holds. `book` is the name of this book: a file that names another one is refused.
 * Throws ProgressFileError if anything in it is invalid.
 */
export function readProgress(text: string, book = "", migrations: readonly Migration[] = MIGRATIONS): Progress {
  const file = parse(text);
  const schema = checkHead(file, book, migrations.length + 1);
  const problems: string[] = [];
  const report = (problem: string): void => void problems.push(problem);
  if (file.cards !== undefined && !isFields(file.cards)) report("cards: is not an object: remove it");
  const settings = readSettings(file.settings);
  if (file.settings !== undefined && !settings) report("settings: are not settings of this page: remove them");
  if (settings) checkSpan(settings.changed, "settings.changed", report);
  const unknown = Object.entries(file).filter(([name]) => !OURS.includes(name));
  checkUnknown(unknown, report);
  const entries = Object.entries(LISTS).flatMap(([name, kind]) => {
    // Files from before cards could be suspended have no such list.
    if (name === "suspensions" && file[name] === undefined) return [];
    return readList(file[name], name, kind, report, (value, where) => readEntry(value, where, report, schema, migrations));
  });
  if (problems.length) refuse(problems);
  return { entries, fields: new Map(unknown), settings };
}

function checkHead(file: Record<string, unknown>, book: string, current: number): number {
  const { format, schema } = file;
  if (format !== FORMAT) refuse([`format: ${show(format)} is not "${FORMAT}": choose a file exported here`]);
  if (typeof schema !== "number" || !Number.isInteger(schema) || schema < 1)
    refuse([`schema: ${show(schema)} is not a schema: choose a file exported here`]);
  if (schema > current)
    refuse([`schema: ${schema} is newer than this page, which knows ${current}: reload the page, then try again`]);
  // Files from before books had names have none.
  if (file.book !== undefined && file.book !== book)
    refuse([`book: this is the progress of another book, ${show(file.book)}: import it on the study page of that book`]);
  return schema;
}

function checkUnknown(fields: readonly (readonly [string, unknown])[], report: Report): void {
  const deep = fields.filter(([, value]) => deeperThan(value, DEEPEST));
  for (const [name] of deep) report(`${show(name)}: is nested too deeply: at most ${DEEPEST} levels`);
  if (!deep.length && JSON.stringify(fields).length > LARGEST_FIELDS)
    report(`${fields.map(([name]) => show(name)).slice(0, 3).join(", ")}: too large: at most ${LARGEST_FIELDS} characters of unknown fields`);
}

function parse(text: string): Record<string, unknown> {
  if (text.length > LARGEST) refuse([`the file has ${text.length} characters: at most ${LARGEST} are read`]);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    refuse([`the file is not JSON (${String(error).slice(0, 200)}): choose a file exported here, whole`]);
  }
  if (!isFields(value)) refuse(["the file is not a JSON object: choose a file exported here"]);
  return value;
}

function readList(
  value: unknown,
  name: string,
  kind: Kind,
  report: Report,
  read: (value: unknown, where: string) => Entry | undefined,
): Entry[] {
  if (!Array.isArray(value)) {
    report(`${name}: is not a list: write [] for none`);
    return [];
  }
  if (value.length > MOST_ENTRIES) {
    report(`${name}: has ${value.length} entries: at most ${MOST_ENTRIES} are read`);
    return [];
  }
  const entries = value.map((item, number) => read(item, `${name}[${number}]`));
  entries.forEach((entry, number) => {
    if (!entry) return;
    if (kindOf(entry) !== kind) report(`${name}[${number}]: belongs to another list`);
    checkSpan("undone" in entry ? entry.undone : entry.at, `${name}[${number}]`, report);
  });
  return entries.filter((entry) => entry !== undefined);
}

function refuse(problems: readonly string[]): never {
  const more = problems.length > MOST_PROBLEMS ? [`and ${problems.length - MOST_PROBLEMS} more`] : [];
  throw new ProgressFileError([...problems.slice(0, MOST_PROBLEMS), ...more].join("\n"));
}
