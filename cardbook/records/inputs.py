"""Data: the files an example reads, which are as much its input as its code."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from cardbook.base.errors import CardbookError

MISSING = ""


class DataChangedError(CardbookError):
    """A data file changed while the example ran, or is not there; the text names it and tells what to do."""


def hash_data(root: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of each file, GONE for one that is not there; names are relative to the book."""
    return {name: _hash(root / name) for name in sorted(set(names))}


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return MISSING


def collect_inputs(root: Path, log: Path, declared: Iterable[str]) -> Mapping[str, str]:
    """Return the SHA-256 of every file that a run read, by the guard's log, and of every one declared.

    Raises Unsettled where that is not what the run itself has read.
    """
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    read = {_name(root, path): (path, size, time) for path, size, time in map(json.loads, lines)}
    for name, (path, size, time) in read.items():
        try:
            found = os.stat(path)  # noqa: PTH116
        except OSError:
            raise DataChangedError(f"data file {name} went away while it ran: run again") from None
        if [found.st_size, found.st_mtime_ns] != [size, time]:
            raise DataChangedError(f"data file {name} changed while it ran: run again")
    hashes = hash_data(root, [*read, *declared])
    for name, digest in hashes.items():
        if digest == MISSING:
            raise DataChangedError(
                f"data file {name}, which book.yml names, is not there: add it, or name another"
            )
    return hashes


def _name(root: Path, path: str) -> str:
    found = Path(path)
    return found.relative_to(root).as_posix() if found.is_relative_to(root) else path
