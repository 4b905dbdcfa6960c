"""Received decks stay as they are: book.yml says what is repaired and left out."""

from pathlib import Path

import pytest

from cardbook.base.errors import InputError
from cardbook.source.book import read_book
from cardbook.source.deck import Deck, parse_deck
from tests.conftest import Cardbook, replace, write
from tests.source.test_book import line_of, problems_of

THIRD = "\n#### Third Card\n:Briefly what is three?\n??x\nThree.\nx??\n"


@pytest.fixture
def damaged(small: Path) -> Path:
    """The small book with a third card whose question has lost its mark."""
    deck = small / "flashcards" / "part-01.md"
    write(deck, deck.read_text() + THIRD)
    replace(small / "book.yml", "      - id: second", "      - Third Card\n      - id: second")
    write(small / "card-ids.yml", (small / "card-ids.yml").read_text() + 'third-card: "Third Card"\n')
    return small


def add(root: Path, text: str) -> None:
    path = root / "book.yml"
    write(path, f"{path.read_text()}{text}\n")


def test_damaged_card_is_one_problem(damaged: Path) -> None:
    found = problems_of(damaged)
    assert len(found) == 1 and "Third Card" in found[0] and found[0].startswith("flashcards/part-01.md:")


def test_mark_is_repaired_and_the_deck_stays_as_it_is(damaged: Path) -> None:
    deck = damaged / "flashcards" / "part-01.md"
    before, line = deck.read_bytes(), line_of(deck, ":Briefly")
    add(damaged, f'repairs:\n  - {{line: {line}, from: ":Briefly", to: ":p Briefly"}}')
    cards = {entry.id: entry.card for entry in read_book(damaged).entries}
    assert cards["third-card"].question == "Briefly what is three?"
    assert deck.read_bytes() == before


def test_repair_that_adds_lines_keeps_line_numbers(damaged: Path) -> None:
    deck = damaged / "flashcards" / "part-01.md"
    replace(deck, "What is one?\n??x\n", "What is one?\n")
    add(damaged, 'repairs:\n  - {line: 7, from: "What is one?", to: "What is one?\\n??x"}')
    assert deck.read_text().split("\n")[6] == ":p What is one?"
    found = problems_of(damaged)
    assert len(found) == 1
    assert found[0].startswith(f"flashcards/part-01.md:{line_of(deck, '??x') + 8}: ") or "Third" in found[0]
    line = int(found[0].split(":")[1])
    assert line in range(line_of(deck, "Third Card"), line_of(deck, "Three.") + 1)


@pytest.mark.parametrize(
    ("repair", "message"),
    [
        (
            '{line: 3, from: ":Briefly", to: ":p"}',
            'line 3 of flashcards/part-01.md does not have ":Briefly" once',
        ),
        ('{line: 3, from: ":Briefly", to: ":p"}', "it is on line "),
        ('{line: 9999, from: "x", to: "y"}', "line 9999 of"),
        ('{line: 3, from: "nowhere to be found", to: "y"}', "correct it, or remove the repair"),
        ('{deck: part-9, line: 3, from: "x", to: "y"}', 'no deck "part-9" in flashcards/'),
        ('{line: 0, from: "x", to: "y"}', "must be at least 1"),
        ('{line: 1, from: "", to: "y"}', "must be text"),
    ],
)
def test_repair_that_does_not_apply_is_refused(damaged: Path, repair: str, message: str) -> None:
    add(damaged, f"repairs:\n  - {repair}")
    found = [problem for problem in problems_of(damaged) if message in problem]
    assert found and found[0].startswith(f"book.yml:{line_of(damaged / 'book.yml', '- {')}: ")


def test_card_is_left_out_with_its_problems(damaged: Path) -> None:
    replace(damaged / "book.yml", "      - Third Card\n", "")
    replace(damaged / "card-ids.yml", '"Third Card"', "{retired: 2026-11-25, reason: unusable}")
    add(damaged, "omit:\n  - {card: Third Card, reason: the question is lost}")
    book = read_book(damaged)
    assert [(item.deck, item.title, item.reason) for item in book.omitted] == [
        ("part-01", "Third Card", "the question is lost")
    ]
    assert len(book.entries) == 2


def test_omitting_a_card_leaves_its_neighbours_and_their_problems(damaged: Path) -> None:
    replace(damaged / "flashcards" / "part-01.md", "??x\nTwo", "Two")
    add(damaged, "omit:\n  - {card: First Card, reason: a double}")
    found = problems_of(damaged)
    assert any('card "First Card" of part-01 is omitted, and the example first proves it' in p for p in found)
    assert any('"Second Card"' in p and p.startswith("flashcards/") for p in found)
    assert any('"Third Card"' in p and p.startswith("flashcards/") for p in found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{card: Frst Card, reason: a double}", 'part-01 has 0 cards titled "Frst Card"'),
        ("{card: First Card}", 'has no "reason"'),
        ("{reason: y}", "omit, item 1 needs either card or line"),
        ("{line: 6, reason: y}", "no card of part-01 begins on line 6: the next begin on 5, 14"),
        ("{card: First Card, deck: x, reason: y}", 'no deck "x" in flashcards/'),
    ],
)
def test_omission_that_does_not_apply_is_refused(small: Path, text: str, message: str) -> None:
    add(small, f"omit:\n  - {text}")
    assert any(message in problem for problem in problems_of(small))


def test_one_of_two_cards_of_one_title_is_left_out(small: Path) -> None:
    deck = small / "flashcards" / "part-01.md"
    write(deck, deck.read_text() + "\n#### First Card\n:p Once more?\n??x\nYes.\nx??\n")
    add(small, "omit:\n  - {card: First Card, occurrence: 2, reason: a double}")
    assert [entry.card.question for entry in read_book(small).entries] == ["What is one?", "What is two?"]


def test_chapter_names_its_deck_once_and_a_card_is_one_line(small: Path) -> None:
    (small / "flashcards" / "part-01.md").rename(small / "flashcards" / "other.md")
    replace(small / "book.yml", "deck: part-01\n", "")
    replace(small / "book.yml", "    title: Numbers\n", "    title: Numbers\n    deck: other\n")
    replace(
        small / "book.yml", "id: second\n        card: Second Card\n        example: second", "Second Card"
    )
    (small / "examples" / "second.py").unlink()
    book = read_book(small)
    assert [(entry.id, entry.deck, entry.card.title) for entry in book.entries] == [
        ("first", "other", "First Card"),
        # The registry knows which id this title has.
        ("second", "other", "Second Card"),
    ]


def test_new_card_of_one_line_gets_an_id_from_its_title(small: Path) -> None:
    deck = small / "flashcards" / "part-01.md"
    write(deck, deck.read_text() + "\n#### A Third, naïve Card!\n:p Q?\n??x\nA\nx??\n")
    found = problems_of(small)
    assert found == [
        f'flashcards/part-01.md:{line_of(deck, "naïve")}: card "A Third, naïve Card!" (part-01, line '
        f"{line_of(deck, 'naïve')}) is in no chapter: add to the cards of a chapter "
        '- "A Third, naïve Card!", and to card-ids.yml a-third-naive-card: "A Third, naïve Card!"'
    ]
    replace(small / "book.yml", "      - id: second", '      - "A Third, naïve Card!"\n      - id: second')
    assert problems_of(small) == [
        'card-ids.yml:1: card id "a-third-naive-card" is not registered: '
        'add the line a-third-naive-card: "A Third, naïve Card!"'
    ]


def test_parts_group_chapters_in_the_books_order(small: Path) -> None:
    chapter = "  - {id: more, title: More, description: M., introduction: M., cards: []}\n"
    add(small, f"{chapter}parts:\n  - title: All\n    chapters: [numbers, more]")
    assert [(part.title, part.chapters) for part in read_book(small).parts] == [("All", ("numbers", "more"))]
    replace(small / "book.yml", "[numbers, more]", "[more, numbers]")
    assert any('chapter "numbers" is not in the place' in problem for problem in problems_of(small))
    replace(small / "book.yml", "[more, numbers]", "[numbrs]")
    assert any('no chapter "numbrs": did you mean "numbers"?' in problem for problem in problems_of(small))


def test_correction_quotes_its_source_or_says_that_it_is_unread(small: Path) -> None:
    words = " ".join(["word"] * 25)
    text = "example: first\n        also: [uno, eins]\n        corrections:\n"
    text += f"          - {{text: No., source: 'https://a', quote: '{words}'}}\n"
    text += "          - {text: No., source: 'https://b', unread: true}"
    replace(small / "book.yml", "example: first", text)
    entry = read_book(small).entries[0]
    assert [(item.quote, item.unread) for item in entry.corrections] == [(words, False), ("", True)]
    assert entry.also == ("uno", "eins")
    replace(small / "book.yml", words, f"{words} more")
    assert any("does not have 1 to 25 words" in problem for problem in problems_of(small))
    replace(small / "book.yml", f"{words} more", "a', unread: true, text: '")
    assert any('"text" is there twice' in problem for problem in problems_of(small))
    replace(small / "book.yml", "a', unread: true, text: ''", "a', unread: true")
    assert any("quotes a source that is unread" in problem for problem in problems_of(small))


def test_damaged_card_without_a_title_is_left_out_by_its_line(small: Path) -> None:
    deck = small / "flashcards" / "part-01.md"
    write(deck, deck.read_text() + "\n####\n:p Once more?\n??x\nYes.\nx??\n")
    found = problems_of(small)
    assert len(found) == 1 and "no title" in found[0]
    line = found[0].split(":")[1]
    add(small, f"omit:\n  - {{line: {line}, reason: it has no title}}")
    assert len(read_book(small).entries) == 2


def test_omitting_one_of_several_damaged_cards_hides_none_of_the_others(small: Path) -> None:
    deck = small / "flashcards" / "part-01.md"
    text = deck.read_text().replace("One is", "One\0 is").replace("Two is", "Two\0 is")
    write(deck, text)
    add(small, "omit:\n  - {card: First Card, reason: damaged}")
    assert any(
        problem.startswith("flashcards/part-01.md:") and "NUL" in problem for problem in problems_of(small)
    )


def test_what_is_odd_in_a_deck_is_a_warning_with_the_line_of_the_file(small: Path) -> None:
    deck = small / "flashcards" / "part-01.md"
    replace(deck, "Two is", "Two\n??x\nis")
    line = line_of(deck, "is **2**") - 1
    assert [(item.file, item.line) for item in read_book(small).warnings] == [("flashcards/part-01.md", line)]
    add(small, 'repairs:\n  - {line: 7, from: ":p What is one?", to: ":p What\\nis one?"}')
    book = read_book(small)
    assert book.entries[0].card.question == "What\nis one?"
    assert [(item.file, item.line) for item in book.warnings] == [("flashcards/part-01.md", line)]
    assert book.entries[1].card.line == line_of(deck, "#### Second Card")


def test_omitted_card_is_listed_by_status(small: Path, cardbook: Cardbook) -> None:
    deck = small / "flashcards" / "part-01.md"
    write(deck, deck.read_text() + "\n#### Third Card\n:p Once more?\n??x\nYes.\nx??\n")
    add(small, "omit:\n  - {card: Third Card, reason: a double}")
    shown = cardbook("status", "--root", small).stdout
    assert "chapters: 1, cards: 2, examples: 2" in shown
    assert "omitted cards: 1\n  part-01: Third Card: a double\n" in shown


def test_a_deck_is_parsed_once_while_it_is_unchanged_and_whole(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []

    def watch(text: str, path: str) -> Deck:
        parsed.append(text)
        return parse_deck(text, path)

    monkeypatch.setattr("cardbook.source.received.parse_deck", watch)
    deck = small / "flashcards" / "part-01.md"
    replace(deck, "Two is **2**.", "Two is **2**, $which is the value of x$.")
    first = read_book(small)
    assert read_book(small) == first and first.warnings
    assert [entry.card.answer_line for entry in read_book(small).entries] == [9, 17]
    assert len(parsed) == 1
    replace(deck, "One is", "One was")
    assert read_book(small).entries[0].card.answer == "One was `1`."
    assert len(parsed) == 2
    replace(deck, ":p What is two?", "What is two?")
    for _ in range(2):
        with pytest.raises(InputError, match="has no question"):
            read_book(small)
    assert len(parsed) == 4
