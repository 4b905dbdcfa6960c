"""`make quick` chooses the tests of what has changed."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT, write
from tools.quick import (
    BROWSER,
    LAST_START,
    TESTS,
    changed_files,
    choose_tests,
    find_tests,
    is_long,
    without_repetitions,
)


@pytest.mark.parametrize(
    "name, tests",
    [
        ("cardbook/pages/html.py", ["tests/pages"]),
        ("cardbook/pages/note/front.html", ["tests/pages"]),
        ("cardbook/site/theme/assets/book.css", ["tests/site", "tests/browser/test_reading.py"]),
        ("cardbook/__main__.py", []),
        ("examples/text_generation.py", ["tests/examples/test_text_generation.py"]),
        ("tests/pages/test_html.py", ["tests/pages/test_html.py"]),
        ("tests/run/__init__.py", ["tests/run"]),
        ("tests/browser/chromium.py", ["tests/browser/test_reading.py"]),
        ("tests/conftest.py", []),
        ("web/study/start.ts", ["tests/web", "tests/browser/test_study.py"]),
        ("web/search.ts", ["tests/web", "tests/browser/test_search.py"]),
        ("web/build.mjs", ["tests/web"]),
        (".github/workflows/site.yml", ["tests/workflows"]),
        ("book.yml", ["tests/book/test_content.py"]),
        ("docs/index.md", ["tests/book/test_site.py"]),
        ("README.md", []),
    ],
)
def test_tests_of_a_file_are_in_its_room(name: str, tests: list[str]) -> None:
    assert find_tests(name) == tests


def test_every_room_has_its_tests() -> None:
    rooms = [path.name for path in (ROOT / "cardbook").iterdir() if (path / "__init__.py").exists()]
    assert len(rooms) > 5
    for room in rooms:
        assert list((ROOT / "tests" / room).glob("test_*.py")), room
    for test in (*TESTS.values(), *(f"tests/browser/{name}" for name in BROWSER.values())):
        assert (ROOT / test).exists(), test
    for part in BROWSER:
        assert list((ROOT / "web").glob(f"{part}*")), part


def test_changes_are_committed_uncommitted_or_new(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=A", "-c", "user.email=a@b.invalid", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    for name in ("same.py", "committed.py", "edited.py", "gone.py"):
        write(tmp_path / name, "")
    git("init")
    git("add", ".")
    git("commit", "-m", "Begin")
    assert changed_files(tmp_path) == []
    git("checkout", "-b", "change")
    write(tmp_path / "committed.py", "1\n")
    git("commit", "-am", "Change")
    write(tmp_path / "edited.py", "1\n")
    write(tmp_path / "ä new.py", "1\n")
    (tmp_path / "gone.py").unlink()
    assert changed_files(tmp_path) == ["committed.py", "edited.py", "gone.py", "ä new.py"]


def test_tests_that_are_gone_are_not_chosen_and_folders_hold_their_files(tmp_path: Path) -> None:
    write(tmp_path / "tests" / "run" / "test_runner.py", "")
    names = ["cardbook/run/executor.py", "tests/run/test_runner.py", "tests/run/test_gone.py"]
    chosen = choose_tests(tmp_path, names)
    assert list(chosen.values()) == [["tests/run"], ["tests/run/test_runner.py"], []]
    assert without_repetitions(["tests/run", "tests/run/test_runner.py"]) == ["tests/run"]


def test_example_that_took_long_is_not_run(ran: Path) -> None:
    assert not is_long(ran, "examples/first.py")
    assert not is_long(ran, "examples/new.py")
    path = ran / ".cardbook" / "records" / "offline" / "first.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"]["cardbook"]["seconds"] = LAST_START + 1
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert is_long(ran, "examples/first.py")
