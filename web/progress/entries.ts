// A reader's progress as data: reviews, undos of reviews, suspensions of cards. Entries are only ever added, and identified
// by kind, card and time, so that any two sets of them merge without a conflict: tabs, devices and files alike.

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

/** The review of `card` at `at` does not count; `undone` is the time of the undo. */
export interface Undo {
  readonly card: string;
  readonly at: string;
  readonly undone: string;
  readonly [field: string]: unknown;
}

/** From `at` on the card is never asked (`suspended`), or asked again. The latest suspension of a card counts. */
export interface Suspension {
  readonly card: string;
  readonly at: string;
  readonly suspended: boolean;
  readonly [field: string]: unknown;
}

export type Entry = Review | Undo | Suspension;
export type Kind = "review" | "undo" | "suspension";

/** Brings the fields of one entry from a schema to the next. */
export type Migration = (fields: Fields) => Fields;

export type Fields = Readonly<Record<string, unknown>>;

/** MIGRATIONS[0] leads from schema 1 to schema 2, and so on. */
export const MIGRATIONS: readonly Migration[] = [];

export const DEEPEST = 20;
/** The largest entry, in characters of its JSON. */
export const LARGEST_ENTRY = 10_000;
const ID = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const LONGEST_ID = 100;
const EARLIEST = Date.UTC(2000, 0, 1);
const DAY = 86_400_000;

export function kindOf(entry: Entry): Kind {
  if ("undone" in entry) return "undo";
  return "suspended" in entry ? "suspension" : "review";
}

export function isReview(entry: Entry): entry is Review {
  return kindOf(entry) === "review";
}

export function isSuspension(entry: Entry): entry is Suspension {
  return kindOf(entry) === "suspension";
}

/** Returns what identifies the entry among all others. */
export function keyOf(entry: Entry): string {
  return `${kindOf(entry)}:${entry.at}:${entry.card}`;
}

/** Merges two entries. The order of arguments does not matter; all fields are kept, sorted. */
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

/** Receives each problem as text: where, what is wrong, what to do. */
export type Report = (problem: string) => void;

/** Returns the entry that `value` is at `schema`; undefined, with every problem reported, when it is not one. */
export function readEntry(
  value: unknown,
  where: string,
  report: Report,
  schema: number = SCHEMA,
  migrations: readonly Migration[] = MIGRATIONS,
): Entry | undefined {
  const problems = findProblems(value, where, schema, migrations);
  if (Array.isArray(problems)) {
    problems.forEach(report);
    return undefined;
  }
  return problems;
}

function findProblems(value: unknown, where: string, schema: number, migrations: readonly Migration[]): string[] | Entry {
  if (!isFields(value)) return [`${where}: is not an object: write {"card": …, "at": …, "grade": …}`];
  // First, because such an entry can be neither compared nor stored.
  if (deeperThan(value, DEEPEST)) return [`${where}: is nested too deeply: at most ${DEEPEST} levels`];
  if (JSON.stringify(value).length > LARGEST_ENTRY) return [`${where}: is too large: at most ${LARGEST_ENTRY} characters`];
  const fields = migrations.slice(schema - 1).reduce((found, migrate) => migrate(found), value);
  const problems: string[] = [];
  const report = (problem: string): void => void problems.push(problem);
  checkCard(fields.card, `${where}.card`, report);
  checkTime(fields.at, `${where}.at`, report);
  if ("undone" in fields) checkTime(fields.undone, `${where}.undone`, report);
  else if ("suspended" in fields) {
    if (typeof fields.suspended !== "boolean")
      report(`${where}.suspended: ${show(fields.suspended)} is neither true nor false: write one of them`);
  } else if (!GRADES.includes(fields.grade as Grade))
    report(`${where}.grade: ${show(fields.grade)} is not a grade: write 1, 2, 3 or 4`);
  return problems.length ? problems : (fields as Entry);
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkCard(value: unknown, where: string, report: Report): void {
  if (typeof value !== "string" || value.length > LONGEST_ID || !ID.test(value))
    report(`${where}: ${show(value)} is not a card id: use a-z, 0-9 and single hyphens`);
}

function checkTime(value: unknown, where: string, report: Report): void {
  if (!isTime(value)) report(`${where}: ${show(value)} is not a time: write it in UTC as 2027-01-31T12:00:00.000Z`);
}

/** Whether this is a time as Date.toISOString() writes it, of a year with four digits: their text sorts by time. */
export function isTime(value: unknown): value is string {
  const time = typeof value === "string" && /^\d{4}-/.test(value) ? new Date(value) : undefined;
  return time !== undefined && !Number.isNaN(time.getTime()) && time.toISOString() === value;
}

/** Reports an impossible time. Only for files, so that a wrong clock of this device hides no progress. */
export function checkSpan(value: unknown, where: string, report: Report): void {
  const time = new Date(String(value));
  if (time.getTime() < EARLIEST || time.getTime() > Date.now() + DAY)
    report(`${where}: ${show(value)} is before 2000 or in the future: correct the date, or this device's clock`);
}

export function deeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => deeperThan(part, levels - 1));
}

/** Returns a value as a message may quote it: JSON, not long. */
export function show(value: unknown): string {
  if (deeperThan(value, DEEPEST)) return "a deeply nested value";
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
