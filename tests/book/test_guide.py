"""The guide for authors (docs/write.md), followed word for word in a copy of the repository."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Cardbook

FENCE = re.compile(r'^(`{3,})\{ \.\w+ title="([^"]+)" \}\n(.*?)^\1$', re.MULTILINE | re.DOTALL)
TERMINAL = "in a terminal"
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
ADDED, SECOND_BOOK = (
    [(path, content) for _, path, content in FENCE.findall(text)]
    for text in (ROOT / "docs" / "write.md").read_text(encoding="utf-8").split("\n## A book of your own\n")
)


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
    for name, content in ADDED:
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
    assert [Path(path).parts[0] for path, _ in ADDED] == kinds


def test_the_new_card_and_its_output_are_on_the_page(followed: Path, cardbook: Cardbook) -> None:
    before = cardbook("status", "--root", followed)
    assert re.search(r"^ ?temperature +missing", before.stdout, re.MULTILINE), before.stdout + before.stderr
    ran = cardbook("run", "--root", followed, "temperature")
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    written = cardbook("pages", "--root", followed)
    assert written.returncode == 0, written.stderr
    pages = "".join(path.read_text(encoding="utf-8") for path in (followed / "docs/chapters").glob("*.md"))
    assert "# Sampling\n" in pages and "## Temperature in Sampling { #temperature }" in pages
    assert re.search(r"2\.0\s+mat 0\.47\s+sofa 0\.29", pages)


def test_the_tests_of_the_book_and_the_new_one_pass(followed: Path, cardbook: Cardbook) -> None:
    """Those that `make test` runs of what the guide has changed."""
    dated = cardbook("update-dates", "--root", followed)
    assert dated.stdout == "1 of 22 cards changed: temperature\n", dated.stderr
    command = [sys.executable, "-m", "pytest", "-q", "tests/examples/test_temperature.py"]
    outcome = subprocess.run(
        [*command, "tests/book/test_content.py"],
        cwd=followed,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(followed)},
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_the_second_book_is_made_as_the_guide_says(tmp_path: Path) -> None:
    """Each file is written and each command run, in the order of the guide."""
    (tmp_path / "flashcards").mkdir()
    for name, content in ADDED:
        if name == "flashcards/own.md":
            (tmp_path / name).write_text(content, encoding="utf-8")
    for name, content in SECOND_BOOK:
        if name != TERMINAL:
            (tmp_path / name).write_text(content, encoding="utf-8")
            continue
        for line in content.splitlines():
            verb, *arguments = shlex.split(line)
            assert verb == "cardbook"
            command = [sys.executable, "-m", "cardbook", *arguments]
            variables = os.environ | {"PYTHONPATH": str(ROOT)}
            outcome = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=variables)
            assert (outcome.returncode, outcome.stderr) == (0, ""), line
    site = tmp_path / "my-book" / "site"
    home = (site / "index.html").read_text(encoding="utf-8")
    assert "Limits of sampling" in home and "Part 2" in home
    assert (site / "deck" / "my-book.apkg").exists()
    assert (tmp_path / "my-book" / "mkdocs.yml").read_text(encoding="utf-8").count("\n") == 3


def test_the_guide_explains_every_key_of_book_yml() -> None:
    table = (ROOT / "docs" / "write.md").read_text(encoding="utf-8").split("\n## Every key of book.yml\n")[1]
    schema = json.loads((ROOT / "cardbook" / "source" / "book.schema.json").read_text(encoding="utf-8"))
    named = set(re.findall(r"`([a-z_]+)(?:: true)?`", table))
    keys = set(schema["properties"])
    for definition in schema["$defs"].values():
        keys |= set(definition.get("properties", ()))
    assert keys <= named, keys - named


def test_the_guide_breaks_no_rule_of_the_house(followed: Path) -> None:
    for command in (["format", "--check"], ["check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "examples/temperature.py", "tests/examples"]
        outcome = subprocess.run(ruff, cwd=followed, capture_output=True, text=True)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
