"""Pages of the real site that the tests look at, whatever book it is: a card with an example, its chapter."""

from cardbook.source.book import Chapter, read_book
from cardbook.source.example import read_example
from tests.conftest import ROOT

BOOK = read_book(ROOT)


def count_figures(chapter: Chapter) -> int:
    """How many figures the examples of a chapter show."""
    names = [entry.example for entry in chapter.entries if entry.example]
    return sum(bool(cell.alt) for name in names for cell in read_example(ROOT, name).code_cells)


# The chapter with the most to see, and its last card that has an example.
_CHAPTER = max(BOOK.chapters, key=count_figures)
_ENTRY = [entry for entry in _CHAPTER.entries if entry.example][-1]
CARD = _ENTRY.id
EXAMPLE = _ENTRY.example or ""
CHAPTER = f"chapters/{_CHAPTER.id}/"
NOTEBOOK = f"notebooks/{EXAMPLE}/"
