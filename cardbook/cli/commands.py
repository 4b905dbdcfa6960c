"""The program `cardbook`. Each command exits with 0 only on success, and with 2 for invalid input."""

import errno
import gc
import os
import sys
from pathlib import Path
from typing import Any

import click

from cardbook.cli import author, records, run, site, source

# How many new objects trigger the garbage collector; Python's default suits long-lived programs.
GC_THRESHOLD = 50_000


class CommandGroup(click.Group):
    """The commands; an error of the operating system is a message, not a traceback."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401
        """Run a command; exit with status 2 when a file cannot be read or written."""
        try:
            # A stream that is closed when Python starts is None.
            with Path(os.devnull).open("w", encoding="utf-8") as null:
                sys.stdout, sys.stderr = sys.stdout or null, sys.stderr or null
                return super().invoke(ctx)
        except OSError as error:
            # Click itself handles a closed pipe, such as that of `head`.
            if error.errno == errno.EPIPE:
                raise
            file = f"{error.filename}: " if error.filename else ""
            reason = error.strerror or str(error)
            click.echo(f"{file}{reason}: correct this, then run the command again", err=True)
            sys.exit(2)


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Build a book of flashcards in which every example has been executed."""
    gc.set_threshold(GC_THRESHOLD)


for command in (*author.COMMANDS, *source.COMMANDS, *run.COMMANDS, *records.COMMANDS, *site.COMMANDS):
    main.add_command(command)


def run_program() -> None:
    """Run the program, then end the process at once: Python would take 0.2 s to release what it imported."""
    try:
        main()
    except SystemExit as end:
        if not isinstance(end.code, int | None):
            raise
        for stream in (sys.stdout, sys.stderr):
            # A stream that was closed when Python started is None, or closed again.
            if stream is not None and not stream.closed:
                stream.flush()
        os._exit(end.code or 0)
