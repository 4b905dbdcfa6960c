"""What an example prints as a plain script is what its record, and so its page, shows."""

from pathlib import Path

import pytest

from cardbook.records.interactive import interactive_media
from cardbook.records.status import Project
from cardbook.source.book import read_book
from cardbook.source.example import VARIES
from tests.conftest import ROOT
from tests.examples.conftest import Printed

NAMES = read_book(ROOT).examples
# Those that take a second; `make scripts` runs all. `make verify` does so too, with what a reader copies.
SHORT = ("cohere_key", "hugging_face_account", "typographical_conventions")
SCRIPTS = [
    name if name in SHORT else pytest.param(name, marks=pytest.mark.scripts)
    for name in read_book(ROOT).examples
]


@pytest.mark.parametrize("name", SCRIPTS)
def test_record_shows_what_the_script_prints(name: str, project: Project, ran: Printed) -> None:
    """The printed text of each cell follows the cell before; only cells tagged `varies` may differ."""
    record = project.records.read(name)
    assert record is not None
    script = ran(name)
    at = 0
    exact = True
    for cell, outputs in zip(project.plans[name].example.code_cells, record.outputs, strict=True):
        text = "".join(output.text for output in outputs if output.get("name") == "stdout")
        if VARIES in cell.tags:
            exact = False
            continue
        if not text:
            continue
        found = script.find(text, at)
        assert found == at if exact else found >= at, f"{cell.source}\nprinted, in the record: {text}"
        at = found + len(text)
        exact = True
    assert not exact or at == len(script)


@pytest.mark.parametrize("name", NAMES)
def test_example_has_a_test_of_its_own(name: str, root: Path) -> None:
    """Every example's claims are checked."""
    assert (root / "tests" / "examples" / f"test_{name}.py").exists()


@pytest.mark.parametrize("name", NAMES)
def test_record_has_no_errors_printed(name: str, project: Project) -> None:
    """Nothing went to stderr: no warning a reader would wonder about."""
    record = project.records.read(name)
    assert record is not None
    noise = [o.text for outputs in record.outputs for o in outputs if o.get("name") == "stderr"]
    assert noise == []


@pytest.mark.parametrize("name", NAMES)
def test_what_a_record_displays_is_meant(name: str, project: Project) -> None:
    """Figures and interactive outputs: no cell ends in an expression whose value nobody meant to show."""
    record = project.records.read(name)
    assert record is not None
    shown = [o.get("data", {}) for outputs in record.outputs for o in outputs if o.output_type != "stream"]
    assert all("image/png" in data or interactive_media(data) for data in shown)
