"""A page that has grown old says so, by the reader's own clock."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import NO_JAVASCRIPT, VIEWS, Opener, View
from tests.browser.places import BOOK

CHAPTER = f"chapters/{BOOK.chapters[0].id}/"
LIMIT = BOOK.max_age_days


@pytest.fixture
def last_run(site: Path) -> datetime:
    """When the latest run began whose output is on the site."""
    document = json.loads((site / "provenance.json").read_text(encoding="utf-8"))
    return max(datetime.fromisoformat(example["started"]) for example in document["examples"].values())


def look(page: Page, when: datetime) -> Page:
    """Look at the page again, at another time."""
    page.clock.set_fixed_time(when)
    page.reload()
    return page


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_old_page_marks_every_output(open_page: Opener, last_run: datetime, view: View) -> None:
    page = look(open_page(CHAPTER, view), last_run + timedelta(days=LIMIT + 15))
    notices = page.locator(".provenance > .too-old")
    assert notices.count() == page.locator(".provenance").count() > 0
    notices.first.scroll_into_view_if_needed()
    assert notices.first.is_visible()
    assert f"days ago, and this book promises at most {LIMIT}." in notices.first.inner_text()


@pytest.mark.parametrize("days", [-10_000, 0, LIMIT - 5])
def test_young_page_and_wrong_clock_say_nothing(open_page: Opener, last_run: datetime, days: int) -> None:
    page = look(open_page(CHAPTER), last_run + timedelta(days=days))
    page.locator("button.copy").first.wait_for()  # our script has run
    assert page.locator(".too-old").count() == 0


def test_next_chapter_is_marked_too_and_each_output_once(open_page: Opener, last_run: datetime) -> None:
    page = look(open_page(CHAPTER), last_run + timedelta(days=LIMIT + 15))
    page.evaluate("document$.next(document)")  # what instant navigation does once the content is there
    assert page.locator(".too-old").count() == page.locator(".provenance").count()
    page.evaluate("document.querySelectorAll('.too-old').forEach((notice) => notice.remove())")
    page.evaluate("document$.next(document)")
    assert page.locator(".too-old").count() == page.locator(".provenance").count()
    page.locator("a[rel=next]").first.click()
    page.wait_for_url(f"**/{BOOK.chapters[1].id}/")
    page.locator(".too-old").first.wait_for()


def test_without_javascript_the_date_stands_there(open_page: Opener) -> None:
    page = open_page(CHAPTER, NO_JAVASCRIPT)
    assert page.locator(".provenance time").first.inner_text().endswith("UTC")
