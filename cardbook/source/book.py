"""The book: `book.yml`, combined with its decks and the registry of permanent card ids.

`book.schema.json` says what book.yml may contain; this module checks what a schema cannot express.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from cardbook.base.cache import Cache
from cardbook.base.document import Document, DocumentPath, as_text, closest, did_you_mean, shorten
from cardbook.base.errors import InputError, Problem, in_order
from cardbook.base.paths import ProjectPaths
from cardbook.base.yaml_file import quote_yaml, read_yaml
from cardbook.source.deck import Card
from cardbook.source.received import TITLE_LENGTH, Omission, ReceivedDecks, decks_with, read_decks
from cardbook.source.registry import ID, Registry, make_id, read_registry, registry_line

SCHEMA_FILE = Path(__file__).with_name("book.schema.json")
RETIRE = "remove it here, and retire the id in card-ids.yml: {}: {{retired: DATE, reason: WHY}}"
# The address of an example on its page is that of its card, followed by this.
EXAMPLE_SUFFIX = "-example"

Literal = str | int | float | bool


@dataclass(frozen=True)
class Correction:
    """What is wrong, outdated or misleading in a card, and a source that readers can check.

    `quote` has the words of the source that support the text, or ""; `unread`: nobody has read the source.
    """

    text: str
    source: str
    quote: str = ""
    unread: bool = False


@dataclass(frozen=True)
class Skip:
    """Why an example is not run, a link to the discussion, and the last day of the skip."""

    reason: str
    link: str
    until: date


@dataclass(frozen=True)
class Entry:
    """A card of the book: permanent id, deck, the example that proves it, corrections.

    `also` has other words by which readers find it.
    """

    id: str
    deck: str
    card: Card
    example: str | None
    corrections: tuple[Correction, ...]
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chapter:
    """A page of the book: id (its address), title, one-line description, introduction, cards."""

    id: str
    title: str
    description: str
    introduction: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Part:
    """A group of chapters, by id, in the book's order."""

    title: str
    chapters: tuple[str, ...]


@dataclass(frozen=True)
class ExampleOptions:
    """The options of one example in `book.yml`.

    `hub` are values of its parameters cell in the hub profile, `environment` the variables of the caller that
    it sees, `needs` packages that it uses without importing them. `seconds` and `memory` (GB) are limits;
    `data` are files that it reads without Python's `open`.
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

    `name` is permanent, like the ids of cards: readers' decks in Anki depend on it; "" when there is none.
    `max_age_days` is how old a record may be when the book is published. A chapter need not be in one of the
    `parts`. `retired` are the ids of cards that it once had. `warnings` are not errors, but an author should
    check them.
    """

    title: str
    chapters: tuple[Chapter, ...]
    settings: Mapping[str, ExampleOptions]
    name: str
    max_age_days: int
    parts: tuple[Part, ...] = ()
    omitted: tuple[Omission, ...] = ()
    retired: frozenset[str] = frozenset()
    warnings: tuple[Problem, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every card of the book, in reading order."""
        return tuple(entry for chapter in self.chapters for entry in chapter.entries)

    @property
    def examples(self) -> tuple[str, ...]:
        """The names of the examples, in reading order."""
        return tuple(entry.example for entry in self.entries if entry.example)

    def options(self, example: str) -> ExampleOptions:
        """Return what book.yml says of this example; the defaults when it says nothing."""
        return self.settings.get(example, NO_OPTIONS)


def read_book(root: Path) -> Book:
    """Return the book in `root`.

    Raises InputError with every problem of book.yml, card-ids.yml and flashcards/*.md at once.
    """
    document = read_yaml(root / "book.yml", "book.yml")
    document.check(SCHEMA_FILE, Cache(ProjectPaths(root).cache))
    registry = read_registry(root)
    reader = _BookReader(document, read_decks(root, document), registry)
    book = reader.read()
    _check_examples(document, book, root)
    warnings = registry.check(reader.listed, {entry.id: entry.card for entry in book.entries})
    if problems := [*document.problems, *reader.received.problems, *registry.document.problems]:
        raise InputError(in_order(problems))
    warnings += [warning for deck in reader.received.decks.values() for warning in deck.warnings]
    return replace(book, warnings=tuple(in_order(warnings)))


@dataclass
class _BookReader:
    """Makes a book from its files; reports in the document what does not fit together."""

    document: Document
    received: ReceivedDecks
    registry: Registry
    # The registered ids that book.yml names, by themselves or by their title.
    listed: set[str] = field(default_factory=set)
    # Every id with its path in book.yml; the id of each card in a chapter, by deck and line.
    ids: list[tuple[str, DocumentPath]] = field(default_factory=list)
    used: dict[tuple[str, int], str] = field(default_factory=dict)
    # Reported once: the decks that are missing, the titles that book.yml does not place unambiguously.
    missing_decks: set[str] = field(default_factory=set)
    unresolved: set[tuple[str, str]] = field(default_factory=set)
    # The cards of each deck by title.
    cards: dict[str, dict[str, list[Card]]] = field(default_factory=dict)

    def read(self) -> Book:
        """Return the book; without the cards that were not found."""
        for name, deck in self.received.decks.items():
            titles = self.cards.setdefault(name, {})
            for card in deck.cards:
                titles.setdefault(card.title, []).append(card)
        chapters = tuple(self._chapter(where) for where in self.document.items(("chapters",)))
        parts = tuple(
            Part(self.document.text((*where, "title")), _texts(self.document, (*where, "chapters")))
            for where in self.document.items(("parts",))
        )
        self._check_ids()
        self._check_parts(parts, [chapter.id for chapter in chapters])
        self._check_every_card_placed()
        return Book(
            self.document.text(("title",)),
            chapters,
            _read_all_options(self.document),
            self.document.text(("name",)),
            int(_number(self.document, ("max_age_days",), DEFAULT_MAX_AGE_DAYS)),
            parts,
            tuple(self.received.omitted),
            frozenset(self.registry.retired),
        )

    def _chapter(self, where: DocumentPath) -> Chapter:
        def text(key: str) -> str:
            return self.document.text((*where, key))

        self.ids.append((text("id"), (*where, "id")))
        found = [self._entry(place, text("deck")) for place in self.document.items((*where, "cards"))]
        entries = tuple(entry for entry in found if entry)
        return Chapter(text("id"), text("title"), text("description"), text("introduction"), entries)

    def _entry(self, where: DocumentPath, deck: str) -> Entry | None:
        item = self.document.at(where)
        keys = item if isinstance(item, Mapping) else {"card": item}

        def text(key: str) -> str:
            return as_text(keys.get(key))

        title = text("card")
        deck = text("deck") or deck or self.document.text(("deck",))
        known = [text("id")] if text("id") else self.registry.ids.get(title, [])
        if not title or not self._has_deck(where, deck):
            self.listed.update(known)
            return None
        cards = self.cards[deck].get(title, [])
        card_id = text("id") or self.registry.id_for(title, cards)
        self.ids.append((card_id, (*where, "id") if text("id") else where))
        card = self._find_card(where, deck, title, card_id)
        # While it is unknown which card is meant, no id that it may have is missing from book.yml.
        self.listed.update(known if card is None else [card_id])
        if card is None:
            return None
        if (place := (deck, card.line)) in self.used:
            what = f'card "{shorten(title)}" of {deck} is under "{self.used[place]}" and "{card_id}"'
            self.document.report(where, what, "keep one of the two")
        self.used.setdefault(place, card_id)
        corrections = [
            _read_correction(self.document, at) for at in self.document.items((*where, "corrections"))
        ]
        also = _texts(self.document, (*where, "also"))
        return Entry(card_id, deck, card, text("example") or None, tuple(corrections), also)

    def _has_deck(self, where: DocumentPath, deck: str) -> bool:
        if deck in self.cards:
            return True
        if deck not in self.missing_decks:
            self.missing_decks.add(deck)
            known = ", ".join(self.cards) or "none"
            if deck:
                remedy = did_you_mean(deck, list(self.cards), f"the decks are: {known}")
                self.document.report(where, f'no deck "{shorten(deck)}" in flashcards/', remedy)
            else:
                remedy = f"add deck: to the book, the chapter or the card; the decks are: {known}"
                self.document.report(where, "this card has no deck", remedy)
        return False

    def _find_card(self, where: DocumentPath, deck: str, title: str, card_id: str) -> Card | None:
        at = (*where, "card")
        cards = self.cards[deck].get(title, [])
        occurrence = self.document.at((*where, "occurrence"))
        chosen = cards[occurrence - 1 :][:1] if isinstance(occurrence, int) and occurrence > 0 else cards
        possible = self.registry.candidates(card_id, title, cards)
        if not cards:
            self._report_no_card(at, deck, title, card_id)
        elif not possible:
            what = f'no card "{shorten(title)}" in {deck} has the question registered for "{card_id}"'
            self.document.report(at, what, RETIRE.format(card_id))
        elif len(possible) == 1 and (occurrence is None or self.registry.questions.get(card_id)):
            return possible[0]
        elif len(chosen) == 1 and chosen[0] in possible:
            return chosen[0]
        else:
            what = f'{deck} has {len(cards)} card(s) titled "{shorten(title)}"'
            self.document.report(at, what, f"add occurrence: 1 … {len(cards)}")
        self.unresolved.add((deck, title))
        return None

    def _report_no_card(self, at: DocumentPath, deck: str, title: str, card_id: str) -> None:
        what = f'no card "{shorten(title)}" in {deck}'
        if self.received.is_omitted(deck, title):
            example = self.document.text((*at[:-1], "example"))
            proved = f", and the example {example} proves it" if example else ""
            what = f'card "{shorten(title)}" of {deck} is omitted{proved}'
            self.document.report(at, what, "remove it here, or from omit")
        elif not self.received.is_damaged(deck):
            # Otherwise it may be the damaged card, whose problem is already reported.
            others = decks_with(self.received.decks, title)
            remedy = "the deck has no title like it"
            if others:
                remedy = f"{others[0]} has it: add deck: {others[0]}"
            elif card_id in self.registry.titles:
                remedy = f"if it is gone for good, {RETIRE.format(card_id)}"
            if close := closest(title, list(self.cards[deck])):
                self.unresolved.add((deck, close))
                remedy = f'did you mean "{close}"?'
            self.document.report(at, what, remedy)

    def _check_ids(self) -> None:
        seen: dict[str, DocumentPath] = {}
        for card_id, at in self.ids:
            if card_id and not ID.fullmatch(card_id):
                continue
            if card_id in seen and card_id:
                first = self.document.line(seen[card_id])
                self.document.report(at, f'id "{card_id}" is already used on line {first}', "choose another")
            elif not card_id and at[-1] != "id":
                self.document.report(at, "no id can be made from this title", "write id: and card:")
            seen.setdefault(card_id, at)
        for card_id, at in seen.items():
            if card_id.endswith(EXAMPLE_SUFFIX) and card_id.removesuffix(EXAMPLE_SUFFIX) in seen:
                other = card_id.removesuffix(EXAMPLE_SUFFIX)
                what = f'id "{card_id}" is the address of the example of "{other}"'
                self.document.report(at, what, "choose another")

    def _check_parts(self, parts: tuple[Part, ...], chapters: list[str]) -> None:
        last = -1
        for i, part in enumerate(parts):
            for j, chapter in enumerate(part.chapters):
                at: DocumentPath = ("parts", i, "chapters", j)
                if chapter not in chapters:
                    remedy = did_you_mean(chapter, chapters, "name the id of a chapter")
                    self.document.report(at, f'no chapter "{shorten(chapter)}"', remedy)
                    continue
                place = chapters.index(chapter)
                if place <= last or (j and place != last + 1):
                    what = f'chapter "{chapter}" is not in the place that it has under chapters'
                    self.document.report(at, what, "name each chapter once, in the book's order")
                last = max(last, place)

    def _check_every_card_placed(self) -> None:
        """Report cards that are in no chapter, with lines to paste, in the order of their deck."""
        main = self.document.text(("deck",))
        taken = {*self.registry.titles, *self.registry.retired, *(card_id for card_id, _ in self.ids)}
        decks_used = {name for name, _ in [*self.used, *self.unresolved]}
        for name, deck in self.received.decks.items():
            if deck.cards and name not in decks_used:
                what, remedy = (
                    "no card of this deck is in a chapter",
                    f"place them all with: cardbook add {name}",
                )
                self.received.problems.append(Problem(deck.path, 0, what, remedy))
                continue
            for card in deck.cards:
                reported = (name, card.title) in self.unresolved or len(card.title) > TITLE_LENGTH
                if reported or (name, card.line) in self.used:
                    continue
                title = quote_yaml(card.title)
                line = f"- {title}" if name == main else f"- {{card: {title}, deck: {name}}}"
                if not self.registry.ids.get(card.title):
                    card_id = make_id(card.title, taken)
                    taken.add(card_id)
                    line += f", and to card-ids.yml {registry_line(card_id, card, shared=False)}"
                what = f'card "{shorten(card.title)}" ({name}, line {card.line}) is in no chapter'
                remedy = f"add to the cards of a chapter {line}"
                self.received.problems.append(Problem(deck.path, card.line, what, remedy))


def _texts(document: Document, where: DocumentPath) -> tuple[str, ...]:
    return tuple(document.text(place) for place in document.items(where))


def _number(document: Document, where: DocumentPath, default: float) -> float:
    value = document.at(where)
    return float(value) if isinstance(value, int | float) else default


def _read_correction(document: Document, at: DocumentPath) -> Correction:
    text, source, quote = (document.text((*at, key)) for key in ("text", "source", "quote"))
    return Correction(text, source, quote, document.at((*at, "unread")) is True)


def _read_all_options(document: Document) -> dict[str, ExampleOptions]:
    names = document.at(("examples",))
    return {
        name: _read_options(document, ("examples", name))
        for name in (names if isinstance(names, dict) else ())
    }


def _read_options(document: Document, at: DocumentPath) -> ExampleOptions:
    hub = document.at((*at, "hub"))
    return ExampleOptions(
        hub=hub if isinstance(hub, dict) else {},
        environment=_texts(document, (*at, "environment")),
        needs=_texts(document, (*at, "needs")),
        skip=_read_skip(document, (*at, "skip")),
        seconds=_number(document, (*at, "seconds"), DEFAULT_SECONDS),
        memory=_number(document, (*at, "memory"), DEFAULT_MEMORY),
        data=_texts(document, (*at, "data")),
    )


def _read_skip(document: Document, at: DocumentPath) -> Skip | None:
    try:
        until = date.fromisoformat(document.text((*at, "until")))
    except ValueError:
        return None
    return Skip(document.text((*at, "reason")), document.text((*at, "link")), until)


def _check_examples(document: Document, book: Book, root: Path) -> None:
    known = sorted(path.stem for path in (root / "examples").glob("*.py"))
    used: set[str] = set()
    for chapter in document.items(("chapters",)):
        for card in document.items((*chapter, "cards")):
            at, name = (*card, "example"), document.text((*card, "example"))
            if not name:
                continue
            if name in used:
                document.report(at, f'example "{shorten(name)}" already proves another card', "name another")
            elif name not in known:
                remedy = did_you_mean(name, known, f"write examples/{shorten(name)}.py")
                document.report(at, f'no example "{shorten(name)}" in examples/', remedy)
            used.add(name)
    for name in book.settings:
        if name not in used:
            what = f'no card names the example "{shorten(name)}"'
            document.report(("examples", name), what, "remove it, or name it")
    for name in known:
        if name not in used:
            document.report(("chapters",), f"examples/{name}.py proves no card", f"name it: example: {name}")
