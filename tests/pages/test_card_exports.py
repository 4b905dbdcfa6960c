import csv
import io
import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from bs4 import BeautifulSoup

from cardbook.pages.card_exports import COLUMNS, make_exports
from cardbook.pages.contents import make_contents
from cardbook.records.status import Project, load_project, statuses_of
from cardbook.site.mkdocs_plugin import standard_pages
from tests.conftest import replace

DECK = PurePosixPath("deck")


@pytest.fixture(scope="module")
def exports(project: Project) -> dict[PurePosixPath, bytes]:
    return make_exports(project, statuses_of(project))


def cards_of(files: dict[PurePosixPath, bytes]) -> list[dict[str, Any]]:
    cards: list[dict[str, Any]] = json.loads(files[DECK / "cards.json"])["cards"]
    return cards


def rows_of(files: dict[PurePosixPath, bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files[DECK / "cards.csv"].decode(), newline="")))


def hostile(small: Path) -> dict[PurePosixPath, bytes]:
    text = (
        "=HYPERLINK(1) <script>alert(1)</script> [x](javascript:alert(1)) ![y](https://elsewhere.example/z)"
    )
    replace(small / "flashcards" / "part-01.md", "One is `1`.", text)
    project = load_project(small, "offline")
    return make_exports(project, statuses_of(project))


def test_json_has_every_card_as_received(project: Project, exports: dict[PurePosixPath, bytes]) -> None:
    cards = cards_of(exports)
    entries = project.book.entries
    assert [card["id"] for card in cards] == [entry.id for entry in entries]
    for card, entry in zip(cards, entries, strict=True):
        for part in ("question", "answer", "context"):
            assert card[part]["markdown"] == getattr(entry.card, part)
        assert [found["source"] for found in card["corrections"]] == [c.source for c in entry.corrections]
        assert [found["markdown"] for found in card["corrections"]] == [c.text for c in entry.corrections]
        assert card["example"] == entry.example
        assert card["link"] == f"chapters/{card['chapter']['id']}/#{entry.id}"


def test_html_of_a_card_says_what_its_markdown_says(small: Path) -> None:
    project = load_project(small, "offline")
    card = cards_of(make_exports(project, statuses_of(project)))[1]
    assert card["answer"] == {"markdown": "Two is **2**.", "html": "<p>Two is <strong>2</strong>.</p>\n"}


def test_csv_has_the_same_cards(exports: dict[PurePosixPath, bytes]) -> None:
    for row, card in zip(rows_of(exports), cards_of(exports), strict=True):
        assert tuple(row) == COLUMNS
        assert row["question"].removeprefix("'") == card["question"]["markdown"]
        assert row["answer"].removeprefix("'") == card["answer"]["markdown"]
        assert (
            row["sources"].split("\n") == [found["source"] for found in card["corrections"]]
            or not row["sources"]
        )


def test_hostile_text_is_inert(small: Path) -> None:
    files = hostile(small)
    page = BeautifulSoup(cards_of(files)[0]["answer"]["html"], "html.parser")
    assert {tag.name for tag in page.find_all(True)} == {"p", "a"}  # the picture is a link to follow, or not
    assert [link["href"] for link in page.find_all("a")] == ["https://elsewhere.example/z"]
    assert rows_of(files)[0]["answer"].startswith("'=HYPERLINK")


def test_every_field_is_documented(project: Project, exports: dict[PurePosixPath, bytes]) -> None:
    page = standard_pages(json.loads(make_contents(project.book, [])))["deck.md"]
    for name in {*cards_of(exports)[0], *COLUMNS, "schema", "cards", "markdown", "html", "source"}:
        assert f"`{name}`" in page, name
    for path in exports:
        assert f"({path})" in page


def test_book_without_a_name_has_no_deck_for_anki(small: Path) -> None:
    project = load_project(small, "offline")
    files = make_exports(project, statuses_of(project))
    assert {path.name for path in files} == {"cards.json", "cards.csv"}
    assert "apkg" not in standard_pages(json.loads(make_contents(project.book, [])))["deck.md"]


def test_links_are_whole_when_the_address_is_known(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOK_ADDRESS", "https://book.example/llm/")
    project = load_project(small, "offline")
    card = cards_of(make_exports(project, statuses_of(project)))[0]
    assert card["link"] == "https://book.example/llm/chapters/numbers/#first"
