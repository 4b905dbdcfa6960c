"""The search index: the sections of every page as plain text, for web/search_worker.ts."""

import html
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

TAG = re.compile(r"<[^>]+>")
SPACE = re.compile(r"\s+")
CARD = re.compile(r'<div class="card" data-card="([^"]+)">')
CORRECTION = re.compile(r'<aside class="card-correction">(.*?)</aside>', re.DOTALL)
LABEL = re.compile(r'<p class="card-label">.*?</p>', re.DOTALL)


def write_search_index(site: Path, also: Mapping[str, Sequence[str]]) -> None:
    """Write `search/book.json`, and remove the sections from the file that every page fetches on loading.

    `also` has the other words by which a card is found, by its id. A book without MkDocs' search plugin
    gets neither.
    """
    path = site / "search" / "search_index.json"
    if not path.exists():
        return
    index = json.loads(path.read_text(encoding="utf-8"))
    cards: dict[str, dict[str, dict[str, Any]]] = {}
    sections = []
    for entry in index["docs"]:
        page, _, anchor = entry["location"].partition("#")
        if page.startswith("chapters/") and page not in cards:
            cards[page] = read_cards((site / page / "index.html").read_text(encoding="utf-8"), also)
        section = {
            "location": entry["location"],
            "title": plain(entry["title"]),
            "text": plain(entry["text"]),
        }
        card = cards.get(page, {}).get(anchor, {})
        for correction in card.get("corrections", ()):
            section["text"] = section["text"].replace(f" Correction {correction} Source", "")
        sections.append(section | card)
    book = {"sections": sections}
    (site / "search" / "book.json").write_text(json.dumps(book, ensure_ascii=False), encoding="utf-8")
    path.write_text(json.dumps({"config": index["config"], "docs": []}), encoding="utf-8")


def read_cards(page: str, also: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Any]]:
    """Return additional data of the cards of a page, by id: other words, and corrections."""
    starts = [*CARD.finditer(page)]
    ends = [card.start() for card in starts[1:]] + [len(page)]
    cards = {}
    for start, end in zip(starts, ends, strict=bool(starts)):
        asides = CORRECTION.findall(page, start.end(), end)
        corrections = [plain(LABEL.sub("", text)).removesuffix(" Source") for text in asides]
        card: dict[str, Any] = {"card": True}
        if start[1] in also:
            card["also"] = also[start[1]]
        if corrections:
            card["corrections"] = corrections
        cards[start[1]] = card
    return cards


def plain(markup: str) -> str:
    """Return the text of HTML on one line."""
    return SPACE.sub(" ", html.unescape(TAG.sub(" ", markup))).strip()
