"""Exports of the cards: JSON, CSV and a deck for Anki."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from cardbook.pages.anki import AnkiNote, make_package
from cardbook.pages.html import render_markdown
from cardbook.records.status import Project, Status
from cardbook.source.book import Chapter, Entry

SCHEMA = 1
FOLDER = PurePosixPath("deck")
COLUMNS = (
    "id",
    "chapter",
    "title",
    "question",
    "answer",
    "context",
    "corrections",
    "sources",
    "example",
    "link",
)
# A spreadsheet would interpret cells that begin like this as formulas.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def make_exports(project: Project, statuses: Sequence[Status]) -> dict[PurePosixPath, bytes]:
    """Return `cards.json`, `cards.csv` and, when the book has a name, `NAME.apkg`, by path in docs/.

    Equal sources and records give equal bytes. Raises InputError when card-dates.yml cannot be read.
    """
    book = project.book
    cards = [_as_object(project, chapter, entry) for chapter in book.chapters for entry in chapter.entries]
    files = {
        FOLDER / "cards.json": _make_json(book.title, cards).encode(),
        FOLDER / "cards.csv": _make_csv(cards).encode(),
    }
    if book.name:
        notes = _make_notes(project, {status.name: status for status in statuses})
        files[FOLDER / f"{book.name}.apkg"] = make_package(book.name, book.title, notes)
    return files


def card_link(project: Project, chapter: Chapter, entry: Entry) -> str:
    """Return the address of a card; relative to the site if BOOK_ADDRESS is not set."""
    return f"{project.publisher.address}chapters/{chapter.id}/#{entry.id}"


def _as_object(project: Project, chapter: Chapter, entry: Entry) -> dict[str, Any]:
    card = entry.card
    return {
        "id": entry.id,
        "chapter": {"id": chapter.id, "title": chapter.title},
        "title": card.title,
        "question": _both(card.question),
        "answer": _both(card.answer),
        "context": _both(card.context),
        "corrections": [
            {**_both(correction.text), "source": correction.source} for correction in entry.corrections
        ],
        "example": entry.example,
        "link": card_link(project, chapter, entry),
    }


def _both(text: str) -> dict[str, str]:
    return {"markdown": text, "html": render_markdown(text)}


def _make_json(title: str, cards: Sequence[Mapping[str, Any]]) -> str:
    """Return the JSON document with a card on each line: indentation takes ten times as long."""
    head = json.dumps({"schema": SCHEMA, "title": title}, ensure_ascii=False).removesuffix("}")
    lines = ",\n".join(json.dumps(card, ensure_ascii=False) for card in cards)
    return f'{head}, "cards": [\n{lines}\n]}}\n'


def _make_csv(cards: Sequence[Mapping[str, Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    for card in cards:
        row = [
            card["id"],
            card["chapter"]["id"],
            card["title"],
            *(card[part]["markdown"] for part in ("question", "answer", "context")),
            "\n\n".join(correction["markdown"] for correction in card["corrections"]),
            "\n".join(correction["source"] for correction in card["corrections"]),
            card["example"] or "",
            card["link"],
        ]
        writer.writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in row])
    return stream.getvalue()


def _make_notes(project: Project, statuses: Mapping[str, Status]) -> list[AnkiNote]:
    dates = project.dates
    notes = []
    for chapter in project.book.chapters:
        for entry in chapter.entries:
            status = statuses.get(entry.example or "")
            record = status.fresh_record if status else None
            example = project.plans[entry.example].example if entry.example else None
            link = card_link(project, chapter, entry) if project.publisher.address else ""
            notes.append(AnkiNote(entry, chapter.id, example, record, link, dates.get(entry.id)))
    return notes
