// The progress file: everything one knows of a reader's progress, written and read as JSON.

import { type Log } from "./log";
import { checkSpan, deeperThan, isFields, isReview, MIGRATIONS, readEntry, SCHEMA, show } from "./progress";
import type { Entry, Migration } from "./progress";

export const FORMAT = "cardbook-progress";
/** In characters; more than any browser keeps for a site. */
export const LARGEST = 10_000_000;

const OURS = ["format", "schema", "exported", "reviews", "undos", "cards"];
const TOLD = 5;

/** What a progress file held: entries, and fields of the file that this version does not know. */
export interface Progress {
  readonly entries: readonly Entry[];
  readonly fields: ReadonlyMap<string, unknown>;
}

/** A file that is refused as a whole. Its message names what is wrong, where, and what to do. */
export class BadFile extends Error {}

/** Returns the text of a progress file. The state of each card is in it for people: it follows from the reviews. */
export function writeProgress(log: Log, fields: ReadonlyMap<string, unknown>, now: Date): string {
  const entries = log.entries;
  const file = {
    format: FORMAT,
    schema: SCHEMA,
    exported: now.toISOString(),
    reviews: entries.filter(isReview),
    undos: entries.filter((entry) => !isReview(entry)),
    cards: Object.fromEntries(log.cards.map((card) => [card, log.stateOf(card)])),
  };
  const unknown = Object.fromEntries([...fields].filter(([name]) => !OURS.includes(name)));
  return `${JSON.stringify({ ...unknown, ...file }, null, 2)}\n`;
}

/** Returns what a progress file holds. Throws BadFile when anything in it is not as it should be. */
export function readProgress(text: string, migrations: readonly Migration[] = MIGRATIONS): Progress {
  const file = parse(text);
  const current = migrations.length + 1;
  const { format, schema } = file;
  if (format !== FORMAT) refuse([`format: ${show(format)} is not "${FORMAT}": choose a file exported here`]);
  if (typeof schema !== "number" || !Number.isInteger(schema) || schema < 1)
    refuse([`schema: ${show(schema)} is no schema: choose a file exported here`]);
  if (schema > current)
    refuse([`schema: ${schema} is newer than this page, which knows ${current}: reload the page, then try again`]);
  const problems: string[] = [];
  const report = (problem: string): void => void problems.push(problem);
  if (file.cards !== undefined && !isFields(file.cards)) report("cards: is no object: remove it");
  const unknown = Object.entries(file).filter(([name]) => !OURS.includes(name));
  for (const [name, value] of unknown)
    if (deeperThan(value, 20)) report(`${show(name)}: is nested too deeply: at most 20 levels`);
  const entries = ["reviews", "undos"].flatMap((name) =>
    readList(file[name], name, (value, where) => readEntry(value, where, report, schema, migrations), report),
  );
  if (problems.length) refuse(problems);
  return { entries, fields: new Map(unknown) };
}

function parse(text: string): Record<string, unknown> {
  if (text.length > LARGEST) refuse([`the file has ${text.length} characters: at most ${LARGEST} are read`]);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    refuse([`the file is not JSON (${String(error)}): choose a file exported here, whole`]);
  }
  if (!isFields(value)) refuse(["the file is no JSON object: choose a file exported here"]);
  return value;
}

function readList(
  value: unknown,
  name: string,
  read: (value: unknown, where: string) => Entry | undefined,
  report: (problem: string) => void,
): Entry[] {
  if (!Array.isArray(value)) {
    report(`${name}: is no list: write [] for none`);
    return [];
  }
  const entries = value.map((item, number) => read(item, `${name}[${number}]`));
  entries.forEach((entry, number) => {
    if (!entry) return;
    if (isReview(entry) !== (name === "reviews")) report(`${name}[${number}]: belongs to the other list`);
    checkSpan(isReview(entry) ? entry.at : entry.undone, `${name}[${number}]`, report);
  });
  return entries.filter((entry) => entry !== undefined);
}

function refuse(problems: readonly string[]): never {
  const more = problems.length > TOLD ? [`and ${problems.length - TOLD} more`] : [];
  throw new BadFile([...problems.slice(0, TOLD), ...more].join("\n"));
}
