"""Copies the book with packages unpinned, and models of the hub profile at their newest revision.

Usage: python -m tools.latest FOLDER
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from huggingface_hub import HfApi

from cardbook.models.manifest import BY_REVISION, FILE, Model, read_models

PIN = re.compile(r"==[^\s;]+")


def make_latest(root: Path, folder: Path, newest: Callable[[str], str]) -> None:
    """Copy what git tracks in `root` into `folder`, and unpin it there.

    `newest` returns a model's newest revision.
    """
    shutil.rmtree(folder, ignore_errors=True)
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z"], capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, folder / name)
    requirements = (folder / "requirements.txt").read_text(encoding="utf-8")
    (folder / "requirements.txt").write_text(PIN.sub("", requirements), encoding="utf-8")
    for name in ("constraints.txt", "requirements.lock"):
        (folder / name).write_text("", encoding="utf-8")
    models = read_models(root)
    renewed = {model_id: renew(model, newest(model_id)) for model_id, model in models.items()}
    (folder / FILE).write_text("\n".join(map(write_model, renewed.values())), encoding="utf-8")
    for path in (folder / "book.yml", *sorted((folder / "examples").glob("*.py"))):
        text = path.read_text(encoding="utf-8")
        for model_id, model in models.items():
            text = text.replace(model.revision, renewed[model_id].revision)
        path.write_text(text, encoding="utf-8")


def renew(model: Model, revision: str) -> Model:
    """Return the model at another revision, whose files' hashes only the Hub can state.

    A model that comes from a package stays as it is.
    """
    if revision == model.revision or model.offline:
        return model
    return replace(model, revision=revision, files=dict.fromkeys(model.files, BY_REVISION))


def write_model(model: Model) -> str:
    """Return the model's tables in the form of models.toml."""
    lines = [
        f'["{model.id}"]',
        f"revision = {json.dumps(model.revision)}",
        f"licence = {json.dumps(model.licence)}",
        "",
    ]
    lines += [
        f'["{model.id}".files]',
        *(f"{json.dumps(name)} = {json.dumps(digest)}" for name, digest in model.files.items()),
        "",
    ]
    if package := model.offline:
        keys = {"package": package.name, "version": package.version, "sha256": package.sha256}
        keys |= {"licence": package.licence, "note": package.note}
        keys |= {"folder": package.folder, "gguf": package.gguf, "gguf_sha256": package.gguf_sha256}
        lines += [
            f'["{model.id}".offline]',
            *(f"{key} = {json.dumps(text)}" for key, text in keys.items() if text),
            "",
        ]
    return "\n".join(lines)


def newest_revision(model_id: str) -> str:
    """Ask the Hub for the newest revision of a model, as its full commit hash."""
    return str(HfApi().model_info(model_id).sha)


if __name__ == "__main__":
    make_latest(Path.cwd(), Path(sys.argv[1]).resolve(), newest_revision)
