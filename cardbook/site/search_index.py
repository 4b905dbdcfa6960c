"""The search index: the sections of every page as plain text, for web/search_worker.ts."""

import html
import json
import re
from pathlib import Path
from typing import Any

TAG = re.compile(r"<[^>]+>")
SPACE = re.compile(r"\s+")
CARD = re.compile(r'<div class="card" data-card="([^"]+)"(?: data-also="([^"]*)")?>')
ATTRIBUTE = re.compile(r' data-also="[^"]*"')
CORRECTION = re.compile(r'<aside class="card-correction">(.*?)</aside>', re.DOTALL)
LABEL = re.compile(r'<p class="card-label">.*?</p>', re.DOTALL)
ALSO = "; "


def write_search_index(site: Path) -> None:
    """Write `search/book.json`, and remove the sections from the file that every page fetches on loading.

    A book without MkDocs' search plugin gets neither.
    """
    path = site / "search" / "search_index.json"
    if not path.exists():
        return
    index = json.loads(path.read_text(encoding="utf-8"))
    cards: dict[str, dict[str, dict[str, Any]]] = {}
    sections = []
    for entry in index["docs"]:
        page, _, anchor = entry["location"].partition("#")
        if page not in cards:
            cards[page] = read_cards((site / page / "index.html").read_text(encoding="utf-8"))
        section = {
            "location": entry["location"],
            "title": plain(entry["title"]),
            "text": plain(entry["text"]),
        }
        card = cards[page].get(anchor, {}) if page.startswith("chapters/") else {}
        for correction in card.get("corrections", ()):
            section["text"] = section["text"].replace(f" Correction {correction} Source", "")
        sections.append(section | card)
    for page in cards.keys() | {"study/"}:
        remove_also(site / page / "index.html")
    book = {"sections": sections}
    (site / "search" / "book.json").write_text(json.dumps(book, ensure_ascii=False), encoding="utf-8")
    path.write_text(json.dumps({"config": index["config"], "docs": []}), encoding="utf-8")


def read_cards(page: str) -> dict[str, dict[str, Any]]:
    """Return additional data of the cards of a page, by id: other words, and corrections."""
    starts = [*CARD.finditer(page)]
    ends = [card.start() for card in starts[1:]] + [len(page)]
    cards = {}
    for start, end in zip(starts, ends, strict=bool(starts)):
        asides = CORRECTION.findall(page, start.end(), end)
        corrections = [plain(LABEL.sub("", text)).removesuffix(" Source") for text in asides]
        card: dict[str, Any] = {"card": True}
        if start[2]:
            card["also"] = html.unescape(start[2]).split(ALSO)
        if corrections:
            card["corrections"] = corrections
        cards[start[1]] = card
    return cards


def remove_also(page: Path) -> None:
    """Remove the `data-also` attributes of cards from a page; the index has their content."""
    if page.exists() and " data-also=" in (text := page.read_text(encoding="utf-8")):
        page.write_text(ATTRIBUTE.sub("", text), encoding="utf-8")


def plain(markup: str) -> str:
    """Return the text of HTML on one line."""
    return SPACE.sub(" ", html.unescape(TAG.sub(" ", markup))).strip()
