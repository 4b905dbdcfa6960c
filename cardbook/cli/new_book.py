"""Writes a new book, and adds decks to an existing book. Existing text is not changed or overwritten."""

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from cardbook.base.document import Document, shorten
from cardbook.base.errors import InputError, Problem
from cardbook.base.files import write_whole
from cardbook.base.yaml_file import read_yaml
from cardbook.source.authoring import (
    NewDeck,
    Placement,
    Placer,
    add_cards,
    add_items,
    check_untouched,
    read_head,
    scalar,
    select_cards,
    unplaced,
)
from cardbook.source.book import Book, read_book
from cardbook.source.card_dates import FILE as DATES
from cardbook.source.card_dates import edition_cards, read_dates, write_dates
from cardbook.source.received import FOLDER, read_decks
from cardbook.source.registry import FILE as IDS
from cardbook.source.registry import make_id, read_registry

TEMPLATES = Path(__file__).with_name("new_book_files")
BOOK = "book.yml"
IDS_HEAD = "# The permanent id of each card. An id is never changed, and never used for another card.\n"


@dataclass(frozen=True)
class Added:
    """What was added to a book: the chapters by id, the cards by id, the cards left out with the reason."""

    chapters: tuple[str, ...]
    cards: tuple[str, ...]
    omitted: tuple[str, ...]


def write_new_book(folder: Path, decks: Sequence[Path]) -> None:
    """Write all files of a book of these decks into a folder, which must be new or empty.

    Raises InputError, before anything is written, when the folder or a deck is not usable.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        remedy = f"name a new folder; to add to its book: cardbook add DECK --root {folder}"
        raise InputError([Problem(str(folder), 0, "is not an empty folder", remedy)])
    contents = _read_received({}, decks)
    empty = Document(BOOK, {}, {(): 0})
    with tempfile.TemporaryDirectory(prefix="cardbook-") as draft:
        received = _select(Path(draft), contents, empty)
        registry = read_registry(Path(draft))
    placement = Placer(registry, set()).place_in_chapters(received)
    head = read_head(received[0].text, received[0].name)
    words = {
        "NAME": make_id(folder.resolve().name) or "book",
        "TITLE": scalar(head.title),
        "VERSION": version("cardbook"),
        "GENERATED": "\n".join(_generated_paths()),
    }
    text = _fill("book.yml", words)
    for key, items in _lists(placement):
        text = add_items(text, key, items)
    files = {
        BOOK: text,
        IDS: IDS_HEAD + "".join(f"{line}\n" for line in placement.ids),
        "mkdocs.yml": _fill("mkdocs.yml", words),
        "README.md": _fill("README.md", words | {"TITLE": head.title}),
        "requirements.txt": _fill("requirements.txt", words),
        ".gitignore": _fill("gitignore", words),
        ".github/workflows/site.yml": _fill("site.yml", {}),
        "docs/index.md": _home_page(head.title),
    }
    for name, content in files.items():
        write_whole(folder / name, content)
    for name, received_bytes in contents.items():
        _write_bytes(folder / FOLDER / name, received_bytes)


def add_decks(root: Path, decks: Sequence[Path], chapter: str | None) -> Added:
    """Add the cards of decks to the book in `root`: to new chapters, or to the one with this id.

    Raises InputError, before anything is written, when a deck cannot be added.
    """
    document = read_yaml(root / BOOK, BOOK)
    existing = {path.name: path.read_bytes() for path in sorted((root / FOLDER).glob("*.md"))}
    contents = _read_received(existing, [_find(root, deck) for deck in decks])
    with tempfile.TemporaryDirectory(prefix="cardbook-") as folder:
        draft = Path(folder)
        for name in (BOOK, IDS, DATES):
            if (root / name).exists():
                shutil.copyfile(root / name, draft / name)
        if (root / "examples").exists():
            (draft / "examples").symlink_to(root / "examples")
        for name, content in existing.items():
            _write_bytes(draft / FOLDER / name, content)
        received = _select(draft, contents, document)
        registry = read_registry(draft)
        chapters = [document.text((*where, "id")) for where in document.items(("chapters",))]
        listed = [
            document.text((*card, "id"))
            for where in document.items(("chapters",))
            for card in document.items((*where, "cards"))
        ]
        placer = Placer(registry, {*registry.titles, *registry.retired, *chapters, *listed})
        text, placement = _extend(root, document, received, placer, chapter)
        write_whole(draft / BOOK, text)
        before = (draft / IDS).read_text(encoding="utf-8") if (draft / IDS).exists() else IDS_HEAD
        ids = (
            before + ("" if before.endswith("\n") else "\n") + "".join(f"{line}\n" for line in placement.ids)
        )
        write_whole(draft / IDS, ids)
        book = read_book(draft)
        new = {line.partition(":")[0] for line in placement.ids}
        date_new_cards(draft, book, new)
        for name in contents.keys() - existing.keys():
            _write_bytes(root / FOLDER / name, contents[name])
        for name in (BOOK, IDS, DATES):
            write_whole(root / name, (draft / name).read_bytes().decode("utf-8"))
    return Added(
        tuple(item.id for item in book.chapters if any(entry.id in new for entry in item.entries)),
        tuple(entry.id for entry in book.entries if entry.id in new),
        tuple(
            f"{deck.name}: {shorten(title) or f'the card in line {line}'}: {reason}"
            for deck in received
            for line, title, reason in deck.omitted
        ),
    )


def date_new_cards(root: Path, book: Book, new: set[str]) -> None:
    """Date the cards with these ids in card-dates.yml; those that have a date keep it."""
    dates = edition_cards(root, book, datetime.now(UTC))
    write_dates(root, read_dates(root) | {card_id: dates[card_id] for card_id in dates if card_id in new})


def _find(root: Path, deck: Path) -> Path:
    """Return the file of a deck: at this path, or in flashcards/ under this name."""
    found = [
        path
        for path in (deck, root / FOLDER / deck.name, root / FOLDER / f"{deck.name}.md")
        if path.is_file()
    ]
    return found[0] if found else deck


def _read_received(existing: Mapping[str, bytes], decks: Sequence[Path]) -> dict[str, bytes]:
    """Return the content of decks by file name; `existing` are those of the book.

    Raises InputError for each deck that is not a file, or is already in the book.
    """
    contents: dict[str, bytes] = {}
    problems = []
    for deck in decks:
        if not deck.is_file():
            problems.append(
                Problem(str(deck), 0, "no such file", "name a deck: a Markdown file of flashcards")
            )
            continue
        if deck.suffix != ".md":
            problems.append(Problem(str(deck), 0, "its name does not end in .md", "rename it"))
            continue
        content = deck.read_bytes()
        if line := _find_line_not_utf8(content):
            problems.append(Problem(str(deck), line, "this line is not UTF-8", "save the file as UTF-8"))
            continue
        same = [name for name, other in {**existing, **contents}.items() if other == content]
        if deck.name in contents or (same and deck.name not in existing):
            known = same[0] if same else deck.name
            what = f"is the deck {known} again" if same else f"has the name of another deck, {deck.name}"
            remedy = "name each deck once" if same else "rename the file: its name is the name of the deck"
            problems.append(Problem(str(deck), 0, what, remedy))
        elif existing.get(deck.name, content) != content:
            what = f"{FOLDER}/{deck.name} is another deck with this name"
            problems.append(Problem(str(deck), 0, what, "rename the file: its name is the name of the deck"))
        else:
            contents[deck.name] = content
    if problems:
        raise InputError(problems)
    return contents


def _find_line_not_utf8(content: bytes) -> int:
    """Return the first line that is not UTF-8, counted from 1; 0 if there is none, or all is UTF-16."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return 0
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return content.count(b"\n", 0, error.start) + 1
    return 0


def _select(draft: Path, contents: Mapping[str, bytes], document: Document) -> list[NewDeck]:
    """Copy decks into the book in `draft` and return them with the cards that it does not place yet.

    Raises InputError for a deck without such a card.
    """
    for name, content in contents.items():
        _write_bytes(draft / FOLDER / name, content)
    received = read_decks(draft, document)
    selected, problems = [], []
    for name, content in contents.items():
        deck = received.decks[Path(name).stem]
        text = content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        new = select_cards(unplaced(deck, document, received), text, received)
        if new.cards:
            selected.append(new)
        elif deck.cards:
            what = "all its cards are in the book already"
            problems.append(Problem(deck.path, 0, what, "nothing is left to add"))
        else:
            found = [problem for problem in received.problems if problem.file == deck.path]
            problems += found or [
                Problem(deck.path, 0, "this deck has no cards", "start one with #### TITLE")
            ]
    if problems:
        raise InputError(problems)
    return selected


def _extend(
    root: Path, document: Document, decks: Sequence[NewDeck], placer: Placer, chapter: str | None
) -> tuple[str, Placement]:
    """Return the text of book.yml with the cards of decks, and the placement."""
    raw = (root / BOOK).read_bytes().decode("utf-8")
    text = raw.replace("\r\n", "\n")
    if chapter is None:
        placement = placer.place_in_chapters(decks)
        for key, items in _lists(placement):
            # A book without parts has a flat list of chapters, which only its author should change.
            if key != "parts" or document.at(("parts",)):
                text = add_items(text, key, items)
    else:
        chapters = [document.text((*where, "id")) for where in document.items(("chapters",))]
        if chapter not in chapters:
            remedy = f"the chapters are: {', '.join(chapters)}"
            raise InputError([Problem(BOOK, document.line(("chapters",)), f'no chapter "{chapter}"', remedy)])
        number = chapters.index(chapter)
        default = document.text(("chapters", number, "deck")) or document.text(("deck",))
        placement = placer.place_in_chapter(decks, default)
        text = add_cards(text, document, number, placement.chapters)
        if placement.omissions:
            text = add_items(text, "omit", placement.omissions)
    check_untouched(document, text.removeprefix("\ufeff"))
    return text.replace("\n", "\r\n") if "\r\n" in raw else text, placement


def _lists(placement: Placement) -> list[tuple[str, list[str]]]:
    """Return the lists of book.yml with the lines to add to each; none without lines."""
    lists = [("chapters", placement.chapters), ("parts", placement.parts), ("omit", placement.omissions)]
    return [(key, items) for key, items in lists if items]


def _fill(name: str, words: Mapping[str, str]) -> str:
    """Return a template in which each key of `words` is replaced by its value."""
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    # In one pass: a value may have another key in it.
    return re.sub("|".join(words) or "(?!)", lambda found: words[found[0]], text)


def _home_page(title: str) -> str:
    """Return the standard home page, as a file to edit."""
    from cardbook.pages.contents import Contents
    from cardbook.site.mkdocs_plugin import standard_pages

    contents = Contents(title=title, name="", chapters=[], parts=[], examples=[], samples={}, also={})
    return standard_pages(contents)["index.md"]


def _generated_paths() -> list[str]:
    """Return what `cardbook site` writes into docs/, as .gitignore names it."""
    from cardbook.pages import chapter_text, contents, provenance_json
    from cardbook.pages.generate import FOLDERS

    files = (contents.NAME, provenance_json.NAME, provenance_json.SCHEMA_NAME, chapter_text.LIST)
    return [*(f"/docs/{folder}/" for folder in FOLDERS), *(f"/docs/{file}" for file in files)]


def _write_bytes(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
