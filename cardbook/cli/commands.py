"""The command `cardbook`. Each verb exits with 0 only if what it promises holds, with 2 for bad input."""

import errno
import gc
import os
import sys
from pathlib import Path
from typing import Any

import click

from cardbook.cli import author, records, run, site, source

# How many new objects the garbage collector waits for; Python's default of 700 suits long-lived programs.
GC_THRESHOLD = 50_000


class Verbs(click.Group):
    """The verbs; what the operating system refuses one of them is a message, not a traceback."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401
        """Run a verb; exit with status 2 when a file cannot be read or written."""
        try:
            # Python has None in place of a stream that was closed before it started.
            with Path(os.devnull).open("w", encoding="utf-8") as nobody:
                sys.stdout, sys.stderr = sys.stdout or nobody, sys.stderr or nobody
                return super().invoke(ctx)
        except OSError as error:
            # Click itself handles a reader that has gone away, such as `head`.
            if error.errno == errno.EPIPE:
                raise
            file = f"{error.filename}: " if error.filename else ""
            reason = error.strerror or str(error)
            click.echo(f"{file}{reason}: correct this, then run the command again", err=True)
            sys.exit(2)


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Build a book of flashcards in which every example has been executed."""
    gc.set_threshold(GC_THRESHOLD)


for command in (*author.COMMANDS, *source.COMMANDS, *run.COMMANDS, *records.COMMANDS, *site.COMMANDS):
    main.add_command(command)
