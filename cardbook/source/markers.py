"""The marks of the format: the lines that start a card, its question and its answer, and end the answer."""

import re
from collections.abc import Iterable, Sequence
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


# Marks that are alone on their line.
_ALONE = {kind.value: kind for kind in (Kind.OPEN, Kind.CLOSE)}
_STARTS = tuple(kind.value for kind in Kind)


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
    # The comparison of the start excludes nearly all lines quickly.
    starts = [(number, lines[number].lstrip(" \t")) for number in among]
    found = (_mark_of(number, lines[number]) for number, bare in starts if bare.startswith(_STARTS))
    return [mark for mark in found if mark]


def _mark_of(number: int, line: str) -> Mark | None:
    if kind := _ALONE.get(line.strip(" \t")):
        return Mark(number, kind)
    if match := _TITLE.fullmatch(line):
        return Mark(number, Kind.TITLE, (match[1] or "").strip(" \t"))
    if match := _ASK.fullmatch(line):
        return Mark(number, Kind.ASK, match[1] or "")
    return None


def is_blank(line: str) -> bool:
    """Return whether the line is empty or has only spaces and tabs."""
    return not line.strip(" \t")


def is_separator(line: str) -> bool:
    """Return whether the line is a `---`."""
    return _SEPARATOR.fullmatch(line) is not None


def is_noise(line: str) -> bool:
    """Return whether the line has no meaning between cards: it is blank, a separator or a rating."""
    return is_blank(line) or is_separator(line) or _RATING.fullmatch(line) is not None
