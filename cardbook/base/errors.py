"""Errors: what is wrong with an input, and how its author can fix it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

# How many problems of one file are printed: the author fixes these first.
SHOWN = 20


@dataclass(frozen=True, order=True)
class Problem:
    """One fault: the file and line to fix (line 0: the whole file), what is wrong, what to do."""

    file: str
    line: int
    what: str
    remedy: str

    def __str__(self) -> str:
        """Return `file:line: what: remedy`, without the line where the whole file is meant."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.what}: {self.remedy}"


class CardbookError(Exception):
    """The base of every error that this package raises on purpose."""


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems sorted by file and line; those of one line keep their order."""
    return sorted(problems, key=lambda problem: (problem.file, problem.line))


def to_lines(problems: Iterable[Problem]) -> list[str]:
    """Return problems as lines to print: the first twenty of each file, and how many more it has."""
    lines: list[str] = []
    counts: Counter[str] = Counter()
    for problem in problems:
        counts[problem.file] += 1
        if counts[problem.file] <= SHOWN:
            lines.append(str(problem))
    more = [f"{file}: and {count - SHOWN} more" for file, count in counts.items() if count > SHOWN]
    return [*lines, *more]


class UntrustedInputError(CardbookError):
    """Input from another machine that cannot be trusted; the text says what is wrong with it."""


class InputError(CardbookError):
    """Input that cannot be used; `problems` has every reason, `str()` at most twenty of each file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        """Return the problems, one a line."""
        return "\n".join(to_lines(self.problems))
