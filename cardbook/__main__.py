"""`python -m cardbook`."""

from cardbook.cli.commands import run_program

run_program()
