"""What SECURITY.md promises of code and models."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cardbook.models.manifest import read_models
from cardbook.records.environment import canonical
from tests.conftest import ROOT

CODE = sorted(
    [*(ROOT / "examples").glob("*.py"), *(ROOT / "cardbook").rglob("*.py"), *(ROOT / "tools").glob("*.py")]
)
# Reading these can run what whoever wrote the file wanted to run.
UNPICKLING = {"pickle", "dill", "joblib", "shelve", "marshal", "cloudpickle"}
# Code that this program itself compiled and put into the cache of the book, where examples cannot write.
ALLOWED = {"cardbook/pages/compiled_templates.py": ["marshal"]}
UNSAFE = {"use_safetensors=False", "weights_only=False"}


def dangers(text: str) -> Iterator[str]:
    """What in a script would run code that came with a model, or ask for it."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.keyword) and node.arg == "trust_remote_code":
            yield "trust_remote_code"
        if isinstance(node, ast.Constant) and node.value == "trust_remote_code":
            yield "trust_remote_code"
        if isinstance(node, ast.keyword) and ast.unparse(node) in UNSAFE:
            yield ast.unparse(node)
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "torch.load":
            yield "torch.load"
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        yield from (name for name in names if name.split(".")[0] in UNPICKLING)


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_code_comes_with_a_model(path: Path) -> None:
    found = list(dangers(path.read_text(encoding="utf-8")))
    assert found == ALLOWED.get(path.relative_to(ROOT).as_posix(), [])


@pytest.mark.parametrize(
    "line",
    [
        "AutoModel.from_pretrained('org/name', trust_remote_code=True)",
        "options = {'trust_remote_code': True}",
        "AutoModel.from_pretrained('org/name', use_safetensors=False)",
        "torch.load('weights')",
        "import pickle",
        "from joblib import load",
    ],
)
def test_code_that_comes_with_a_model_is_seen(line: str) -> None:
    assert len(list(dangers(line))) == 1


def test_weights_are_safetensors_and_every_file_has_a_hash() -> None:
    for model in read_models(ROOT).values():
        assert any(name.endswith(".safetensors") for name in model.files)
        assert all(name.endswith((".safetensors", ".json", ".txt", ".model")) for name in model.files), (
            model.id
        )
        assert all(model.files.values())


@pytest.mark.parametrize("folder", [".", "tests/audit", "tools/chromium"])
def test_npm_packages_are_locked_by_hash_and_run_nothing_when_installed(folder: str) -> None:
    locked = json.loads((ROOT / folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert all(package.get("integrity", "").startswith("sha512-") for name, package in locked.items() if name)
    assert "ignore-scripts=true" in (ROOT / folder / ".npmrc").read_text(encoding="utf-8").splitlines()


def canonical_pin(pin: str) -> str:
    name, _, version = pin.partition("==")
    return f"{canonical(name)}=={version}"


def test_python_packages_are_locked_by_hash_but_those_that_differ_by_platform() -> None:
    pinned = {canonical_pin(pin) for pin in (ROOT / "constraints.txt").read_text(encoding="utf-8").split()}
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.findall(r"^(\S+==\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", text, re.MULTILINE)
    assert {canonical_pin(entry[0]) for entry in entries} == {
        pin for pin in pinned if not pin.startswith("torch==")
    }
    assert "://" not in text
