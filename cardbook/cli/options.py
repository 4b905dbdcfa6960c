"""What the commands share: options, the report of invalid input, the width of tables."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cardbook.base.errors import InputError
from cardbook.models.manifest import PROFILES

if TYPE_CHECKING:
    from rich.console import Console

    from cardbook.records.status import Project

FROM_BOOK = "book"

root_option = click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=".",
    callback=lambda _context, _parameter, path: path.resolve(),
    help="The folder with book.yml, flashcards/ and examples/; default: the current folder.",
)
profile_option = click.option(
    "--profile",
    type=click.Choice(PROFILES),
    default="offline",
    show_default=True,
    envvar="CARDBOOK_PROFILE",
    help="Where models come from.",
)
records_option = click.option(
    "--records",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="CARDBOOK_RECORDS",
    help="The folder of the records; default: .cardbook/records/PROFILE.",
)
device_option = click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    envvar="CARDBOOK_DEVICE",
    help="The kind of device that records must come from; default: this machine's.",
)
jobs_option = click.option(
    "--jobs", type=click.IntRange(1), help="How many examples run at a time; default: one per core."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def project_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that select the book, the profile and the records."""
    return root_option(profile_option(records_option(command)))


def tolerance_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say by how much outputs may differ."""
    number = click.option(
        "--numbers",
        type=click.FloatRange(0),
        default=1e-3,
        show_default=True,
        help="By how much decimal numbers may differ, as a share of the larger one.",
    )
    figure = click.option(
        "--figures",
        type=click.FloatRange(0),
        default=6.0,
        show_default=True,
        help="By how much figures may differ: a colour distance, 0 to 100.",
    )
    return number(figure(command))


def max_age_option(default: str | None, help_text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option --max-age [DAYS]; its value is a number of days, FROM_BOOK or None."""
    return click.option(
        "--max-age",
        is_flag=False,
        flag_value=FROM_BOOK,
        default=default,
        metavar="[DAYS]",
        callback=lambda _context, _parameter, text: _read_days(text),
        help=help_text,
    )


def with_age_limit(project: "Project", max_age: int | str | None) -> "Project":
    """Return the project with the limit on the age of records that the option --max-age sets."""
    from cardbook.records.status import limit_age

    days = project.book.max_age_days if isinstance(max_age, str) else max_age
    return replace(project, age_limit=None if days is None else limit_age(days))


def _read_days(text: str | None) -> int | str | None:
    if text is None or text == FROM_BOOK:
        return text
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise click.BadParameter("write a number of days, such as 35")
    return int(text)


@contextmanager
def bad_input_reported() -> Iterator[None]:
    """Print the problems of invalid input to stderr, one per line, and exit with status 2."""
    try:
        yield
    except InputError as error:
        click.echo(str(error), err=True)
        sys.exit(2)


@contextmanager
def interruption_reported() -> Iterator[None]:
    """After Ctrl-C, say that finished work is kept, and exit with status 130, as shells expect."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo("Interrupted. Finished work is kept; run the command again for the rest.", err=True)
        sys.exit(130)


def refuse_blocked(blockers: Sequence[str]) -> None:
    """If anything blocks the publication, print it to stderr and exit with status 1."""
    if blockers:
        click.echo("\n".join(blockers), err=True)
        click.echo("Nothing is published. Fix the above, then run: cardbook run", err=True)
        sys.exit(1)


def make_console() -> "Console":
    """Return a console as wide as the terminal; without one, wide enough for any table."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=200)
