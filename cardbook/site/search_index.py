"""The search index: the sections of every page as plain text, for web/search_worker.ts."""

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
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
    for section in index["docs"]:
        card = section["location"].partition("#")[2] if section.get("card") else ""
        if card in also:
            section["also"] = also[card]
    book = {"sections": index["docs"]}
    (site / "search" / "book.json").write_text(json.dumps(book, ensure_ascii=False), encoding="utf-8")
    path.write_text(json.dumps({"config": index["config"], "docs": []}), encoding="utf-8")


def make_sections(entries: Iterable[Mapping[str, str]], content: str) -> list[dict[str, Any]]:
    """Return the sections of a page from its entries in Material's index and its HTML.

    A section of a card says so, and has the card's corrections apart.
    """
    cards = read_cards(content)
    sections = []
    for entry in entries:
        page, _, anchor = entry["location"].partition("#")
        text = plain(entry["text"])
        card = cards.get(anchor, {}) if page.startswith("chapters/") else {}
        for correction in card.get("corrections", ()):
            text = text.replace(f" Correction {correction} Source", "")
        sections.append({"location": entry["location"], "title": plain(entry["title"]), "text": text} | card)
    return sections


def read_cards(page: str) -> dict[str, dict[str, Any]]:
    """Return additional data of the cards of a page, by id: that they are cards, and their corrections."""
    starts = [*CARD.finditer(page)]
    ends = [card.start() for card in starts[1:]] + [len(page)]
    cards = {}
    for start, end in zip(starts, ends, strict=bool(starts)):
        asides = CORRECTION.findall(page, start.end(), end)
        corrections = [plain(LABEL.sub("", text)).removesuffix(" Source") for text in asides]
        cards[start[1]] = {"card": True} | ({"corrections": corrections} if corrections else {})
    return cards


def plain(markup: str) -> str:
    """Return the text of HTML on one line."""
    return SPACE.sub(" ", html.unescape(TAG.sub(" ", markup))).strip()
