"""The content of this book: its deck, its chapters, its dates."""

from datetime import UTC, datetime

from cardbook.source.book import read_book
from cardbook.source.card_dates import check_dates
from cardbook.source.deck import read_deck
from tests.conftest import ROOT

PUBLISHED = ROOT / "flashcards" / "part-01.md"


def test_published_deck_has_21_whole_cards() -> None:
    """Every card of the published deck is read with all its texts."""
    deck = read_deck(PUBLISHED)
    assert deck.problems == ()
    assert (deck.name, deck.path, len(deck.cards)) == ("part-01", str(PUBLISHED), 21)
    assert all(c.title and c.context and c.question and c.answer for c in deck.cards)
    first, last = deck.cards[0], deck.cards[-1]
    assert (first.title, first.line) == ("Overview of Language Models", 7)
    assert first.context.startswith("This part provides an introduction to language models,")
    assert last.answer.startswith("The typographical conventions described include:\n- **Italic**")
    assert last.answer.endswith("different types of text and improve readability.")
    assert not any(mark in c.answer for c in deck.cards for mark in ("x??", "??x", "\n---"))


def test_published_deck_closes_its_last_six_cards_with_the_opening_mark() -> None:
    """The deck has the irregularity that the parser must cope with."""
    lines = PUBLISHED.read_text(encoding="utf-8").splitlines()
    marks = [line for line in lines if line in ("??x", "x??")]
    assert marks[-14:] == ["??x", "x??"] + ["??x"] * 12
    assert [card.title for card in read_deck(PUBLISHED).cards[-6:]] == [
        "API Key Creation for OpenAI and Cohere",
        "API Key Creation for Cohere",
        "Rate Limits for Free Accounts",
        "Local Alternatives",
        "Hugging Face Account for Llama 2 Model",
        "Typographical Conventions",
    ]


def test_published_book_has_every_card_of_its_deck() -> None:
    book = read_book(ROOT)
    placed = [entry.card.title for entry in book.entries if entry.deck == "part-01"]
    assert sorted(placed) == sorted(card.title for card in read_deck(PUBLISHED).cards)
    for entry in book.entries:
        for correction in entry.corrections:
            assert correction.source.startswith("https://"), entry.id
            assert bool(correction.quote) != correction.unread, correction.text
            assert len(correction.quote.split()) <= 25, correction.quote


def test_published_cards_are_dated() -> None:
    assert check_dates(ROOT, read_book(ROOT), datetime.now(UTC)) == []
