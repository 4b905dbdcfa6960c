"""A real browser on the built site: Chromium or Chrome, cut off from every other host.

`open_page(path, view)` returns a page. At the end of the test it fails if a page asked another host for
anything, wrote an error to its console or raised one; a test that expects that empties the list itself.
"""

import gzip
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

CHROMIUM = ("chromium", "google-chrome")
# What a host compresses when it sends it.
COMPRESSED = (".html", ".css", ".js", ".json", ".svg", ".xml", ".py", ".ipynb")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The names of other hosts lead nowhere.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
# A little more than the delay before a page registers its service worker (web/offline.ts), in milliseconds.
UNTIL_REGISTERED = 4100


@dataclass(frozen=True)
class View:
    """How a reader looks at a page: colour scheme, size of the window, JavaScript, a finger or a mouse."""

    name: str
    scheme: Literal["light", "dark"] = "light"
    width: int = 1280
    height: int = 900
    javascript: bool = True
    touch: bool = False


DESKTOP = View("desktop-light")
DESKTOP_DARK = View("desktop-dark", "dark")
PHONE = View("phone-light", "light", 390, 844)
PHONE_DARK = View("phone-dark", "dark", 390, 844)
TOUCH = View("phone-touch", "light", 390, 844, touch=True)
NO_JAVASCRIPT = View("no-javascript", javascript=False)
VIEWS = (DESKTOP, DESKTOP_DARK, PHONE, PHONE_DARK)


@dataclass
class Trouble:
    """What pages did that they must not do: requests to other hosts, errors."""

    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Opener:
    """Opens pages of a site, each in a fresh browser profile."""

    chromium: Browser
    address: str
    trouble: Trouble

    def __call__(
        self, path: str = "", view: View = DESKTOP, address: str = "", *, service_worker: bool = False
    ) -> Page:
        """Return the page at `path`, loaded, of the site served at `address`: the real one by default.

        Only with `service_worker` may the page keep the site for reading offline; it begins at once.
        """
        site = address or self.address
        size = ViewportSize(width=view.width, height=view.height)
        context = self.chromium.new_context(
            color_scheme=view.scheme,
            viewport=size,
            java_script_enabled=view.javascript,
            has_touch=view.touch,
            is_mobile=view.touch,
            permissions=["clipboard-read", "clipboard-write"],
            service_workers="allow" if service_worker else "block",
        )
        # Routing requests instead would take a fifth of the time of a page and turn off the cache.
        context.on("request", lambda request: self._note(site, request.url))
        page = context.new_page()
        page.on("pageerror", lambda error: self.trouble.errors.append(f"{page.url}: {error}"))
        page.on("console", lambda line: self._hear(page, line.type, line.text))
        page.on("dialog", lambda dialog: self.trouble.errors.append(f"{page.url}: dialog: {dialog.message}"))
        if service_worker:
            page.clock.install()
        page.goto(site + path, wait_until="load")
        if service_worker:
            page.clock.fast_forward(UNTIL_REGISTERED)
        return page

    def _note(self, site: str, address: str) -> None:
        if not address.startswith((site, "blob:")):
            self.trouble.foreign.append(address)

    def _hear(self, page: Page, kind: str, text: str) -> None:
        if kind == "error":
            self.trouble.errors.append(f"{page.url}: {text}")


@lru_cache(maxsize=500)
def compress(content: bytes) -> bytes:
    """Compress what is sent once for each page that asks for it."""
    return gzip.compress(content)


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves a built site as a static host would, with its 404 page, and writes no log."""

    protocol_version = "HTTP/1.1"

    def end_headers(self) -> None:
        """Have the browser ask again each time: tests publish again."""
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""

    def do_GET(self) -> None:
        """Answer with a file, gzipped if that saves anything."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() and self.path.split("?")[0].endswith("/") else path
        if (
            path.suffix not in COMPRESSED
            or not path.is_file()
            or "gzip" not in self.headers.get("Accept-Encoding", "")
        ):
            super().do_GET()
            return
        body = compress(path.read_bytes())
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer a missing page with the site's own 404.html."""
        page = Path(self.directory) / "404.html"
        if code != 404 or not page.exists():
            super().send_error(code, message, explain)
            return
        body = page.read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback for as long as the block lasts; return its address, with a slash."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def served(site: Path) -> Iterator[str]:
    """The address of the real site."""
    with serve(site) as address:
        yield address


def find_chromium() -> str:
    """Return the path of the browser: an installed one, or the one that `make chromium` fetches."""
    for name in CHROMIUM:
        if path := shutil.which(name):
            return path
    pytest.fail(f"{' and '.join(CHROMIUM)} are missing: make chromium", pytrace=False)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser."""
    path = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser, served: str) -> Iterator[Callable[..., Page]]:
    """Opens pages of the real site; see the top of this file for what else it watches."""
    opener = Opener(chromium, served, Trouble())
    yield opener
    for context in chromium.contexts:
        context.close()
    assert opener.trouble == Trouble()
