"""The MkDocs plugin: what it adds to a book, and what it refuses."""

import json
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from cardbook.base.errors import InputError
from cardbook.pages.contents import NAME
from cardbook.pages.generate import make_pages, write_pages
from cardbook.records.status import load_project
from cardbook.site.defaults import THEME_FOLDER
from cardbook.site.glossary import read_glossary
from cardbook.site.mkdocs_build import build_site, read_settings
from tests.conftest import BOOK, MKDOCS, replace, write, write_small

MORE = """\
  - id: more
    title: More
    description: About more.
    introduction: More numbers.
    cards:
"""


@pytest.fixture(scope="module")
def written_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of two chapters without examples, its pages written."""
    root = write_small(tmp_path_factory.mktemp("written"))
    for path in (root / "examples").iterdir():
        path.unlink()
    text = BOOK.replace("        example: first\n", "").replace("        example: second\n", "")
    write(root / "book.yml", text.replace("      - id: second\n", f"{MORE}      - id: second\n"))
    write_pages(root / "docs", make_pages(load_project(root, "offline"), []))
    return root


@pytest.fixture
def written(written_once: Path, tmp_path: Path) -> Path:
    """The same book, for one test to change."""
    for path in written_once.rglob("*"):
        if path.is_file():
            copy = tmp_path / path.relative_to(written_once)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    return tmp_path


def build(root: Path) -> Path:
    build_site(read_settings(root, root / "site"))
    return root / "site"


def refusal(root: Path) -> str:
    with pytest.raises(InputError) as raised:
        build(root)
    return str(raised.value)


def links(site: Path) -> list[str]:
    """The addresses in the navigation of the home page."""
    page = BeautifulSoup((site / "index.html").read_text(encoding="utf-8"), "html.parser")
    return [
        str(link["href"]) for link in page.select("nav.md-nav a.md-nav__link[href]") if link["href"] != "."
    ]


def test_three_lines_make_a_book_with_its_look_and_all_pages(written: Path) -> None:
    write(written / "mkdocs.yml", "site_name: Small\ntheme: material\nplugins: [search, cardbook]\n")
    write(written / "docs" / "more-to-read.md", "# More to read\n")
    site = build(written)
    assert links(site) == [
        "chapters/numbers/",
        "chapters/more/",
        "study/",
        "cards/",
        "deck/",
        "progress/",
        "more-to-read/",
        "corrections/",
        "provenance/",
    ]
    page = (site / "chapters" / "numbers" / "index.html").read_text(encoding="utf-8")
    for text in (
        "../../assets/book.css",
        "../../assets/built/book.js",
        "Content-Security-Policy",
        'id="first"',
    ):
        assert text in page
    for path in ("assets/book.css", "assets/built/book.css", "assets/built/book.js", "assets/favicon.svg"):
        assert (site / path).read_bytes() == (THEME_FOLDER / path).read_bytes()
    assert "fonts.googleapis" not in page
    assert "Page not found" in (site / "404.html").read_text(encoding="utf-8")


def test_what_a_book_writes_itself_comes_first(written: Path) -> None:
    settings = "theme:\n  name: material\n  custom_dir: look\n  features: []\n"
    replace(written / "mkdocs.yml", "theme:\n  name: material\n", settings + "copyright: By us.\n")
    write(written / "docs" / "progress.md", "# Progress of our own\n")
    write(written / "docs" / "assets" / "book.css", "body { color: red }")
    write(written / "look" / "404.html", "Nothing here")
    site = build(written)
    assert "Progress of our own" in (site / "progress" / "index.html").read_text(encoding="utf-8")
    assert (site / "assets" / "book.css").read_text(encoding="utf-8") == "body { color: red }"
    assert (site / "404.html").read_text(encoding="utf-8") == "Nothing here"
    page = (site / "index.html").read_text(encoding="utf-8")
    assert '"features": []' in page and "By us." in page


def test_a_navigation_may_leave_the_chapters_to_book_yml(written: Path) -> None:
    nav = "nav:\n  - Home: index.md\n  - Read:\n      - chapters/\n      - deck.md\n"
    hidden = "not_in_nav: |\n  /study/\n  /progress.md\n  /provenance.md\n"
    write(written / "mkdocs.yml", MKDOCS + nav + hidden)
    assert links(build(written)) == ["chapters/numbers/", "chapters/more/", "deck/"]


def test_the_home_page_and_the_navigation_follow_the_parts_of_the_book(written: Path) -> None:
    part = "parts:\n  - {title: The *second* part, chapters: [more]}\n"
    write(written / "book.yml", (written / "book.yml").read_text(encoding="utf-8") + part)
    write_pages(written / "docs", make_pages(load_project(written, "offline"), []))
    write(written / "docs" / "index.md", "# Small\n\nBefore\n\n<!-- chapters -->\n\nAfter\n")
    home = BeautifulSoup((build(written) / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert [tag.get_text() for tag in home.select(".contents h3")] == ["The *second* part#"]
    listed = [(tag.get_text(), str(tag.a["href"])) for tag in home.select(".contents li") if tag.a]
    assert listed == [("Numbers About numbers.", "chapters/numbers/"), ("More About more.", "chapters/more/")]
    sections = [tag.get_text(strip=True) for tag in home.select("nav.md-nav--primary .md-nav__title")]
    assert "The *second* part" in sections
    missing = BeautifulSoup((written / "site" / "404.html").read_text(encoding="utf-8"), "html.parser")
    assert "/chapters/more/" in [str(link["href"]) for link in missing.select("article li a")]


def test_a_page_may_show_a_sample_of_the_book(written: Path) -> None:
    contents = json.loads((written / "docs" / NAME).read_text(encoding="utf-8"))
    write(written / "docs" / NAME, json.dumps(contents | {"samples": {"first": "A **sample**"}}))
    write(written / "docs" / "index.md", "# Small\n\n<!-- sample first -->\n\n<!-- sample second -->\n")
    home = BeautifulSoup((build(written) / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert [tag.get_text() for tag in home.select("article p")] == ["A sample"]
    assert "sample second" not in home.get_text()


def test_a_book_without_a_home_page_gets_one(written: Path) -> None:
    (written / "docs" / "index.md").unlink()
    home = BeautifulSoup((build(written) / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert home.h1 is not None and home.h1.get_text() == "A small book#"
    assert [tag.a["href"] for tag in home.select(".contents li") if tag.a] == [
        "chapters/numbers/",
        "chapters/more/",
    ]


@pytest.mark.parametrize(
    ("nav", "problem"),
    [
        ("[index.md]", "mkdocs.yml: nav lacks chapters/numbers.md: add it, or write"),
        (
            "[index.md, chapters/more.md, chapters/numbers.md]",
            "mkdocs.yml: nav has the chapters in another order: follow book.yml",
        ),
    ],
)
def test_a_navigation_must_have_the_chapters_in_their_order(written: Path, nav: str, problem: str) -> None:
    write(written / "mkdocs.yml", f"{MKDOCS}nav: {nav}\n")
    assert problem in refusal(written)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ("site_name: Small\n", "mkdocs.yml: the plugin cardbook is missing"),
        ("site_name: Small\nplugins: [cardbook]\n", 'the theme is "mkdocs"'),
        (f"{MKDOCS}extra_css: [my.css]\n", "mkdocs.yml: extra_css names my.css, which is not in docs/"),
        (f"{MKDOCS}extra_javascript: [a/b.js]\n", "mkdocs.yml: extra_javascript names a/b.js"),
        (f"{MKDOCS}extra: [\n", "mkdocs.yml: MkDocs encountered an error parsing"),
        (f"{MKDOCS}markdown_extensions: [nowhere]\n", "mkdocs.yml: .*nowhere"),
        ("- Small\n", "mkdocs.yml: .*invalid"),
    ],
)
def test_settings_that_make_no_book_are_refused(written: Path, settings: str, problem: str) -> None:
    write(written / "mkdocs.yml", settings)
    assert re.search(problem, refusal(written)), refusal(written)


def test_a_script_that_is_not_built_is_named(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(written / "theme" / "main.html", '{% extends "base.html" %}')
    monkeypatch.setattr("cardbook.site.defaults.THEME_FOLDER", written / "theme")
    message = refusal(written)
    assert message.count("run make assets") == 3 and "assets/built/book.js: no such file" in message


def test_only_a_preview_has_no_policy_for_scripts(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOK_ADDRESS", "http://intranet.invalid/book/")
    home = build(written) / "index.html"
    policy = "Content-Security-Policy"
    assert policy in home.read_text(encoding="utf-8")
    assert build_site(read_settings(written, written / "site", "http://127.0.0.1:8000/")) == []
    assert policy not in home.read_text(encoding="utf-8")


def test_a_missing_mkdocs_yml_is_named_with_what_to_write(written: Path) -> None:
    (written / "mkdocs.yml").unlink()
    assert refusal(written).startswith("mkdocs.yml: no such file: write site_name: TITLE, theme: material")


def test_scripts_of_an_earlier_version_do_not_hide_those_of_today(written: Path) -> None:
    write(written / "docs" / "assets" / "built" / "book.js", "// old")
    assert "docs/assets/built/: hides the scripts of cardbook" in refusal(written)


def test_pages_that_are_not_written_are_named(written: Path) -> None:
    (written / "docs" / ".contents.json").unlink()
    assert "python -m cardbook site" in refusal(written)


def test_glossary_without_a_term_is_refused(tmp_path: Path) -> None:
    (tmp_path / "glossary.md").write_text("# Glossary\n\n**Token**: a piece of text.\n")
    with pytest.raises(InputError, match=r"glossary\.md: has no term: write each term"):
        read_glossary(tmp_path)
    (tmp_path / "glossary.md").write_text("Token\n:   A piece of text.\n")
    assert read_glossary(tmp_path) == {"Token": "A piece of text."}
