"""The book: `book.yml`, the decks it draws on, and the registry of permanent card ids."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cardbook.base.errors import InputError, Problem
from cardbook.base.yaml_file import YamlDocument, YamlPath, read_yaml
from cardbook.source.deck import Card, Deck, read_deck

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
EXAMPLE_NAME = re.compile(r"[a-z][a-z0-9_]*")

Literal = str | int | float | bool


@dataclass(frozen=True)
class Correction:
    """What is wrong, outdated or misleading in a card, and a source a reader can check."""

    text: str
    source: str


@dataclass(frozen=True)
class Skip:
    """Why an example is not run, where that is discussed, and the last day the skip holds."""

    reason: str
    link: str
    until: date


@dataclass(frozen=True)
class Entry:
    """A card in its place in the book: permanent id, example that proves it, corrections."""

    id: str
    deck: str
    card: Card
    example: str | None
    corrections: tuple[Correction, ...]


@dataclass(frozen=True)
class Chapter:
    """A page of the book: id (its address), title, one-line description, introduction, cards."""

    id: str
    title: str
    description: str
    introduction: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class ExampleOptions:
    """What `book.yml` says of one example beside its code.

    `seconds` is how long it may take, `memory` how many GB; `data` are files that it reads unseen by Python.
    """

    hub: Mapping[str, Literal]
    environment: tuple[str, ...]
    needs: tuple[str, ...]
    skip: Skip | None
    seconds: float
    memory: float
    data: tuple[str, ...]


DEFAULT_MAX_AGE_DAYS = 35
DEFAULT_SECONDS = 600.0
DEFAULT_MEMORY = 8.0
NO_OPTIONS = ExampleOptions({}, (), (), None, DEFAULT_SECONDS, DEFAULT_MEMORY, ())


@dataclass(frozen=True)
class Book:
    """The table of contents, whole and checked.

    `name` is permanent, as the ids of cards are: readers' decks in Anki hang on it; "" when there is none.
    `max_age_days` is how old a record may be when the book is published.
    """

    title: str
    chapters: tuple[Chapter, ...]
    settings: Mapping[str, ExampleOptions]
    name: str
    max_age_days: int

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every card of the book, in reading order."""
        return tuple(entry for chapter in self.chapters for entry in chapter.entries)

    @property
    def examples(self) -> tuple[str, ...]:
        """The names of the examples, in reading order."""
        return tuple(entry.example for entry in self.entries if entry.example)

    def options(self, example: str) -> ExampleOptions:
        """Return what book.yml says of this example; an empty setting when it says nothing."""
        return self.settings.get(example, NO_OPTIONS)


def read_book(root: Path) -> Book:
    """Return the book in `root`.

    Raises InputError with every problem of book.yml, card-ids.yml and flashcards/*.md at once.
    """
    document = read_yaml(root / "book.yml", "book.yml")
    decks = {path.stem: read_deck(path) for path in sorted((root / "flashcards").glob("*.md"))}
    deck_problems = [problem for deck in decks.values() for problem in deck.problems]
    if not document.keys((), ["title", "chapters"], ["name", "deck", "max_age_days", "examples"]):
        raise InputError([*document.problems, *deck_problems])
    chapters = tuple(_read_chapter(document, i, decks) for i in document.items(("chapters",)))
    book = Book(
        document.text(("title",)),
        chapters,
        _read_all_options(document),
        _read_name(document),
        _read_max_age(document),
    )
    _check_ids(document, book)
    _check_every_card_once(document, book, decks)
    _check_examples(document, book, root)
    problems = [*document.problems, *deck_problems]
    if not document.problems:
        problems += check_registry(root, book)
    if problems:
        raise InputError(sorted(problems))
    return book


def _read_name(document: YamlDocument) -> str:
    name = document.text(("name",), required=False)
    if name and not ID.fullmatch(name):
        document.report(("name",), f'name "{name}" is malformed', "use a-z, 0-9 and single hyphens")
    return name


def _read_max_age(document: YamlDocument) -> int:
    days = document.at(("max_age_days",))
    if days is None:
        return DEFAULT_MAX_AGE_DAYS
    if not isinstance(days, int) or days < 1:
        document.report(("max_age_days",), "max_age_days must be a number", "say how many days, such as 35")
        return DEFAULT_MAX_AGE_DAYS
    return days


def check_registry(root: Path, book: Book) -> list[Problem]:
    """Return what is wrong between the book and `card-ids.yml`, the register of every id ever used."""
    registry = read_yaml(root / "card-ids.yml", "card-ids.yml")
    registered = registry.value if isinstance(registry.value, dict) else {}
    titles = {entry.id: entry.card.title for entry in book.entries}
    for card_id, title in titles.items():
        if card_id not in registered:
            line = f'{card_id}: "{title}"'
            registry.report((), f'card id "{card_id}" is not registered', f"add the line {line}")
    for card_id, value in registered.items():
        if isinstance(value, dict):
            _check_retired(registry, card_id, card_id in titles)
        elif card_id not in titles:
            remedy = (
                f"put it back into book.yml, or retire it here: {card_id}: {{retired: DATE, reason: WHY}}"
            )
            registry.report((card_id,), f'card id "{card_id}" is gone from book.yml', remedy)
        elif value != titles[card_id]:
            what = f'card id "{card_id}" has moved from "{value}" to "{titles[card_id]}"'
            remedy = "give the new card a new id; if only its title was mended, mend it here too"
            registry.report((card_id,), what, remedy)
    return registry.problems


def _check_retired(registry: YamlDocument, card_id: str, used: bool) -> None:
    registry.keys((card_id,), ["retired", "reason"])
    if used:
        what = f'card id "{card_id}" is retired but used in book.yml'
        registry.report((card_id,), what, "choose another id: a retired one never comes back")


def _read_chapter(document: YamlDocument, number: int, decks: Mapping[str, Deck]) -> Chapter:
    at: YamlPath = ("chapters", number)
    if not document.keys(at, ["id", "title", "description", "introduction", "cards"]):
        return Chapter("", "", "", "", ())
    found = (_read_entry(document, (*at, "cards", i), decks) for i in document.items((*at, "cards")))
    texts = [document.text((*at, key)) for key in ("id", "title", "description", "introduction")]
    return Chapter(texts[0], texts[1], texts[2], texts[3], tuple(e for e in found if e))


def _read_entry(document: YamlDocument, at: YamlPath, decks: Mapping[str, Deck]) -> Entry | None:
    if not document.keys(at, ["id", "card"], ["deck", "occurrence", "example", "corrections"]):
        return None
    card_id, title = document.text((*at, "id")), document.text((*at, "card"))
    deck_name = document.text((*at, "deck"), required=False) or document.text(("deck",))
    example = document.text((*at, "example"), required=False) or None
    card = _find_card(document, at, decks, deck_name, title)
    corrections = []
    for i in document.items((*at, "corrections")):
        part = (*at, "corrections", i)
        if document.keys(part, ["text", "source"]):
            corrections.append(_read_correction(document, part))
    return Entry(card_id, deck_name, card, example, tuple(corrections)) if card else None


def _read_correction(document: YamlDocument, at: YamlPath) -> Correction:
    text, source = document.text((*at, "text")), document.text((*at, "source"))
    if source and not source.startswith("https://"):
        document.report((*at, "source"), f'source "{source}" is no link', "begin it with https://")
    return Correction(text, source)


def _find_card(
    document: YamlDocument, at: YamlPath, decks: Mapping[str, Deck], deck_name: str, title: str
) -> Card | None:
    if deck_name not in decks:
        known = ", ".join(decks) or "none"
        document.report(at, f'no deck "{deck_name}" in flashcards/', f"the decks are: {known}")
        return None
    cards = [card for card in decks[deck_name].cards if card.title == title]
    occurrence = document.at((*at, "occurrence"))
    if not cards:
        titles = [card.title for card in decks[deck_name].cards]
        close = difflib.get_close_matches(title, titles, 1)
        remedy = f'did you mean "{close[0]}"?' if close else "the deck has no title like it"
        document.report((*at, "card"), f'no card "{title}" in {deck_name}', remedy)
        return None
    if len(cards) == 1 and occurrence is None:
        return cards[0]
    if isinstance(occurrence, int) and 1 <= occurrence <= len(cards):
        return cards[occurrence - 1]
    what = f'{deck_name} has {len(cards)} card(s) titled "{title}"'
    document.report((*at, "card"), what, f"add occurrence: 1 … {len(cards)}")
    return None


def _read_all_options(document: YamlDocument) -> dict[str, ExampleOptions]:
    names = document.at(("examples",))
    if names is None or not document.keys(("examples",), (), list(names) if isinstance(names, dict) else ()):
        return {}
    assert isinstance(names, dict)
    return {name: _read_options(document, ("examples", name)) for name in names}


def _read_options(document: YamlDocument, at: YamlPath) -> ExampleOptions:
    if not document.keys(at, (), ["hub", "environment", "needs", "skip", "seconds", "memory", "data"]):
        return NO_OPTIONS
    hub = document.at((*at, "hub"))
    values = dict(hub) if isinstance(hub, dict) else {}
    if hub is not None and not isinstance(hub, dict):
        document.report((*at, "hub"), "hub must be a mapping", "write name: value for each parameter")
    for name, value in values.items():
        if not isinstance(value, str | int | float | bool):
            document.report(
                (*at, "hub", name), f'"{name}" is no literal', "give text, a number, true or false"
            )
    lists = [
        tuple(document.text((*at, key, i)) for i in document.items((*at, key)))
        for key in ("environment", "needs", "data")
    ]
    skip = _read_skip(document, (*at, "skip")) if document.at((*at, "skip")) is not None else None
    seconds = _read_limit(document, (*at, "seconds"), DEFAULT_SECONDS)
    memory = _read_limit(document, (*at, "memory"), DEFAULT_MEMORY)
    return ExampleOptions(values, lists[0], lists[1], skip, seconds, memory, lists[2])


def _read_limit(document: YamlDocument, at: YamlPath, default: float) -> float:
    value = document.at(at)
    if value is None:
        return default
    if isinstance(value, int | float) and value > 0:
        return float(value)
    document.report(at, f"{at[-1]} must be a positive number", f"leave it out for {default:g}")
    return default


def _read_skip(document: YamlDocument, at: YamlPath) -> Skip | None:
    if not document.keys(at, ["reason", "link", "until"]):
        return None
    until = document.at((*at, "until"))
    if not isinstance(until, date):
        document.report((*at, "until"), "until must be a date", "write it as 2027-01-31")
        return None
    return Skip(document.text((*at, "reason")), document.text((*at, "link")), until)


def _check_ids(document: YamlDocument, book: Book) -> None:
    seen: dict[str, YamlPath] = {}
    for i, chapter in enumerate(book.chapters):
        places: list[tuple[str, YamlPath]] = [(chapter.id, ("chapters", i, "id"))]
        for j in document.items(("chapters", i, "cards")):
            at: YamlPath = ("chapters", i, "cards", j, "id")
            places.append((str(document.at(at)), at))
        for card_id, at in places:
            if not ID.fullmatch(card_id):
                document.report(at, f'id "{card_id}" is malformed', "use a-z, 0-9 and single hyphens")
            elif card_id in seen:
                first = document.lines[seen[card_id]]
                document.report(at, f'id "{card_id}" is already used on line {first}', "choose another")
            seen.setdefault(card_id, at)


def _check_every_card_once(document: YamlDocument, book: Book, decks: Mapping[str, Deck]) -> None:
    used: dict[tuple[str, int], str] = {}
    for entry in book.entries:
        place = (entry.deck, entry.card.line)
        if place in used:
            what = f'card "{entry.card.title}" of {entry.deck} stands under "{used[place]}" and "{entry.id}"'
            document.report(("chapters",), what, "keep one of the two")
        used[place] = entry.id
    for deck in decks.values():
        for card in deck.cards:
            if (deck.name, card.line) not in used:
                what = f'card "{card.title}" ({deck.name}, line {card.line}) is in no chapter'
                document.report(("chapters",), what, "add it to the cards of a chapter")


def _check_examples(document: YamlDocument, book: Book, root: Path) -> None:
    known = sorted(path.stem for path in (root / "examples").glob("*.py"))
    used: set[str] = set()
    for i in document.items(("chapters",)):
        for j in document.items(("chapters", i, "cards")):
            at: YamlPath = ("chapters", i, "cards", j, "example")
            name = document.at(at)
            if not isinstance(name, str):
                continue
            if not EXAMPLE_NAME.fullmatch(name) or name not in known:
                close = difflib.get_close_matches(name, known, 1)
                remedy = f'did you mean "{close[0]}"?' if close else f"write examples/{name}.py"
                document.report(at, f'no example "{name}" in examples/', remedy)
            elif name in used:
                document.report(at, f'example "{name}" already proves another card', "name another")
            used.add(name)
    for name in book.settings:
        if name not in used:
            document.report(
                ("examples", name), f'no card names the example "{name}"', "remove it, or name it"
            )
    for name in known:
        if name not in used:
            document.report(("chapters",), f"examples/{name}.py proves no card", f"name it: example: {name}")
