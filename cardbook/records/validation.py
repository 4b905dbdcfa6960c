"""Inspection: whether what another machine handed over is what an honest run of this checkout leaves.

Only what a page shows is taken from it, outputs and provenance; the code is this checkout's own.
"""

import json
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args

import nbformat
from nbformat import NotebookNode
from nbformat.v4.rwbase import rejoin_lines
from nbformat.validator import iter_validate

from cardbook.base.errors import CardbookError
from cardbook.records.fingerprint import Fingerprint, explain
from cardbook.records.inputs import hash_data
from cardbook.records.outputs import OutputError, check_outputs
from cardbook.records.status import PlannedRun, Project
from cardbook.records.store import SCHEMA, Failure, Provenance, Record, hash_outputs
from cardbook.records.text import clean_text
from cardbook.source.example import to_notebook

TEXT_LENGTH = 2_000
# Clocks of two machines differ by seconds; a record from further ahead is from a clock nobody set.
AHEAD = timedelta(minutes=10)

COMMIT = re.compile(r"([0-9a-f]{40}\+?)?")


class UntrustedInputError(CardbookError):
    """Something handed over that no honest run leaves; the text says what."""


def one_line(text: str) -> str:
    """Return text as one short line that a log can show: it may have been written to mislead one."""
    return " ".join(clean_text(text).split())[:TEXT_LENGTH]


def read_json(path: Path, limit: int) -> Any:  # noqa: ANN401
    """Return the JSON in an ordinary file of at most `limit` bytes. Raises Unfit."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        raise UntrustedInputError("no ordinary file") from None
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UntrustedInputError("no ordinary file")
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise UntrustedInputError(f"larger than {limit / 1e6:g} MB")
    try:
        return json.loads(content.decode(), object_pairs_hook=_no_key_twice, parse_constant=_no_constant)
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise UntrustedInputError("no JSON in UTF-8") from None
    except RecursionError:
        raise UntrustedInputError("nested too deeply") from None


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Two readers could otherwise see two different records in one file.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UntrustedInputError("a key that is there twice")
    return found


def _no_constant(text: str) -> float:
    raise UntrustedInputError(f"a number that is none: {text}")


def inspect_failure(found: Any) -> Failure:  # noqa: ANN401
    """Return the failure that a run left, its message on one line. Raises Unfit."""
    if not isinstance(found, dict) or found.keys() != {field.name for field in fields(Failure)}:
        raise UntrustedInputError("a failure with other keys than a run writes")
    if not all(isinstance(value, str) for value in found.values()):
        raise UntrustedInputError("a failure with a value that is no text")
    check_time(found["started"])
    return Failure(**{name: one_line(value) for name, value in found.items()})


def inspect_record(project: Project, plan: PlannedRun, found: Any) -> Record | str:  # noqa: ANN401
    """Return the record, with this checkout's code and prose, or why it is none for today. Raises Unfit."""
    if next(iter_validate(found, version=4, version_minor=5), None):
        raise UntrustedInputError("no notebook")
    claims = found["metadata"].get("cardbook")
    if not isinstance(claims, dict) or claims.keys() != {field.name for field in fields(Provenance)}:
        return "its provenance has other keys than a run writes today"
    provenance = Provenance(**claims)
    if provenance.schema != SCHEMA:
        return f"its provenance is of another schema than {SCHEMA}"
    _check_provenance(plan.example.name, provenance)
    data = _check_data(project.root, provenance.parts.get("data", {}))
    today = plan.fingerprint.with_data(hash_data(project.root, [*data, *plan.options.data]))
    if provenance.fingerprint != today.digest:
        return _why_other(provenance, today)
    _check_claims(project, plan, provenance)
    ours = to_notebook(plan.example)
    notebook = rejoin_lines(nbformat.from_dict(found))
    theirs = [cell for cell in notebook.cells if cell.cell_type == "code"]
    cells = [cell for cell in ours.cells if cell.cell_type == "code"]
    if [cell.source for cell in theirs] != [cell.source for cell in cells]:
        raise UntrustedInputError("other code than this checkout has, under this checkout's fingerprint")
    for cell, ran in zip(cells, theirs, strict=True):
        cell.execution_count = ran.execution_count
        cell.outputs = ran.outputs
    _check_outputs(cells)
    if hash_outputs(ours) != provenance.outputs:
        raise UntrustedInputError("outputs that are not those of its run")
    return Record(ours, provenance)


def _check_provenance(name: str, provenance: Provenance) -> None:
    """Check what can be said of any record, made for today or not. Raises Unfit."""
    for field in fields(Provenance):
        if not _fits(getattr(provenance, field.name), field.type):
            raise UntrustedInputError(f"a provenance with an impossible value for {field.name}")
    if provenance.example != name:
        raise UntrustedInputError("the record of another example")
    if not COMMIT.fullmatch(provenance.commit):
        raise UntrustedInputError("a commit that is no commit hash")
    check_time(provenance.started)
    if Fingerprint(provenance.parts).digest != provenance.fingerprint:
        raise UntrustedInputError("a fingerprint that is not that of its parts")


def _fits(value: Any, kind: Any) -> bool:  # noqa: ANN401
    if isinstance(kind, UnionType):
        return any(_fits(value, part) for part in get_args(kind))
    if kind is str:
        return isinstance(value, str) and value == one_line(value)
    if kind in (int, float):
        # True is an int to Python, and to nobody else.
        return type(value) in (int, kind) and 0 <= value < 2**63
    return value is None if kind is NoneType else isinstance(value, dict)


def check_time(text: str) -> None:
    """Check that a text is an instant in the past, with its zone. Raises Unfit."""
    try:
        started = datetime.fromisoformat(text)
    except ValueError:
        raise UntrustedInputError("a time that is none") from None
    if started.tzinfo is None:
        raise UntrustedInputError("a time without its zone")
    if started > datetime.now(UTC) + AHEAD:
        raise UntrustedInputError("a time in the future")


def _check_data(root: Path, data: Any) -> list[str]:  # noqa: ANN401
    """Return the names of the data files that a record says it read. Raises Unfit.

    They are about to be opened here, so each must be an ordinary file of the book, or not there at all.
    """
    if not isinstance(data, dict):
        raise UntrustedInputError("data files that are none")
    for name in data:
        path = root / name
        inside = path.resolve().is_relative_to(root.resolve()) and ".." not in path.parts
        if not inside or (path.exists() and not path.is_file()):
            raise UntrustedInputError(f"a data file that is no file of this book: {one_line(name)}")
    return list(data)


def _why_other(provenance: Provenance, today: Fingerprint) -> str:
    try:
        reasons = explain(provenance.parts, today.parts)
    except (KeyError, TypeError, AttributeError):
        reasons = []
    return one_line("; ".join(reasons) or "made for another fingerprint")


def _check_claims(project: Project, plan: PlannedRun, provenance: Provenance) -> None:
    """Check what a page would repeat beside the fingerprint. Raises Unfit."""
    parts = plan.fingerprint.parts
    if (
        not isinstance(provenance.packages, dict)
        or not provenance.packages.items() <= parts["packages"].items()
    ):
        raise UntrustedInputError("packages that are not those of its fingerprint")
    if provenance.models != project.describe_models(parts["models"]):
        raise UntrustedInputError("models that are not those of its fingerprint")


def _check_outputs(cells: Iterable[NotebookNode]) -> None:
    try:
        check_outputs([cell.outputs for cell in cells])
    except OutputError as error:
        raise UntrustedInputError(one_line(str(error))) from None
