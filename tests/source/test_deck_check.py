"""What `cards --check` tells of decks that are well-formed but odd."""

import json
import time
from pathlib import Path

import pytest

from cardbook.source.deck import Deck, parse_deck
from cardbook.source.deck_check import check_decks
from tests.conftest import Cardbook, write


def deck(name: str, *cards: tuple[str, str, str]) -> Deck:
    """Return a deck of cards, each a title, question and answer."""
    parts = (f"#### {title}\n:p {question}\n??x\n{answer}\nx??\n" for title, question, answer in cards)
    found = parse_deck("---\n".join(parts), f"{name}.md")
    assert not found.problems
    return found


def remarks(*decks: Deck) -> list[str]:
    return [f"{remark.file}:{remark.line}: {remark.what}" for remark in check_decks(decks)]


def test_a_question_asked_twice_is_found_across_decks() -> None:
    first = deck(
        "a", ("One", "What is a token, and how long is it?", "x"), ("Two", "Why are models large?", "y")
    )
    second = deck(
        "b", ("Three", "What is the token, and how long is it?", "z"), ("Four", "Why is it slow?", "z")
    )
    assert remarks(first, second) == ['b.md:2: "Three" asks nearly what "One" asks (a.md, line 1)']


def test_code_without_a_language_is_found() -> None:
    answer = "Text\n```\nx\n```\n```py\ny\n```\n- ~~~\n  z\n  ~~~\n`````"
    found = deck("a", ("One", "What?", answer.removesuffix("`````")))
    assert remarks(found) == [
        f"a.md:{line}: this code does not say in which language it is" for line in (5, 11)
    ]


@pytest.mark.parametrize("title", ["Context", "Untitled", "Flashcard 12", "Background Context:", "1."])
def test_a_title_that_names_nothing_is_found(title: str) -> None:
    what = f'the title "{title}" does not say what its context and question are about'
    assert remarks(deck("a", (title, "What?", "x"), ("Context window", "Why?", "y"))) == [f"a.md:1: {what}"]


def test_a_mark_inside_a_text_is_found() -> None:
    found = deck("a", ("One", "What?", "It ends here. x??\n`??x` is code\n```py\n??x\n```"))
    assert remarks(found) == ["a.md:4: x?? stands inside a text"]


def test_the_command_tells_what_is_odd_and_succeeds(tmp_path: Path, cardbook: Cardbook) -> None:
    text = "#### One\n:p What?\n??x\nThe $true positives$ and $recall$\n```\nx\n```\n$\\frac{a}$\nx??\n"
    write(tmp_path / "a.md", text)
    plain, checked = (cardbook("cards", "a.md", "--root", tmp_path, *more) for more in ((), ("--check",)))
    assert (plain.returncode, checked.returncode) == (0, 0)
    doubts = [line for line in plain.stderr.splitlines() if "a.md:4: this is shown as" in line]
    assert len(doubts) == 2 and doubts[0].startswith("warning: ")
    more = sorted(set(checked.stderr.splitlines()) - set(doubts))
    assert "a.md:5: this code does not say in which language it is" in more[0]
    assert r"a.md:8: the formula \frac{a} cannot be shown" in more[1]


def test_many_cards_are_compared_in_time() -> None:
    cards = [
        (f"T{n}", f"What does the model number {n} do when its input {n % 7} is long?", "x")
        for n in range(3000)
    ]
    found = deck("a", *cards)
    started = time.process_time()
    check_decks([found])
    assert time.process_time() - started < 10


def test_the_command_never_prints_a_cut_card_as_a_whole_one(tmp_path: Path, cardbook: Cardbook) -> None:
    whole = "#### One\n:p What?\n??x\nfirst\n??x\nsecond\nx??\n---\n"
    cut = "#### Two\n:p Why?\n??x\nfirst\n??x\nlost\n---\n"
    write(tmp_path / "a.md", f"{whole}{cut}#### Th\x1b]0;x\x07ree\n:p How?\n??x\nx\n??x\n")
    write(tmp_path / "b.md", "#### Four\n:p When?\n??x\nx\nx??\n")
    outcome = cardbook("cards", "a.md", "b.md", "--json", "--root", tmp_path)
    assert outcome.returncode == 2
    found = [(card["deck"], card["title"][:2], card["answer"]) for card in json.loads(outcome.stdout)]
    assert found == [("a", "On", "first\n\nsecond"), ("a", "Th", "x"), ("b", "Fo", "x")]
    assert "a.md:14: this text belongs to no card: if it is the rest of the answer of" in outcome.stderr
    listed = cardbook("cards", "a.md", "--root", tmp_path).stdout
    assert "Two (damaged)" in listed and "\x1b" not in listed and "\x07" not in listed
