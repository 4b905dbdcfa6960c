// A reader's progress as data: reviews, and undos of reviews. Both are only ever added, and identified by card and
// time, so that any two sets of them merge into one without a conflict: tabs, devices and files alike.

export const SCHEMA = 1;
export const GRADES = [1, 2, 3, 4] as const;
export const GRADE_NAMES = { 1: "Again", 2: "Hard", 3: "Good", 4: "Easy" } as const;

export type Grade = (typeof GRADES)[number];

/** One answer to one card; `at` is the time in UTC, as Date.toISOString() writes it. */
export interface Review {
  readonly card: string;
  readonly at: string;
  readonly grade: Grade;
  readonly [field: string]: unknown;
}

/** Says that the review of `card` at `at` does not count; `undone` is when that was said. */
export interface Undo {
  readonly card: string;
  readonly at: string;
  readonly undone: string;
  readonly [field: string]: unknown;
}

export type Entry = Review | Undo;

/** Brings the fields of one entry from a schema to the next. */
export type Migration = (fields: Fields) => Fields;

type Fields = Readonly<Record<string, unknown>>;

/** MIGRATIONS[0] leads from schema 1 to schema 2, and so on. */
export const MIGRATIONS: readonly Migration[] = [];

const ID = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const LONGEST_ID = 100;
const DEEPEST = 20;
const EARLIEST = Date.UTC(2000, 0, 1);
const DAY = 86_400_000;

export function isReview(entry: Entry): entry is Review {
  return "grade" in entry;
}

/** Returns what identifies the entry among all others. */
export function keyOf(entry: Entry): string {
  return `${isReview(entry) ? "review" : "undo"}:${entry.at}:${entry.card}`;
}

/** Returns both as one. Which comes first makes no difference, and no field is dropped; fields are in order. */
export function mergeEntries<T extends Entry>(one: T, other: T): T {
  return mergeFields(one, other) as T;
}

/** Returns every field of both; where they differ, the one whose JSON sorts first. */
export function mergeFields(one: Fields, other: Fields): Fields {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
  // Not by assignment: a field named __proto__ is a field like any other.
  return Object.fromEntries(names.map((name) => [name, lesser(one, other, name)]));
}

function lesser(one: Fields, other: Fields, name: string): unknown {
  if (!Object.hasOwn(one, name)) return other[name];
  if (!Object.hasOwn(other, name)) return one[name];
  return JSON.stringify(one[name]) <= JSON.stringify(other[name]) ? one[name] : other[name];
}

/** Tells of each thing that is wrong: where, what, remedy. */
export type Report = (problem: string) => void;

/** Returns the entry that `value` is at `schema`; undefined, with every problem told, when it is none. */
export function readEntry(
  value: unknown,
  where: string,
  report: Report,
  schema: number = SCHEMA,
  migrations: readonly Migration[] = MIGRATIONS,
): Entry | undefined {
  if (!isFields(value)) {
    report(`${where}: is no object: write {"card": …, "at": …, "grade": …}`);
    return undefined;
  }
  const fields = migrations.slice(schema - 1).reduce((found, migrate) => migrate(found), value);
  const before: string[] = [];
  checkCard(fields.card, `${where}.card`, (problem) => before.push(problem));
  checkTime(fields.at, `${where}.at`, (problem) => before.push(problem));
  if ("undone" in fields) checkTime(fields.undone, `${where}.undone`, (problem) => before.push(problem));
  else if (!GRADES.includes(fields.grade as Grade))
    before.push(`${where}.grade: ${show(fields.grade)} is no grade: write 1, 2, 3 or 4`);
  if (deeperThan(fields, DEEPEST)) before.push(`${where}: is nested too deeply: at most ${DEEPEST} levels`);
  before.forEach(report);
  return before.length ? undefined : (fields as Entry);
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkCard(value: unknown, where: string, report: Report): void {
  if (typeof value !== "string" || value.length > LONGEST_ID || !ID.test(value))
    report(`${where}: ${show(value)} is no card id: use a-z, 0-9 and single hyphens`);
}

function checkTime(value: unknown, where: string, report: Report): void {
  const time = typeof value === "string" ? new Date(value) : undefined;
  if (!time || Number.isNaN(time.getTime()) || time.toISOString() !== value)
    report(`${where}: ${show(value)} is no time: write it in UTC as 2027-01-31T12:00:00.000Z`);
}

/** Tells when nobody can have studied at this time. Said of files only: a clock that goes wrong hides no progress. */
export function checkSpan(value: unknown, where: string, report: Report): void {
  const time = new Date(String(value));
  if (time.getTime() < EARLIEST || time.getTime() > Date.now() + DAY)
    report(`${where}: ${show(value)} is before 2000 or in the future: mend the date, or this device's clock`);
}

export function deeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => deeperThan(part, levels - 1));
}

/** Returns a value as a message may quote it: JSON, not long. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
