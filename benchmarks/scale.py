"""Growth: the cost of a book of many cards and many trivial examples."""

import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.books import ROOT, edit_a_word, write_big_book
from benchmarks.measure import Measurement, measure
from benchmarks.tools import variables_for

# Cards and examples. The last book has cards only, as many as forty parts have.
SIZES = ((250, 50), (500, 100), (1000, 200), (5000, 0))

OnResult = Callable[[str, str, Measurement | None], None]


def run_scale(folder: Path, cards: int, examples: int, on_result: OnResult) -> None:
    """Measure a generated book: all runs, no runs, pages and site, no-op, one word edited."""
    write_big_book(folder, cards, examples)
    name = f"{cards} cards, {examples} examples"
    variables = variables_for(ROOT)

    def measure_step(step: str, command: str) -> None:
        on_result(name, step, measure([sys.executable, "-m", "cardbook", command], folder, variables))

    if examples:
        measure_step("cold run", "run")
        measure_step("run again", "run")
    measure_step("pages and site", "site")
    measure_step("no-op", "site")
    edit_a_word(folder)
    measure_step("one word edited", "site")
