"""The commands about what authors write: `cards`, `update-dates`."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from cardbook.base.document import shorten
from cardbook.base.errors import InputError, Problem, in_order
from cardbook.cli.options import bad_input_reported, json_option, root_option

CARD_KEYS = ("title", "context", "question", "answer", "line")

# In all modules of this package, a command imports its own modules inside its function, for a fast start.


@click.command()
@click.argument("decks", nargs=-1, required=True, type=click.Path(path_type=Path))
@root_option
@json_option
@click.option("--check", is_flag=True, help="Also report what is well-formed but unusual.")
def cards(decks: Sequence[Path], root: Path, *, as_json: bool, check: bool) -> None:
    """Parse decks and list their cards. A relative DECK is searched for in the root."""
    from cardbook.source.deck import read_deck

    paths = {deck: root / deck for deck in decks}
    with bad_input_reported():
        if missing := [deck for deck, path in paths.items() if not path.is_file()]:
            raise InputError(Problem(str(deck), 0, "no such file", "name a deck") for deck in missing)
    parsed = [read_deck(path) for path in paths.values()]
    if as_json:
        found = [
            {"deck": deck.name} | {key: getattr(card, key) for key in CARD_KEYS}
            for deck in parsed
            for card in deck.cards
        ]
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        for deck in parsed:
            click.echo(f"{deck.path}: {len(deck.cards)} cards")
            listed = [(card.line, shorten(card.title)) for card in deck.cards]
            listed += [(card.first, f"{shorten(card.title)} (damaged)") for card in deck.damaged]
            for line, title in sorted(listed):
                click.echo(f"  {line:>5}  {title}")
    remarks = [warning for deck in parsed for warning in deck.warnings]
    if check:
        from cardbook.pages.html import card_problems
        from cardbook.source.deck_check import check_decks

        remarks += check_decks(parsed)
        for deck in parsed:
            remarks += (problem for card in deck.cards for problem in card_problems(card, deck.path))
    for remark in in_order(remarks):
        click.echo(f"warning: {remark}", err=True)
    if problems := [problem for deck in parsed for problem in deck.problems]:
        click.echo(str(InputError(problems)), err=True)
        sys.exit(2)


@click.command("update-dates")
@root_option
def update_dates(root: Path) -> None:
    """Record in card-dates.yml which cards have changed, with today's date."""
    date_changed_cards(root)


def date_changed_cards(root: Path) -> None:
    """Date the cards that have changed, and print which; exit with status 2 for bad input."""
    from datetime import UTC, datetime

    from cardbook.source.book import read_book
    from cardbook.source.card_dates import date_cards

    with bad_input_reported():
        book = read_book(root)
        changed = date_cards(root, book, datetime.now(UTC))
    click.echo(f"{len(changed)} of {len(book.entries)} cards changed: {', '.join(changed) or 'none'}")


COMMANDS = (cards, update_dates)
