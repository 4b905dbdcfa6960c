"""The Anki deck; importing it again keeps the review history."""

import base64
import html
import io
import itertools
import json
import sqlite3
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import genanki

from cardbook.pages.formulas import tex_for_anki
from cardbook.pages.html import highlight_code, render_markdown, render_printed
from cardbook.records.store import Record
from cardbook.records.text import clean_text
from cardbook.source.book import Entry
from cardbook.source.card_dates import CardEdition
from cardbook.source.example import Example

# Frozen: Anki refuses to update notes of a type whose fields have changed.
NOTE_TYPE = 1731604882
NOTE_TYPE_NAME = "Cardbook: question, answer, example"
FIELDS = ("id", "question", "answer", "context", "correction", "code", "output", "link", "spare")
# When templates or style last changed, in seconds since 1970. Raise it with them, or Anki keeps the old ones.
TEMPLATES_CHANGED_AT = 1795564800
NOTE = Path(__file__).with_name("note")
# Anki's ids of notes and cards are times in milliseconds; an import replaces ids that are in use.
FIRST_ID = 1_780_000_000_000
# Notes are read on phones: longer texts and larger figures are only on the page. Characters, and bytes.
TEXT_LIMIT = 10_000
FIGURE_LIMIT = 200_000

Media = dict[str, bytes]


@dataclass(frozen=True)
class AnkiNote:
    """The sources of one note; `edition` is None for a card that is not in card-dates.yml.

    `chapter` is the id of its chapter, the note's tag; `link` the address of its card, or "".
    """

    entry: Entry
    chapter: str
    example: Example | None
    record: Record | None
    link: str
    edition: CardEdition | None


def make_package(name: str, title: str, notes: Sequence[AnkiNote]) -> bytes:
    """Return an .apkg with these notes in their order; equal notes give equal bytes.

    The deck's id and the notes' GUIDs follow from the book's permanent `name` and the cards' permanent ids;
    `title` is what Anki calls the deck.
    """
    deck = genanki.Deck(deck_id(name), title)
    model = make_model()
    deck.add_model(model)
    media: Media = {}
    ids = itertools.count(FIRST_ID)
    with sqlite3.connect(":memory:") as collection:
        cursor = collection.cursor()
        genanki.Package(deck).write_to_db(cursor, TEMPLATES_CHANGED_AT, ids)
        for position, source in enumerate(notes):
            note = genanki.Note(
                model=model,
                fields=_make_fields(source, media),
                guid=genanki.guid_for(name, source.entry.id),
                tags=[source.chapter],
                due=position,
            )
            note.write_to_db(cursor, changed_at(source), deck.deck_id, ids)
        collection.commit()
        content = collection.serialize()
    collection.close()
    return _zip(content, media)


def deck_id(name: str) -> int:
    """Return the deck's permanent id, which follows from the book's permanent name."""
    return (1 << 30) + int(sha256(name.encode()).hexdigest(), 16) % (1 << 30)


def changed_at(note: AnkiNote) -> int:
    """Return a time that grows with every change of the text and every run, in seconds since 1970."""
    times = [note.edition.changed] if note.edition else []
    if note.record:
        times.append(datetime.fromisoformat(note.record.provenance.started))
    # The published note may have the date of a later run than this change; the edition makes this one newer.
    edition = note.edition.edition if note.edition else 0
    return int(max(times, default=datetime.fromtimestamp(TEMPLATES_CHANGED_AT, UTC)).timestamp()) + edition


def make_model() -> Any:  # noqa: ANN401
    """Return the note type."""
    return genanki.Model(
        NOTE_TYPE,
        NOTE_TYPE_NAME,
        fields=[{"name": name} for name in FIELDS],
        templates=[
            {
                "name": "Question",
                "qfmt": (NOTE / "front.html").read_text(encoding="utf-8"),
                "afmt": (NOTE / "back.html").read_text(encoding="utf-8"),
            }
        ],
        css=(NOTE / "style.css").read_text(encoding="utf-8"),
    )


def _make_fields(note: AnkiNote, media: Media) -> list[str]:
    card = note.entry.card
    corrections = (
        _render(f"{correction.text} [Source](<{correction.source}>)") for correction in note.entry.corrections
    )
    values = {
        "id": html.escape(note.entry.id),
        "question": _render(card.question),
        "answer": _render(card.answer),
        "context": _render(card.context),
        "correction": "".join(corrections),
        "code": _make_code(note.example) if note.example else "",
        "output": _make_output(note.record, note.example, media) if note.record and note.example else "",
        "link": html.escape(note.link),
    }
    return [_defuse(values.get(name, "")) for name in FIELDS]


def _render(text: str) -> str:
    """Return a card's Markdown as HTML, its formulas as TeX: Anki's MathJax shows them on every device."""
    return render_markdown(text, tex_for_anki)


def _defuse(markup: str) -> str:
    """Return HTML with Anki's own syntax escaped: sounds, LaTeX, fields, clozes."""
    return markup.replace("[", "&#91;").replace("{{", "&#123;&#123;").strip()


def _make_code(example: Example) -> str:
    return "".join(highlight_code(cell.source, "python") for cell in example.code_cells)


def _make_output(record: Record, example: Example, media: Media) -> str:
    blocks = []
    for number, (cell, outputs) in enumerate(zip(example.code_cells, record.outputs, strict=True), 1):
        for output in outputs:
            data = output.get("data", {})
            label = f"{example.name}-{number}"
            if output.output_type == "stream":
                blocks.append(_shorten(output.text, output.name, label))
            elif "image/png" in data:
                figure = base64.b64decode(data["image/png"])
                blocks.append(_make_figure(label, figure, cell.alt or "", media))
            elif "text/plain" in data:
                blocks.append(_shorten(data["text/plain"], "stdout", label))
    return "".join(blocks)


def _shorten(text: str, kind: str, label: str) -> str:
    text = clean_text(text)
    if len(text) <= TEXT_LIMIT:
        return render_printed(text, kind, label)
    start = text[:TEXT_LIMIT].rpartition("\n")[0] or text[:TEXT_LIMIT]
    return render_printed(start, kind, label) + "<p>… the rest is on the page.</p>"


def _make_figure(label: str, figure: bytes, alt: str, media: Media) -> str:
    text = html.escape(" ".join(alt.split()))
    if len(figure) > FIGURE_LIMIT:
        return f"<p>A figure, on the page: {text}</p>"
    # Anki stores the media of all decks in one folder; the hash of the content makes the name unique.
    name = f"{label}-{sha256(figure).hexdigest()[:12]}.png"
    media[name] = figure
    return f'<img src="{name}" alt="{text}">'


def _zip(collection: bytes, media: Mapping[str, bytes]) -> bytes:
    names = {str(number): name for number, name in enumerate(media)}
    members = [("collection.anki2", collection), ("media", json.dumps(names).encode())]
    members += [(number, media[name]) for number, name in names.items()]
    return _write_zip(members)


def _write_zip(members: Iterable[tuple[str, bytes]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members:
            # A ZipInfo made by hand has the date 1980-01-01, not today's.
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return stream.getvalue()
