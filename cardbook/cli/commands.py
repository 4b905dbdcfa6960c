"""The command `cardbook`. Each verb exits with 0 only if what it promises holds, with 2 for bad input."""

import gc

import click

from cardbook.cli import author, records, run, site, source

# How many new objects the garbage collector waits for; Python's default of 700 suits long-lived programs.
GC_THRESHOLD = 50_000


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Build a book of flashcards in which every example has been executed."""
    gc.set_threshold(GC_THRESHOLD)


for command in (*author.COMMANDS, *source.COMMANDS, *run.COMMANDS, *records.COMMANDS, *site.COMMANDS):
    main.add_command(command)
