"""Writes the README's table of examples from the records of the offline profile.

Usage: python -m tools.readme_table [--check]

What an example shows is a sentence of tools/readme_table.toml with numbers from the recorded output. If they
are not found, the table has the title of the example instead, and the exit status is 1. With `--check`,
nothing is written, and the exit status is 1 if the table differs.
"""

import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

from cardbook.records.store import Record, RecordSet
from cardbook.source.book import Entry, read_book
from cardbook.source.example import read_example

BEGIN, END = "| card | what its example shows | time |\n", "\n\n"
SENTENCES = Path(__file__).with_suffix(".toml")


def printed(record: Record) -> str:
    """Return all text that a run printed or displayed."""
    texts = []
    for output in (output for cell in record.outputs for output in cell):
        data = output.get("data", {})
        texts.append(output.get("text", "") or data.get("text/markdown", "") or data.get("text/plain", ""))
    return "\n".join(texts)


def sentence_of(rule: Mapping[str, str], text: str) -> str | None:
    """Return the sentence with the numbers of its pattern filled in, None if they are not in the text."""
    found = re.search(rule["find"], text, re.DOTALL) if rule else None
    return rule["shows"].format(*found.groups()) if found else None


def duration(seconds: float) -> str:
    """Return the time as the table shows it: whole seconds, `< 1 s` below one."""
    return f"{seconds:.0f} s" if seconds >= 1 else "< 1 s"


def row_of(root: Path, entry: Entry, record: Record, rule: Mapping[str, str]) -> tuple[str, bool]:
    """Return a card's row, and whether it says what the example shows."""
    assert entry.example is not None
    sentence = sentence_of(rule, printed(record))
    title = read_example(root, entry.example).title
    link = f"[{entry.card.title}](examples/{entry.example}.py)"
    return f"| {link} | {sentence or title} | {duration(record.provenance.seconds)} |", sentence is not None


def main(arguments: list[str]) -> int:
    """Write the table into README.md, or check it; return the exit status."""
    root, status, rows = Path(), 0, ["|---|---|--:|"]
    sentences = tomllib.loads(SENTENCES.read_text(encoding="utf-8"))
    records = RecordSet(root / ".cardbook" / "records" / "offline")
    for entry in read_book(root).entries:
        record = records.read(entry.example) if entry.example else None
        if entry.example is None or record is None:
            continue
        row, known = row_of(root, entry, record, sentences.get(entry.example, {}))
        rows.append(row)
        if not known:
            print(
                f"{SENTENCES.name}: {entry.example}: its output has no such numbers: change `find`",
                file=sys.stderr,
            )
            status = 1
    readme = root / "README.md"
    before, begin, after = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, end, rest = after.partition(END)
    text = before + begin + "\n".join(rows) + end + rest
    if "--check" in arguments:
        return status or int(text != readme.read_text(encoding="utf-8"))
    readme.write_text(text, encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
