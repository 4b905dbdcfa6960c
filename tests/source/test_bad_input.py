"""Bad input of an author: one message for one mistake, with file, line and remedy; nothing crashes."""

from pathlib import Path

import pytest

from cardbook.source.book import read_book
from tests.conftest import Cardbook, replace, write
from tests.source.test_book import line_of, problems_of

DECK = "flashcards/part-01.md"


def many_cards(count: int) -> str:
    return "\n".join(f"#### Card {n}\n:p Question {n}?\n??x\nAnswer {n}.\nx??\n" for n in range(count, 0, -1))


def test_cards_in_no_chapter_come_in_the_decks_order_and_twenty_are_shown(
    small: Path, cardbook: Cardbook
) -> None:
    deck = small / DECK
    write(deck, deck.read_text() + "\n" + many_cards(30))
    assert [problem.split('"')[1] for problem in problems_of(small)] == [
        f"Card {n}" for n in range(30, 0, -1)
    ]
    outcome = cardbook("status", "--root", small)
    lines = outcome.stderr.splitlines()
    assert outcome.returncode == 2 and len(lines) == 21
    line = line_of(deck, "#### Card 30")
    assert lines[0] == (
        f'{DECK}:{line}: card "Card 30" (part-01, line {line}) '
        'is in no chapter: add to the cards of a chapter - "Card 30", and to card-ids.yml card-30: "Card 30"'
    )
    assert lines[20] == f"{DECK}: and 10 more"


def test_lines_to_paste_make_the_book_whole(small: Path) -> None:
    deck = small / DECK
    write(deck, deck.read_text() + '\n#### A "quoted": title\n:p Q?\n??x\nA\nx??\n')
    remedy = problems_of(small)[0].partition("is in no chapter: add to the cards of a chapter ")[2]
    card, _, registered = remedy.partition(", and to card-ids.yml ")
    replace(small / "book.yml", "      - id: second", f"      {card}\n      - id: second")
    write(small / "card-ids.yml", (small / "card-ids.yml").read_text() + registered + "\n")
    assert [entry.id for entry in read_book(small).entries] == ["first", "a-quoted-title", "second"]


def test_damaged_card_hides_what_follows_from_it(small: Path) -> None:
    replace(small / DECK, ":p What is two?\n", "")
    found = problems_of(small)
    assert len(found) == 1 and found[0].startswith(f"{DECK}:"), found


def test_typing_error_hides_that_its_card_is_in_no_chapter(small: Path) -> None:
    replace(small / "book.yml", "card: Second Card", "card: Secnd Card")
    found = problems_of(small)
    assert len(found) == 1 and 'did you mean "Second Card"?' in found[0]


@pytest.mark.parametrize("cut", [0.5, 0.7, 0.9])
def test_deck_that_is_cut_off_is_one_problem(small: Path, cut: float) -> None:
    text = "#### First Card\n:p One?\n??x\n1\nx??\n\n#### Second Card\n:p Two?\n??x\n" + "2\n" * 30 + "x??\n"
    write(small / DECK, text[: int(len(text) * cut)])
    assert len(problems_of(small)) == 1


def test_deck_that_is_gone_is_one_problem(small: Path) -> None:
    (small / DECK).unlink()
    for name in ("first", "second"):
        (small / "examples" / f"{name}.py").unlink()
        replace(small / "book.yml", f"        example: {name}\n", "")
    found = problems_of(small)
    assert len(found) == 1 and 'no deck "part-01" in flashcards/: the decks are: none' in found[0]


def test_card_that_is_gone_is_to_be_retired(small: Path) -> None:
    text = (small / DECK).read_text()
    write(small / DECK, text[: text.index("#### Second Card")])
    replace(small / "book.yml", "card: Second Card", "card: Quite another")
    replace(small / "card-ids.yml", "Second Card", "Quite another")
    remedy = "remove it here, and retire the id in card-ids.yml: second: {retired: DATE, reason: WHY}"
    assert any(f"if it is gone for good, {remedy}" in problem for problem in problems_of(small))


def test_utf_16_is_one_problem(small: Path) -> None:
    write(small / "book.yml", (small / "book.yml").read_text() + "omit:\n  - {card: Third, reason: x}\n")
    (small / DECK).write_bytes((small / DECK).read_text().replace("context", "\u1901").encode("utf-16"))
    found = problems_of(small)
    assert len(found) == 1 and "UTF-16" in found[0]


def test_missing_deck_is_told_once(small: Path) -> None:
    (small / DECK).rename(small / "flashcards" / "part-001.md")
    found = [problem for problem in problems_of(small) if "no deck" in problem]
    assert len(found) == 1
    assert 'no deck "part-01" in flashcards/: did you mean "part-001"?' in found[0]


def test_cards_without_a_deck_are_told_once(small: Path) -> None:
    replace(small / "book.yml", "deck: part-01\n", "")
    found = [problem for problem in problems_of(small) if "no deck" in problem]
    assert len(found) == 1 and "this card has no deck: add deck: to the book" in found[0]


def test_missing_keys_are_told_once(small: Path) -> None:
    replace(small / "book.yml", "    description: About numbers.\n    introduction: Some numbers.\n", "")
    assert [problem.split(": ", 1)[1] for problem in problems_of(small)] == [
        'chapters, item 1 has no "description": add description:',
        'chapters, item 1 has no "introduction": add introduction:',
    ]


def test_same_deck_twice_is_refused(small: Path) -> None:
    write(small / "flashcards" / "copy.md", (small / DECK).read_text())
    found = problems_of(small)
    assert any(f"{DECK}: has the same content as flashcards/copy.md: remove one" in p for p in found)


def test_long_title_is_refused(small: Path) -> None:
    title = "x" * 10_000
    replace(small / DECK, "#### Second Card", f"#### {title}")
    found = problems_of(small)
    assert any("the title has 10000 characters: at most 300 are allowed" in problem for problem in found)
    assert all(len(problem) < 500 for problem in found)
    replace(small / "book.yml", "card: Second Card", f"card: {title}")
    assert any("is longer than 300 characters" in problem for problem in problems_of(small))


@pytest.mark.parametrize("character", ["\0", "\x07", "\x1b", "\x0c"])
def test_control_character_in_a_deck_is_refused_and_can_be_repaired(small: Path, character: str) -> None:
    replace(small / DECK, "Two is", f"Two{character} is")
    line = line_of(small / DECK, "is **2**")
    found = problems_of(small)
    assert len(found) == 1 and found[0].startswith(f"{DECK}:{line}: ")
    code = f"\\x{ord(character):02x}"
    text = f'repairs:\n  - {{line: {line}, from: "Two{code}", to: "Two"}}\n'
    write(small / "book.yml", (small / "book.yml").read_text() + text)
    assert read_book(small).entries[1].card.answer == "Two is **2**."


def test_two_megabytes_in_one_line_are_read(small: Path) -> None:
    replace(small / DECK, "Two is **2**.", "two " * 500_000)
    assert len(read_book(small).entries[1].card.answer) >= 1_999_999


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("title: A small book", f"title: {'x' * 1_000_000}", "title is longer than 300 characters"),
        ("id: first\n", f"id: {'x' * 100_000}\n", "id is longer than 100 characters"),
        (
            "id: first\n",
            "id: second-example\n",
            'id "second-example" is the address of the example of "second"',
        ),
        (
            "id: numbers\n",
            "id: first-example\n",
            'id "first-example" is the address of the example of "first"',
        ),
        ("example: second", "example: test_first", 'example "test_first" is malformed'),
        ("example: second", "example: index", 'example "index" is malformed'),
        ("id: numbers\n", "id: index\n", "chapters, item 1, id must not be index: choose another"),
        ("title: A small book", 'title: "a\\x1bb"', "title contains a control character"),
        (
            "title: A small book",
            "title: A small book\nmax_age_days: true",
            "max_age_days must be a whole number",
        ),
        ("title: A small book", "title: A small book\nmax_age_days: 0", "max_age_days must be at least 1"),
        ("title: A small book", f"title: A\nmax_age_days: {'9' * 5000}", "is not a plain value"),
        ("card: Second Card", "card: [x]", "card must be text"),
        ("card: Second Card", "card: " + "x" * 250, "no card"),
        ("      - id: second", "      - 7\n      - id: second", "cards, item 2 must be text or a mapping"),
        ("chapters:", "chapters: {}\nx:", "chapters must be a list"),
    ],
)
def test_bad_value_in_book_yml_is_refused(small: Path, before: str, after: str, message: str) -> None:
    replace(small / "book.yml", before, after)
    found = [problem for problem in problems_of(small) if message in problem]
    assert found and found[0].startswith("book.yml:") and len(found[0]) < 500


def test_skip_until_no_such_day_has_its_line(small: Path, cardbook: Cardbook) -> None:
    skip = "examples:\n  first:\n    skip: {reason: x, link: 'https://a', until: 2026-13-45}\n"
    write(small / "book.yml", (small / "book.yml").read_text() + skip)
    outcome = cardbook("status", "--root", small)
    assert outcome.returncode == 2
    line = line_of(small / "book.yml", "2026-13-45")
    assert f"book.yml:{line}: examples, first, skip, until must be a date: write it as" in outcome.stderr


@pytest.mark.parametrize("text", ["", "- a\n", "7\n", "title: x\n", "a: &a [*a]\n", "\x00", "{" * 9000])
def test_odd_book_is_refused_with_status_2(small: Path, cardbook: Cardbook, text: str) -> None:
    write(small / "book.yml", text)
    outcome = cardbook("status", "--root", small)
    assert outcome.returncode == 2 and outcome.stderr.startswith("book.yml")
    assert "Traceback" not in outcome.stderr
