"""Reads a deck: the cards of one flashcard file, and everything that is wrong with the others."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cardbook.base.errors import Problem
from cardbook.source.code_fences import find_fences
from cardbook.source.markers import Kind, Mark, find_marks, is_blank, is_noise, is_separator

# Bytes that are not UTF-8 are read as lone surrogates, which no UTF-8 text can contain.
_UNDECODABLE = re.compile(r"[\ud800-\udfff]")
_NOT_UTF8 = ("this line is not UTF-8", "save the file as UTF-8")
_FENCE_RUN = re.compile(r"`+|~+")


@dataclass(frozen=True)
class Card:
    """One flashcard, its texts as Markdown; `line` is that of its `####`, counted from 1."""

    title: str
    context: str
    question: str
    answer: str
    line: int


@dataclass(frozen=True)
class Deck:
    """One flashcard file: its well-formed cards in order, and its problems by line."""

    name: str
    path: str
    cards: tuple[Card, ...]
    problems: tuple[Problem, ...]


def read_deck(path: Path) -> Deck:
    """Return the deck in a file; raises OSError if it cannot be read, nothing for its content."""
    return parse_deck(path.read_bytes().decode("utf-8", "surrogateescape"), str(path))


def parse_deck(text: str, path: str) -> Deck:
    """Return the deck that a text holds; its malformed cards are problems, not cards."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    # Not splitlines(): it also splits at \x0c or \u2028, which may stand inside a card's text.
    return _Reader(path, text.split("\n")).deck()


@dataclass
class _Draft:
    """What was found of a card so far; the file is read up to line `end`."""

    first: int
    end: int
    title: str = ""
    context: str = ""
    question: str = ""
    answer: str = ""
    asked: int | None = None
    opened: int | None = None
    faults: list[Problem] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The card in words, for a message that has to stay on one line."""
        if not self.title:
            return "a card without a title"
        shown = "".join(char if char.isprintable() else " " for char in self.title)
        return f'"{shown[:60]}…"' if len(shown) > 60 else f'"{shown}"'


class _Reader:
    """Goes once through the marks that stand outside code, card by card."""

    def __init__(self, path: str, lines: list[str]) -> None:
        self._path = path
        self._lines = [_UNDECODABLE.sub("\ufffd", line) for line in lines]
        fences = find_fences(self._lines)
        self._unclosed = [fence.first for fence in fences if not fence.closed]
        undecodable = [n for n, line in enumerate(lines) if _UNDECODABLE.search(line)]
        self._flawed = sorted(self._unclosed + undecodable)
        self._problems = [self._unclosed_fence(n) for n in self._unclosed]
        self._problems += [self._problem(n, *_NOT_UTF8) for n in undecodable]
        code = {number for fence in fences for number in range(fence.first, fence.end)}
        self._marks = find_marks(self._lines, (n for n in range(len(lines)) if n not in code))
        self._next = 0
        self._cards: list[Card] = []

    def deck(self) -> Deck:
        """Return everything in the file."""
        at = self._until_mark()
        while mark := self._peek():
            if mark.may_close:
                self._stray_mark(at, mark)
                at = mark.line + 1
            else:
                draft = self._draft(self._card_start(at, mark))
                self._keep(draft)
                at = draft.end
        self._stray_text(at, len(self._lines))
        if not self._cards and not self._problems:
            nothing = Problem(self._path, 0, "this deck has no cards", "start one with #### TITLE")
            self._problems.append(nothing)
        problems = tuple(sorted(self._problems))
        return Deck(Path(self._path).stem, self._path, tuple(self._cards), problems)

    def _problem(self, number: int, what: str, remedy: str) -> Problem:
        return Problem(self._path, number + 1, what, remedy)

    def _unclosed_fence(self, number: int) -> Problem:
        run = _FENCE_RUN.search(self._lines[number])
        shown = run[0] if run and len(run[0]) < 10 else "a fence as long"
        remedy = f"put {shown} on a line of its own after the code"
        return self._problem(number, "the code fence opened here is never closed", remedy)

    def _peek(self, ahead: int = 0) -> Mark | None:
        index = self._next + ahead
        return self._marks[index] if index < len(self._marks) else None

    def _until_mark(self) -> int:
        mark = self._peek()
        return mark.line if mark else len(self._lines)

    def _first_text(self, start: int, end: int) -> int | None:
        return next((n for n in range(start, end) if not is_noise(self._lines[n])), None)

    def _stray_text(self, start: int, end: int) -> bool:
        text = self._first_text(start, end)
        if text is not None:
            what = "this text belongs to no card"
            self._problems.append(self._problem(text, what, "move it into a card or delete it"))
        return text is not None

    def _stray_mark(self, start: int, mark: Mark) -> None:
        self._next += 1
        # Text right before the mark is the same mistake: one problem is enough.
        if not self._stray_text(start, mark.line):
            what = f"this {mark.kind.value} belongs to no card"
            remedy = "delete it, or put the missing #### TITLE and :p QUESTION before it"
            self._problems.append(self._problem(mark.line, what, remedy))

    def _card_start(self, at: int, mark: Mark) -> int:
        """Return the line where a card starts: its title or, if that is missing, its context."""
        text = self._first_text(at, mark.line)
        if mark.kind is Kind.ASK and text is not None:
            return text
        self._stray_text(at, mark.line)
        return mark.line

    def _draft(self, first: int) -> _Draft:
        draft = _Draft(first, first)
        self._read_title(draft)
        self._read_question(draft)
        self._read_answer(draft)
        return draft

    def _keep(self, draft: _Draft) -> None:
        opened = draft.end if draft.opened is None else draft.opened
        # A fence left open before the answer has swallowed marks: what seems missing is in it.
        if not _any_within(self._unclosed, draft.first, opened):
            self._problems.extend(draft.faults)
        if not draft.faults and not _any_within(self._flawed, draft.first, draft.end):
            texts = (draft.title, draft.context, draft.question, draft.answer)
            self._cards.append(Card(*texts, line=draft.first + 1))

    def _fault(self, draft: _Draft, number: int, what: str, remedy: str) -> None:
        draft.faults.append(self._problem(number, what, remedy))

    def _read_title(self, draft: _Draft) -> None:
        mark = self._peek()
        if mark and mark.kind is Kind.TITLE:
            self._next += 1
            draft.title = mark.text
            draft.end = mark.line + 1
        if not draft.title.strip():
            self._fault(draft, draft.first, "this card has no title", "start it with #### TITLE")

    def _read_question(self, draft: _Draft) -> None:
        mark = self._peek()
        start, draft.end = draft.end, self._until_mark()
        draft.context = _trimmed(self._lines[start : draft.end], separators=True)
        if mark is None or mark.kind is not Kind.ASK:
            number = mark.line if mark and mark.may_close else draft.first
            remedy = "put :p QUESTION on a line of its own before its ??x"
            self._fault(draft, number, f"{draft.name} has no question", remedy)
            return
        draft.asked = mark.line
        self._next += 1
        self._refuse_questions(draft)
        start, draft.end = mark.line + 1, self._until_mark()
        words = "\n".join([mark.text, *self._lines[start : draft.end]])
        draft.question = words.strip(" \t\n")
        if not draft.question.strip():
            what = f"the question of {draft.name} is empty"
            self._fault(draft, mark.line, what, "write the question after :p")

    def _refuse_questions(self, draft: _Draft) -> None:
        while (mark := self._peek()) and mark.kind is Kind.ASK:
            self._next += 1
            what = f"{draft.name} has a second :p"
            remedy = "put #### TITLE before it if it starts a card, or put it inside code"
            self._fault(draft, mark.line, what, remedy)

    def _read_answer(self, draft: _Draft) -> None:
        mark = self._peek()
        if mark is None or mark.kind is Kind.TITLE:
            if draft.asked is not None:
                remedy = "put ??x, the answer and x?? on lines of their own after the question"
                self._fault(draft, draft.asked, f"{draft.name} has no answer", remedy)
            return
        self._next += 1
        draft.end = mark.line + 1
        if mark.kind is Kind.OPEN:
            draft.opened = mark.line
            self._read_open_answer(draft, mark)
        elif draft.asked is not None:
            what = f"the answer of {draft.name} has no opening mark"
            remedy = "put ??x on a line of its own between question and answer"
            self._fault(draft, draft.asked, what, remedy)

    def _read_open_answer(self, draft: _Draft, opening: Mark) -> None:
        self._pass_headings(draft)
        closing = self._peek()
        start, draft.end = draft.end, self._until_mark()
        draft.answer = _trimmed(self._lines[start : draft.end])
        if closing is None or not closing.may_close:
            last = next(n for n in range(draft.end - 1, -1, -1) if not is_noise(self._lines[n]))
            what = f"the answer of {draft.name} is never closed"
            self._fault(draft, last, what, "put x?? on a line of its own after it")
            return
        self._next += 1
        draft.end = closing.line + 1
        if not draft.answer.strip():
            what = f"the answer of {draft.name} is empty"
            self._fault(draft, opening.line, what, "write it between ??x and x??")

    def _pass_headings(self, draft: _Draft) -> None:
        """Go to the mark that ends an answer: past headings, to a closing mark or the next card."""
        while (mark := self._peek()) and not mark.may_close and not self._starts_card():
            if mark.kind is Kind.ASK:
                self._refuse_questions(draft)
            else:
                self._next += 1

    def _starts_card(self) -> bool:
        """Return whether the next mark, met inside an answer, is where another card starts."""
        kinds = [mark.kind for mark in self._marks[self._next : self._next + 3]]
        if kinds[:2] == [Kind.TITLE, Kind.ASK]:
            return True
        # Not just a heading, or a stray :p: an answer that is opened and closed again follows.
        return kinds[1:] in ([Kind.OPEN, Kind.CLOSE], [Kind.OPEN, Kind.OPEN])


def _any_within(numbers: Sequence[int], start: int, end: int) -> bool:
    index = bisect_left(numbers, start)
    return index < len(numbers) and numbers[index] < end


def _trimmed(lines: Sequence[str], separators: bool = False) -> str:
    """Return the lines as text, without blank lines (and separators) at both ends."""
    said = [
        number
        for number, line in enumerate(lines)
        if not is_blank(line) and not (separators and is_separator(line))
    ]
    return "\n".join(lines[said[0] : said[-1] + 1]) if said else ""
