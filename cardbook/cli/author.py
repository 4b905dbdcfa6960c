"""The commands that write a book's files: `new`, `add`."""

from collections.abc import Sequence
from pathlib import Path

import click

from cardbook.cli.options import bad_input_reported, root_option


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("decks", metavar="DECK...", nargs=-1, required=True, type=click.Path(path_type=Path))
def new(folder: Path, decks: Sequence[Path]) -> None:
    """Write a new book with the cards of DECKs into FOLDER.

    A deck is copied as it is. A card that is malformed in its deck is left out, and listed.
    """
    from cardbook.base.document import shorten
    from cardbook.cli.new_book import date_new_cards, write_new_book
    from cardbook.source.book import read_book

    with bad_input_reported():
        write_new_book(folder, decks)
        click.echo(f"{folder} is written.")
        # The author must repair malformed text before the first card, in the new book.yml.
        book = read_book(folder)
        date_new_cards(folder, book, {entry.id for entry in book.entries})
    click.echo(f"{count(len(book.entries), 'card')} in {count(len(book.chapters), 'chapter')}.")
    report_omissions(
        folder / "book.yml", [f"{item.deck}: {shorten(item.title)}: {item.reason}" for item in book.omitted]
    )
    click.echo(f"Next: cardbook site --root {folder}, then open {folder / 'site' / 'index.html'}")


@click.command()
@click.argument("decks", metavar="DECK...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--chapter", metavar="ID", help="The chapter that gets the cards; default: new chapters.")
@root_option
def add(decks: Sequence[Path], chapter: str | None, root: Path) -> None:
    """Add the cards of DECKs to the book: to new chapters, or to one.

    A deck is copied to flashcards/; one that is already there is given by its file or its name. Lines are
    added to book.yml, card-ids.yml and card-dates.yml. Existing lines do not change.
    """
    from cardbook.cli.new_book import add_decks

    with bad_input_reported():
        added = add_decks(root, decks, chapter)
    click.echo(f"{count(len(added.cards), 'card')} added: {', '.join(added.chapters)}.")
    report_omissions(root / "book.yml", added.omitted)


def count(number: int, what: str) -> str:
    """Return a number with a noun: `1 card`, `2 cards`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def report_omissions(file: Path, omitted: Sequence[str]) -> None:
    """Print the cards that are left out, to stderr."""
    if omitted:
        are = "card is" if len(omitted) == 1 else "cards are"
        click.echo(f"{len(omitted)} {are} left out. To include one, write a repair in {file}:", err=True)
        click.echo("\n".join(omitted), err=True)


COMMANDS = (new, add)
