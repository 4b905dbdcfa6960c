"""Reads a deck: the cards of one flashcard file, and what is wrong with the damaged ones."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cardbook.base.errors import Problem
from cardbook.source.code_fences import find_fences
from cardbook.source.formulas import find_formulas
from cardbook.source.markers import Kind, Mark, find_marks, is_blank, is_noise, is_separator

# Bytes that are not UTF-8 are read as lone surrogates, which no UTF-8 text can contain.
UNDECODABLE = re.compile(r"[\ud800-\udfff]")
_UTF_16 = ("\udcff\udcfe", "\udcfe\udcff")
_FENCE_RUN = re.compile(r"`+|~+")
# A line that was meant as a mark: `:Why …`, `:P Why …`, `p: Why …`; `### Title`, `####Title`.
_NEARLY_ASK = re.compile(r"[ \t]*(?::[pP]?(?![pP]?[ \t]*$)|[pP]:)[ \t]*(?P<text>[^\s:].*)")
_NEARLY_TITLE = re.compile(r" {0,3}#{1,6}(?P<text>.*)")
_FORMULA_MARK = re.compile(r"\$|\\[(\[]")
_SHOWN = 60


@dataclass(frozen=True)
class Card:
    """One flashcard, its texts as Markdown; `line` is that of its `####`, counted from 1.

    The other lines are those where its texts begin, 0 if unknown; equality ignores them.
    """

    title: str
    context: str
    question: str
    answer: str
    line: int
    context_line: int = field(default=0, compare=False)
    question_line: int = field(default=0, compare=False)
    answer_line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class DamagedCard:
    """A card that cannot be read: its title ("" if it has none) and its first and last line."""

    title: str
    first: int
    last: int


@dataclass(frozen=True)
class Deck:
    """One flashcard file: its well-formed cards in order, the damaged ones, problems and warnings by line.

    `problems` has one for each damaged card; `warnings` are about readable cards.
    """

    name: str
    path: str
    cards: tuple[Card, ...]
    problems: tuple[Problem, ...]
    damaged: tuple[DamagedCard, ...] = ()
    warnings: tuple[Problem, ...] = ()


def read_deck(path: Path) -> Deck:
    """Return the deck in a file; raises OSError if it cannot be read, nothing for its content."""
    return parse_deck(path.read_bytes().decode("utf-8", "surrogateescape"), str(path))


def parse_deck(text: str, path: str) -> Deck:
    """Return the deck that a text holds; its malformed cards are problems, not cards."""
    if text.startswith(_UTF_16):
        problem = Problem(path, 0, "this file is UTF-16", "save it as UTF-8")
        return Deck(Path(path).stem, path, (), (problem,))
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    # Not splitlines(): it also splits at \x0c or \u2028, which may stand inside a card's text.
    return _Reader(path, text.split("\n")).deck()


@dataclass
class _Draft:
    """The parts of a card read so far; the file is read up to line `end`."""

    first: int
    end: int
    title: str = ""
    context: str = ""
    question: str = ""
    answer: str = ""
    context_at: int = 0
    question_at: int = 0
    answer_at: int = 0
    asked: int | None = None
    closed: Mark | None = None
    faults: list[Problem] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The card's name in a message of one line."""
        return f'"{_shown(self.title)}"' if self.title else "a card without a title"


def _shown(text: str) -> str:
    """Return the printable start of a text, for a message."""
    printable = "".join(char if char.isprintable() else " " for char in text[: _SHOWN + 1])
    return f"{printable[:_SHOWN]}…" if len(text) > _SHOWN else printable


class _Reader:
    """Reads the marks that stand outside code once, card by card."""

    def __init__(self, path: str, lines: list[str]) -> None:
        self._path = path
        self._lines = [UNDECODABLE.sub("\ufffd", line) for line in lines]
        fences = find_fences(self._lines)
        self._unclosed = [fence.first for fence in fences if not fence.closed]
        undecodable = [n for n, line in enumerate(lines) if UNDECODABLE.search(line)]
        with_nul = [n for n, line in enumerate(lines) if "\0" in line]
        self._flawed = sorted(self._unclosed + undecodable + with_nul)
        self._problems = [self._unclosed_fence(n) for n in self._unclosed]
        # One message for the whole file: all its lines have the same cause.
        if undecodable:
            what = f"{_counted(undecodable, 'line')} not UTF-8, the first here"
            self._problems.append(self._problem(undecodable[0], what, "save the file as UTF-8"))
        if with_nul:
            what = f"{_counted(with_nul, 'line')} damaged by NUL bytes, the first here"
            self._problems.append(self._problem(with_nul[0], what, "remove the NUL bytes"))
        self._code = {number for fence in fences for number in range(fence.first, fence.end)}
        self._marks = find_marks(self._lines, (n for n in range(len(lines)) if n not in self._code))
        self._next = 0
        self._cards: list[Card] = []
        self._damaged: list[DamagedCard] = []
        self._warnings: list[Problem] = []
        self._last: _Draft | None = None

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
                self._last, at = draft, draft.end
        self._stray_text(at, len(self._lines))
        if not self._cards and not self._problems:
            nothing = Problem(self._path, 0, "this deck has no cards", "start one with #### TITLE")
            self._problems.append(nothing)
        name, problems = Path(self._path).stem, tuple(sorted(self._problems))
        warnings = tuple(sorted(self._warnings))
        return Deck(name, self._path, tuple(self._cards), problems, tuple(self._damaged), warnings)

    def _problem(self, number: int, what: str, remedy: str) -> Problem:
        return Problem(self._path, number + 1, what, remedy)

    def _unclosed_fence(self, number: int) -> Problem:
        run = _FENCE_RUN.search(self._lines[number])
        shown = run[0] if run and len(run[0]) < 10 else "a fence as long"
        remedy = f"put {shown} on a separate line after the code"
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
        number = self._first_text(start, end)
        if number is None:
            return False
        last = self._last
        remedy = "give it a #### TITLE, a :p QUESTION and a ??x before it, and an x?? after it"
        if last and last.closed and not last.faults:
            part = f"if it is the rest of the answer of {last.name}, "
            if last.closed.kind is Kind.OPEN:
                # Only an x?? certainly ends an answer. No reader should get half of an answer.
                number = last.closed.line + 1
                remedy = f"{part}remove the ??x in line {number} and put x?? after it; if not, {remedy}"
                self._withdraw(last)
            else:
                remedy = f"{part}move the x?? in line {last.closed.line + 1} after it; if not, {remedy}"
        self._problems.append(self._problem(number, "this text belongs to no card", remedy))
        return True

    def _withdraw(self, draft: _Draft) -> None:
        """Count a card that seemed complete as damaged."""
        if self._cards and self._cards[-1].line == draft.first + 1:
            self._cards.pop()
            self._damaged.append(DamagedCard(draft.title, draft.first + 1, draft.end))

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
        # Other problems follow from an unclosed fence, which contains marks.
        if draft.faults and not _any_within(self._unclosed, draft.first, draft.end):
            self._problems.append(min(draft.faults))
        if draft.faults or _any_within(self._flawed, draft.first, draft.end):
            self._damaged.append(DamagedCard(draft.title, draft.first + 1, draft.end))
            return
        texts = (draft.title, draft.context, draft.question, draft.answer)
        lines = (draft.first + 1, draft.context_at + 1, draft.question_at + 1, draft.answer_at + 1)
        self._cards.append(Card(*texts, *lines))
        for text, line in zip(texts, lines, strict=True):
            for doubt in find_formulas(text)[1] if _FORMULA_MARK.search(text) else ():
                number = line + text.count("\n", 0, doubt.start)
                self._warnings.append(Problem(self._path, number, doubt.what, doubt.remedy))

    def _fault(self, draft: _Draft, number: int, what: str, remedy: str) -> None:
        draft.faults.append(self._problem(number, what, remedy))

    def _read_title(self, draft: _Draft) -> None:
        mark = self._peek()
        if mark and mark.kind is Kind.TITLE:
            self._next += 1
            draft.title = mark.text
            draft.end = mark.line + 1
        if not draft.title.strip():
            number, remedy = draft.first, "start it with #### TITLE"
            if nearly := self._nearly(_NEARLY_TITLE, range(draft.first, self._until_mark())):
                number, text = nearly
                remedy = f'did you mean "#### {text}"?'
            self._fault(draft, number, "this card has no title", remedy)

    def _nearly(self, pattern: re.Pattern[str], numbers: Iterable[int]) -> tuple[int, str] | None:
        """Return the first of these lines that was meant as a mark, and the text that follows the mark."""
        for number in numbers:
            found = pattern.fullmatch(self._lines[number]) if number not in self._code else None
            if found and found["text"].strip():
                return number, _shown(found["text"].strip())
        return None

    def _read_question(self, draft: _Draft) -> None:
        mark = self._peek()
        start, draft.end = draft.end, self._until_mark()
        draft.context, draft.context_at = _trimmed(self._lines, start, draft.end, separators=True)
        if mark is None or mark.kind is not Kind.ASK:
            number = mark.line if mark and mark.may_close else draft.first
            remedy = "put :p QUESTION on a separate line before its ??x"
            if nearly := self._nearly(_NEARLY_ASK, range(start, draft.end)):
                number, text = nearly
                remedy = f'did you mean ":p {text}"?'
            self._fault(draft, number, f"{draft.name} has no question", remedy)
            return
        draft.asked = mark.line
        self._next += 1
        self._refuse_questions(draft)
        start, draft.end = mark.line + 1, self._until_mark()
        words = [mark.text, *self._lines[start : draft.end]]
        draft.question = "\n".join(words).strip(" \t\n")
        draft.question_at = mark.line + next((n for n, line in enumerate(words) if not is_blank(line)), 0)
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
                remedy = "put ??x, the answer and x?? on separate lines after the question"
                self._fault(draft, draft.asked, f"{draft.name} has no answer", remedy)
            return
        self._next += 1
        draft.end = mark.line + 1
        if mark.kind is Kind.OPEN:
            self._read_open_answer(draft, mark)
        elif draft.asked is not None:
            what = f"the answer of {draft.name} has no opening mark"
            remedy = "put ??x on a separate line between question and answer"
            self._fault(draft, draft.asked, what, remedy)

    def _read_open_answer(self, draft: _Draft, opening: Mark) -> None:
        self._pass_headings(draft)
        inner = self._inner_marks()
        self._next += len(inner)
        closing = self._peek()
        start, draft.end = draft.end, self._until_mark()
        lines = self._lines
        if inner:
            dropped = {mark.line for mark in inner}
            lines = ["" if number in dropped else line for number, line in enumerate(lines[: draft.end])]
        draft.answer, draft.answer_at = _trimmed(lines, start, draft.end)
        if closing is None or not closing.may_close:
            last = next(n for n in range(draft.end - 1, -1, -1) if not is_noise(self._lines[n]))
            what = f"the answer of {draft.name} is never closed"
            self._fault(draft, last, what, "put x?? on a separate line after it")
            return
        self._next += 1
        draft.end, draft.closed = closing.line + 1, closing
        for mark in inner:
            what = (
                f"this ??x stands inside the answer of {draft.name}, which goes on to line {closing.line + 1}"
            )
            self._warnings.append(
                self._problem(mark.line, what, "the answer is read to its end, without the mark")
            )
        if not draft.answer.strip():
            what = f"the answer of {draft.name} is empty"
            self._fault(draft, opening.line, what, "write it between ??x and x??")

    def _inner_marks(self) -> list[Mark]:
        """Return the ??x that do not end the answer, because an x?? follows before the next card."""
        index = self._next
        while index < len(self._marks) and self._marks[index].kind is Kind.OPEN:
            index += 1
        closed = index < len(self._marks) and self._marks[index].kind is Kind.CLOSE
        return self._marks[self._next : index] if closed else []

    def _pass_headings(self, draft: _Draft) -> None:
        """Skip the headings of an answer, up to a closing mark or the next card."""
        while (mark := self._peek()) and not mark.may_close and not self._starts_card():
            if mark.kind is Kind.ASK:
                self._refuse_questions(draft)
            else:
                self._next += 1

    def _starts_card(self) -> bool:
        """Return whether another card starts at the next mark inside an answer."""
        kinds = [mark.kind for mark in self._marks[self._next : self._next + 3]]
        if kinds[:2] == [Kind.TITLE, Kind.ASK]:
            return True
        # Not just a heading, or a stray :p: an answer that is opened and closed again follows.
        return kinds[1:] in ([Kind.OPEN, Kind.CLOSE], [Kind.OPEN, Kind.OPEN])


def _any_within(numbers: Sequence[int], start: int, end: int) -> bool:
    index = bisect_left(numbers, start)
    return index < len(numbers) and numbers[index] < end


def _trimmed(lines: Sequence[str], start: int, end: int, *, separators: bool = False) -> tuple[str, int]:
    """Return these lines as text without blank lines (and separators) at both ends, and its first line."""
    filled = [
        number
        for number in range(start, end)
        if not is_blank(lines[number]) and not (separators and is_separator(lines[number]))
    ]
    return ("\n".join(lines[filled[0] : filled[-1] + 1]), filled[0]) if filled else ("", start)


def _counted(numbers: Sequence[int], noun: str) -> str:
    return f"1 {noun} is" if len(numbers) == 1 else f"{len(numbers)} {noun}s are"
