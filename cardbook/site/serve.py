"""The live preview: runs what an edit makes stale, rewrites its pages, builds them and reloads browsers."""

import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from mkdocs.livereload import LiveReloadServer

from cardbook.base.errors import InputError
from cardbook.pages.generate import FOLDERS, make_pages, write_pages
from cardbook.records.status import load_project, statuses_of
from cardbook.run.fork_pool import ForkServerPool
from cardbook.run.scheduler import run_examples
from cardbook.site.mkdocs_build import build_site, read_settings

WATCHED = ("book.yml", "card-ids.yml", "models.toml", "mkdocs.yml")
WATCHED_FOLDERS = ("flashcards/*.md", "examples/**/*", "tests/examples/*.py")
POLL_SECONDS = 0.1


class Server(LiveReloadServer):
    """Serves a finished site; `show` replaces it and makes browsers reload."""

    def __init__(self, address: str, site: Path) -> None:
        host, _, port = address.rpartition(":")
        super().__init__(lambda: None, host, int(port), str(site), shutdown_delay=POLL_SECONDS)
        self.error_handler = self._read_error_page

    def start(self) -> None:
        """Start serving. Raises OSError when the address is in use."""
        self.server_bind()
        self.server_activate()
        self.serve_thread.start()

    def show(self, site: Path) -> None:
        """Serve this folder instead, and make browsers reload."""
        self.root = str(site)
        with self._epoch_cond:
            self._visible_epoch = self._wanted_epoch = round(time.monotonic() * 1000)
            self._epoch_cond.notify_all()

    def _read_error_page(self, code: int) -> bytes | None:
        page = Path(self.root) / f"{code}.html"
        return page.read_bytes() if page.is_file() else None


class Preview:
    """The preview of one book: each edit to a source refreshes the served site."""

    def __init__(self, root: Path, profile: str, address: str, log: Callable[[str], None]) -> None:
        self.root, self.profile, self.address, self.log = root, profile, address, log
        self.fork_servers = ForkServerPool(log)

    def follow(self, folder: Path) -> None:
        """Serve until interrupted, building in `folder`; after invalid input, the last valid site stays."""
        sites = [folder / "a", folder / "b"]
        for site in sites:
            site.mkdir()
        server = Server(self.address, sites[0])
        server.start()
        self.log(f"Serving on {server.url}")
        seen: dict[Path, int] = {}
        try:
            while True:
                # An editor may still be writing a file: wait until nothing changes for a moment.
                if (now := read_times(self.root)) != seen and now == self._read_later():
                    sites.reverse()
                    written = self.refresh(sites[0])
                    if written is not None:
                        server.show(sites[0])
                    seen = now | {
                        path: time for path, time in read_times(self.root).items() if path in (written or ())
                    }
                time.sleep(POLL_SECONDS)
        finally:
            server.shutdown()

    def _read_later(self) -> dict[Path, int]:
        time.sleep(POLL_SECONDS / 2)
        return read_times(self.root)

    def refresh(self, site: Path) -> list[Path] | None:
        """Run what is stale, rewrite the pages that change, build; return the files written.

        If something is wrong, log it and return None.
        """
        begun = time.perf_counter()
        try:
            written = refresh_pages(self.root, self.profile, self.fork_servers, self.log)
            warnings = build_site(read_settings(self.root, site, f"http://{self.address}/"))
        except InputError as error:
            self.log(str(error))
            return None
        for warning in warnings:
            self.log(f"MkDocs warns: {warning}")
        self.log(f"Shown after {time.perf_counter() - begun:.1f} s.")
        return written


def serve_preview(root: Path, profile: str, address: str, log: Callable[[str], None]) -> None:
    """Serve the site of `root` until interrupted, following every edit."""
    signal.signal(signal.SIGTERM, _interrupt)
    folder = Path(tempfile.mkdtemp(prefix="cardbook-"))
    preview = Preview(root, profile, address, log)
    try:
        preview.follow(folder)
    except KeyboardInterrupt:
        log("Stopped.")
    finally:
        preview.fork_servers.close()
        shutil.rmtree(folder, ignore_errors=True)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def read_times(root: Path) -> dict[Path, int]:
    """Return the modification time (ns) of each file that people write for the book."""
    paths = [root / name for name in WATCHED]
    paths += [path for pattern in WATCHED_FOLDERS for path in root.glob(pattern)]
    for path in (root / "docs").iterdir() if (root / "docs").is_dir() else ():
        if path.name not in FOLDERS:
            paths += [path, *path.rglob("*")]
    return {path: path.stat().st_mtime_ns for path in paths if path.is_file()}


def refresh_pages(
    root: Path, profile: str, fork_servers: ForkServerPool, log: Callable[[str], None]
) -> list[Path]:
    """Run what is stale or missing, in kernels of a fork server; return the files in docs/ that changed."""
    project = load_project(root, profile)
    fork_server = fork_servers.take(project)
    statuses = {row.name: row for row in statuses_of(project)}
    if waiting := [name for name, row in statuses.items() if row.state in ("stale", "missing")]:
        if fork_server is None and len(waiting) > 1:
            fork_servers.wait()
            fork_server = fork_servers.take(project)
        rows = run_examples(
            project,
            waiting,
            project.environment.jobs,
            lambda event: log(event.message) if event.kind != "cell" else None,
            fork_server=fork_server,
        )
        statuses |= {row.name: row for row in rows}
    changed = write_pages(root / "docs", make_pages(project, list(statuses.values())))
    log(f"{len(changed)} pages changed.")
    return [root / "docs" / path for path in changed]
