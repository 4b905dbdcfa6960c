"""Growth: what a book of many cards and many trivial examples costs."""

import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.books import ROOT, edit_a_word, write_big_book
from benchmarks.measure import Measured, measure
from benchmarks.tools import variables_for

# Cards and examples. The last book has cards only, as many as forty parts have.
SIZES = ((250, 50), (500, 100), (1000, 200), (5000, 0))

Tell = Callable[[str, str, Measured | None], None]


def run_scale(folder: Path, cards: int, examples: int, tell: Tell) -> None:
    """Measure a generated book: all runs, no runs, pages and site, nothing changed, one word edited."""
    write_big_book(folder, cards, examples)
    name = f"{cards} cards, {examples} examples"
    variables = variables_for(ROOT)

    def take(step: str, command: str) -> None:
        tell(name, step, measure([sys.executable, "-m", "cardbook", command], folder, variables))

    if examples:
        take("cold run", "run")
        take("run again", "run")
    take("pages and site", "site")
    take("nothing changed", "site")
    edit_a_word(folder)
    take("one word edited", "site")
