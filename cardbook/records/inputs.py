"""The data files that an example reads, which are inputs like its code."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from cardbook.base.errors import CardbookError

MISSING = ""
LOG_BYTES = 20_000_000


class DataChangedError(CardbookError):
    """A data file changed while the example ran, or is absent; the text names it and a remedy."""


def hash_data(root: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of each file, MISSING for an absent one; names are relative to the book."""
    return {name: _hash(root / name) for name in sorted(set(names))}


def _hash(path: Path) -> str:
    if not path.is_file():
        # Reading a device or a pipe might never end.
        return MISSING
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return MISSING


def collect_inputs(root: Path, log: Path, declared: Iterable[str]) -> Mapping[str, str]:
    """Return the SHA-256 of every file that a run read, by the sandbox's log, and of every one declared.

    `declared` are names relative to `root`, the book's folder. The example can write to the log. Raises
    DataChangedError if a file has changed since the run read it, or is absent.
    """
    read = {_name(root, path): (path, size, time) for path, size, time in _read_log(log)}
    for name, (path, size, time) in read.items():
        try:
            found = os.stat(path)  # noqa: PTH116
        except OSError:
            raise DataChangedError(f"data file {name} disappeared while it ran: run again") from None
        if [found.st_size, found.st_mtime_ns] != [size, time]:
            raise DataChangedError(f"data file {name} changed while it ran: run again")
    hashes = hash_data(root, [*read, *declared])
    for name, digest in hashes.items():
        if digest == MISSING:
            raise DataChangedError(
                f"data file {name}, which book.yml names, is not there: add it, or name another"
            )
    return hashes


def _read_log(log: Path) -> list[tuple[str, int, int]]:
    """Return the path, size and time of each file that the log names. Raises DataChangedError."""
    if not log.exists():
        return []
    with log.open("rb") as stream:
        content = stream.read(LOG_BYTES + 1)
    try:
        lines = [json.loads(line) for line in content.decode("utf-8").splitlines()]
    except (ValueError, RecursionError):
        lines = [None]
    if len(content) > LOG_BYTES or not all(map(_is_entry, lines)):
        raise DataChangedError(
            "the list of the files that it read is damaged: write only to files that the example opens"
        )
    return [(path, size, time) for path, size, time in lines]


def _is_entry(line: object) -> bool:
    return (
        isinstance(line, list) and [type(value) for value in line] == [str, int, int] and "\0" not in line[0]
    )


def _name(root: Path, path: str) -> str:
    found = Path(path)
    return found.relative_to(root).as_posix() if found.is_relative_to(root) else path
