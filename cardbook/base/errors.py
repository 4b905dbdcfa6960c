"""What is wrong with something that was read, said so that its author can fix it."""

from collections.abc import Iterable
from dataclasses import dataclass


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


class InputError(CardbookError):
    """Input that cannot be used; `problems` has every reason, `str()` has one a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        """Return the problems, one a line."""
        return "\n".join(map(str, self.problems))
