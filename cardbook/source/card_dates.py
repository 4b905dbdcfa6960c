"""The edition of each card, and since when: `card-dates.yml`.

Anki replaces a note only if the imported one has a newer date. A date from the clock would differ between two
builds, and not every clone has git's history, so the file has the date beside the hash of the text. It also
counts editions: a published note has the date of the run whose output it shows, which may be later than the
next change of the card.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cardbook.base.cache import Cache
from cardbook.base.errors import InputError, Problem, in_order
from cardbook.base.files import hash_text, write_whole
from cardbook.base.paths import ProjectPaths
from cardbook.base.yaml_file import read_yaml
from cardbook.source.book import Book, Chapter, Entry

FILE = "card-dates.yml"
SCHEMA_FILE = Path(__file__).with_name("card-dates.schema.json")
HEAD = """\
# Which edition of each card this is, and since when: Anki updates a note only from one that is newer.
# Written by: python -m cardbook update-dates
"""


@dataclass(frozen=True)
class CardEdition:
    """The recorded hash of a card, its edition counted from 1, and since when (whole seconds)."""

    text: str
    edition: int
    changed: datetime


def hash_card(chapter: Chapter, entry: Entry) -> str:
    """Return 16 hexadecimal digits of a hash over what authors wrote about a card."""
    card = entry.card
    corrections = [[correction.text, correction.source] for correction in entry.corrections]
    parts = [chapter.id, card.title, card.context, card.question, card.answer, corrections, entry.example]
    return hash_text(json.dumps(parts))[:16]


def read_dates(root: Path) -> dict[str, CardEdition]:
    """Return the recorded edition of each card, by id; none when there is no file. Raises InputError."""
    if not (root / FILE).exists():
        return {}
    document = read_yaml(root / FILE, FILE)
    document.check(SCHEMA_FILE, Cache(ProjectPaths(root).cache))
    if document.problems:
        raise InputError(in_order(document.problems))
    noted = document.value if isinstance(document.value, dict) else {}
    return {
        card_id: CardEdition(card["text"], card["edition"], datetime.fromisoformat(card["changed"]))
        for card_id, card in noted.items()
    }


def check_dates(root: Path, book: Book, now: datetime) -> list[Problem]:
    """Return a problem for each card that differs from its record; none for a book without an Anki deck."""
    if not book.name:
        return []
    noted, wanted = read_dates(root), edition_cards(root, book, now)
    return [
        Problem(
            FILE,
            0,
            f'card "{card_id}" {"has changed" if card_id in noted else "is new"}',
            f"run cardbook update-dates, or write: {_line(card_id, dated)}",
        )
        for card_id, dated in wanted.items()
        if noted.get(card_id) != dated
    ]


def undated_cards(book: Book, noted: Mapping[str, CardEdition]) -> list[str]:
    """Return the ids of cards that are new, or changed since they were dated; none without an Anki deck.

    `noted` are the recorded editions.
    """
    if not book.name:
        return []
    return [
        entry.id
        for chapter in book.chapters
        for entry in chapter.entries
        if entry.id not in noted or noted[entry.id].text != hash_card(chapter, entry)
    ]


def describe_undated(undated: Sequence[str]) -> str:
    """Return a warning about undated cards, with what to do."""
    shown = ", ".join(undated[:5]) + (", …" if len(undated) > 5 else "")
    cards = "1 card" if len(undated) == 1 else f"{len(undated)} cards"
    what = f"new, or changed since they were dated: {cards} ({shown})"
    return f"{what}: until you run cardbook update-dates, readers' notes in Anki are not updated"


def date_cards(root: Path, book: Book, now: datetime) -> list[str]:
    """Date the cards that are new or have changed, in card-dates.yml; return their ids. Raises InputError."""
    noted, wanted = read_dates(root), edition_cards(root, book, now)
    write_dates(root, wanted)
    return [card_id for card_id, dated in wanted.items() if noted.get(card_id) != dated]


def edition_cards(root: Path, book: Book, now: datetime) -> dict[str, CardEdition]:
    """Return the edition of each card: the recorded one if the card is unchanged, else the next, dated `now`.

    Raises InputError when card-dates.yml cannot be read.
    """
    noted = read_dates(root)
    dates = {}
    for chapter in book.chapters:
        for entry in chapter.entries:
            text, before = hash_card(chapter, entry), noted.get(entry.id)
            if before is None:
                dates[entry.id] = CardEdition(text, 1, now.replace(microsecond=0))
            elif before.text == text:
                dates[entry.id] = before
            else:
                later = max(now.replace(microsecond=0), before.changed)
                dates[entry.id] = CardEdition(text, before.edition + 1, later)
    return dates


def write_dates(root: Path, dates: Mapping[str, CardEdition]) -> None:
    """Write the dates into `card-dates.yml`, whole or not at all."""
    lines = [_line(card_id, dated) for card_id, dated in dates.items()]
    write_whole(root / FILE, HEAD + "\n" + "\n".join(lines) + "\n")


def _line(card_id: str, dated: CardEdition) -> str:
    when = dated.changed.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f'{card_id}: {{text: "{dated.text}", edition: {dated.edition}, changed: {when}}}'
