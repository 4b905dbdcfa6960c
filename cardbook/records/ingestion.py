"""Imports records from other machines, if they are those of the code in this checkout.

A runner that executes examples is trusted less than the machine that publishes: its upload is only data.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cardbook.base.errors import InputError, Problem, UntrustedInputError, in_order
from cardbook.base.json_file import read_json
from cardbook.records.status import Project
from cardbook.records.store import FAILURE_BYTES, RECORD_BYTES, Failure, Record
from cardbook.records.text import one_line
from cardbook.records.validation import inspect_failure, inspect_record

REMEDY = "do not publish what this runner made until you know why"
FILE = re.compile(r"(?P<name>[A-Za-z0-9_]+)\.(?P<kind>ipynb|failed\.json)")


@dataclass(frozen=True)
class IncomingRecords:
    """The records and failures to store, by example, and why each other well-formed record is left out."""

    records: Mapping[str, Record]
    failures: Mapping[str, Failure]
    left_out: tuple[str, ...]


def read_incoming(project: Project, folders: Iterable[Path]) -> IncomingRecords:
    """Return what these folders, or the folders in them, hold for this book.

    Of several records of one example the newest counts, and a failure counts if it is newer still. A record
    for another fingerprint is left out. Raises InputError with every file that no honest run writes: then no
    file in the folders can be trusted.
    """
    records: dict[str, Record] = {}
    failures: dict[str, Failure] = {}
    left_out: list[str] = []
    problems: list[Problem] = []
    for label, path in _files_in(folders, problems):
        try:
            found = _read_file(project, path)
        except UntrustedInputError as error:
            problems.append(Problem(label, 0, str(error), REMEDY))
            continue
        name = path.name.partition(".")[0]
        if isinstance(found, str):
            left_out.append(f"{label}: left out: {found}")
        elif isinstance(found, Failure):
            failures[name] = max(found, failures.get(name, found), key=_started)
        else:
            records[name] = max(found, records.get(name, found), key=_started)
    if problems:
        raise InputError(in_order(problems))
    current = {
        name: failure for name, failure in failures.items() if not failure.superseded_by(records.get(name))
    }
    return IncomingRecords(records, current, tuple(left_out))


def store_records(project: Project, incoming: IncomingRecords, log: Callable[[str], None]) -> None:
    """Store the records in the project; if another run uses its records, log that and wait."""
    with project.records.lock(log):
        for record in incoming.records.values():
            project.records.write(record)
        for name, failure in incoming.failures.items():
            project.records.write_failure(name, failure.fingerprint, failure.started, failure.message)


def summarize(incoming: IncomingRecords, names: Sequence[str]) -> Iterator[str]:
    """Return the lines to print: how many records are stored, what failed, what is left out or missing."""
    yield f"{len(incoming.records)} of {len(names)} examples have a record to store."
    yield from incoming.left_out
    for name, failure in incoming.failures.items():
        yield f"{name}: failed: {failure.message}"
    for name in names:
        if name not in incoming.records and name not in incoming.failures:
            yield f"{name}: no record was received"


def _started(found: Record | Failure) -> datetime:
    started = found.provenance.started if isinstance(found, Record) else found.started
    return datetime.fromisoformat(started)


def _files_in(folders: Iterable[Path], problems: list[Problem]) -> Iterator[tuple[str, Path]]:
    """Return each file with its label in messages; an artifact is a folder, or a folder of folders."""
    for folder in folders:
        for entry in _entries(folder):
            if not entry.is_dir(follow_symlinks=False):
                yield f"{folder.name}/{one_line(entry.name)}", Path(entry.path)
                continue
            for inner in _entries(entry.path):
                label = f"{one_line(entry.name)}/{one_line(inner.name)}"
                if inner.is_dir(follow_symlinks=False):
                    problems.append(Problem(label, 0, "is a folder where only records belong", REMEDY))
                else:
                    yield label, Path(inner.path)


def _entries(folder: Path | str) -> list[os.DirEntry[str]]:
    # Hidden files are a run's own, such as its lock and drafts. They are not read.
    shown = (entry for entry in os.scandir(folder) if not entry.name.startswith("."))
    return sorted(shown, key=lambda entry: entry.name)


def _read_file(project: Project, path: Path) -> Record | Failure | str:
    """Return the record or failure in a file, or why its record is left out. Raises UntrustedInputError."""
    match = FILE.fullmatch(path.name)
    if not match:
        raise UntrustedInputError("is not a file that a run writes")
    if match["name"] not in project.plans:
        # The records of the last publication may still have an example that was renamed or removed.
        return "the book has no example of this name"
    if match["kind"] == "failed.json":
        return inspect_failure(read_json(path, FAILURE_BYTES))
    return inspect_record(project, project.plans[match["name"]], read_json(path, RECORD_BYTES))
