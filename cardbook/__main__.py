"""`python -m cardbook`."""

from cardbook.cli.commands import main

main()
