"""Growth: what a book of many cards and many trivial examples costs."""

import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.books import ROOT, write_big_book
from benchmarks.measure import Measured, measure
from benchmarks.tools import variables_for

SIZES = ((250, 50), (500, 100), (1000, 200))

Tell = Callable[[str, str, Measured | None], None]


def run_scale(folder: Path, cards: int, examples: int, tell: Tell) -> None:
    """Measure a generated book: running all of it, running nothing, pages and site, nothing at all."""
    write_big_book(folder, cards, examples)
    name = f"{cards} cards, {examples} examples"
    variables = variables_for(ROOT)
    steps = {"cold run": "run", "run again": "run", "pages and site": "site", "nothing changed": "site"}
    for step, command in steps.items():
        tell(name, step, measure([sys.executable, "-m", "cardbook", command], folder, variables))
