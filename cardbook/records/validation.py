"""Inspects records from another machine: could an honest run of this checkout have written them?

Only outputs and provenance are taken from them; the code, and the names of packages and models, are this
checkout's own.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from nbformat import NotebookNode

from cardbook.base.errors import UntrustedInputError
from cardbook.base.paths import STATE
from cardbook.records.fingerprint import Fingerprint, explain
from cardbook.records.inputs import hash_data
from cardbook.records.outputs import OutputError, check_outputs
from cardbook.records.schema import find_fault
from cardbook.records.status import PlannedRun, Project
from cardbook.records.store import SCHEMA, Failure, Provenance, Record, hash_outputs, is_notebook, to_node
from cardbook.records.text import one_line
from cardbook.source.example import to_notebook

# Clocks of two machines differ by seconds; a record from further in the future has a wrong clock.
AHEAD = timedelta(minutes=10)
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)


def inspect_failure(found: Any) -> Failure:  # noqa: ANN401
    """Return the failure that a run left, its message on one line. Raises UntrustedInputError."""
    if fault := find_fault(found, "failure"):
        raise UntrustedInputError(f"is not the failure of a run: {fault}")
    check_time(found["started"])
    return Failure(**{name: one_line(value) for name, value in found.items()})


def inspect_record(project: Project, plan: PlannedRun, found: Any) -> Record | str:  # noqa: ANN401
    """Return the record, with this checkout's code and prose, or why it does not match today's fingerprint.

    `found` is untrusted JSON. Raises UntrustedInputError.
    """
    if not is_notebook(found):
        raise UntrustedInputError("is not a notebook")
    claims = found["metadata"].get("cardbook")
    if not isinstance(claims, dict) or claims.get("schema") != SCHEMA:
        return f"its provenance is of another schema than {SCHEMA}"
    if claims.keys() != Provenance.__dataclass_fields__.keys():
        return "its provenance has other keys than a run writes today"
    provenance = _check_provenance(plan.example.name, claims)
    data = provenance.parts.get("data", {})
    _check_names(data)
    for name in data:
        if not may_be_data(project.root, name):
            return one_line(f"data file {name} is no longer a file of this book")
    today = plan.fingerprint.with_data(hash_data(project.root, [*data, *plan.options.data]))
    if provenance.fingerprint != today.digest:
        return _why_other(provenance, today)
    ours = to_notebook(plan.example)
    notebook = to_node(found)
    theirs = [cell for cell in notebook.cells if cell.cell_type == "code"]
    cells = [cell for cell in ours.cells if cell.cell_type == "code"]
    if [cell.source for cell in theirs] != [cell.source for cell in cells]:
        raise UntrustedInputError("has other code than this checkout, under this checkout's fingerprint")
    for cell, ran in zip(cells, theirs, strict=True):
        cell.execution_count = ran.execution_count
        cell.outputs = ran.outputs
    _check_outputs(cells)
    if hash_outputs(ours) != provenance.outputs:
        raise UntrustedInputError("has outputs that are not those of its run")
    return project.describe_anew(plan, Record(ours, provenance))


def _check_provenance(name: str, claims: Mapping[str, Any]) -> Provenance:
    """Check what holds for every record, whatever its fingerprint. Raises UntrustedInputError."""
    if fault := find_fault(claims, "record"):
        raise UntrustedInputError(f"has an impossible provenance: {fault}")
    provenance = Provenance(**claims)
    if provenance.example != name:
        raise UntrustedInputError("is the record of another example")
    check_time(provenance.started)
    if Fingerprint(provenance.parts).digest != provenance.fingerprint:
        raise UntrustedInputError("has a fingerprint that is not that of its parts")
    return provenance


def check_time(text: str) -> None:
    """Check that a text is a time in the past, in UTC to the second. Raises UntrustedInputError."""
    if find_fault(text, "time"):
        raise UntrustedInputError("has a time that is not written as 2026-12-31T23:59:59+00:00")
    try:
        started = datetime.fromisoformat(text)
    except ValueError:
        raise UntrustedInputError("has an impossible date or time") from None
    if not EARLIEST <= started <= datetime.now(UTC) + AHEAD:
        raise UntrustedInputError(f"has a time in the future, or before {EARLIEST.year}")


def _check_names(names: Iterable[str]) -> None:
    """Check that names could be those of data files in some book's folder. Raises UntrustedInputError."""
    for name in names:
        if not _is_data_name(name):
            raise UntrustedInputError(f"names a data file that no book can have: {one_line(name)}")


def _is_data_name(name: str) -> bool:
    """Return whether a name is relative, outside cardbook's own folder, and the only one of its file."""
    path = PurePosixPath(name)
    usual = path.as_posix() == name and not path.is_absolute() and "\0" not in name
    return usual and ".." not in path.parts and path.parts[:1] not in ((), (STATE,))


def may_be_data(root: Path, name: str) -> bool:
    """Return whether a name from elsewhere is, or could be, that of a regular file in the book's folder."""
    if not _is_data_name(name):
        return False
    try:
        path = root / name
        return path.resolve().is_relative_to(root.resolve()) and (path.is_file() or not path.exists())
    except (OSError, ValueError, RuntimeError):
        # The name is too long, or leads to a loop of links.
        return False


def _why_other(provenance: Provenance, today: Fingerprint) -> str:
    # Another version of cardbook may have had other parts.
    reasons = [] if find_fault(provenance.parts, "parts") else explain(provenance.parts, today.parts)
    return one_line("; ".join(reasons) or "made for another fingerprint")


def _check_outputs(cells: Iterable[NotebookNode]) -> None:
    try:
        check_outputs([cell.outputs for cell in cells])
    except OutputError as error:
        raise UntrustedInputError(one_line(str(error))) from None
