"""What the study page is made from: cards in the page, or beside it where they are many."""

import json
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from cardbook.pages.chapter import card_block
from cardbook.pages.study import PART_SIZE, SMALL, make_study_files
from cardbook.source.book import Book, read_book


@pytest.fixture
def big(small: Path) -> Book:
    """A book of two chapters with more cards than fit into the page."""
    book = read_book(small)
    (chapter,) = book.chapters
    first = chapter.entries[0]
    many = tuple(replace(first, id=f"card-{n}") for n in range(SMALL))
    return replace(book, chapters=(chapter, replace(chapter, id="more", title="More", entries=many)))


def read(files: dict[PurePosixPath, bytes], name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(files[PurePosixPath("study", name)])
    return found


def test_a_small_book_has_its_cards_in_the_page(small: Path) -> None:
    files = make_study_files(read_book(small), {"old"})
    assert set(files) == {PurePosixPath("study/index.md"), PurePosixPath("study/cards.json")}
    page = files[PurePosixPath("study/index.md")].decode()
    assert 'data-card="first"' in page and "data-cards" not in page
    numbers = {"id": "numbers", "title": "Numbers", "parts": [], "cards": ["first", "second"]}
    assert read(files, "cards.json") == {"schema": 1, "book": "", "chapters": [numbers], "retired": ["old"]}


def test_a_big_book_has_its_cards_in_parts(big: Book) -> None:
    files = make_study_files(big, ())
    page = files[PurePosixPath("study/index.md")].decode()
    assert 'data-card="' not in page and 'data-cards="cards.json"' in page
    assert (
        f"- [Numbers](../chapters/numbers.md) (2 cards)\n- [More](../chapters/more.md) ({SMALL} cards)"
        in page
    )
    entries = {entry.id: entry for entry in big.entries}
    listed = []
    for chapter in read(files, "cards.json")["chapters"]:  # type: ignore[attr-defined]
        for place, name in enumerate(chapter["parts"]):
            part = read(files, name)
            expected = chapter["cards"][place * PART_SIZE : (place + 1) * PART_SIZE]
            assert (part["chapter"], list(part["cards"])) == (chapter["id"], expected)  # type: ignore[call-overload]
            for card_id, card in part["cards"].items():  # type: ignore[attr-defined]
                entry = entries[card_id]
                assert card == {"title": entry.card.title, "html": card_block(entry)}
                listed.append(card_id)
    assert listed == list(entries)


def test_the_name_of_a_part_changes_with_its_cards(big: Book) -> None:
    before = make_study_files(big, ())
    first, more = big.chapters
    entry = first.entries[0]
    edited = replace(
        first, entries=(replace(entry, card=replace(entry.card, answer="new")), *first.entries[1:])
    )
    after = make_study_files(replace(big, chapters=(edited, more)), ())
    changed = {path.name.partition("-1.")[0] for path in after.keys() - before.keys()}
    assert changed == {"numbers"}


def test_the_first_view_of_a_very_big_book_is_small(big: Book) -> None:
    first, _ = big.chapters
    chapters = tuple(
        replace(
            first,
            id=f"a-chapter-about-something-{n}",
            title=f"A chapter about something {n}",
            entries=tuple(
                replace(first.entries[0], id=f"a-card-with-a-long-title-{n}-{m}") for m in range(42)
            ),
        )
        for n in range(120)
    )
    files = make_study_files(replace(big, chapters=chapters), ())
    loaded = [path for path in files if path.name in ("index.md", "cards.json")]
    assert sum(len(files[path]) for path in loaded) < 250_000
    assert max(len(content) for path, content in files.items() if path not in loaded) < 100_000
