"""Accessibility, in a real browser: axe on every kind of page, in both schemes, on desktop and phone."""

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import VIEWS, Opener, View
from tests.browser.places import BOOK, CHAPTER, NOTEBOOK
from tests.conftest import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PAGES = (
    "",
    CHAPTER,
    "study/",
    "cards/",
    NOTEBOOK,
    "about/",
    "licences/",
    "nowhere/",
)


def find_faults(page: Page) -> list[str]:
    """What axe calls serious or critical, with the first element of each."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{fault['id']}: {node['html'][:200]}: {node['failureSummary']}"
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"][:3]
    ]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_axe_finds_nothing_serious(open_page: Opener, view: View, path: str) -> None:
    page = open_page(path, view)
    open_page.trouble.errors.clear()
    # What waits behind a reveal must be right too.
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    assert find_faults(page) == []


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_axe_finds_nothing_serious_in_an_open_search(open_page: Opener, view: View) -> None:
    page = open_page(CHAPTER, view)
    page.keyboard.press("/")
    page.keyboard.type(BOOK.entries[0].card.title.split()[-1])
    page.locator(".md-search-result__item").first.wait_for()
    # Material slides it in: half-way, its colours are not yet what they will be.
    page.wait_for_timeout(400)
    assert find_faults(page) == []
