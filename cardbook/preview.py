"""The live preview: run what an edit made stale, rewrite its pages, let MkDocs reload them."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from cardbook.environment import core_count
from cardbook.pages import make_pages, write_pages
from cardbook.problem import BadInput
from cardbook.runner import run_examples
from cardbook.status import open_workplace, take_statuses

WATCHED = ("book.yml", "card-ids.yml", "models.toml", "mkdocs.yml")
WATCHED_FOLDERS = ("flashcards/*.md", "examples/*.py", "tests/examples/*.py")
POLL_SECONDS = 0.3


def serve_preview(root: Path, profile: str, address: str, say: Callable[[str], None]) -> None:
    """Serve the site of `root` until interrupted, following every edit. Bad input is told, not fatal."""
    refresh(root, profile, say)
    command = [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", address]
    command += ["--config-file", str(root / "mkdocs.yml")]
    # A request to end must reach the server too, not leave it behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = subprocess.Popen(command, cwd=root)
    try:
        seen = read_times(root)
        while server.poll() is None:
            time.sleep(POLL_SECONDS)
            if (now := read_times(root)) != seen:
                seen = now
                refresh(root, profile, say)
    except KeyboardInterrupt:
        say("Stopped.")
    finally:
        server.terminate()
        server.wait()


def read_times(root: Path) -> Mapping[Path, int]:
    """Return the modification time of every source of the book."""
    paths = [root / name for name in WATCHED]
    paths += [path for pattern in WATCHED_FOLDERS for path in root.glob(pattern)]
    return {path: path.stat().st_mtime_ns for path in paths if path.exists()}


def refresh(root: Path, profile: str, say: Callable[[str], None]) -> None:
    """Run what is stale and rewrite the pages that change; say what is wrong where something is."""
    try:
        workplace = open_workplace(root, profile)
        run_examples(
            workplace,
            [row.name for row in take_statuses(workplace) if row.state in ("stale", "missing")],
            core_count(),
            False,
            lambda event: say(event.message) if event.kind != "cell" else None,
        )
        changed = write_pages(root / "docs", make_pages(workplace, take_statuses(workplace)))
        say(f"{len(changed)} pages changed.")
    except BadInput as error:
        say(str(error))
