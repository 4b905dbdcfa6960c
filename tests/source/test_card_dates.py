from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cardbook.base.errors import InputError
from cardbook.source.book import read_book
from cardbook.source.card_dates import check_dates, edition_cards, read_dates, undated_cards, write_dates
from tests.conftest import Cardbook, replace, write

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def named(small: Path) -> Path:
    replace(small / "book.yml", "title: A small book", "name: small\ntitle: A small book")
    return small


def note(root: Path, now: datetime) -> None:
    write_dates(root, edition_cards(root, read_book(root), now))


def test_only_the_changed_card_gets_a_new_edition(named: Path) -> None:
    note(named, NOON)
    replace(named / "flashcards" / "part-01.md", "One is `1`.", "One is `one`.")
    note(named, NOON + timedelta(days=1))
    dates = read_dates(named)
    assert (dates["first"].edition, dates["first"].changed) == (2, NOON + timedelta(days=1))
    assert (dates["second"].edition, dates["second"].changed) == (1, NOON)


def test_date_never_goes_back(named: Path) -> None:
    note(named, NOON)
    replace(named / "flashcards" / "part-01.md", "One is `1`.", "One is `one`.")
    note(named, NOON - timedelta(days=1))
    assert read_dates(named)["first"].changed == NOON


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("flashcards/part-01.md", "What is one?", "What is 1?"),
        ("flashcards/part-01.md", "Some context.", "Other context."),
        (
            "book.yml",
            "example: first",
            "example: first\n        corrections: [{text: Wrong, source: 'https://a'}]",
        ),
        ("book.yml", "id: numbers", "id: figures"),
    ],
)
def test_every_part_an_author_writes_counts(named: Path, file: str, before: str, after: str) -> None:
    note(named, NOON)
    replace(named / file, before, after)
    assert "first" in " ".join(str(problem) for problem in check_dates(named, read_book(named), NOON))


def test_check_refuses_a_changed_card_and_tells_the_line_to_write(named: Path, cardbook: Cardbook) -> None:
    assert cardbook("run", "--root", named).returncode == 0
    assert cardbook("check", "--root", named).returncode == 2
    assert cardbook("update-dates", "--root", named).returncode == 0
    assert cardbook("check", "--root", named).returncode == 0
    replace(named / "flashcards" / "part-01.md", "One is `1`.", "One is `one`.")
    outcome = cardbook("check", "--root", named)
    assert outcome.returncode == 2
    refusal = 'card-dates.yml: card "first" has changed: run cardbook update-dates, or write: first: {'
    assert refusal in outcome.stderr
    line = outcome.stderr.partition("or write: ")[2]
    dates = (named / "card-dates.yml").read_text().splitlines()
    dates[dates.index(next(text for text in dates if text.startswith("first:")))] = line.strip()
    write(named / "card-dates.yml", "\n".join(dates))
    assert cardbook("check", "--root", named).returncode == 0


def test_site_says_which_cards_are_undated_and_dates_them(named: Path, cardbook: Cardbook) -> None:
    assert undated_cards(read_book(named), read_dates(named)) == ["first", "second"]
    note(named, NOON)
    assert undated_cards(read_book(named), read_dates(named)) == []
    replace(named / "flashcards" / "part-01.md", "One is `1`.", "One is `one`.")
    assert undated_cards(read_book(named), read_dates(named)) == ["first"]
    status = cardbook("status", "--root", named)
    assert "changed since they were dated: 1 card (first): until you run cardbook" in status.stdout
    # Without mkdocs.yml no site is built; the cards are dated first.
    cardbook("site", "--root", named, "--update-dates")
    assert undated_cards(read_book(named), read_dates(named)) == []
    assert read_dates(named)["first"].edition == 2


def test_new_card_is_called_new(named: Path) -> None:
    problems = check_dates(named, read_book(named), NOON)
    assert [problem.what for problem in problems] == ['card "first" is new', 'card "second" is new']


def test_book_without_a_name_needs_no_dates(small: Path) -> None:
    assert check_dates(small, read_book(small), NOON) == []
    assert undated_cards(read_book(small), read_dates(small)) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("first: 3", "first must be a mapping"),
        ('first: {text: "a", edition: 1}', 'has no "changed"'),
        ('first: {text: "a", edition: 1, changed: yesterday}', "changed must be a time"),
        ('first: {text: "a", edition: 1, changed: 2026-11-22 10:00:00}', "changed must be a time"),
        (
            'first: {text: "a", edition: zero, changed: 2026-11-22T10:00:00Z}',
            "edition must be a whole number",
        ),
        ("first: {", "not valid YAML"),
    ],
)
def test_damaged_dates_are_told_by_line(named: Path, text: str, what: str) -> None:
    write(named / "card-dates.yml", text)
    with pytest.raises(InputError) as caught:
        read_dates(named)
    assert what in str(caught.value) and "card-dates.yml:1" in str(caught.value)


def test_name_of_a_book_is_checked(small: Path) -> None:
    replace(small / "book.yml", "title: A small book", "name: My Book\ntitle: A small book")
    with pytest.raises(InputError, match='name "My Book" is malformed'):
        read_book(small)
