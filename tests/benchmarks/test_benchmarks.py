import json
import sys
import time
from pathlib import Path

import pytest

from benchmarks.books import write_big_book
from benchmarks.forms import as_gallery_script, as_notebook, as_page, edit_code, edit_prose
from benchmarks.measure import Measurement, MeasurementError, measure, running
from benchmarks.results import Results
from benchmarks.scale import run_scale
from benchmarks.tools import variables_for
from cardbook.source.book import read_book
from cardbook.source.example import parse_example
from tests.conftest import FIRST, ROOT
from tests.run.test_faults import wait_until

HOLD = "import sys; held = bytearray(80_000_000); sys.stdin.read()"


def test_measurement_has_the_memory_of_all_descendants(tmp_path: Path) -> None:
    child = f"subprocess.Popen([sys.executable, '-c', {HOLD!r}], stdin=subprocess.PIPE)"
    starter = f"import subprocess, sys; {child}.wait()"
    with running([sys.executable, "-c", starter], tmp_path, variables_for(ROOT)) as (_, sampler):
        wait_until(lambda: sampler.most > 80_000_000)
    assert sampler.most < 400_000_000


def test_measurement_has_the_time_of_the_command(tmp_path: Path) -> None:
    begun = time.perf_counter()
    took = measure([sys.executable, "-c", "import time; time.sleep(0.3)"], tmp_path, variables_for(ROOT))
    assert 0.3 < took.seconds <= time.perf_counter() - begun


def test_failed_command_is_reported_with_its_output(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match="exit status 3\nhelp"):
        measure([sys.executable, "-c", "print('help'); raise SystemExit(3)"], tmp_path, variables_for(ROOT))


def test_every_tool_gets_the_same_code() -> None:
    example = parse_example("first", edit_prose(edit_code(FIRST, "marked"), "Reworded"))
    assert "Reworded" in example.title and "marked" not in example.text
    code = [cell.source for cell in example.code_cells]
    notebook = json.loads(as_notebook(example))
    assert [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"] == code
    assert all(f"# %%\n{source}\n" in as_gallery_script(example) for source in code)
    assert all(f"\n{source}\n````" in as_page(example) for source in code)


def test_generated_book_is_of_the_given_size(tmp_path: Path) -> None:
    write_big_book(tmp_path, 25, 3)
    book = read_book(tmp_path)
    assert (len(book.entries), len(book.examples), len(book.chapters)) == (25, 3, 3)


def test_growth_is_measured_step_by_step(tmp_path: Path) -> None:
    reported: list[tuple[str, str]] = []
    run_scale(tmp_path / "book", 2, 1, lambda name, step, _: reported.append((name, step)))
    steps = ["cold run", "run again", "pages and site", "no-op", "one word edited"]
    assert reported == [("2 cards, 1 examples", step) for step in steps]
    page = (tmp_path / "book" / "site" / "chapters" / "chapter-1" / "index.html").read_text()
    assert "the sum is 1" in page
    assert page.count("That its answer is") == 1 and page.count("That the answer is") == 1


def test_a_book_of_cards_only_is_measured_without_runs(tmp_path: Path) -> None:
    reported: list[str] = []
    run_scale(tmp_path / "book", 2, 0, lambda _, step, __: reported.append(step))
    assert reported == ["pages and site", "no-op", "one word edited"]


def test_results_are_medians_with_ratios_and_failures_are_shown(tmp_path: Path) -> None:
    results = Results(tmp_path / "results.json")
    for seconds in (9.0, 10.0, 50.0):
        results.add("plain", "cold", Measurement(seconds, 5))
    results.add("ours", "cold", Measurement(2.5, 7_000_000))
    results.add("theirs", "cold", None)
    rows = list(zip(*(column.cells for column in results.table("", ("plain", "cold")).columns), strict=True))
    assert rows[1] == ("ours", "2.50 s (0.250)", "7 MB")
    assert rows[2][1] == "failed"
    assert json.loads(results.file.read_text())["measured"]["plain"]["cold"][2]["seconds"] == 50.0
