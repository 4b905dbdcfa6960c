"""The marks of the format: the lines that start a card, its question and its answer, and end the answer."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

_TITLE = re.compile(r" {0,3}####(?:[ \t]+(.*))?")
_ASK = re.compile(r"[ \t]*:p(?:[ \t]+(.*))?")
_SEPARATOR = re.compile(r"[ \t]*-{3,}[ \t]*")
_RATING = re.compile(r"[ \t]*\*\*Rating:[ \t]*\d+(?:\.\d+)?[ \t]*/[ \t]*10\*\*[ \t]*")


class Kind(Enum):
    """What a mark does. OPEN can also close an answer, as it does in half of the real cards."""

    TITLE = "####"
    ASK = ":p"
    OPEN = "??x"
    CLOSE = "x??"


@dataclass(frozen=True)
class Mark:
    """A line (counted from 0) that is a mark, with the text that follows the mark on it."""

    line: int
    kind: Kind
    text: str = ""

    @property
    def may_close(self) -> bool:
        """Whether this line can end an answer."""
        return self.kind in (Kind.OPEN, Kind.CLOSE)


def find_marks(lines: Sequence[str], among: Iterable[int]) -> list[Mark]:
    """Return the marks among the lines whose numbers, counted from 0, are in `among`."""
    return [mark for number in among for mark in _marks_of(number, lines[number])]


def _marks_of(number: int, line: str) -> Iterator[Mark]:
    bare = line.strip(" \t")
    if bare in (Kind.OPEN.value, Kind.CLOSE.value):
        yield Mark(number, Kind(bare))
    elif bare.startswith(Kind.TITLE.value) and (match := _TITLE.fullmatch(line)):
        yield Mark(number, Kind.TITLE, (match[1] or "").strip(" \t"))
    elif bare.startswith(Kind.ASK.value) and (match := _ASK.fullmatch(line)):
        yield Mark(number, Kind.ASK, match[1] or "")


def is_blank(line: str) -> bool:
    """Return whether the line is empty or has only spaces and tabs."""
    return not line.strip(" \t")


def is_separator(line: str) -> bool:
    """Return whether the line is a `---`."""
    return _SEPARATOR.fullmatch(line) is not None


def is_noise(line: str) -> bool:
    """Return whether the line has no meaning between cards: it is blank, a separator or a rating."""
    return is_blank(line) or is_separator(line) or _RATING.fullmatch(line) is not None
