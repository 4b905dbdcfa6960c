"""The model store: a standard Hugging Face cache, filled beforehand and verified by hash.

A file of unknown SHA-256 is listed as "by revision": it must have the hash that the Hub states for the pinned
revision, and its receipt records its SHA-256.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from cardbook.base.files import hash_file, write_whole
from cardbook.base.paths import ProjectPaths
from cardbook.models.manifest import BY_REVISION, Model, source_name


@dataclass(frozen=True)
class Stored:
    """A model in the store, with SHA-256 by file; `note`: how it differs from the Hub's ("" if not)."""

    revision: str
    source: str
    files: Mapping[str, str]
    note: str


@dataclass(frozen=True)
class ModelStore:
    """The models under `root/.cardbook`: `hub` is a standard Hugging Face cache."""

    root: Path

    @property
    def hub(self) -> Path:
        """The folder to name in HF_HUB_CACHE."""
        return ProjectPaths(self.root).hub

    def folder(self, model: Model) -> Path:
        """Return the model's folder in the cache."""
        return self.hub / model.folder_name

    def snapshot(self, model: Model) -> Path:
        """Return the folder of the model's files at its revision."""
        return self.folder(model) / "snapshots" / model.revision

    def receipt(self, model: Model) -> Path:
        """Return the file that says what was verified when the model was stored."""
        return ProjectPaths(self.root).receipts / f"{model.folder_name}.json"

    def stored(self, model: Model) -> Stored | None:
        """Return the stored model, hashing only files that have changed since they were last hashed.

        None if it is absent, of another revision, or changed.
        """
        try:
            receipt = json.loads(self.receipt(model).read_text(encoding="utf-8"))
            stored = Stored(**receipt["stored"])
            stamps = receipt["stamps"]
        except (FileNotFoundError, json.JSONDecodeError, KeyError, TypeError):
            return None
        if stored.revision != model.revision or not self._is_as_listed(model, stored):
            return None
        for name, digest in stored.files.items():
            path = self.snapshot(model) / name
            if not path.is_file():
                return None
            if _size_and_time(path) != stamps.get(name) and hash_file(path) != digest:
                return None
        return stored

    def _is_as_listed(self, model: Model, stored: Stored) -> bool:
        if stored.source == "hub":
            return stored.files.keys() == model.files.keys() and all(
                digest in (stored.files[name], BY_REVISION) for name, digest in model.files.items()
            )
        return model.offline is not None and stored.source == source_name(model.offline)

    def verify(self, model: Model) -> Stored | None:
        """Return the stored model after hashing every file; None if anything differs."""
        stored = self.stored(model)
        if stored is None:
            return None
        for name, digest in stored.files.items():
            if hash_file(self.snapshot(model) / name) != digest:
                return None
        return stored

    def fault(self, model: Model) -> str:
        """Hash every file of the stored model; return what is wrong with it, "" if nothing."""
        try:
            receipt = json.loads(self.receipt(model).read_text(encoding="utf-8"))
            stored = Stored(**receipt["stored"])
        except (FileNotFoundError, json.JSONDecodeError, KeyError, TypeError):
            return "is not in the model store"
        if stored.revision != model.revision or not self._is_as_listed(model, stored):
            return "is in the model store with other files than models.toml lists"
        for name, digest in stored.files.items():
            path = self.snapshot(model) / name
            if not path.is_file():
                return f"has lost {name} in the model store"
            if hash_file(path) != digest:
                return f"is damaged in the model store ({name} is not what was stored)"
        return ""

    def put(self, model: Model, folder: Path, source: str, note: str) -> None:
        """Move a downloaded model folder (`models--…`) into the store in one step and write its receipt.

        `source` is "hub" or a `source_name`; `note` says how the model differs from the Hub's, "" if not."""
        self.receipt(model).unlink(missing_ok=True)
        shutil.rmtree(self.folder(model), ignore_errors=True)
        self.hub.mkdir(parents=True, exist_ok=True)
        os.replace(folder, self.folder(model))
        snapshot = self.snapshot(model)
        paths = {
            path.relative_to(snapshot).as_posix(): path
            for path in sorted(snapshot.rglob("*"))
            if path.is_file()
        }
        hashes = {name: hash_file(path) for name, path in paths.items()}
        stored = asdict(Stored(model.revision, source, hashes, note))
        stamps = {name: _size_and_time(path) for name, path in paths.items()}
        write_whole(self.receipt(model), json.dumps({"stored": stored, "stamps": stamps}, indent=1))


def _size_and_time(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]
