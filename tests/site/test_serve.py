import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace as replace_field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import pytest

from cardbook.records.status import load_project
from cardbook.run.fork_pool import ForkServerPool
from cardbook.site.serve import Preview, read_times, refresh_pages
from tests.conftest import ROOT, replace

PRELOADED = 'import sys\n\nprint("preloaded", "tabulate" in sys.modules)\n'


@pytest.fixture
def pool() -> Iterator[ForkServerPool]:
    parent = ForkServerPool(print)
    yield parent
    parent.close()


def record_of(root: Path, name: str) -> Path:
    return root / ".cardbook" / "records" / "offline" / f"{name}.ipynb"


def page_of(root: Path) -> str:
    return (root / "docs" / "chapters" / "numbers.md").read_text()


def test_refresh_runs_what_is_stale_and_rewrites_what_changed(small: Path, pool: ForkServerPool) -> None:
    log: list[str] = []
    refresh_pages(small, "offline", pool, log.append)
    ran = [record_of(small, name).stat().st_mtime_ns for name in ("first", "second")]
    replace(small / "flashcards" / "part-01.md", "Two is **2**.", "Two is *two*.")
    replace(small / "examples" / "first.py", "prints one.", "prints 1.")
    log.clear()
    refresh_pages(small, "offline", pool, log.append)
    assert [record_of(small, name).stat().st_mtime_ns for name in ("first", "second")] == ran
    assert "Two is <em>two</em>." in page_of(small) and "prints 1." in page_of(small)
    assert not any("running" in line for line in log), "an edit to a card or to prose executes nothing"
    replace(small / "examples" / "first.py", 'print("done")', 'print("well done")')
    refresh_pages(small, "offline", pool, log.append)
    assert record_of(small, "first").stat().st_mtime_ns > ran[0]
    assert record_of(small, "second").stat().st_mtime_ns == ran[1]
    assert "well done</pre>" in page_of(small)


def test_the_preview_shows_a_page_that_mkdocs_warns_of(
    small: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    replace(small / "docs" / "index.md", "# Small", "# Small\n\n[nowhere](nowhere.md)")
    messages: list[str] = []
    preview = Preview(small, "offline", "127.0.0.1:0", messages.append)
    site = tmp_path_factory.mktemp("preview")
    assert preview.refresh(site) is not None
    preview.fork_servers.close()
    assert (site / "index.html").exists()
    assert any(message.startswith("MkDocs warns: ") and "nowhere.md" in message for message in messages)


def test_broken_example_is_shown_as_such(small: Path, pool: ForkServerPool) -> None:
    replace(small / "examples" / "first.py", 'print("done")', "print(y)")
    before = read_times(small)
    written = refresh_pages(small, "offline", pool, print)
    after = {path: time for path, time in read_times(small).items() if path not in written}
    assert after == before, "what a refresh writes is no edit"
    assert 'failure "Not run"' in page_of(small) and "NameError" in page_of(small)


def test_edits_run_in_forks_of_one_parent(small: Path, pool: ForkServerPool) -> None:
    replace(small / "examples" / "second.py", "import math", "import math\n\nimport tabulate")
    refresh_pages(small, "offline", pool, print)
    pool.wait()
    project = load_project(small, "offline")
    parent = pool.take(project)
    assert parent is not None
    for number in range(2):
        replace(small / "examples" / "first.py", 'print("done")', f'{PRELOADED}# {number}\nprint("done")')
        refresh_pages(small, "offline", pool, print)
        assert "preloaded True" in page_of(small)
        assert pool.take(project) is parent and parent.process.poll() is None


def test_new_import_starts_another_parent_while_the_old_one_serves(small: Path, pool: ForkServerPool) -> None:
    replace(small / "examples" / "second.py", "import math", "import math\n\nimport tabulate")
    pool.take(load_project(small, "offline"))
    pool.wait()
    first = pool.take(load_project(small, "offline"))
    replace(small / "examples" / "first.py", "count = 1", "import yaml\n\ncount = 1")
    replace(small / "examples" / "first.py", 'print("done")', PRELOADED)
    refresh_pages(small, "offline", pool, print)
    assert "preloaded True" in page_of(small), "the old parent serves until the new one is ready"
    pool.wait()
    second = pool.take(load_project(small, "offline"))
    assert first is not None and second is not None and second is not first
    assert first.process.poll() is not None and second.process.poll() is None


def test_killed_parent_is_replaced(small: Path, pool: ForkServerPool) -> None:
    project = load_project(small, "offline")
    pool.take(project)
    pool.wait()
    parent = pool.take(project)
    assert parent is not None
    parent.process.kill()
    parent.process.wait()
    assert pool.take(project) is None
    pool.wait()
    assert pool.take(project) is not None


def test_parent_with_other_versions_is_not_used(small: Path, pool: ForkServerPool) -> None:
    project = load_project(small, "offline")
    pool.take(project)
    pool.wait()
    assert pool.take(project) is not None
    environment = project.environment
    newer = replace_field(environment, versions={**environment.versions, "click": "99.0"})
    changed = replace_field(project, environment=newer)
    assert pool.take(changed) is None
    pool.wait()
    assert pool.take(changed) is not None


@contextmanager
def serving(root: Path) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """A running `cardbook serve` and its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "cardbook", "serve", "--root", str(root), "--address", address]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=quiet, stderr=quiet)
    try:
        yield process, address
    finally:
        process.kill()
        process.wait()


def wait_for(address: str, words: str) -> str:
    """Return the chapter's page once it has these words; what it is after two minutes otherwise."""
    page = ""
    deadline = time.monotonic() + 120
    while words not in page and time.monotonic() < deadline:
        time.sleep(0.1)
        try:
            with urlopen(f"http://{address}/chapters/numbers/") as answer:
                page = answer.read().decode()
        except URLError:
            continue
    return page


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_server_ends_with_all_it_started(small: Path, number: signal.Signals) -> None:
    with serving(small) as (process, address):
        assert "What is one?" in wait_for(address, "What is one?")
        started = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        process.wait(timeout=60)
        assert psutil.wait_procs(started, timeout=60)[1] == []
    with socket.socket() as door:
        assert door.connect_ex(("127.0.0.1", int(address.split(":")[1]))) != 0


def test_page_follows_edits_and_outlives_bad_input(small: Path) -> None:
    with serving(small) as (_, address):
        assert "done" in wait_for(address, "What is one?")
        book = (small / "book.yml").read_text()
        replace(small / "book.yml", "card: Second Card", "card: Secnd Card")
        replace(small / "examples" / "first.py", 'print("done")', 'print("well", "done")')
        time.sleep(2)
        assert "What is one?" in wait_for(address, "What is one?")
        (small / "book.yml").write_text(book)
        assert "well done" in wait_for(address, "well done")
        replace(small / "docs" / "index.md", "# Small", "# Smaller")
        replace(small / "flashcards" / "part-01.md", "What is one?", "How much is one?")
        assert "How much is one?" in wait_for(address, "How much is one?")
