from collections.abc import Callable
from typing import Any

from cardbook.source.book import read_book
from cardbook.source.example import read_example
from tests.conftest import ROOT

Tables = Callable[[str], list[list[dict[str, str]]]]


def test_every_convention_has_its_own_look(tables: Tables) -> None:
    """The parser sees each sample in the look the card names."""
    looks = {row["kind"]: row["look"] for row in tables("typographical_conventions")[0]}
    assert looks == {
        "new term": "italic",
        "URL": "italic",
        "file name": "italic",
        "code": "constant width",
        "typed by the reader": "constant width bold",
        "replaced by the reader": "constant width italic",
    }


def test_markdown_becomes_the_html_of_its_look(printed: Callable[[str], str]) -> None:
    """Stars and backticks nest as em, strong and code."""
    output = printed("typographical_conventions")
    assert "<em>embedding</em>" in output
    assert "<code>encode</code>" in output
    assert "<strong><code>python --version</code></strong>" in output
    assert "<em><code>MODEL_NAME</code></em>" in output


def test_checker_tells_the_good_page_from_the_bad(printed: Callable[[str], str], tables: Tables) -> None:
    """The good page has no breach; the bad one has one or more of every kind."""
    assert "Breaches on the good page: 0" in printed("typographical_conventions")
    found = [(row["line"], row["kind"]) for row in tables("typographical_conventions")[1]]
    assert found == [
        ("5", "command"),
        ("5", "file name"),
        ("7", "command"),
        ("7", "file name"),
        ("9", "placeholder"),
        ("9", "function"),
        ("10", "URL"),
    ]


def test_pages_of_this_book_follow_them() -> None:
    """The example's own checker finds no breach in the hand-written pages and the prose of the examples."""
    book = read_book(ROOT)
    pages = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
    pages |= {chapter.id: chapter.introduction for chapter in book.chapters}
    for name in book.examples:
        prose = [cell.source for cell in read_example(ROOT, name).cells if cell.kind == "markdown"]
        pages[name] = "\n\n".join(prose)
    names: dict[str, Any] = {}
    for cell in read_example(ROOT, "typographical_conventions").code_cells:
        exec(cell.source, names)
    found = {name: names["breaches"](text).to_dict("records") for name, text in pages.items()}
    assert {name: breaches for name, breaches in found.items() if breaches} == {}
    assert len(names["breaches"](pages["local_environment"] + "\n\nSee book.yml.")) == 1


def test_checker_errs_as_the_text_admits(tables: Tables) -> None:
    """A name with a file's form is reported, an unforeseen placeholder is not."""
    (row,) = tables("typographical_conventions")[2]
    assert (row["kind"], row["text"]) == ("file name", "Three.py")
