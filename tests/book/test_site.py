"""What a reader gets: the built site, read as a browser would."""

import gzip
import json
import re
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup, Tag

from cardbook.pages.html import render_card
from cardbook.pages.notebook import without_script_metadata
from cardbook.records.interactive import interactive_media, kind_of
from cardbook.records.status import Project
from cardbook.records.text import Table, clean_text, split_tables
from cardbook.source.book import Chapter, read_book
from cardbook.source.example import script_of
from tests.conftest import ROOT, Cardbook
from tests.foreign_requests import find_foreign_requests

BOOK = read_book(ROOT)
HOME = "https://book.invalid/"


def read_page(site: Path, path: str) -> BeautifulSoup:
    return BeautifulSoup((site / path / "index.html").read_text(encoding="utf-8"), "html.parser")


def words(text: str) -> str:
    return " ".join(text.split())


def plain(markdown: str) -> str:
    """The words of a card as a reader sees them."""
    return words(BeautifulSoup(render_card(markdown), "html.parser").get_text())


@pytest.mark.parametrize("chapter", BOOK.chapters, ids=lambda chapter: chapter.id)
def test_every_card_is_on_its_page(site: Path, chapter: Chapter) -> None:
    page = read_page(site, f"chapters/{chapter.id}")
    for entry in chapter.entries:
        heading = page.find(id=entry.id)
        assert isinstance(heading, Tag) and heading.get_text().rstrip("#") == entry.card.title
        card = page.select_one(f'[data-card="{entry.id}"]')
        assert card is not None
        parts = {name: card.select_one(f".card-{name}") for name in ("question", "answer", "context")}
        assert parts["question"] is not None
        assert words(parts["question"].get_text()) == plain(entry.card.question)
        assert parts["answer"] is not None and parts["answer"].name == "details"
        corrections = card.select(".card-correction")
        assert len(corrections) >= len(entry.corrections)
        for part in (*corrections, parts["answer"].summary):
            assert part is not None and parts["answer"] in part.parents
            part.extract()
        assert words(parts["answer"].get_text()) == plain(entry.card.answer)
        if entry.card.context:
            assert parts["context"] is not None
            assert plain(entry.card.context) in words(parts["context"].get_text())
        sources = [part for part in corrections if part.select_one("a[href^='https://']")]
        assert len(sources) == len(corrections)


def read_example(site: Path, name: str) -> Tag:
    """The part of a chapter that shows an example."""
    chapter, entry = next((c, e) for c in BOOK.chapters for e in c.entries if e.example == name)
    heading = read_page(site, f"chapters/{chapter.id}").find(id=f"{entry.id}-example")
    assert isinstance(heading, Tag) and isinstance(heading.parent, Tag)
    assert heading.parent["data-example"] == name
    return heading.parent


@pytest.mark.parametrize("name", BOOK.examples)
def test_code_is_shown_byte_for_byte_and_every_output_below_it(
    site: Path, project: Project, name: str
) -> None:
    record = project.records.read(name)
    assert record is not None
    shown = read_example(site, name).select("[data-cell], [data-output]")
    cells = zip(project.plans[name].example.code_cells, record.outputs, strict=True)
    for number, (cell, outputs) in enumerate(cells, 1):
        block = shown.pop(0)
        code = block.select_one("code")
        assert block["data-cell"] == f"{name}-{number}" and "highlight" in (block["class"] or [])
        assert code is not None and code.get_text() == cell.source
        for output in outputs:
            assert shown[0]["data-output"] == f"{name}-{number}"
            if output.output_type == "stream":
                for part in split_tables(clean_text(output.text)):
                    if isinstance(part, Table):
                        texts = [cell.get_text() for cell in shown.pop(0).select("th, td")]
                        assert texts == [*part.header, *(text for row in part.rows for text in row)]
                    else:
                        assert shown.pop(0).get_text() == part
            elif interactive := interactive_media(output.data):
                place = shown.pop(0)
                link = place.select_one("a[data-source]")
                assert place.p is not None and place.p.get_text() == output.data["text/plain"]
                assert place["data-interactive"] == kind_of(interactive[0]) and link is not None
                data = (site / "chapters" / "any" / str(link["href"])).resolve().read_text(encoding="utf-8")
                assert json.loads(data) == output.data[interactive[0]]
            else:
                images = shown.pop(0).find_all("img")
                assert {str(image["src"]).partition("#")[2] for image in images} == {
                    "only-light",
                    "only-dark",
                }
                for image in images:
                    assert image["alt"] == cell.alt and image["width"] and image["height"]
                    assert (
                        (site / "chapters" / "any" / str(image["src"]).partition("#")[0]).resolve().exists()
                    )
    assert shown == []


@pytest.mark.parametrize("name", BOOK.examples)
def test_provenance_is_on_the_page_with_its_links(site: Path, project: Project, name: str) -> None:
    record = project.records.read(name)
    assert record is not None
    provenance = record.provenance
    example = read_example(site, name)
    line = example.select_one(f'.provenance[data-provenance="{name}"]')
    assert line is not None
    text = words(line.get_text())
    for expected in (provenance.device, f"{provenance.seconds:.1f} s", provenance.fingerprint[:16], "UTC"):
        assert expected in text
    for package, version in provenance.packages.items():
        assert f"{package} {version}" in text
    for model_id, model in provenance.models.items():
        assert model_id in text and model["revision"][:12] in text and model["source"] in text
        assert model["note"] in text
    time, install = line.find("time"), example.select_one(f'[data-install="{name}"] pre')
    assert isinstance(time, Tag)
    assert datetime.fromisoformat(str(time["datetime"])) == datetime.fromisoformat(provenance.started)
    assert install is not None and install.get_text().startswith("pip install ")
    verified = line.select_one(f'p.verified[data-verified="{name}"]')
    assert verified is not None and verified.has_attr("hidden") and not verified.get_text()
    targets = [urlsplit(str(link["href"])).path for link in example.find_all("a")]
    for suffix in (f"{name}.py", f"/{name}/", f"{name}.ipynb", f"test_{name}.py"):
        assert any(target.endswith(suffix) for target in targets), suffix


@pytest.mark.parametrize("name", BOOK.examples)
def test_script_declares_what_the_page_installs(site: Path, project: Project, name: str) -> None:
    record = project.records.read(name)
    assert record is not None
    script = (site / "downloads" / f"{name}.py").read_text(encoding="utf-8")
    # The expression of PEP 723 itself.
    blocks = re.findall(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$", script)
    assert [kind for kind, *_ in blocks] == ["script"]
    metadata = tomllib.loads("".join(line[2:] + "\n" for line in blocks[0][1].splitlines()))
    install = read_example(site, name).select_one("[data-install] code")
    assert install is not None
    assert metadata["dependencies"] == re.findall(r'"([^"]+)"', install.get_text())
    python = ".".join(record.provenance.parts["python"].split(".")[:2])
    assert metadata["requires-python"] == f"=={python}.*"


@pytest.mark.parametrize("name", BOOK.examples)
def test_run_line_stands_at_the_top_with_what_it_costs(site: Path, project: Project, name: str) -> None:
    record = project.records.read(name)
    assert record is not None
    run = read_example(site, name).select_one("h3 + .run")
    assert run is not None
    text = words(run.get_text())
    assert (
        f"{record.provenance.seconds:.1f} s · " in text and " of memory · " in text and f"{name}.py" in text
    )
    assert text.count("uv run") == 1


@pytest.mark.parametrize("name", BOOK.examples)
def test_every_cell_has_its_number_and_its_address(site: Path, name: str) -> None:
    for number, cell in enumerate(read_example(site, name).select("[data-cell]"), 1):
        link = cell.select_one("a.number")
        assert link is not None and link["href"] == f"#{cell['id']}" == f"#{name}-{number}"
        assert link.get_text() == str(number)


@pytest.mark.parametrize("name", BOOK.examples)
def test_everything_about_a_run_is_readable(site: Path, project: Project, name: str) -> None:
    record = project.records.read(name)
    assert record is not None
    links = [str(link["href"]) for link in read_example(site, name).select(".provenance a")]
    assert f"../../notebooks/{name}/#run" in links
    page = read_page(site, f"notebooks/{name}")
    assert page.find(id="run") is not None
    text = words(page.get_text())
    provenance = record.provenance
    for expected in (provenance.fingerprint, provenance.commit, provenance.outputs, provenance.started):
        assert expected in text
    for package, version in provenance.parts["packages"].items():
        assert f"{package} {version}" in text


@pytest.mark.parametrize("name", BOOK.examples)
def test_downloads_are_what_ran(site: Path, project: Project, name: str) -> None:
    script = (site / "downloads" / f"{name}.py").read_text(encoding="utf-8")
    assert without_script_metadata(script) == script_of(project.plans[name].example)
    notebook = json.loads((site / "downloads" / f"{name}.ipynb").read_text(encoding="utf-8"))
    assert notebook["metadata"]["cardbook"]["example"] == name
    assert any(cell.get("outputs") for cell in notebook["cells"])
    assert (site / "notebooks" / name / "index.html").exists()


@pytest.mark.parametrize("name", BOOK.examples)
def test_notebook_page_has_the_same_code_and_figures(site: Path, project: Project, name: str) -> None:
    page = read_page(site, f"notebooks/{name}")
    cells = project.plans[name].example.code_cells
    shown = page.select(".jp-CodeCell")
    assert [cell.select(".highlight-ipynb pre")[0].get_text() for cell in shown] == [
        f"{cell.source}\n" for cell in cells
    ]
    for number, (block, cell) in enumerate(zip(shown, cells, strict=True), 1):
        for image in block.find_all("img"):
            assert re.fullmatch(
                rf"{name}-{number}(-dark)?\.webp#only-(light|dark)", Path(str(image["src"])).name
            )
            assert image["alt"] == cell.alt and image["loading"] == "lazy"
            file = str(image["src"]).partition("#")[0]
            assert (site / "notebooks" / name / file).resolve().is_file()
    assert page.select("article style, article script") == []


def weigh(path: Path) -> int:
    """Bytes of a file as a host sends it, gzipped."""
    return len(gzip.compress(path.read_bytes(), 9))


@pytest.mark.parametrize("kind, limit", [("chapters", 20_000), ("notebooks", 30_000)])
def test_pages_are_light(site: Path, kind: str, limit: int) -> None:
    weights = {path.parent.name: weigh(path) for path in (site / kind).glob("*/index.html")}
    assert {name: weight for name, weight in weights.items() if weight > limit} == {}


@pytest.mark.parametrize("chapter", BOOK.chapters, ids=lambda chapter: chapter.id)
def test_first_view_of_a_chapter_is_light(site: Path, chapter: Chapter) -> None:
    path = site / "chapters" / chapter.id / "index.html"
    page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    links = page.select("link[rel=stylesheet], link[rel=preload], link[rel=icon]")
    asked = {str(link["href"]) for link in links} | {str(tag["src"]) for tag in page.select("script[src]")}
    files = {(path.parent / address).resolve() for address in asked} | set(site.glob("assets/built/*.woff2"))
    assert weigh(path) + sum(weigh(file) for file in files) <= 150_000
    assert all(image.get("loading") == "lazy" for image in page.find_all("img"))


def test_no_page_shows_a_traceback(site: Path) -> None:
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for mark in ("Traceback (most recent call last)", "Not run:", "jp-OutputArea-error"):
            # The last is a class name of the notebook's style sheet too.
            assert mark not in re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL), (path, mark)


def test_nothing_is_asked_of_another_host(site: Path) -> None:
    assert list(find_foreign_requests(site)) == []


def test_links_inside_the_site_lead_somewhere(site: Path) -> None:
    for path in site.rglob("*.html"):
        if path.name == "404.html":
            continue
        here = HOME + path.parent.relative_to(site).as_posix() + "/"
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for link in page.find_all("a", href=True):
            target = urlsplit(urljoin(here, str(link["href"])))
            if target.netloc == urlsplit(HOME).netloc:
                found = site / target.path.lstrip("/")
                assert found.is_file() or (found / "index.html").is_file(), (path, link["href"])


def test_search_finds_every_card(site: Path) -> None:
    sections = read_search_index(site)
    for chapter in BOOK.chapters:
        for entry in chapter.entries:
            section = sections[f"chapters/{chapter.id}/#{entry.id}"]
            assert section["card"] and section.get("also", []) == list(entry.also)
            assert len(section.get("corrections", [])) == len(entry.corrections)
            assert plain(entry.card.answer) in section["text"]
            assert not any(text in section["text"] for text in section.get("corrections", []))


def read_search_index(site: Path) -> dict[str, dict[str, Any]]:
    """Return what a search looks in, by address: nothing of it may be fetched before somebody searches."""
    first = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    assert first["docs"] == []
    book = json.loads((site / "search" / "book.json").read_text(encoding="utf-8"))
    return {section["location"]: section for section in book["sections"]}


def test_what_only_search_needs_is_not_on_the_pages(site: Path) -> None:
    assert [path for path in site.rglob("*.html") if "data-also" in path.read_text(encoding="utf-8")] == []


def test_published_pages_are_what_the_records_say(cardbook: Cardbook) -> None:
    outcome = cardbook("pages", "--check", "--root", ROOT)
    assert outcome.returncode == 0, outcome.stderr


def test_every_record_may_be_published(cardbook: Cardbook) -> None:
    outcome = cardbook("check", "--root", ROOT)
    assert outcome.returncode == 0, outcome.stderr
