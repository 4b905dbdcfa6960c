"""`python -m cardbook`."""

from cardbook.cli import main

main()
