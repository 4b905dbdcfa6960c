"""Received decks with the book's repairs, without the cards that it omits.

The files in `flashcards/` are never changed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from cardbook.base.cache import Cache, cache_key
from cardbook.base.document import Document, DocumentPath, shorten
from cardbook.base.errors import Problem, in_order
from cardbook.base.files import digest_of
from cardbook.base.paths import ProjectPaths
from cardbook.source.deck import UNDECODABLE, Card, Deck, parse_deck

FOLDER = "flashcards"
TITLE_LENGTH = 300
# Without NUL, which the deck's own problems report.
CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Omission:
    """A card that the book leaves out, and why."""

    deck: str
    title: str
    reason: str


@dataclass
class ReceivedDecks:
    """The decks of a book, by name; what it omits of them; what is wrong in their files."""

    decks: dict[str, Deck] = field(default_factory=dict)
    omitted: list[Omission] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def is_damaged(self, deck: str) -> bool:
        """Return whether this deck has problems, so that cards of it may be missing."""
        file = self.decks[deck].path
        return any(problem.file == file for problem in self.problems)

    def is_omitted(self, deck: str, title: str) -> bool:
        """Return whether the book omits a card of this title."""
        return any((item.deck, item.title) == (deck, title) for item in self.omitted)


def read_decks(root: Path, document: Document) -> ReceivedDecks:
    """Return the decks in `flashcards/`, after applying `repairs` and `omit` of book.yml.

    A repair or omission that does not apply is reported in `document`.
    """
    found = ReceivedDecks()
    contents: dict[bytes, str] = {}
    repairs = _by_deck(document, "repairs")
    omissions = _by_deck(document, "omit")
    paths = sorted((root / FOLDER).glob("*.md"))
    cache, program = Cache(ProjectPaths(root).cache), digest_of(Path(__file__).parent).encode()
    names = {path.stem for path in paths}
    for name in {*repairs, *omissions} - names:
        what = f'no deck "{shorten(name)}" in {FOLDER}/' if name else "this does not name a deck"
        for where in (*repairs.get(name, ()), *omissions.get(name, ())):
            document.report(where, what, f"the decks are: {', '.join(sorted(names)) or 'none'}")
    for path in paths:
        content = path.read_bytes()
        file = f"{FOLDER}/{path.name}"
        if (same := contents.setdefault(content, file)) != file:
            found.problems.append(Problem(file, 0, f"has the same content as {same}", "remove one of them"))
        text, added = _repair(document, content, file, repairs.get(path.stem, ()))
        deck = _parse(text, file, cache, program)
        deck = _renumber(deck, added)
        deck = _omit(document, deck, omissions.get(path.stem, ()), found.omitted)
        found.problems += [*deck.problems, *_check_titles(deck)]
        found.decks[path.stem] = deck
    return found


def _parse(text: str, file: str, cache: Cache, program: bytes) -> Deck:
    """Return the deck in a text, from the cache if it has no problems; `program` is a hash of this code."""
    key = cache_key((), [program, file.encode(), text.encode("utf-8", "surrogatepass")])
    if found := cache.get(key):
        cards = tuple(Card(*card) for card in found["cards"])
        warnings = tuple(Problem(*warning) for warning in found["warnings"])
        return Deck(Path(file).stem, file, cards, (), (), warnings)
    deck = parse_deck(text, file)
    deck = replace(deck, problems=tuple(in_order([*deck.problems, *_check_characters(text, file)])))
    if not deck.problems and not deck.damaged:
        cache.put(key, {"cards": [*map(astuple, deck.cards)], "warnings": [*map(astuple, deck.warnings)]})
    return deck


def _by_deck(document: Document, key: str) -> dict[str, list[DocumentPath]]:
    places: dict[str, list[DocumentPath]] = {}
    for where in document.items((key,)):
        if isinstance(document.at(where), dict):
            name = document.text((*where, "deck")) or document.text(("deck",))
            places.setdefault(name, []).append(where)
    return places


def _repair(
    document: Document, content: bytes, file: str, repairs: Iterable[DocumentPath]
) -> tuple[str, list[tuple[int, int]]]:
    """Return the repaired text, and the added lines as pairs: after which line, how many."""
    text = content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for where in repairs:
        number, before = document.at((*where, "line")), document.at((*where, "from"))
        after = document.at((*where, "to"))
        if not (isinstance(number, int) and isinstance(before, str) and isinstance(after, str) and before):
            continue
        found = lines[number - 1] if 1 <= number <= len(lines) else ""
        if found.count(before) == 1:
            lines[number - 1] = found.replace(before, after)
            continue
        what = f'line {number} of {file} does not have "{shorten(before)}" once'
        elsewhere = [str(i) for i, line in enumerate(lines, 1) if before in line][:5]
        remedy = f"it is on line {', '.join(elsewhere)}" if elsewhere else "correct it, or remove the repair"
        document.report(where, what, remedy)
    added = [(number, line.count("\n")) for number, line in enumerate(lines, 1) if "\n" in line]
    return "\n".join(lines), added


def _check_characters(text: str, file: str) -> list[Problem]:
    if UNDECODABLE.search(text):
        # Bytes that are not UTF-8 decode to such characters by accident.
        return []
    return [
        Problem(
            file,
            number,
            f"the control character U+{ord(found[0]):04X} stands here",
            "remove it, or repair it in book.yml: repairs",
        )
        for number, line in enumerate(text.split("\n"), 1)
        if (found := CONTROL.search(line))
    ]


def _check_titles(deck: Deck) -> list[Problem]:
    return [
        Problem(
            deck.path,
            card.line,
            f"the title has {len(card.title)} characters",
            f"at most {TITLE_LENGTH} are allowed: omit or repair it in book.yml",
        )
        for card in deck.cards
        if len(card.title) > TITLE_LENGTH
    ]


def _omit(document: Document, deck: Deck, places: Iterable[DocumentPath], omitted: list[Omission]) -> Deck:
    """Return the deck without the cards to omit and their problems."""
    titles = {card.line: card.title for card in deck.cards} | {
        card.first: card.title for card in deck.damaged
    }
    dropped: set[int] = set()
    for where in places:
        title, occurrence = document.text((*where, "card")) or None, document.at((*where, "occurrence"))
        line = document.at((*where, "line"))
        starts = [start for start, found in titles.items() if found == title or start == line]
        count = len(starts)
        if isinstance(occurrence, int) and 1 <= occurrence <= count:
            starts = [starts[occurrence - 1]]
        if len(starts) == 1:
            dropped.add(starts[0])
            known = titles[starts[0]] or f"the card in line {starts[0]}"
            omitted.append(Omission(deck.name, known, document.text((*where, "reason"))))
        elif not count and deck.problems:
            # It may be one of the damaged cards, which are reported.
            continue
        elif title:
            what = f'{deck.name} has {count} cards titled "{shorten(title)}"'
            remedy = f"add occurrence: 1 … {count}" if count else "remove the omission, or correct the title"
            document.report(where, what, remedy)
        elif isinstance(line, int):
            lines = ", ".join(str(start) for start in sorted(titles, key=lambda start: abs(start - line))[:2])
            document.report(
                where, f"no card of {deck.name} begins on line {line}", f"the next begin on {lines}"
            )
    if not dropped:
        return deck
    ends = dict(pairwise([*titles, 10**9]))

    def stays(line: int) -> bool:
        return not any(start <= line < ends[start] for start in dropped)

    problems = [problem for problem in deck.problems if stays(problem.line)]
    damaged = [card for card in deck.damaged if card.first not in dropped]
    # One problem may be about several cards, such as all lines that are not UTF-8.
    reported = [problem.line for problem in problems]
    if not all(any(card.first <= line <= card.last for line in reported) for card in damaged):
        problems = list(deck.problems)
    return replace(
        deck,
        cards=tuple(card for card in deck.cards if card.line not in dropped),
        problems=tuple(problems),
        damaged=tuple(damaged),
        warnings=tuple(warning for warning in deck.warnings if stays(warning.line)),
    )


def title_lines(deck: Deck) -> dict[int, str]:
    """Return the title of each card by its line, those of damaged cards too, in the deck's order."""
    found = {card.line: card.title for card in deck.cards}
    found |= {card.first: card.title for card in deck.damaged}
    return dict(sorted(found.items()))


def _renumber(deck: Deck, added: Sequence[tuple[int, int]]) -> Deck:
    """Return the deck with the line numbers of its file, undoing the shift of lines that repairs added."""
    if not added:
        return deck

    def original(line: int) -> int:
        for number, count in added:
            if line > number:
                line = max(number, line - count)
        return line

    def renumbered(problems: Iterable[Problem]) -> tuple[Problem, ...]:
        return tuple(replace(problem, line=original(problem.line)) for problem in problems)

    def card_lines(card: Card) -> dict[str, Any]:
        names = ("line", "context_line", "question_line", "answer_line")
        return {name: original(getattr(card, name)) for name in names}

    return replace(
        deck,
        cards=tuple(replace(card, **card_lines(card)) for card in deck.cards),
        problems=renumbered(deck.problems),
        damaged=tuple(
            replace(card, first=original(card.first), last=original(card.last)) for card in deck.damaged
        ),
        warnings=renumbered(deck.warnings),
    )


def decks_with(decks: Mapping[str, Deck], title: str) -> list[str]:
    """Return the names of the decks that have a card of this title."""
    return [name for name, deck in decks.items() if any(card.title == title for card in deck.cards)]
