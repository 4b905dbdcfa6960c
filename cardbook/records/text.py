"""Printed text, as a terminal shows it, and the tables in it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Of a line in a log, in characters.
LINE_LENGTH = 2_000
ANSI = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[@-Z\\-_])")


CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


# With a dash somewhere in it, which is looked for by itself: one pattern for both takes quadratic time.
RULE = re.compile(r"\|[\s:|-]*\|")


@dataclass(frozen=True)
class Table:
    """A printed pipe table: header, alignment of each column (left, right, center), rows."""

    header: tuple[str, ...]
    align: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def clean_text(text: str) -> str:
    """Return printed text as a terminal shows it: without control codes and overwritten lines."""
    plain = ANSI.sub("", text.replace("\r\n", "\n"))
    lines = [line.rstrip("\r").rsplit("\r", 1)[-1] for line in plain.split("\n")]
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", "\n".join(lines))


def one_line(text: str) -> str:
    """Return untrusted text as one short line that is safe to print."""
    return " ".join(clean_text(text).split())[:LINE_LENGTH]


def split_tables(text: str) -> Iterator[str | Table]:
    """Return the parts of printed text in order: plain text, and the pipe tables in it."""
    plain: list[str] = []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        table, end = read_table(lines, at)
        if table is None:
            plain.append(lines[at])
            at += 1
            continue
        if any(line.strip() for line in plain):
            yield "\n".join(plain).strip("\n")
        plain = []
        yield table
        at = end
    if any(line.strip() for line in plain):
        yield "\n".join(plain).strip("\n")


def read_table(lines: Sequence[str], at: int) -> tuple[Table | None, int]:
    """Return the pipe table that begins at line `at`, and the line after it; None if none begins there."""
    if not _is_rule(lines, at + 1):
        return None, at
    header, rule = split_row(lines[at]), split_row(lines[at + 1])
    end = at + 2
    rows = []
    while end < len(lines) and (row := split_row(lines[end])) and not _is_rule(lines, end + 1):
        rows.append(row)
        end += 1
    if not header or any(len(row) != len(header) for row in [rule, *rows]):
        return None, at
    return Table(header, tuple(_alignment(cell) for cell in rule), tuple(rows)), end


def _is_rule(lines: Sequence[str], at: int) -> bool:
    """Return whether line `at` is the rule under a table's header."""
    return at < len(lines) and "-" in lines[at] and RULE.fullmatch(lines[at].strip()) is not None


def split_row(line: str) -> tuple[str, ...]:
    r"""Return the cells of a table row; none if the line is not a row. A pipe in a cell is written \|."""
    line = line.strip()
    if len(line) < 2 or not (line.startswith("|") and line.endswith("|")):
        return ()
    return tuple(cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line[1:-1]))


def _alignment(rule: str) -> str:
    if rule.endswith(":"):
        return "center" if rule.startswith(":") else "right"
    return "left"
