"""Records: what a run left, one executed notebook with its provenance inside."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from cardbook.files import write_whole
from cardbook.fingerprint import hash_text

SCHEMA = 1


@dataclass(frozen=True)
class Provenance:
    """How outputs came about; written by the run, never by hand.

    `started` is UTC in ISO 8601, `seconds` wall time, memory in bytes (`gpu_memory` None without a GPU),
    `outputs` the SHA-256 of the outputs of all code cells, `parts` what the fingerprint is a hash of.
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
    """What a failed run left: the fingerprint it had, when, and the error a person can mend."""

    fingerprint: str
    started: str
    message: str


class Damaged(Exception):
    """A record file that cannot be trusted: truncated, garbage, or changed by hand."""


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
        """Return where the record of an example is kept."""
        return self.folder / f"{name}.ipynb"

    def failure_path(self, name: str) -> Path:
        """Return where the failure of an example is kept."""
        return self.folder / f"{name}.failed.json"

    def read(self, name: str) -> Record | None:
        """Return the record of an example, None when there is none. Raises Damaged."""
        try:
            text = self.path(name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            raise Damaged("the record is not UTF-8") from None
        try:
            notebook = nbformat.reads(text, as_version=4)
            provenance = Provenance(**notebook.metadata["cardbook"])
        except (nbformat.reader.NotJSONError, nbformat.ValidationError):
            raise Damaged("the record is no notebook") from None
        except (KeyError, TypeError, AttributeError):
            raise Damaged("the record has no provenance") from None
        if provenance.outputs != hash_outputs(notebook):
            raise Damaged("the record's outputs are not those of its run")
        return Record(notebook, provenance)

    def read_failure(self, name: str) -> Failure | None:
        """Return what the last run of an example left if it failed, else None."""
        try:
            return Failure(**json.loads(self.failure_path(name).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (json.JSONDecodeError, TypeError, UnicodeDecodeError):
            return Failure("", "", "a run failed, and what it left is damaged")

    def write(self, record: Record) -> None:
        """Keep a record, whole or not at all, in place of the one before and of any failure."""
        notebook = record.notebook
        notebook.metadata.cardbook = asdict(record.provenance)
        name = record.provenance.example
        write_whole(self.path(name), nbformat.writes(notebook) + "\n")
        self.failure_path(name).unlink(missing_ok=True)

    def write_failure(self, name: str, failure: Failure) -> None:
        """Mark an example as failed; a record it has stays, and `check` refuses it."""
        write_whole(self.failure_path(name), json.dumps(asdict(failure), indent=1) + "\n")
