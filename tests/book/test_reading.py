"""What only this book has for a reader: its words in the search."""

from pathlib import Path

from tests.book.test_site import read_search_index


def test_outputs_and_code_are_in_the_search_index_once(site: Path) -> None:
    sections = read_search_index(site)
    texts = [section["text"] for section in sections.values()]
    for phrase in ("their sum 1.000", "probabilities.topk(7)"):
        assert sum(text.count(phrase) for text in texts) == 1, phrase
    assert not any(location.startswith("notebooks/") for location in sections)
    assert not any('pip install "' in text or "Notebook .ipynb" in text for text in texts)
