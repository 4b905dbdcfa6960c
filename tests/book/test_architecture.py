"""docs/architecture.md names the files as they are."""

import re

import pytest

from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
# The questions of a new contributor, each answered by one row.
QUESTIONS = {
    "card's Markdown": "cardbook/pages/html.py",
    "makes a record stale": "cardbook/records/fingerprint.py",
    "the sandbox": "cardbook/kernel/sandbox.py",
    "dark version": "cardbook/pages/dark_figures.py",
    "order in which examples run": "cardbook/run/scheduler.py",
    "what `verify` compares": "cardbook/verify/checks.py",
    "study schedule": "web/progress/schedule.ts",
    "gets its line": "cardbook/base/yaml_file.py",
}


def test_every_file_and_folder_that_it_names_is_there() -> None:
    named = re.findall(r"`((?:cardbook|web|tests|tools|docs)/[\w./-]+)`", TEXT)
    assert len(named) > 60
    assert [path for path in named if not (ROOT / path).exists() and "PACKAGE" not in path] == []


def test_it_names_every_package() -> None:
    for package in (path.parent for path in (ROOT / "cardbook").glob("*/__init__.py")):
        assert f"| `{package.name}` |" in TEXT


@pytest.mark.parametrize(("question", "file"), QUESTIONS.items())
def test_a_new_contributor_finds_the_file(question: str, file: str) -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and question in line]
    assert len(rows) == 1 and f"`{file}`" in rows[0], rows
