"""Places the cards of decks in a book: makes the lines of book.yml and card-ids.yml that place them.

Existing lines of these files never change; lines are only added.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from cardbook.base.document import Document
from cardbook.base.errors import InputError, Problem
from cardbook.base.yaml_file import parse_yaml, quote_yaml
from cardbook.source.deck import Card, Deck
from cardbook.source.received import TITLE_LENGTH, ReceivedDecks, title_lines
from cardbook.source.registry import Registry, hash_question, make_id, registry_line

CARDS_A_CHAPTER = 10
PART = re.compile(r"\s*\(Part\s+(\d+)\)$", re.IGNORECASE)
KIND = re.compile(r"^[^:]*flashcards[^:]*:\s*", re.IGNORECASE)
TOPIC = re.compile(r"^\*\*Starting Chapter:\*\*[ \t]*(\S.*)$", re.MULTILINE | re.IGNORECASE)
# A file name used as a title, such as 2A004---Deep-Learning_processed.
NUMBER = re.compile(r"^\w+---")
PROCESSED = re.compile(r"_processed$")
# Text that YAML reads as it is, without quotes.
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 ()/,.?!+'-]*(?<! )")
WORDS_OF_YAML = ("true", "false", "null", "yes", "no", "on", "off")


@dataclass(frozen=True)
class DeckHead:
    """What the head of a deck says: the title of the book, the number of the part ("" without), the topic."""

    title: str
    part: str
    topic: str


def read_head(text: str, name: str) -> DeckHead:
    """Return what the lines before the first card say; `name`, the deck's, replaces a missing title."""
    head = re.split(r"^####", text.removeprefix("\ufeff"), maxsplit=1, flags=re.MULTILINE)[0]
    heading = next((line[2:].strip() for line in re.split(r"\r?\n", head) if line.startswith("# ")), "")
    part = PART.search(heading)
    title = KIND.sub("", PART.sub("", heading))
    if NUMBER.match(title) or PROCESSED.search(title):
        title = re.sub(r"[-_]+", " ", PROCESSED.sub("", NUMBER.sub("", title))).strip()
    topic = TOPIC.search(head)
    return DeckHead(title or name, part[1] if part else "", topic[1].strip() if topic else "")


@dataclass(frozen=True)
class NewDeck:
    """A deck to place: name, text, the cards to place, those to leave out as line, title and reason."""

    name: str
    text: str
    cards: tuple[Card, ...]
    omitted: tuple[tuple[int, str, str], ...]

    def occurrence(self, card: Card) -> int:
        """Return the number of a card among those with its title, from 1; 0 if its question identifies it."""
        same = [other for other in self.cards if other.title == card.title]
        asked = [hash_question(other.question) for other in same]
        return same.index(card) + 1 if asked.count(hash_question(card.question)) > 1 else 0

    @property
    def head(self) -> DeckHead:
        """What the lines before the first card say."""
        return read_head(self.text, self.name)


def select_cards(deck: Deck, text: str, received: ReceivedDecks) -> NewDeck:
    """Return the deck with its malformed cards listed as omitted.

    `text` is the deck's text, `received` has the problems of its file. A problem between two cards counts for
    the first; one before all cards remains a problem of the deck.
    """
    starts = title_lines(deck)
    reasons: dict[int, str] = {}
    for problem in received.problems:
        start = max((line for line in starts if line <= problem.line), default=0)
        if problem.file == deck.path and start:
            reasons.setdefault(
                start, f"malformed as received: line {problem.line}: {problem.what}: {problem.remedy}"
            )
    return NewDeck(
        deck.name,
        text,
        tuple(card for card in deck.cards if card.line not in reasons),
        tuple((line, starts[line], reason) for line, reason in sorted(reasons.items())),
    )


@dataclass
class Placement:
    """The lines to add to the files of a book, one list for each list in them."""

    chapters: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    omissions: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)


@dataclass
class Placer:
    """Gives cards their ids and places; `taken` are the ids that are not free."""

    registry: Registry
    taken: set[str]

    def place_in_chapters(self, decks: Sequence[NewDeck]) -> Placement:
        """Return lines for new chapters of at most ten cards, a part for each deck."""
        placement = Placement()
        shared = self._shared_titles(decks)
        for deck in decks:
            ids: list[str] = []
            for number, (title, cards) in enumerate(divide(deck), 1):
                chapter = self._take_id(f"{make_id(deck.name) or 'deck'}-{number}")
                ids.append(chapter)
                placement.chapters += [
                    f"- id: {chapter}",
                    f"  title: {scalar(title)}",
                    f"  description: {scalar(describe(cards))}",
                    "  introduction: Read the question, answer it yourself, then check.",
                    f"  deck: {scalar(deck.name)}",
                    "  cards:",
                    *(f"    {line}" for line in self._place(deck, cards, shared, placement)),
                ]
            placement.parts.append(
                f"- {{title: {scalar(part_title(deck.head), flow=True)}, chapters: [{', '.join(ids)}]}}"
            )
            placement.omissions += list(_omissions(deck))
        return placement

    def place_in_chapter(self, decks: Sequence[NewDeck], default: str) -> Placement:
        """Return lines for the cards of one chapter; those of its deck, `default`, do not name it."""
        placement = Placement()
        shared = self._shared_titles(decks)
        for deck in decks:
            named = "" if deck.name == default else deck.name
            placement.chapters += self._place(deck, deck.cards, shared, placement, named)
            placement.omissions += list(_omissions(deck))
        return placement

    def _shared_titles(self, decks: Iterable[NewDeck]) -> set[str]:
        """Return the titles that several cards have."""
        titles = Counter(card.title for deck in decks for card in deck.cards)
        return {title for title, times in titles.items() if times > 1 or title in self.registry.ids}

    def _place(
        self,
        deck: NewDeck,
        cards: Iterable[Card],
        shared: set[str],
        placement: Placement,
        named: str = "",
    ) -> Iterator[str]:
        for card in cards:
            card_id = self._take_id(make_id(card.title) or f"card-{card.line}")
            placement.ids.append(registry_line(card_id, card, shared=card.title in shared))
            keys = {"card": scalar(card.title, flow=True)}
            if named:
                keys["deck"] = scalar(named, flow=True)
            if card.title in shared and (occurrence := deck.occurrence(card)):
                keys["occurrence"] = str(occurrence)
            if card.title in shared:
                keys = {"id": card_id} | keys
            if len(keys) == 1:
                yield f"- {scalar(card.title)}"
            else:
                yield f"- {{{', '.join(f'{key}: {text}' for key, text in keys.items())}}}"

    def _take_id(self, wanted: str) -> str:
        """Return an unused id whose example's address is unused too."""
        card_id = make_id(wanted.replace("-", " "), self.taken)
        self.taken |= {card_id, f"{card_id}-example", card_id.removesuffix("-example")}
        return card_id


def divide(deck: NewDeck) -> Iterator[tuple[str, Sequence[Card]]]:
    """Yield the title and the cards of each chapter: at most ten cards, divided evenly."""
    count = math.ceil(len(deck.cards) / CARDS_A_CHAPTER)
    topic = deck.head.topic or deck.head.title
    for number in range(count):
        cards = deck.cards[len(deck.cards) * number // count : len(deck.cards) * (number + 1) // count]
        yield (topic if count == 1 else f"{topic} ({number + 1} of {count})"), cards


def describe(cards: Sequence[Card]) -> str:
    """Return the one-line description of a chapter."""
    titles = cards[0].title if len(cards) == 1 else f"{cards[0].title} … {cards[-1].title}"
    return f"{len(cards)} flashcard{'' if len(cards) == 1 else 's'}: {titles}"


def part_title(head: DeckHead) -> str:
    """Return the title of the part that a deck makes."""
    return f"Part {head.part}" if head.part else head.title


def _omissions(deck: NewDeck) -> Iterator[str]:
    titles = [*(title for _, title, _ in deck.omitted), *(card.title for card in deck.cards)]
    for line, title, reason in deck.omitted:
        yield f"- deck: {scalar(deck.name)}"
        named = title.isprintable() and 0 < len(title) <= TITLE_LENGTH and titles.count(title) == 1
        yield f"  card: {scalar(title)}" if named else f"  line: {line}"
        yield f"  reason: {scalar(reason)}"


def scalar(text: str, *, flow: bool = False) -> str:
    """Return a text as YAML; `flow`: inside braces, where a comma ends it."""
    plain = PLAIN.fullmatch(text) and text.lower() not in WORDS_OF_YAML and not (flow and "," in text)
    return text if plain else quote_yaml(text)


def add_items(text: str, key: str, items: Sequence[str]) -> str:
    """Return the text of book.yml with lines added at the end of a list at its top, or with a new list.

    Raises InputError when the list is written in brackets.
    """
    lines = text.rstrip("\n").split("\n")
    start = next((n for n, line in enumerate(lines) if re.match(rf"{key}\s*:", line)), None)
    if start is None:
        return "\n".join([*lines, "", f"{key}:", *(f"  {line}" for line in items)]) + "\n"
    if not re.fullmatch(rf"{key}\s*:\s*(#.*)?", lines[start]):
        raise _not_extendable(start + 1, key)
    end = next((n for n in range(start + 1, len(lines)) if re.match(r"[^\s#-]", lines[n])), len(lines))
    return _insert(lines, start + 1, end, items)


def add_cards(text: str, document: Document, chapter: int, items: Sequence[str]) -> str:
    """Return the text of book.yml with lines added to the cards of a chapter, counted from 0.

    Raises InputError when the cards are written in brackets, or there are none.
    """
    cards = ("chapters", chapter, "cards")
    lines = text.rstrip("\n").split("\n")
    start = document.line((*cards, 0)) - 1
    dash = re.match(r"\s*- ", lines[start])
    if document.at((*cards, 0)) is None or dash is None:
        raise _not_extendable(start + 1, "cards")
    column = dash.end() - 2
    end = next((n for n in range(start, len(lines)) if not _is_in_list(lines[n], column)), len(lines))
    return _insert(lines, start, end, items)


def _is_in_list(line: str, column: int) -> bool:
    """Return whether a line belongs to the list whose dashes are in this column, counted from 0."""
    content = line.lstrip()
    depth = len(line) - len(content)
    return not content or content[0] == "#" or depth > column or (depth == column and content[0] == "-")


def _insert(lines: list[str], start: int, end: int, items: Sequence[str]) -> str:
    """Return the text with items added after the last item between the lines `start` and `end`."""
    first = next((line for line in lines[start:end] if line.lstrip().startswith("- ")), "  - ")
    space = first[: len(first) - len(first.lstrip())]
    while end > start and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return "\n".join([*lines[:end], *(f"{space}{line}" for line in items), *lines[end:]]) + "\n"


def _not_extendable(line: int, key: str) -> InputError:
    what = f"{key} is not written as a list with one item a line"
    return InputError([Problem("book.yml", line, what, "write it so, or add the cards by hand")])


def check_untouched(before: Document, text: str) -> None:
    """Raise InputError unless the new text of book.yml has everything of `before`, in the same order."""
    if not _contains(parse_yaml(text, "book.yml").value, before.value):
        what = "lines cannot be added without changing existing ones"
        raise InputError(
            [Problem("book.yml", 0, what, "add the cards by hand, or write the file in plain blocks")]
        )


def _contains(now: object, before: object) -> bool:
    """Return whether lists have only grown at their end, and mappings by keys."""
    if isinstance(now, dict) and isinstance(before, dict):
        return all(key in now and _contains(now[key], value) for key, value in before.items())
    if isinstance(now, list) and isinstance(before, list):
        return len(now) >= len(before) and all(map(_contains, now, before))
    return now == before


def unplaced(deck: Deck, document: Document, received: ReceivedDecks) -> Deck:
    """Return the deck with only those cards that book.yml neither places nor omits."""
    placed: Counter[str] = Counter()
    main = document.text(("deck",))
    for chapter in document.items(("chapters",)):
        for card in document.items((*chapter, "cards")):
            name = document.text((*card, "deck")) or document.text((*chapter, "deck")) or main
            if name == deck.name:
                placed[document.text((*card, "card")) or document.text(card)] += 1
    titles = Counter(card.title for card in deck.cards)
    return replace(deck, cards=tuple(card for card in deck.cards if placed[card.title] < titles[card.title]))
