"""What only this book has for a reader: its words in the search."""

import json
from pathlib import Path


def test_outputs_and_code_are_in_the_search_index_once(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    texts = [entry["text"] for entry in index["docs"]]
    for phrase in ("their sum 1.000", "probabilities.topk(7)"):
        assert sum(text.count(phrase) for text in texts) == 1, phrase
    assert not any(entry["location"].startswith("notebooks/") for entry in index["docs"])
