"""What a run reports while it is running, and the error of a failed example."""

from dataclasses import dataclass

from cardbook.base.errors import CardbookError


class ExampleError(CardbookError):
    """An example did not finish; the text names its file, cell, line and error."""


@dataclass(frozen=True)
class Event:
    """A step of a run, with a message for a person.

    `kind` is note, started, cell, done or failed; `done` of `total` cells are executed.
    """

    kind: str
    name: str
    done: int
    total: int
    message: str
