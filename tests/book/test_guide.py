"""The guide for authors (docs/write.md), followed word for word in a copy of the repository."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Cardbook

FENCE = re.compile(r'^(`{3,})\{ \.\w+ title="([^"]+)" \}\n(.*?)^\1$', re.MULTILINE | re.DOTALL)
NOT_COPIED = (
    ".*_cache",
    ".venv",
    ".git",
    ".hypothesis",
    "node_modules",
    ".cardbook",
    "chapters",
    "notebooks",
)


def steps() -> dict[str, str]:
    """What the guide tells to write, by file."""
    text = (ROOT / "docs" / "write.md").read_text(encoding="utf-8")
    return {path: content for _, path, content in FENCE.findall(text)}


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with everything done that the guide says."""
    copy = tmp_path_factory.mktemp("guide") / "book"
    ignored = shutil.ignore_patterns(*NOT_COPIED)
    shutil.copytree(
        ROOT,
        copy,
        # site/ is what was built; cardbook/site/ builds it.
        ignore=lambda path, names: ignored(path, names) | ({"site"} if path == str(ROOT) else set()),
    )
    (copy / ".cardbook").mkdir()
    (copy / ".cardbook" / "hub").symlink_to(ROOT / ".cardbook" / "hub")
    for folder in ("receipts", "records"):
        shutil.copytree(ROOT / ".cardbook" / folder, copy / ".cardbook" / folder)
    for name, content in steps().items():
        path = copy / name
        if name == "book.yml":
            text = path.read_text(encoding="utf-8")
            assert text.count("\nexamples:\n") == 1
            path.write_text(text.replace("\nexamples:\n", f"\n{content}\nexamples:\n"), encoding="utf-8")
        elif path.exists():
            path.write_text(path.read_text(encoding="utf-8") + content, encoding="utf-8")
        else:
            path.write_text(content, encoding="utf-8")
    return copy


def test_the_guide_shows_one_file_of_each_kind() -> None:
    kinds = ["flashcards", "book.yml", "card-ids.yml", "examples", "tests"]
    assert [Path(path).parts[0] for path in steps()] == kinds


def test_the_new_card_and_its_output_are_on_the_page(followed: Path, cardbook: Cardbook) -> None:
    before = cardbook("status", "--root", followed)
    assert re.search(r"^ ?temperature +missing", before.stdout, re.MULTILINE), before.stdout + before.stderr
    ran = cardbook("run", "--root", followed, "temperature")
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    written = cardbook("pages", "--root", followed)
    assert written.returncode == 0, written.stderr
    pages = "".join(path.read_text(encoding="utf-8") for path in (followed / "docs/chapters").glob("*.md"))
    assert "## Temperature in Sampling { #temperature }" in pages
    assert re.search(r"2\.0\s+mat 0\.47\s+sofa 0\.29", pages)


def test_the_new_test_passes(followed: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "tests/examples/test_temperature.py"]
    outcome = subprocess.run(command, cwd=followed, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_the_guide_breaks_no_rule_of_the_house(followed: Path) -> None:
    for command in (["format", "--check"], ["check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "examples/temperature.py", "tests/examples"]
        outcome = subprocess.run(ruff, cwd=followed, capture_output=True, text=True)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
