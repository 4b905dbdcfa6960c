"""Reporting a mistake, on a site that knows its repository."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from cardbook.pages.generate import make_pages, write_pages
from cardbook.records.status import Project, statuses_of
from tests.browser.chromium import Opener, serve
from tests.browser.places import BOOK, CARD, CHAPTER
from tests.conftest import build_site, copy_sources


def test_report_names_card_page_and_commit(
    open_page: Opener, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOK_REPOSITORY", "https://github.com/someone/book")
    monkeypatch.setenv("GITHUB_SHA", "0123abc")
    copy_sources(tmp_path)
    write_pages(tmp_path / "docs", make_pages(project, statuses_of(project)))
    with serve(build_site(tmp_path)) as address:
        page = open_page(CHAPTER, address=address)
        card = page.locator(f'[data-card="{CARD}"]')
        link = card.get_by_role("link", name="Report a mistake")
        assert not link.is_visible()
        card.locator(".card-answer > summary").click()
        assert link.is_visible()
        source = page.get_by_role("link", name="the source of this book")
        assert source.get_attribute("href") == "https://github.com/someone/book"
        target = urlsplit(link.get_attribute("href") or "")
    assert f"{target.scheme}://{target.netloc}{target.path}" == "https://github.com/someone/book/issues/new"
    (title,), (body,) = (parse_qs(target.query)[key] for key in ("title", "body"))
    assert title == f"Card {CARD}"
    assert f"Page: {address}{CHAPTER}#{CARD}\n" in body and "Commit: 0123abc\n" in body


def test_without_a_repository_nothing_can_be_reported(open_page: Opener) -> None:
    page = open_page(f"chapters/{BOOK.chapters[0].id}/")
    assert page.locator(".card-report").count() == 0


def test_address_that_names_nothing_does_no_harm(open_page: Opener) -> None:
    page = open_page(f"{CHAPTER}?h=%25%5B(%2B&q=#%E0%A4%A")
    assert page.locator("[data-cell] button.copy").count() == page.locator("[data-cell]").count() > 0
