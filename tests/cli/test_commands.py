from pathlib import Path

from cardbook.base.paths import ProjectPaths
from cardbook.records.store import RecordSet
from tests.conftest import Cardbook


def test_the_words_of_a_failed_example_are_not_markup(small: Path, cardbook: Cardbook) -> None:
    records = RecordSet(ProjectPaths(small).records("offline"))
    records.write_failure("first", "", "2026-11-25T12:00:00+00:00", "ValueError: [/some/path] [red]seen[/]")
    outcome = cardbook("status", "--root", small)
    assert outcome.returncode == 0, outcome.stderr
    assert "ValueError: [/some/path] [red]seen[/]" in outcome.stdout
