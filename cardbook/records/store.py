"""Records: executed notebooks that contain their provenance."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from filelock import FileLock, Timeout
from nbformat import NotebookNode
from nbformat.v4.rwbase import rejoin_lines
from nbformat.validator import get_validator

from cardbook.base.errors import CardbookError, UntrustedInputError
from cardbook.base.files import hash_text, write_whole
from cardbook.base.json_file import parse_json
from cardbook.records.fingerprint import Fingerprint
from cardbook.records.schema import find_fault
from cardbook.records.text import one_line

SCHEMA = 1
# How large the files of a record and of a failure may be.
RECORD_BYTES = 20_000_000
FAILURE_BYTES = 100_000
# What a provenance lacks that an earlier version of cardbook wrote.
DEFAULTS: Mapping[str, Any] = {"driver": ""}


@dataclass(frozen=True)
class Provenance:
    """Where outputs come from; written by the run, never by hand.

    `started` is UTC in ISO 8601, `seconds` wall time, memory in bytes (`gpu_memory` None without a GPU),
    `outputs` the SHA-256 of the outputs of all code cells, `parts` what the fingerprint is a hash of,
    `driver` the version of the GPU's driver, "" without a GPU.
    """

    schema: int
    example: str
    fingerprint: str
    parts: Mapping[str, Any]
    started: str
    seconds: float
    device: str
    peak_memory: int
    gpu_memory: int | None
    commit: str
    packages: Mapping[str, str]
    models: Mapping[str, Mapping[str, str]]
    outputs: str
    driver: str = ""


@dataclass(frozen=True)
class Record:
    """An executed notebook and its provenance."""

    notebook: NotebookNode
    provenance: Provenance

    @property
    def outputs(self) -> list[list[NotebookNode]]:
        """The outputs of each code cell, in order."""
        return outputs_of(self.notebook)


@dataclass(frozen=True)
class Failure:
    """A failed run: its fingerprint, when it started, and the error message.

    `after` is the `provenance_hash` of the record that was stored before it, "" if there was none.
    """

    fingerprint: str
    started: str
    message: str
    after: str = ""

    def superseded_by(self, record: Record | None) -> bool:
        """Return whether a record is of a later run, so that the failure no longer counts.

        The record that precedes the failure is not, whatever the clocks say. Both exist when record sets are
        merged, or when a run is killed after it has written a record and before it removes the failure.
        """
        if record is None or self.after == provenance_hash(record):
            return False
        return datetime.fromisoformat(record.provenance.started) > datetime.fromisoformat(self.started)


CORRUPT_FAILURE = Failure(
    "", "9999-12-31T00:00:00+00:00", "a run failed, and the file with the reason is damaged"
)


class CorruptRecordError(CardbookError):
    """A record file that cannot be trusted: truncated, malformed, or edited."""


def provenance_hash(record: Record) -> str:
    """Return a hash that identifies a record."""
    return hash_text(json.dumps(asdict(record.provenance), sort_keys=True))


def is_notebook(found: object) -> bool:
    """Return whether a value that was read as JSON is a notebook in the format of records."""
    # Not nbformat's own `validate`: for some invalid notebooks, it fails while it composes the message.
    return next(iter(get_validator(4, 5).iter_errors(found)), None) is None


def to_node(found: Mapping[str, Any]) -> NotebookNode:
    """Return what was read as JSON, and is a notebook, as nbformat's node, each text in one piece."""
    return rejoin_lines(nbformat.from_dict(found))


def outputs_of(notebook: NotebookNode) -> list[list[NotebookNode]]:
    """Return the outputs of each code cell of a notebook."""
    return [list(cell.outputs) for cell in notebook.cells if cell.cell_type == "code"]


def hash_outputs(notebook: NotebookNode) -> str:
    """Return the SHA-256 over the outputs of all code cells in canonical JSON."""
    return hash_text(json.dumps(outputs_of(notebook), sort_keys=True))


@dataclass(frozen=True)
class RecordSet:
    """The records in one folder: `NAME.ipynb`, and `NAME.failed.json` after a failed run."""

    folder: Path

    def path(self, name: str) -> Path:
        """Return the path of an example's record."""
        return self.folder / f"{name}.ipynb"

    def failure_path(self, name: str) -> Path:
        """Return the path of an example's failure."""
        return self.folder / f"{name}.failed.json"

    def read(self, name: str) -> Record | None:
        """Return the record of an example, None if it has none. Raises CorruptRecordError."""
        try:
            content = self.path(name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CorruptRecordError(f"the record cannot be read: {error.strerror}") from None
        try:
            found = parse_json(content, RECORD_BYTES)
        except UntrustedInputError as error:
            raise CorruptRecordError(f"the record {error}") from None
        if not is_notebook(found):
            raise CorruptRecordError("the record is not a notebook")
        claims = found["metadata"].get("cardbook")
        if not isinstance(claims, dict):
            raise CorruptRecordError("the record has no provenance")
        # Records of earlier versions lack what has a default.
        claims = {**DEFAULTS, **claims}
        if fault := find_fault(claims, "record"):
            raise CorruptRecordError(f"the record has an impossible provenance: {fault}")
        notebook, provenance = to_node(found), Provenance(**claims)
        if provenance.outputs != hash_outputs(notebook):
            raise CorruptRecordError("the record's outputs are not those of its run")
        if provenance.fingerprint != Fingerprint(provenance.parts).digest:
            raise CorruptRecordError("the record's fingerprint is not that of its parts")
        if not _is_instant(provenance.started):
            raise CorruptRecordError("the record does not say when it was made")
        return Record(notebook, provenance)

    def read_failure(self, name: str) -> Failure | None:
        """Return the failure of an example's last run, None if it did not fail."""
        try:
            found = parse_json(self.failure_path(name).read_bytes(), FAILURE_BYTES)
        except FileNotFoundError:
            return None
        except (OSError, UntrustedInputError):
            return CORRUPT_FAILURE
        if find_fault(found, "failure") or not _is_instant(found["started"]):
            return CORRUPT_FAILURE
        return Failure(**{key: one_line(value) for key, value in found.items()})

    def write(self, record: Record, *, durable: bool = True) -> None:
        """Store a record atomically; it replaces the previous one and any failure.

        If `durable`, it survives a loss of power soon after, and writing takes longer.
        """
        notebook = record.notebook
        notebook.metadata.cardbook = asdict(record.provenance)
        name = record.provenance.example
        write_whole(self.path(name), nbformat.writes(notebook) + "\n", durable=durable)
        self.failure_path(name).unlink(missing_ok=True)

    def write_failure(self, name: str, fingerprint: str, started: str, message: str) -> None:
        """Mark an example as failed; its record stays, but `check` refuses it.

        `fingerprint` is that of the run, "" for any; `started` is UTC in ISO 8601."""
        try:
            record = self.read(name)
        except CorruptRecordError:
            record = None
        failure = Failure(fingerprint, started, message, provenance_hash(record) if record else "")
        write_whole(self.failure_path(name), json.dumps(asdict(failure), indent=1) + "\n")

    @contextmanager
    def lock(self, log: Callable[[str], None]) -> Iterator[None]:
        """Lock these records against other runs while the block lasts; wait for one that holds the lock.

        `log` gets a line before it waits. The operating system releases the lock of a killed run.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock, holder = FileLock(self.folder / ".lock"), self.folder / ".holder"
        try:
            lock.acquire(timeout=0)
        except Timeout:
            number = holder.read_text(encoding="utf-8") if holder.exists() else "unknown"
            log(f"Another run (process {number}) is using these records: waiting for it.")
            lock.acquire(poll_interval=0.1)
        try:
            self._sweep()
            with suppress(OSError):
                holder.write_text(str(os.getpid()), encoding="utf-8")
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def _sweep(self) -> None:
        """Remove the drafts of a run that was killed while it wrote them."""
        for pattern in (".*.ipynb-*", ".*.failed.json-*"):
            for draft in self.folder.glob(pattern):
                draft.unlink(missing_ok=True)


def _is_instant(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except (TypeError, ValueError):
        return False
