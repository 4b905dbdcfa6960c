"""Finds where the fenced code of a deck begins and ends, even where a closing fence is missing.

One forgotten fence turns every later closing fence into an opening one, so the end of a fence
cannot be decided in isolation. Each fence ends either at its closing fence or, if read as
unclosed, at the end of its card; `find_fences` chooses the cheapest combination for the file.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter

from cardbook.source.markers import Kind, find_marks, is_noise

# Code stands inside list items, hence any indentation, and an opening fence right after the bullet.
_FENCE = re.compile(
    r"(?P<prefix>(?:[ \t]|[-*+][ \t]|\d{1,9}[.)][ \t])*)"
    r"(?P<run>`{3,}(?=[^`]*$)|~{3,})(?P<info>.*)"
)

# The cost of each reading; only sums are compared. Two unclosed fences cost more than one that
# shows an unfinished card, but less than one that contains the end of a card and then an
# unfinished card, or a label: that would merge two cards into one without a message.
_UNCLOSED = 4
_LABEL_INSIDE = 3
_UNFINISHED_HEAD = 2
_UNFINISHED_CARD = 6
_CARDS_RUN_TOGETHER = 10


@dataclass(frozen=True)
class Fence:
    """Code with its fences, in the lines from `first` up to but not including `end`."""

    first: int
    end: int
    closed: bool


@dataclass(frozen=True)
class _Run:
    """A line that can open a fence; if `bare`, it can close one instead."""

    line: int
    char: str
    size: int
    bare: bool


@dataclass(frozen=True)
class _Opening:
    """A run read as an opening fence, and where that fence could end."""

    line: int
    closing: int | None
    label: bool


@dataclass(frozen=True)
class _Cards:
    """Line numbers of what looks like cards if no line is read as code.

    A card starts with a title, has its `opener` and is `unfinished` if the next one starts before
    a closing mark. A `handover` is a closing mark right before a title. At a `cut` a card ends.
    """

    starts: list[int]
    openers: list[int]
    closings: list[int]
    handovers: list[int]
    unfinished: list[int]
    cuts: list[int]
    length: int


def find_fences(lines: Sequence[str]) -> list[Fence]:
    """Return the fences of a file in order; those read as never closed end with their card."""
    openings = _openings(lines)
    if not openings:
        return []
    numbers = [opening.line for opening in openings]
    cards = _look_for_cards(lines)
    costs = [0] * (len(openings) + 1)
    chosen: list[Fence] = []
    for index in reversed(range(len(openings))):
        readings = [
            (cost + costs[bisect_left(numbers, fence.end)], fence)
            for cost, fence in _readings(openings[index], cards)
        ]
        costs[index], best = min(readings, key=itemgetter(0))
        chosen.append(best)
    chosen.reverse()
    fences: list[Fence] = []
    for fence in chosen:
        if not fences or fence.first >= fences[-1].end:
            fences.append(fence)
    return fences


def _openings(lines: Sequence[str]) -> list[_Opening]:
    runs = [
        _Run(
            number,
            match["run"][0],
            len(match["run"]),
            not (match["prefix"] + match["info"]).strip(),
        )
        for number, line in enumerate(lines)
        if ("```" in line or "~~~" in line) and (match := _FENCE.fullmatch(line))
    ]
    bare: dict[tuple[str, int], int] = {}
    labelled: dict[tuple[str, int], int] = {}
    openings: list[_Opening] = []
    for run in reversed(runs):
        closing = _nearest(bare, run)
        label = _nearest(labelled, run)
        inside = label is not None and closing is not None and label < closing
        openings.append(_Opening(run.line, closing, inside))
        (bare if run.bare else labelled)[run.char, run.size] = run.line
    openings.reverse()
    return openings


def _nearest(later: dict[tuple[str, int], int], run: _Run) -> int | None:
    """Return the first of the later runs that has this run's character and at least its length."""
    fitting = (at for (char, size), at in later.items() if char == run.char and size >= run.size)
    return min(fitting, default=None)


def _readings(opening: _Opening, cards: _Cards) -> list[tuple[int, Fence]]:
    """Return the ways to end a fence with their costs; of equal costs, the first is preferred."""
    cut = _next(cards.cuts, opening.line, cards.length)
    unclosed = (_UNCLOSED, Fence(opening.line, cut, closed=False))
    if opening.closing is None:
        return [unclosed]
    cost = _LABEL_INSIDE * opening.label + _doubt(opening, opening.closing, cards)
    closed = (cost, Fence(opening.line, opening.closing + 1, closed=True))
    return [unclosed, closed] if cut < opening.closing else [closed]


def _doubt(opening: _Opening, closing: int, cards: _Cards) -> int:
    """Return how unlikely a closed fence is, given the cards inside; complete cards are documentation."""
    first = opening.line
    if _next(cards.starts, first, closing) >= closing:
        return 0
    last = bisect_left(cards.starts, closing) - 1
    start = cards.starts[last]
    hands_over = _next(cards.handovers, first, closing)
    if cards.openers[last] > closing:
        return _UNFINISHED_HEAD if hands_over < start else 0
    unfinished = _next(cards.unfinished, first, start)
    if unfinished >= start and _next(cards.closings, start, closing) < closing:
        return _CARDS_RUN_TOGETHER if opening.label and hands_over < start else 0
    return _CARDS_RUN_TOGETHER if hands_over < unfinished else _UNFINISHED_CARD


def _next(numbers: list[int], after: int, otherwise: int) -> int:
    index = bisect_right(numbers, after)
    return numbers[index] if index < len(numbers) else otherwise


def _look_for_cards(lines: Sequence[str]) -> _Cards:
    marks = find_marks(lines, range(len(lines)))
    heads = [
        (title.line, opening.line)
        for title, ask, opening in zip(marks, marks[1:], marks[2:], strict=False)
        if (title.kind, ask.kind, opening.kind) == (Kind.TITLE, Kind.ASK, Kind.OPEN)
    ]
    starts, openers = [start for start, _ in heads], [opener for _, opener in heads]
    opening = set(openers)
    closings = [mark.line for mark in marks if mark.may_close and mark.line not in opening]
    unfinished = [start for start, end in pairwise(starts) if _next(closings, start, end) >= end]
    closing = set(closings)
    handovers = [
        mark.line
        for mark, following in pairwise(marks)
        if mark.line in closing
        and following.kind is Kind.TITLE
        and all(map(is_noise, lines[mark.line + 1 : following.line]))
    ]
    final = [at for at in closings[-1:] if all(map(is_noise, lines[at + 1 :]))]
    cuts = sorted(starts + handovers + final)
    return _Cards(starts, openers, closings, handovers, unfinished, cuts, len(lines))
