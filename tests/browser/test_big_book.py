"""Studying a book of 5,000 cards: the page loads what it shows, and says what it cannot load."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from cardbook.pages.study import make_study_files
from cardbook.source.book import read_book
from tests.browser.chromium import Opener, serve
from tests.browser.test_study import answer, choose_file, export, grades, stored
from tests.conftest import ROOT, write_small

CHAPTERS = 120
CARDS = 5000
READY = 1000
FIRST_VIEW = 300_000
# Marks when the first question can be seen.
WATCH = """
new MutationObserver(() => {
  const question = document.querySelector(".study-list .card:not([hidden]) .card-question");
  if (question && !window.readyAt) window.readyAt = performance.now();
}).observe(document, { subtree: true, childList: true, attributes: true });
"""
# Not a function to wait for: the policy of the page allows no code from texts.
READY_AT = """() => new Promise((resolve) => {
  const look = () => (window.readyAt ? resolve(window.readyAt) : requestAnimationFrame(look));
  look();
})"""


@dataclass(frozen=True)
class BigSite:
    """The site of a big book and where its files are."""

    folder: Path
    address: str


@pytest.fixture(scope="module")
def big(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BigSite]:
    """The published site with the study page of a big book in the place of its own."""
    root = tmp_path_factory.mktemp("big")
    folder = root / "site"
    folder.mkdir()
    for name in ("assets", "search"):
        shutil.copytree(site / name, folder / name)
    small = read_book(write_small(root / "book"))
    card = replace(small.entries[0], corrections=())
    size = -(-CARDS // CHAPTERS)
    chapters = [
        replace(
            small.chapters[0],
            id=f"chapter-{chapter}",
            title=f"Chapter {chapter}",
            entries=tuple(
                replace(
                    card,
                    id=f"the-card-with-number-{number}",
                    card=replace(
                        card.card,
                        title=f"Card {number}",
                        question=f"What is {number}?",
                        answer="Text. " * 150,
                    ),
                )
                for number in range(chapter * size, min(CARDS, (chapter + 1) * size))
            ),
        )
        for chapter in range(CHAPTERS)
    ]
    book = replace(small, name="big", chapters=tuple(chapter for chapter in chapters if chapter.entries))
    assert len(book.entries) == CARDS
    # The published book itself, as another book of the same host.
    shutil.copytree(site / "study", folder / "other" / "study")
    for name in ("assets", "search"):
        (folder / "other" / name).symlink_to(folder / name)
    (folder / "study").mkdir()
    for path, content in make_study_files(book, ()).items():
        if path.suffix == ".json":
            (folder / path).write_bytes(content)
    page = (site / "study" / "index.html").read_text(encoding="utf-8")
    links = "".join(f'<li><a href="../chapters/{one.id}/">{one.title}</a></li>' for one in book.chapters)
    page = page.replace('data-study=""', 'data-study="" data-cards="cards.json"')
    page = page.replace(f'data-book="{read_book(ROOT).name}"', 'data-book="big"')
    page, count = re.subn(
        r'(<div class="study-list">).*?(</div>\s*</article>)', rf"\1<ul>{links}</ul>\2", page, flags=re.DOTALL
    )
    assert count == 1 and 'data-book="big"' in page
    (folder / "study" / "index.html").write_text(page, encoding="utf-8")
    with serve(folder) as address:
        yield BigSite(folder, address)


def test_study_page_of_5000_cards_is_ready_within_a_second_and_loads_what_it_shows(
    open_page: Opener, big: BigSite
) -> None:
    page = open_page("assets/favicon.svg", address=big.address)
    page.add_init_script(WATCH)
    times, sizes = [], []
    # What else this machine does can only make it slower.
    for _ in range(5):
        page.goto(big.address + "study/", wait_until="networkidle")
        times.append(page.evaluate(READY_AT))
        entries = (
            "[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]"
        )
        sizes.append(page.evaluate(f"{entries}.reduce((sum, one) => sum + one.encodedBodySize, 0)"))
    assert min(times) < READY, times
    assert sizes[0] < FIRST_VIEW, sizes
    parts = page.evaluate(
        "performance.getEntriesByType('resource').filter((one) => /chapter-\\d/.test(one.name)).length"
    )
    assert parts == 1
    expect(page.locator(".study-counts")).to_have_text("10 cards to answer · 5000 new")
    expect(page.locator(".card-question:visible")).to_have_text("What is 0?")
    answer(page, 3)
    expect(page.locator(".card-question:visible")).to_have_text("What is 1?")
    assert grades(page) == [("the-card-with-number-0", 3)]


def test_reader_with_5000_reviews_does_not_wait_either(open_page: Opener, big: BigSite) -> None:
    page = open_page("study/", address=big.address)
    page.evaluate(
        """() => {
          for (let card = 0; card < 2500; card += 1)
            for (const day of ["05", "06"]) {
              const at = `2026-01-${day}T09:00:00.000Z`;
              const entry = { card: `the-card-with-number-${card}`, at, grade: 3, schema: 1 };
              localStorage.setItem(`cardbook/big/review:${at}:${entry.card}`, JSON.stringify(entry));
            }
        }"""
    )
    page.add_init_script(WATCH)
    times = []
    for _ in range(5):
        page.goto(big.address + "study/?")
        times.append(page.evaluate(READY_AT))
    assert min(times) < READY, times
    expect(page.locator(".study-counts")).to_have_text("2510 cards to answer · 2500 due · 2500 new")
    expect(page.locator(".study-badge")).to_have_text("2500")
    started = page.evaluate("performance.now()")
    answer(page, 3)
    expect(page.locator(".study-last")).to_contain_text("Good")
    assert page.evaluate("performance.now()") - started < READY
    assert len(stored(page)) == 5001


def test_search_looks_through_all_cards_and_a_list_shows_some_at_a_time(
    open_page: Opener, big: BigSite
) -> None:
    page = open_page("study/", address=big.address)
    page.get_by_role("combobox", name="Cards", exact=True).select_option("all")
    page.get_by_label("Search cards").fill("what is 4321?")
    expect(page.locator(".card-question:visible")).to_have_text("What is 4321?")
    expect(page.locator(".study-list h2:visible")).to_have_text(re.compile(r"Chapter \d+"))
    link = page.locator(".study-list h3:visible a")
    assert re.search(r"/chapters/chapter-\d+/#the-card-with-number-4321$", link.get_attribute("href") or "")
    page.get_by_label("Search cards").fill("")
    page.get_by_role("button", name="List").click()
    expect(page.locator(".card:visible")).to_have_count(50)
    page.get_by_role("button", name="Show 50 more").click()
    expect(page.locator(".card:visible")).to_have_count(100)
    questions = page.locator(".card-question:visible").all_inner_texts()
    assert questions == [f"What is {number}?" for number in range(100)]


def test_what_cannot_be_loaded_is_told_and_can_be_tried_again(open_page: Opener, big: BigSite) -> None:
    page = open_page("assets/favicon.svg", address=big.address)
    down = True

    def break_off(route: Route) -> None:
        if down:
            route.abort()
        else:
            route.continue_()

    page.route("**/chapter-*.json", break_off)
    page.goto(big.address + "study/")
    note = page.locator(".study-note:visible").first
    expect(note).to_contain_text("The cards could not be loaded. Check the connection, then try again.")
    down = False
    note.get_by_role("button", name="Try again").click()
    expect(page.locator(".card-question:visible")).to_have_text("What is 0?")
    page.route("**/cards.json", lambda route: route.abort())
    page.goto(big.address + "study/?")
    expect(page.get_by_text("The cards could not be loaded.")).to_be_visible()
    expect(page.locator(".study-list li a").first).to_be_visible()
    open_page.trouble.errors.clear()


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"schema": 2}', '{"chapters": [{"id": 1}], "retired": []}', "[" * 100_000]
)
def test_index_that_cannot_be_read_leaves_the_links(open_page: Opener, big: BigSite, content: str) -> None:
    page = open_page("assets/favicon.svg", address=big.address)
    page.route("**/cards.json", lambda route: route.fulfill(body=content, content_type="application/json"))
    page.goto(big.address + "study/")
    expect(
        page.get_by_text("cannot be read by this version of the page").or_(
            page.get_by_text("could not be read")
        )
    ).to_be_visible()
    expect(page.locator(".study-list li a").first).to_be_visible()


def test_page_of_an_earlier_publication_says_to_reload(open_page: Opener, big: BigSite) -> None:
    page: Page = open_page("assets/favicon.svg", address=big.address)
    page.route("**/chapter-0-1.*.json", lambda route: route.fulfill(status=404, body=""))
    page.goto(big.address + "study/")
    expect(page.locator(".study-note:visible").first).to_contain_text(
        "no longer where they were: reload the page"
    )
    open_page.trouble.errors.clear()


def test_two_books_of_one_host_keep_their_progress_apart(open_page: Opener, big: BigSite) -> None:
    page = open_page("other/study/", address=big.address)
    answer(page, 4)
    page.goto(big.address + "study/")
    expect(page.locator(".study-counts")).to_have_text("10 cards to answer · 5000 new")
    expect(page.locator(".card-question:visible")).to_have_text("What is 0?")
    answer(page, 1)
    assert [review["card"] for review in export(page)["reviews"]] == ["the-card-with-number-0"]
    page.goto(big.address + "other/study/")
    expect(page.locator(".study-counts")).to_contain_text("1 known")
    exported = export(page)
    assert [review["grade"] for review in exported["reviews"]] == [4]
    page.goto(big.address + "study/?")
    choose_file(page, json.dumps(exported))
    expect(page.locator(".study-message")).to_contain_text("this is the progress of another book")
    assert set(export(page)["cards"]) == {"the-card-with-number-0"}
