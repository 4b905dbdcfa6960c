"""The EPUB: what it has of the book, that it is well-formed whatever a card says, and equal in two builds."""

import base64
import io
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup

from cardbook.pages.epub_file import BookFacts, Document, write_epub
from cardbook.pages.generate import make_pages
from cardbook.pages.html import render_markdown, render_prose
from cardbook.pages.interactive import is_interactive
from cardbook.records.status import Project, Status, load_project, statuses_of
from cardbook.source.book import read_book
from cardbook.source.card_dates import edition_cards, write_dates
from tests.conftest import ROOT, replace, write

XHTML = "{http://www.w3.org/1999/xhtml}"
MATH = "{http://www.w3.org/1998/Math/MathML}math"
MODIFIED = "{http://www.idpf.org/2007/opf}meta[@property='dcterms:modified']"


def build(root: Path) -> bytes | None:
    """Return the EPUB of a book."""
    project = load_project(root, "offline")
    files = make_pages(project, statuses_of(project))
    return next((content for path, content in files.items() if path.suffix == ".epub"), None)


def open_epub(root: Path) -> dict[str, ElementTree.Element]:
    """Return the parsed XML files of a book's EPUB, by their path in it."""
    content = build(root)
    assert content is not None
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if name.endswith((".xhtml", ".opf", ".xml"))]
        return {name: ElementTree.fromstring(archive.read(name)) for name in names}


def text_of(page: ElementTree.Element) -> str:
    return " ".join("".join(page.itertext()).split())


@pytest.fixture
def named(small: Path) -> Path:
    """The small book, with a permanent name."""
    replace(small / "book.yml", "title: A small book", "name: small\ntitle: A small book")
    return small


@pytest.fixture(scope="module")
def whole(project: Project) -> zipfile.ZipFile:
    """The EPUB of the real book."""
    files = make_pages(project, statuses_of(project))
    return zipfile.ZipFile(io.BytesIO(files[PurePosixPath("downloads", f"{project.book.name}.epub")]))


def test_it_has_every_card_with_its_answer_and_corrections(project: Project, whole: zipfile.ZipFile) -> None:
    navigation = ElementTree.fromstring(whole.read("EPUB/nav.xhtml"))
    links = [link.get("href") for link in navigation.iter(f"{XHTML}a")]
    for chapter in project.book.chapters:
        path = f"chapters/{chapter.id}.xhtml"
        page = ElementTree.fromstring(whole.read(f"EPUB/{path}"))
        ids = [element.get("id") for element in page.iter() if element.get("id")]
        assert len(ids) == len(set(ids))
        asides = [text_of(aside) for aside in page.iter(f"{XHTML}aside")]
        assert len(asides) == sum(len(entry.corrections) for entry in chapter.entries)
        text = text_of(page)
        for entry in chapter.entries:
            for part in (entry.card.question, entry.card.answer, entry.card.context):
                assert (
                    " ".join(BeautifulSoup(render_markdown(part), "html.parser").get_text().split()) in text
                )
            assert f"{path}#{entry.id}" in links
            assert entry.id in ids
        sources = {link.get("href") for link in page.iter(f"{XHTML}a")}
        assert sources >= {found.source for entry in chapter.entries for found in entry.corrections}


def test_outputs_and_figures_are_those_of_the_run(project: Project, whole: zipfile.ZipFile) -> None:
    places = {entry.example: chapter.id for chapter in project.book.chapters for entry in chapter.entries}
    shown = [status for status in statuses_of(project) if status.fresh_record]
    assert shown
    for status in shown:
        assert status.fresh_record is not None
        page = ElementTree.fromstring(whole.read(f"EPUB/chapters/{places[status.name]}.xhtml"))
        assert status.fresh_record.provenance.fingerprint[:16] in text_of(page)
        alts = {image.get("src"): image.get("alt") for image in page.iter(f"{XHTML}img")}
        check_figures(project, status, whole, alts)


def check_figures(
    project: Project, status: Status, whole: zipfile.ZipFile, alts: dict[str | None, str | None]
) -> None:
    assert status.fresh_record is not None
    cells = project.plans[status.name].example.code_cells
    for number, (cell, outputs) in enumerate(zip(cells, status.fresh_record.outputs, strict=True), 1):
        pngs = [output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})]
        if pngs:
            name = f"{status.name}-{number}.png"
            assert whole.read(f"EPUB/figures/{name}") == base64.b64decode(pngs[0])
            assert alts[f"../figures/{name}"] == " ".join((cell.alt or "").split()) != ""


def test_interactive_output_is_named_and_linked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOK_ADDRESS", "https://book.example/")
    names = []
    project = load_project(ROOT, "offline")
    pages = [page for path, page in open_epub(ROOT).items() if "/chapters/" in path]
    links = {str(link.get("href")): link for page in pages for link in page.iter(f"{XHTML}a")}
    for status in statuses_of(project):
        for number, outputs in enumerate(status.fresh_record.outputs if status.fresh_record else [], 1):
            for output in filter(is_interactive, outputs):
                names.append(f"On the site: {output.data['text/plain']}.")
                (link,) = (link for href, link in links.items() if href.endswith(f"#{status.name}-{number}"))
                assert str(link.get("href")).startswith("https://book.example/chapters/")
    texts = " ".join(map(text_of, pages))
    assert names and all(name in texts for name in names)


def test_licences_of_the_book_are_in_it(whole: zipfile.ZipFile) -> None:
    page = text_of(ElementTree.fromstring(whole.read("EPUB/licences.xhtml")))
    assert "not affiliated" in page
    assert "CC BY 2.0" in page
    title = text_of(ElementTree.fromstring(whole.read("EPUB/title.xhtml")))
    assert "unofficial" in title


def test_two_builds_are_equal(named: Path) -> None:
    first = build(named)
    shutil.rmtree(named / ".cardbook" / "cache")
    render_prose.cache_clear()
    assert build(named) == first


def test_date_is_that_of_the_newest_card(named: Path) -> None:
    when = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
    write_dates(named, edition_cards(named, read_book(named), when))
    package = open_epub(named)["EPUB/package.opf"]
    modified = package.find(f".//{MODIFIED}")
    assert modified is not None
    assert modified.text == "2031-05-06T07:08:09Z"


def test_it_begins_with_its_type(named: Path) -> None:
    content = build(named)
    assert content is not None
    # At these places the program `file` and reading systems look for it.
    assert content[30:38] == b"mimetype"
    assert content[38:58] == b"application/epub+zip"


HOSTILE = """\
</section><script>alert(1)</script> <b & ]]> &nbsp; [a](javascript:alert(1)) [b](other.html)
[c](https://ok.example/?a=1&b="2") ![d](https://elsewhere.example/x.png)

# A heading

```html
<a href="page.html">x</a>
```
"""


def test_hostile_card_stays_text(named: Path) -> None:
    replace(named / "flashcards" / "part-01.md", "One is `1`.", HOSTILE)
    replace(named / "card-ids.yml", "First Card", "First <i>Card</i> & more")
    replace(named / "book.yml", "card: First Card", 'card: "First <i>Card</i> & more"')
    replace(named / "flashcards" / "part-01.md", "#### First Card", "#### First <i>Card</i> & more")
    files = open_epub(named)
    page = files["EPUB/chapters/numbers.xhtml"]
    assert {element.tag for element in page.iter()}.isdisjoint({f"{XHTML}script", f"{XHTML}img"})
    assert [link.get("href") for link in page.iter(f"{XHTML}a")] == [
        "https://ok.example/?a=1&b=%222%22",
        "https://elsewhere.example/x.png",
    ]
    assert '<a href="page.html">x</a>' in text_of(page)
    assert "First <i>Card</i> & more" in text_of(files["EPUB/nav.xhtml"])


def test_characters_that_xml_forbids_are_replaced() -> None:
    facts = BookFacts("small", "Small\x07", "", "", datetime(2031, 5, 6, tzinfo=UTC))
    page = Document("page.xhtml", "Page\ufffe", "<p>\x0b\ud800</p>")
    with zipfile.ZipFile(io.BytesIO(write_epub(facts, [page], b"", {}))) as archive:
        assert text_of(ElementTree.fromstring(archive.read("EPUB/page.xhtml"))) == "Page\ufffd \ufffd\ufffd"
        ElementTree.fromstring(archive.read("EPUB/package.opf"))


def test_formula_is_mathml_and_said_to_be(named: Path) -> None:
    replace(named / "book.yml", "introduction: Some numbers.", r"introduction: From $n_0$ to $$\frac{a}{b}$$")
    files = open_epub(named)
    texts = [formula.get("alttext") for formula in files["EPUB/chapters/numbers.xhtml"].iter(MATH)]
    assert texts == ["n_0", r"\frac{a}{b}"]
    items = {item.get("href"): item.get("properties") for item in files["EPUB/package.opf"].iter()}
    assert items["chapters/numbers.xhtml"] == "mathml"


def test_links_between_chapters_lead_to_their_pages(named: Path) -> None:
    text = "introduction: See [numbers](numbers.md#first) and [the site](../about.md)."
    replace(named / "book.yml", "introduction: Some numbers.", text)
    page = open_epub(named)["EPUB/chapters/numbers.xhtml"]
    assert [link.get("href") for link in page.iter(f"{XHTML}a")] == ["numbers.xhtml"]
    assert "See numbers and the site." in text_of(page)


def test_example_that_was_not_run_says_so(named: Path) -> None:
    assert "Not run: missing" in text_of(open_epub(named)["EPUB/chapters/numbers.xhtml"])


def test_book_without_a_name_has_none(small: Path) -> None:
    assert build(small) is None


def test_licences_are_left_out_where_the_book_has_no_such_page(named: Path) -> None:
    assert "EPUB/licences.xhtml" not in open_epub(named)
    write(named / "docs" / "licences.md", "---\ndescription: x\n---\n\n# Licences\n\n| a |\n|---|\n| MIT |\n")
    assert "MIT" in text_of(open_epub(named)["EPUB/licences.xhtml"])


def test_home_and_the_page_of_the_deck_link_to_it() -> None:
    name = read_book(ROOT).name
    for page in ("docs/index.md", "cardbook/site/standard_pages/deck.md"):
        text = (ROOT / page).read_text(encoding="utf-8").replace("{{ name }}", name)
        assert f"](downloads/{name}.epub)" in text
