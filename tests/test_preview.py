import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from cardbook.preview import read_times, refresh
from tests.conftest import ROOT, replace


def test_refresh_runs_what_is_stale_and_rewrites_what_changed(small: Path) -> None:
    said: list[str] = []
    refresh(small, "offline", said.append)
    record = small / ".cardbook" / "records" / "offline" / "first.ipynb"
    page = small / "docs" / "chapters" / "numbers.md"
    ran = record.stat().st_mtime_ns
    replace(small / "flashcards" / "part-01.md", "Two is **2**.", "Two is *two*.")
    refresh(small, "offline", said.append)
    assert record.stat().st_mtime_ns == ran, "an edit to a card executes nothing"
    assert "Two is <em>two</em>." in page.read_text()
    assert said[-1] == "1 pages changed."
    replace(small / "examples" / "first.py", 'print("done")', 'print("well done")')
    refresh(small, "offline", said.append)
    assert record.stat().st_mtime_ns > ran
    assert "well done</pre>" in page.read_text()


def test_broken_example_is_shown_as_such_and_bad_input_is_told(small: Path) -> None:
    said: list[str] = []
    replace(small / "examples" / "first.py", 'print("done")', "print(y)")
    refresh(small, "offline", said.append)
    assert "Not run: failed" in (small / "docs" / "chapters" / "numbers.md").read_text()
    before = read_times(small)
    replace(small / "book.yml", "card: Second Card", "card: Secnd Card")
    assert read_times(small) != before
    refresh(small, "offline", said.append)
    assert 'did you mean "Second Card"?' in said[-1]


def test_server_ends_when_it_is_told_to(small: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "cardbook", "serve", "--root", str(small), "--address", address]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    page = b""
    deadline = time.monotonic() + 90
    while b"What is one?" not in page and time.monotonic() < deadline:
        time.sleep(0.3)
        try:
            with urlopen(f"http://{address}/chapters/numbers/") as answer:
                page = answer.read()
        except URLError:
            continue
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)
    assert b"What is one?" in page
    with socket.socket() as door:
        assert door.connect_ex(("127.0.0.1", int(address.split(":")[1]))) != 0
