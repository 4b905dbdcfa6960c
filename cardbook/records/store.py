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

from cardbook.base.errors import CardbookError
from cardbook.base.files import hash_text, write_whole
from cardbook.records.fingerprint import Fingerprint

SCHEMA = 1


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
            text = self.path(name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            raise CorruptRecordError("the record is not UTF-8") from None
        except OSError as error:
            raise CorruptRecordError(f"the record cannot be read: {error.strerror}") from None
        try:
            notebook = nbformat.reads(text, as_version=4)
            provenance = Provenance(**notebook.metadata["cardbook"])
        except (nbformat.reader.NotJSONError, nbformat.ValidationError):
            raise CorruptRecordError("the record is not a notebook") from None
        except (KeyError, TypeError, AttributeError):
            raise CorruptRecordError("the record has no provenance") from None
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
            failure = Failure(**json.loads(self.failure_path(name).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, RecursionError):
            failure = Failure("", "", "")
        return failure if _is_instant(failure.started) else CORRUPT_FAILURE

    def write(self, record: Record) -> None:
        """Store a record atomically; it replaces the previous one and any failure."""
        notebook = record.notebook
        notebook.metadata.cardbook = asdict(record.provenance)
        name = record.provenance.example
        write_whole(self.path(name), nbformat.writes(notebook) + "\n")
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
