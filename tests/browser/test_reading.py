"""Reading in a real browser: what one sees, copies and reaches."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cardbook.records.status import Project
from tests.browser.chromium import NO_JAVASCRIPT, VIEWS, Opener, View
from tests.browser.places import BOOK, CARD, CHAPTER, EXAMPLE, NOTEBOOK
from tests.conftest import ROOT


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


@pytest.mark.parametrize("path", ["", CHAPTER, NOTEBOOK, "about/", "licences/", "nowhere/"])
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_no_page_is_wider_than_the_window_and_none_asks_another_host(
    open_page: Opener, view: View, path: str
) -> None:
    page = open_page(path, view)
    assert page.evaluate("document.documentElement.scrollWidth") <= view.width
    assert page.locator("h1").is_visible()
    if path == "nowhere/":
        # The browser itself says on the console that the page is missing.
        assert "404" in open_page.trouble.errors.pop()


def test_copy_button_copies_exactly_the_cell(open_page: Opener, project: Project) -> None:
    page = open_page(CHAPTER)
    for number, cell in enumerate(project.plans[EXAMPLE].example.code_cells, 1):
        block = page.locator(f'[data-cell="{EXAMPLE}-{number}"]')
        block.hover()
        block.get_by_role("button").click()
        block.get_by_text("Copied").wait_for()
        assert clipboard(page) == cell.source


def test_whole_example_is_copied_as_the_script(open_page: Opener) -> None:
    page = open_page(CHAPTER)
    example = page.locator(f'[data-example="{EXAMPLE}"]')
    example.get_by_role("button", name="Copy whole example").click()
    example.get_by_text("Copied").wait_for()
    assert clipboard(page) == (ROOT / "examples" / f"{EXAMPLE}.py").read_text(encoding="utf-8")


def test_install_line_is_copied(open_page: Opener) -> None:
    page = open_page(CHAPTER)
    install = page.locator(f'[data-install="{EXAMPLE}"]')
    install.get_by_role("button").click()
    install.get_by_text("Copied").wait_for()
    assert clipboard(page) == install.locator("code").inner_text()


def test_downloads_keep_their_names(open_page: Opener, site: Path) -> None:
    page = open_page(CHAPTER)
    example = page.locator(f'[data-example="{EXAMPLE}"]')
    names = {"Script": f"{EXAMPLE}.py", "Notebook": f"{EXAMPLE}.ipynb"}
    for label, name in names.items():
        with page.expect_download() as started:
            example.get_by_role("link", name=label, exact=True).click()
        assert started.value.suggested_filename == name
        assert Path(started.value.path()).read_bytes() == (site / "downloads" / name).read_bytes()


def test_deep_link_leads_to_its_card(open_page: Opener) -> None:
    page = open_page(f"{CHAPTER}#{CARD}")
    page.wait_for_function("scrollY > 500")
    top = page.locator(f"#{CARD}").evaluate("heading => heading.getBoundingClientRect().top")
    assert 0 <= top < 300


def test_without_javascript_all_is_there(open_page: Opener) -> None:
    page = open_page(CHAPTER, NO_JAVASCRIPT)
    card = page.locator(f'[data-card="{CARD}"]')
    assert not card.locator(".card-answer p").first.is_visible()
    card.locator(".card-answer summary").click()
    assert card.locator(".card-answer p").first.is_visible()
    assert page.locator("article button").count() == 0
    assert page.locator("a[rel=next]").first.is_visible()


def test_cards_and_chapters_are_reached_by_keyboard_and_show_it(open_page: Opener) -> None:
    page = open_page(CHAPTER)
    page.locator(f'[data-card="{CARD}"] .card-answer summary').focus()
    page.keyboard.press("Enter")
    assert page.locator(f'[data-card="{CARD}"] .card-answer p').first.is_visible()
    seen = set()
    page.locator("h1").evaluate("heading => { heading.tabIndex = -1; heading.focus() }")
    for _ in range(12):
        page.keyboard.press("Tab")
        name, width = page.evaluate(
            "[document.activeElement.tagName, getComputedStyle(document.activeElement).outlineWidth]"
        )
        assert width != "0px", name
        seen.add(name)
    assert {"SUMMARY", "A"} <= seen


def test_answers_are_open_on_paper(open_page: Opener) -> None:
    page = open_page(CHAPTER)
    page.emulate_media(media="print")
    answer = page.locator(f'[data-card="{CARD}"] .card-answer p').first
    assert answer.is_visible() and answer.evaluate("p => p.getBoundingClientRect().height") > 10
    assert not page.get_by_role("button", name="Copy whole example").first.is_visible()


def test_chapters_lead_on_to_each_other(open_page: Opener) -> None:
    page = open_page()
    page.get_by_role("link", name="Start with chapter 1").click()
    titles = [page.locator("h1").inner_text()]
    while page.locator("a.turn-on").count() and "/chapters/" in page.url:
        page.locator("a.turn-on").click()
        titles.append(page.locator("h1").inner_text())
    assert len(titles) == len(set(titles)) >= len(BOOK.chapters)


def test_search_for_a_title_finds_its_card_first(open_page: Opener) -> None:
    page = open_page("about/")
    page.keyboard.press("/")
    first = page.locator(".md-search-result__item").first.locator("a[href*='#']").first
    for entry in BOOK.entries:
        page.locator(".md-search__input").fill(entry.card.title)
        # Material looks when a key is let go.
        page.keyboard.press("End")
        expect(first).to_have_attribute("href", re.compile(f"#{entry.id}$"), timeout=20_000)
        expect(first).to_be_visible()
