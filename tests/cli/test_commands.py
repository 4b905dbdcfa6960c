import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from cardbook.base.paths import ProjectPaths
from cardbook.records.store import RecordSet
from tests.conftest import ROOT, Cardbook, replace, write


def test_the_words_of_a_failed_example_are_not_markup(small: Path, cardbook: Cardbook) -> None:
    records = RecordSet(ProjectPaths(small).records("offline"))
    records.write_failure("first", "", "2026-11-25T12:00:00+00:00", "ValueError: [/some/path] [red]seen[/]")
    outcome = cardbook("status", "--root", small)
    assert outcome.returncode == 0, outcome.stderr
    assert "ValueError: [/some/path] [red]seen[/]" in outcome.stdout


def test_status_counts_the_corrections_whose_source_is_unread(small: Path, cardbook: Cardbook) -> None:
    corrections = (
        "corrections: [{text: No., source: 'https://a'}, {text: No., source: 'https://b', unread: true}]"
    )
    replace(small / "book.yml", "example: first", f"example: first\n        {corrections}")
    shown = cardbook("status", "--root", small).stdout
    assert "corrections: 2, with a source that nobody has read: 1" in shown


def test_what_the_system_refuses_is_a_message(small: Path, cardbook: Cardbook) -> None:
    write(small / ".cardbook" / "records", "a file in place of a folder")
    for verb in ("run", "site"):
        outcome = cardbook(verb, "--root", small)
        assert outcome.returncode == 2, outcome.stderr
        assert ".cardbook/records" in outcome.stderr and "Traceback" not in outcome.stderr


def test_output_that_nobody_can_read_is_no_traceback(small: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m cardbook status --root {shlex.quote(str(small))} >&-"
    outcome = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=ROOT)
    assert (outcome.returncode, outcome.stderr) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [("status",), ("check",), ("run", "no-such-example"), ("pages", "--check"), ("no-such-verb",)],
)
def test_commands_are_called_in_tests_as_a_person_calls_them(
    small: Path, cardbook: Cardbook, arguments: tuple[str, ...]
) -> None:
    root = ("--root", str(small)) if arguments != ("no-such-verb",) else ()
    command = [sys.executable, "-m", "cardbook", *arguments, *root]
    called = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    outcome = cardbook(*arguments, *root)
    assert (outcome.returncode, outcome.stdout) == (called.returncode, called.stdout)
    assert outcome.stderr == called.stderr.replace("python -m cardbook", "cardbook")


@pytest.mark.parametrize(("option", "status"), [("--help", 0), ("--nonsense", 2)])
def test_process_ends_at_once_after_all_is_printed(option: str, status: int) -> None:
    code = "import atexit; from cardbook.cli.commands import run_program; atexit.register(print, 'late')"
    command = [sys.executable, "-c", f"{code}; run_program()", option]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == status
    assert (done.stdout if status == 0 else done.stderr).startswith("Usage: ")
    assert "late" not in done.stdout
