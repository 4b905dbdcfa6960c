"""An id stays with its card: where cards share a title, their questions distinguish them."""

from pathlib import Path

import pytest

from cardbook.source.book import Book, read_book
from cardbook.source.registry import hash_question, make_id
from tests.conftest import Cardbook, replace, write
from tests.source.test_book import problems_of

DECK = """\
#### LoRA
:p What is LoRA?
??x
Small matrices.
x??

#### LoRA
:p What does LoRA forget?
??x
Less.
x??
"""
BOOK = """\
title: Twins
deck: part-25
chapters:
  - id: one
    title: One
    description: One.
    introduction: One.
    cards:
      - {id: lora, card: LoRA, occurrence: 1}
      - {id: lora-forgets, card: LoRA, occurrence: 2}
"""
FIRST, SECOND = hash_question("What is LoRA?"), hash_question("What does LoRA forget?")
LINES = [
    f'lora: {{title: "LoRA", question: "{FIRST}"}}',
    f'lora-forgets: {{title: "LoRA", question: "{SECOND}"}}',
]


@pytest.fixture
def twins(tmp_path: Path) -> Path:
    write(tmp_path / "flashcards" / "part-25.md", DECK)
    write(tmp_path / "book.yml", BOOK)
    write(tmp_path / "card-ids.yml", "\n".join(LINES) + "\n")
    return tmp_path


def questions(book: Book) -> dict[str, str]:
    return {entry.id: entry.card.question for entry in book.entries}


def deck(root: Path) -> Path:
    return root / "flashcards" / "part-25.md"


def test_new_cards_of_one_title_are_registered_with_their_question(twins: Path) -> None:
    (twins / "card-ids.yml").unlink()
    found = problems_of(twins)
    assert [problem.partition("add the line ")[2] for problem in found] == LINES


def test_titles_alone_stay_valid_and_are_warned_of(twins: Path, cardbook: Cardbook) -> None:
    write(twins / "card-ids.yml", "lora: LoRA\nlora-forgets: LoRA\n")
    warnings = read_book(twins).warnings
    assert [(item.line, item.remedy.partition(", write ")[2]) for item in warnings] == [
        (1, LINES[0]),
        (2, LINES[1]),
    ]
    outcome = cardbook("status", "--root", twins)
    assert outcome.returncode == 0 and f"warning: {warnings[0]}" in outcome.stderr


def test_swapped_cards_keep_their_ids(twins: Path) -> None:
    before = questions(read_book(twins))
    first, second = DECK.split("\n\n")
    write(deck(twins), f"{second}\n\n{first}\n")
    assert questions(read_book(twins)) == before


def test_swapped_occurrences_move_no_id(twins: Path) -> None:
    before = questions(read_book(twins))
    text = BOOK.replace("occurrence: 1", "occurrence: 0").replace("occurrence: 2", "occurrence: 1")
    write(twins / "book.yml", text.replace("occurrence: 0", "occurrence: 2"))
    assert questions(read_book(twins)) == before


def test_occurrence_is_not_needed_once_the_questions_are_registered(twins: Path) -> None:
    before = questions(read_book(twins))
    write(twins / "book.yml", BOOK.replace(", occurrence: 1", "").replace(", occurrence: 2", ""))
    assert questions(read_book(twins)) == before


def test_removed_card_takes_its_id_with_it(twins: Path) -> None:
    write(deck(twins), DECK.split("\n\n")[1])
    found = problems_of(twins)
    assert len(found) == 1
    assert 'no card "LoRA" in part-25 has the question registered for "lora"' in found[0]
    assert "retire the id in card-ids.yml: lora: {retired: DATE, reason: WHY}" in found[0]
    replace(twins / "book.yml", "      - {id: lora, card: LoRA, occurrence: 1}\n", "")
    replace(twins / "card-ids.yml", LINES[0], "lora: {retired: 2026-11-25, reason: it is gone}")
    assert questions(read_book(twins)) == {"lora-forgets": "What does LoRA forget?"}


def test_following_the_message_the_wrong_way_is_refused(twins: Path) -> None:
    """The first card is removed, and the author removes the second entry."""
    write(deck(twins), DECK.split("\n\n")[1])
    replace(twins / "book.yml", "      - {id: lora-forgets, card: LoRA, occurrence: 2}\n", "")
    found = " ".join(problems_of(twins))
    assert "has the question registered for" in found and '"lora-forgets" is gone from book.yml' in found


def test_edited_question_is_asked_about_with_the_line_to_write(twins: Path) -> None:
    replace(deck(twins), "What is LoRA?", "What is low-rank adaptation?")
    found = problems_of(twins)
    assert len(found) == 1 and found[0].startswith("card-ids.yml:1: ")
    line = f'lora: {{title: "LoRA", question: "{hash_question("What is low-rank adaptation?")}"}}'
    assert f"if it is still the same card, write {line}; otherwise retire the id" in found[0]
    replace(twins / "card-ids.yml", LINES[0], line)
    assert questions(read_book(twins))["lora"] == "What is low-rank adaptation?"


def test_cards_of_one_title_in_two_decks_are_told_apart(twins: Path) -> None:
    first, second = DECK.split("\n\n")
    write(deck(twins), first)
    write(twins / "flashcards" / "part-26.md", second)
    text = BOOK.replace("{id: lora, card: LoRA, occurrence: 1}", "LoRA")
    text = text.replace("{id: lora-forgets, card: LoRA, occurrence: 2}", "{card: LoRA, deck: part-26}")
    write(twins / "book.yml", text)
    assert questions(read_book(twins)) == {
        "lora": "What is LoRA?",
        "lora-forgets": "What does LoRA forget?",
    }
    write(deck(twins), second)
    write(twins / "flashcards" / "part-26.md", first)
    assert questions(read_book(twins))["lora"] == "What is LoRA?"


def test_one_of_two_cards_of_one_title_that_is_gone_is_missed(twins: Path) -> None:
    write(deck(twins), DECK.split("\n\n")[0])
    text = BOOK.replace("{id: lora, card: LoRA, occurrence: 1}", "LoRA")
    write(twins / "book.yml", text.replace("      - {id: lora-forgets, card: LoRA, occurrence: 2}\n", ""))
    found = problems_of(twins)
    assert len(found) == 1 and 'card id "lora-forgets" is gone from book.yml' in found[0]


def test_corrected_title_keeps_the_id_with_a_line_to_write(twins: Path) -> None:
    replace(deck(twins), "#### LoRA\n:p What is", "#### Low-rank adaptation\n:p What is")
    replace(
        twins / "book.yml", "{id: lora, card: LoRA, occurrence: 1}", "{id: lora, card: Low-rank adaptation}"
    )
    found = problems_of(twins)
    assert len(found) == 1
    assert 'card id "lora" has moved from "LoRA" to "Low-rank adaptation"' in found[0]
    assert 'if only its title was corrected, write lora: "Low-rank adaptation"' in found[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lora: 3", "card-ids.yml:1: lora must be text or a mapping"),
        ("lora: {title: LoRA}", 'card-ids.yml:1: lora has no "question"'),
        ("lora: {retired: yesterday, reason: x}", "lora, retired must be a date: write it as 2027-01-31"),
        ("lora: {retired: 2026-13-45, reason: x}", "lora, retired must be a date"),
        ("lora: {retired: 2026-11-25}", 'lora has no "reason"'),
        ("lora: {title: LoRA, question: 12}", "lora, question must be text"),
        ("lora: {titel: LoRA, question: x}", 'unknown key "titel": did you mean "title"?'),
        ("- lora", "card-ids.yml:1: the file must be a mapping"),
    ],
)
def test_mistakes_in_the_registry_have_their_line(twins: Path, text: str, message: str) -> None:
    write(twins / "card-ids.yml", f"{text}\n")
    assert any(message in problem for problem in problems_of(twins))


@pytest.mark.parametrize(
    ("title", "made"),
    [
        ("Temperature in Sampling", "temperature-in-sampling"),
        ("Naïve: C++ & *x*", "naive-c-x"),
        ("A" * 200, "a" * 60),
        ("one " * 50, "one-" * 14 + "one"),
        ("温度", ""),
    ],
)
def test_id_is_made_from_a_title(title: str, made: str) -> None:
    assert make_id(title) == made


def test_id_that_is_taken_is_numbered() -> None:
    assert make_id("LoRA", {"lora", "lora-2"}) == "lora-3"
