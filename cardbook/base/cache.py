"""A cache on disk: values that take long to compute, each under a hash of what it is computed from."""

import contextlib
import hashlib
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cardbook.base.files import hash_text, write_whole

UNUSED_DAYS = 30
SIZE_LIMIT = 1_000_000_000


@dataclass(frozen=True)
class Cache:
    """JSON values in one folder, which may be deleted at any time: missing values are computed again."""

    folder: Path

    def get(self, key: str) -> Any:  # noqa: ANN401
        """Return the value under a key of `cache_key`; None when there is none, or its file is damaged."""
        try:
            digest, text = self._path(key).read_text(encoding="utf-8").split("\n", 1)
            return json.loads(text) if digest == hash_text(text) else None
        except (OSError, ValueError, RecursionError):
            return None

    def put(self, key: str, value: object) -> None:
        """Store a value. If the folder is not writable, the value is computed again the next time."""
        text = json.dumps(value, ensure_ascii=False)
        with contextlib.suppress(OSError):
            write_whole(self._path(key), f"{hash_text(text)}\n{text}", durable=False)

    def prune(self, days: float = UNUSED_DAYS, size: int = SIZE_LIMIT) -> None:
        """Remove the values computed more than `days` days ago, and the oldest beyond `size` bytes in all."""
        total = 0
        for written, length, path in sorted(self._files(), reverse=True):
            total += length
            if total > size or time.time() - written > days * 86400:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """Yield the time of writing, size in bytes and path of each value."""
        for path in self.folder.glob("*.json"):
            with contextlib.suppress(OSError):
                yield (status := path.stat()).st_mtime, status.st_size, path

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"


def cache_key(distributions: Iterable[str], parts: Iterable[bytes]) -> str:
    """Return the key of a value computed from `parts` with these versions of `distributions`."""
    key = hashlib.sha256()
    names = [f"{name} {version_of(name)}".encode() for name in distributions]
    for part in (*names, *parts):
        key.update(len(part).to_bytes(8, "big") + part)
    return key.hexdigest()


@cache
def version_of(name: str) -> str:
    """Return the version of a distribution that this program itself uses."""
    # Imported here: its import takes a quarter of the time of a build with nothing to do.
    from importlib import metadata

    return metadata.version(name)
