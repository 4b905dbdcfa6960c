"""Reading without a network, in a real browser: a site is kept whole, and replaced whole."""

import json
import shutil
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Page, expect

from cardbook.site.offline import write_service_worker
from cardbook.verify.marks import mark_pages
from cardbook.verify.results import VerifiedExample
from tests.browser.chromium import UNTIL_REGISTERED, Opener, QuietHandler
from tests.browser.places import BOOK, CARD, CHAPTER, EXAMPLE

OLD = "Study the cards"
NEW = "Learn the cards now"
KEPT = """async () => {
    const names = (await caches.keys()).sort(), lists = [];
    for (const name of names) lists.push((await (await caches.open(name)).keys()).map(one => one.url));
    return Object.fromEntries(names.map((name, at) => [name, lists[at]]));
}"""
# Whether the newest worker has kept its book and serves pages.
READY = """async () => {
    const known = await navigator.serviceWorker.getRegistration();
    return Boolean(known?.active && known.active.state !== "activating" && !known.installing);
}"""
# Looks for a new publication; returns the state of its worker when it has kept the new book, or given up.
UPDATE = """async () => {
    const known = await navigator.serviceWorker.getRegistration();
    const state = new Promise(resolve => known.addEventListener("updatefound", () => {
        const { installing } = known;
        installing.addEventListener("statechange", () => resolve(installing.state), { once: true });
    }));
    await known.update();
    return await state;
}"""


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[str]:
    """Serve a folder; where the block ends there is no network."""
    server = ThreadingHTTPServer(("127.0.0.1", port), partial(QuietHandler, directory=str(folder)))
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def published(site: Path, tmp_path: Path) -> Path:
    """A copy of the site, to be published anew."""
    return Path(shutil.copytree(site, tmp_path / "site"))


def visit(open_page: Opener, address: str, book: str = "") -> Page:
    """Open a chapter and stay until the book is kept."""
    page = open_page(book + CHAPTER, address=address, service_worker=True)
    wait_for_worker(page)
    return page


def wait_for_worker(page: Page) -> None:
    """Wait until the newest service worker has kept its book and serves pages."""
    for _ in range(600):
        if page.evaluate(READY):
            return
        page.wait_for_timeout(100)
    pytest.fail("no service worker is active")


def publish_again(published: Path) -> None:
    """Change words on two pages as another publication would."""
    for path in (published / "index.html", published / CHAPTER / "index.html"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(OLD, NEW).replace("</h1>", " again</h1>", 1), encoding="utf-8")
    write_service_worker(published)


def test_after_one_visit_all_works_without_a_network(open_page: Opener, published: Path) -> None:
    with serving(published) as address:
        page = visit(open_page, address)
    for chapter in BOOK.chapters:
        page.goto(f"{address}chapters/{chapter.id}/")
        page.locator("img").evaluate_all("all => all.forEach(one => one.loading = 'eager')")
        broken = "all => Promise.all(all.map(one => one.decode().catch(() => one.src)))"
        assert set(page.locator("img").evaluate_all(broken)) <= {None}
    page.goto(f"{address}study/?chapter={BOOK.chapters[0].id}")
    page.locator(".card-question:visible").first.wait_for()
    page.goto(f"{address}about/")
    page.keyboard.press("/")
    page.locator(".md-search__input").fill(BOOK.entries[0].card.title)
    page.keyboard.press("End")
    page.locator(".md-search-result__item a[href*='#']").first.click()
    expect(page.locator("article h2").first).to_be_visible()
    assert open_page.trouble.errors == []


def test_nothing_is_kept_but_what_was_published(open_page: Opener, published: Path) -> None:
    with serving(published) as address:
        page = visit(open_page, address)
        page.goto(f"{address}downloads/{BOOK.examples[0]}.py")
        page.goto(f"{address}nowhere/")
        page.goto(f"{address}{CHAPTER}?h=token#{CARD}")
        kept = page.evaluate(KEPT)
    (urls,) = kept.values()
    files = {url.removeprefix(address) for url in urls} - {"?files"}
    assert all((published / file).is_file() for file in files)
    assert not any(file.startswith("downloads/") for file in files)
    pages = {path.relative_to(published).as_posix() for path in published.rglob("*.html")}
    assert pages <= files
    open_page.trouble.errors.clear()


def test_new_publication_replaces_the_old_one_whole(open_page: Opener, published: Path) -> None:
    with serving(published) as address:
        page = visit(open_page, address)
        other = page.context.new_page()
        other.goto(address)
        before = page.evaluate(KEPT)
        publish_again(published)
        assert page.evaluate(UPDATE) == "installed"
        # While a page of the old book is open, all pages are of the old book.
        for path in ("", CHAPTER):
            page.goto(address + path)
            assert NEW not in page.content() and " again</h1>" not in page.content()
        other.close()
        page.goto(address)
        expect(page.get_by_text(NEW)).to_be_visible()
        page.goto(address + CHAPTER)
        assert " again</h1>" in page.content()
        wait_for_worker(page)
        assert len(after := page.evaluate(KEPT)) == 1
        assert after.keys().isdisjoint(before)


def test_half_a_publication_replaces_nothing(open_page: Opener, published: Path) -> None:
    with serving(published) as address:
        page = visit(open_page, address)
        before = page.evaluate(KEPT)
        old = (published / CHAPTER / "index.html").read_bytes()
        publish_again(published)
        # The host still has the old chapter beside the new list.
        (published / CHAPTER / "index.html").write_bytes(old)
        assert page.evaluate(UPDATE) == "redundant"
        page.goto(address)
        assert NEW not in page.content()
        assert page.evaluate(KEPT) == before
    open_page.trouble.errors.clear()


def test_another_book_of_the_same_host_keeps_its_own(open_page: Opener, published: Path) -> None:
    place = published.with_name("host")
    for name in ("one", "two"):
        shutil.copytree(published, place / name)
    with serving(place) as address:
        page = visit(open_page, address, "one/")
        page.goto(f"{address}two/{CHAPTER}")
        page.clock.fast_forward(UNTIL_REGISTERED)
        wait_for_worker(page)
        assert len(page.evaluate(KEPT)) == 2


def test_list_names_the_pages_as_they_are_published(published: Path) -> None:
    """Verification marks the pages after they were built; a list without the marks would keep no book."""
    page = published / CHAPTER / "index.html"
    before = page.read_bytes()
    verified = VerifiedExample(EXAMPLE, CHAPTER.rstrip("/"), "2026-11-25T12:00:00+00:00", "", ())
    mark_pages(published, [verified])
    assert page.read_bytes() != before
    worker = (published / "service-worker.js").read_text(encoding="utf-8")
    files = json.loads(worker.partition("files:")[2].partition("};")[0])
    for path in (f"{CHAPTER}index.html", "study/index.html", "manifest.webmanifest", "glossary.json"):
        assert files[path] == b64encode(sha256((published / path).read_bytes()).digest()).decode()
    assert b'rel="manifest" href="../../manifest.webmanifest"' in page.read_bytes()
