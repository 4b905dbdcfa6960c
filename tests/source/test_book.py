import json
import re
from pathlib import Path

import pytest

from cardbook.base.errors import InputError
from cardbook.source.book import read_book
from tests.conftest import Cardbook, replace, write


def problems_of(root: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_book(root)
    return [str(problem) for problem in caught.value.problems]


def line_of(path: Path, text: str) -> int:
    lines = path.read_text(encoding="utf-8").split("\n")
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_book_is_read_in_order(small: Path) -> None:
    book = read_book(small)
    assert [entry.id for entry in book.entries] == ["first", "second"]
    assert book.examples == ("first", "second")
    assert book.entries[1].card.answer == "Two is **2**."


def test_unknown_card_is_named_with_its_line_and_a_guess(small: Path) -> None:
    replace(small / "book.yml", "card: Second Card", "card: Secnd Card")
    line = line_of(small / "book.yml", "Secnd Card")
    assert f'book.yml:{line}: no card "Secnd Card" in part-01: did you mean "Second Card"?' in problems_of(
        small
    )


def test_card_in_no_chapter_fails(small: Path) -> None:
    deck = small / "flashcards" / "part-01.md"
    write(deck, deck.read_text() + "\n#### Third Card\n:p Q?\n??x\nA\nx??\n")
    assert any(
        'card "Third Card"' in problem and "is in no chapter" in problem for problem in problems_of(small)
    )


def test_card_in_two_places_fails(small: Path) -> None:
    replace(small / "book.yml", "card: Second Card", "card: First Card")
    found = problems_of(small)
    assert any('is under "first" and "second"' in problem for problem in found)
    assert any('"Second Card"' in problem and "in no chapter" in problem for problem in found)


def test_cards_of_one_title_are_told_apart_by_occurrence(small: Path) -> None:
    replace(small / "flashcards" / "part-01.md", "#### Second Card", "#### First Card")
    replace(small / "book.yml", "card: Second Card", "card: First Card\n        occurrence: 2")
    replace(
        small / "book.yml",
        "card: First Card\n        example: first",
        "card: First Card\n        occurrence: 1",
    )
    replace(small / "book.yml", "        example: second\n", "")
    replace(small / "card-ids.yml", "Second Card", "First Card")
    for path in (small / "examples").glob("*.py"):
        path.unlink()
    assert [entry.card.question for entry in read_book(small).entries] == ["What is one?", "What is two?"]


def test_duplicate_title_without_occurrence_fails(small: Path) -> None:
    replace(small / "flashcards" / "part-01.md", "#### Second Card", "#### First Card")
    found = problems_of(small)
    assert any('2 card(s) titled "First Card"' in problem for problem in found)
    # That follows from it.
    assert not any("is in no chapter" in problem for problem in found)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("id: second\n", "id: first\n", 'id "first" is already used on line'),
        ("id: second\n", "id: Second_Card\n", 'id "Second_Card" is malformed'),
        ("example: second", "example: secnd", 'no example "secnd" in examples/: did you mean "second"?'),
        ("example: second", "example: first", 'example "first" already proves another card'),
        ("example: second", "exmple: second", 'unknown key "exmple"'),
        ("title: Numbers", "title:", "must be text"),
        ("title: A small book", "titel: A small book", 'has no "title"'),
        ("card: First Card", "card: First Card\n        card: Second Card", '"card" is there twice'),
        ("card: First Card", "card: [", "not valid YAML"),
        ("id: numbers", 'id: "numbers\\n"', "use at most 100 of a-z, 0-9 and single hyphens"),
        ("id: numbers", 'id: "index\\n"', "use at most 100 of a-z, 0-9 and single hyphens"),
    ],
)
def test_mistakes_in_book_yml_are_named_with_their_line(
    small: Path, before: str, after: str, message: str
) -> None:
    replace(small / "book.yml", before, after)
    found = [problem for problem in problems_of(small) if message in problem]
    assert found and re.match(r"book\.yml:\d+: ", found[0])


def test_all_problems_are_reported_at_once(small: Path) -> None:
    replace(small / "book.yml", "example: second", "example: secnd")
    replace(small / "book.yml", "id: first", "id: First")
    replace(small / "flashcards" / "part-01.md", ":p What is two?", "")
    assert len(problems_of(small)) >= 3


def test_id_that_vanishes_fails_unless_retired(small: Path) -> None:
    write(small / "card-ids.yml", 'first: "First Card"\nsecond: "Second Card"\nold: "Old Card"\n')
    assert any(
        'card-ids.yml:3: card id "old" is gone from book.yml' in problem for problem in problems_of(small)
    )
    retired = "old: {retired: 2026-11-22, reason: it repeated another}\n"
    write(small / "card-ids.yml", 'first: "First Card"\nsecond: "Second Card"\n' + retired)
    read_book(small)


def test_retired_id_never_comes_back(small: Path) -> None:
    write(small / "card-ids.yml", 'first: "First Card"\nsecond: {retired: 2026-11-22, reason: gone}\n')
    assert any("is retired but used" in problem for problem in problems_of(small))


def test_id_that_changes_its_card_fails(small: Path) -> None:
    write(small / "card-ids.yml", 'first: "Second Card"\nsecond: "First Card"\n')
    found = problems_of(small)
    assert any('card id "first" has moved from "Second Card" to "First Card"' in problem for problem in found)


def test_new_id_must_be_registered(small: Path) -> None:
    write(small / "card-ids.yml", 'first: "First Card"\n')
    assert any('add the line second: "Second Card"' in problem for problem in problems_of(small))


def test_correction_needs_a_source_that_is_a_link(small: Path) -> None:
    addition = "example: first\n        corrections:\n          - text: No.\n            source: a friend"
    replace(small / "book.yml", "example: first", addition)
    assert any('source "a friend" is not a link' in problem for problem in problems_of(small))


def test_command_line_reports_bad_input_with_status_2(small: Path, cardbook: Cardbook) -> None:
    replace(small / "book.yml", "card: Second Card", "card: Secnd Card")
    for command in ("run", "status", "pages", "check"):
        outcome = cardbook(command, "--root", small)
        assert outcome.returncode == 2, command
        assert 'did you mean "Second Card"?' in outcome.stderr


def test_cards_command_prints_json(small: Path, cardbook: Cardbook) -> None:
    outcome = cardbook("cards", small / "flashcards" / "part-01.md", "--json")
    assert outcome.returncode == 0
    cards = json.loads(outcome.stdout)
    assert [card["title"] for card in cards] == ["First Card", "Second Card"]
    assert set(cards[0]) == {"deck", "title", "context", "question", "answer", "line"}


def test_cards_command_keeps_good_cards_of_a_bad_deck(small: Path, cardbook: Cardbook) -> None:
    deck = small / "flashcards" / "part-01.md"
    replace(deck, ":p What is one?", "")
    outcome = cardbook("cards", deck, "--json")
    assert outcome.returncode == 2
    assert [card["title"] for card in json.loads(outcome.stdout)] == ["Second Card"]
    assert re.match(r".*part-01\.md:\d+: ", outcome.stderr)
