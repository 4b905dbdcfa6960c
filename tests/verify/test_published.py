"""provenance.json as it is published, and `cardbook status --site`, which reads one from anywhere."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import nbformat
import pytest

from cardbook.pages.generate import make_pages
from cardbook.pages.provenance_json import NAME
from cardbook.records.environment import DRIVER_VERSION
from cardbook.records.fingerprint import Fingerprint
from cardbook.records.schema import SCHEMA_FILE
from cardbook.records.status import load_project, statuses_of
from cardbook.verify import published
from cardbook.verify.published import PublishedSiteError, compare_site, read_site
from tests.conftest import Cardbook, replace, write_small

SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def small_site(ran_once: Path) -> tuple[Path, dict[str, Any]]:
    """The small book, run, and what it publishes."""
    root = ran_once
    project = load_project(root, "offline")
    content = make_pages(project, statuses_of(project))[NAME]
    return root, json.loads(content)


def publish(folder: Path, document: object) -> str:
    (folder / NAME).write_text(json.dumps(document), encoding="utf-8")
    return str(folder)


def test_same_site_is_the_same(small_site: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    root, document = small_site
    compared = compare_site(load_project(root, "offline"), read_site(publish(tmp_path, document)))
    assert [(row.name, row.state, row.reasons) for row in compared] == [
        ("first", "same", ()),
        ("second", "same", ()),
    ]


def test_difference_is_told_in_words(
    small_site: tuple[Path, dict[str, Any]], tmp_path: Path, cardbook: Cardbook
) -> None:
    root, document = write_small(tmp_path / "book"), small_site[1]
    replace(root / "examples" / "first.py", "count = 1", "count = 2")
    examples = dict(document["examples"])
    examples["third"] = examples.pop("second")
    (tmp_path / "site").mkdir()
    site = publish(tmp_path / "site", document | {"examples": examples})
    outcome = cardbook("status", "--root", root, "--site", site, "--json")
    assert outcome.returncode == 1, outcome.stderr
    rows = {row["name"]: (row["state"], row["reasons"]) for row in json.loads(outcome.stdout)}
    assert rows == {
        "first": ("differs", ["code of cell 1 changed"]),
        "second": ("not published", []),
        "third": ("gone", ["the book no longer has this example"]),
    }
    shown = cardbook("status", "--root", root, "--site", site)
    assert shown.returncode == 1 and "code of cell 1 changed" in shown.stdout


def test_forged_fingerprint_is_found(small_site: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    root, document = small_site
    forged = json.loads(json.dumps(document))
    forged["examples"]["first"]["parts"]["python"] = "2.7.18"
    project = load_project(root, "offline")
    first = compare_site(project, read_site(publish(tmp_path, forged)))[0]
    assert (first.state, first.reasons) == ("differs", ("its fingerprint is not that of its parts",))


def test_data_files_are_compared_and_none_outside_the_book_is_read(
    small_site: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    root, document = write_small(tmp_path / "book"), json.loads(json.dumps(small_site[1]))
    (root / "data.csv").write_text("1", encoding="utf-8")
    (tmp_path / "outside").write_text("secret", encoding="utf-8")
    parts = document["examples"]["first"]["parts"]

    def reasons(data: dict[str, str]) -> tuple[str, ...]:
        parts["data"] = data
        document["examples"]["first"]["fingerprint"] = Fingerprint(parts).digest
        return compare_site(load_project(root, "offline"), read_site(publish(tmp_path, document)))[0].reasons

    one = sha256(b"1").hexdigest()
    assert reasons({"data.csv": one}) == ()
    assert reasons({"data.csv": "0" * 64}) == ("data file data.csv changed",)
    assert reasons({"lost.csv": one}) == ("data file lost.csv is gone",)
    for path in ("../outside", "/etc/hostname", "a" * 1999):
        assert reasons({path: one}) == (f"data file {path} is not part of the book",)
    with pytest.raises(PublishedSiteError, match="not in its format"):
        reasons({"a\0b": one})


def hostile_changes() -> Iterator[tuple[str, Any]]:
    yield "$.schema", {"schema": 2}
    yield "$.examples", {"examples": []}
    yield "$.examples", {"examples": {"../../etc": {}}}
    yield "$", {"more": 1}
    for key, value in (
        ("started", "yesterday"),
        ("started", "2026-13-45T99:99:99+00:00"),
        ("parts", {"code": "x"}),
        ("seconds", -1),
        ("device", ["a"]),
        ("fingerprint", "0" * 63),
    ):
        yield f"$.examples.first.{key}", {"examples.first": {key: value}}


@pytest.mark.parametrize(("place", "change"), list(hostile_changes()), ids=str)
def test_damaged_publication_is_refused_by_place(
    small_site: tuple[Path, dict[str, Any]], tmp_path: Path, place: str, change: dict[str, Any]
) -> None:
    document = json.loads(json.dumps(small_site[1]))
    if "examples.first" in change:
        document["examples"]["first"] |= change["examples.first"]
    else:
        document |= change
    with pytest.raises(PublishedSiteError) as caught:
        read_site(publish(tmp_path, document))
    assert place in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is not JSON"),
        (b"<html>404</html>", "is not JSON"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"schema": NaN}', "has NaN, which is not JSON"),
        (b"1" * 10_000, "has an integer of 10000 digits"),
    ],
)
def test_garbage_is_refused(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(PublishedSiteError, match=what):
        read_site(str(tmp_path))


def test_too_large_a_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "SIZE_LIMIT", 1000)
    (tmp_path / NAME).write_bytes(b" " * 1001)
    with pytest.raises(PublishedSiteError, match="is larger than"):
        read_site(str(tmp_path))


def test_text_of_a_site_cannot_command_the_terminal(
    small_site: tuple[Path, dict[str, Any]], tmp_path: Path, cardbook: Cardbook
) -> None:
    root, document = small_site
    hostile = json.loads(json.dumps(document))
    first = hostile["examples"]["first"]
    first["device"] = "[bold]x[/bold]"
    first["parts"]["python"] = "3.0[/red]"
    first["fingerprint"] = Fingerprint(first["parts"]).digest
    outcome = cardbook("status", "--root", root, "--site", publish(tmp_path, hostile))
    assert outcome.returncode == 1, outcome.stderr
    assert "[bold]x[/bold]" in outcome.stdout and "3.0[/red]" in outcome.stdout
    for text in ("\x1b]0;owned\x07", "\x1b[2J\r", "a\nb", "\u202eGPU", "\ud800"):
        first["device"] = text
        with pytest.raises(PublishedSiteError) as caught:
            read_site(publish(tmp_path, hostile))
        assert text not in str(caught.value)
    assert cardbook("status", "--root", root, "--site", tmp_path).returncode == 2


def test_folder_that_is_no_site_is_bad_usage(small: Path, cardbook: Cardbook, tmp_path: Path) -> None:
    outcome = cardbook("status", "--root", small, "--site", tmp_path)
    assert outcome.returncode == 2
    assert "no provenance.json in" in outcome.stderr and "name a built site" in outcome.stderr


class Server(BaseHTTPRequestHandler):
    """Serves what the path asks for: a publication, an endless answer, a silent one, a loop."""

    content = b""

    def do_GET(self) -> None:
        if self.path.startswith("/missing/"):
            self.send_error(404)
        elif self.path.startswith("/loop/"):
            self.send_response(302)
            self.send_header("Location", self.path)
            self.end_headers()
        elif self.path.startswith("/ftp/"):
            self.send_response(302)
            self.send_header("Location", "ftp://127.0.0.1/provenance.json")
            self.end_headers()
        elif self.path.startswith("/headers/"):
            self.wfile.write(b"HTTP/1.0 200 OK\r\n")
            for _ in range(100):
                self.wfile.write(b"X: y\r\n")
                self.wfile.flush()
                time.sleep(0.05)
        elif self.path.startswith("/silent/"):
            time.sleep(2)
        else:
            self.send_response(200)
            self.end_headers()
            if self.path.startswith("/endless/"):
                while not self.wfile.closed:
                    self.wfile.write(b" " * 50_000)
            elif self.path.startswith("/slow/"):
                for _ in range(100):
                    self.wfile.write(b" ")
                    self.wfile.flush()
                    time.sleep(0.05)
            else:
                self.wfile.write(self.content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def handle(self) -> None:
        try:
            super().handle()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


@contextmanager
def serving(content: bytes) -> Iterator[str]:
    handler = type("Handler", (Server,), {"content": content})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_site_is_read_from_its_address(small_site: tuple[Path, dict[str, Any]]) -> None:
    root, document = small_site
    with serving(json.dumps(document).encode()) as address:
        compared = compare_site(load_project(root, "offline"), read_site(f"{address}/book/"))
    assert {row.state for row in compared} == {"same"}


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("missing", "404"),
        ("loop", "redirect"),
        ("silent", "timed out"),
        ("slow", "no answer within"),
        ("headers", "no answer within"),
        ("ftp", "not http or https"),
        ("endless", "is larger than"),
    ],
)
def test_server_that_does_not_answer_well_is_given_up(
    monkeypatch: pytest.MonkeyPatch, path: str, what: str
) -> None:
    monkeypatch.setattr(published, "SILENCE_LIMIT", 0.5)
    monkeypatch.setattr(published, "TIME_LIMIT", 2.0)
    monkeypatch.setattr(published, "SIZE_LIMIT", 1_000_000)
    with serving(b"") as address, pytest.raises(PublishedSiteError, match=what):
        read_site(f"{address}/{path}")


def test_host_that_is_not_there_is_said() -> None:
    with pytest.raises(PublishedSiteError, match="refused"):
        read_site("http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        (
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\n",
            "550.54.15",
        ),
        (
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  565.57.01  Release Build\n"
            "GCC version:  gcc version 12.3.0\n",
            "565.57.01",
        ),
    ],
)
def test_version_of_the_driver_is_read_from_what_it_says(printed: str, version: str) -> None:
    found = DRIVER_VERSION.search(printed)
    assert found is not None and found[1] == version


def test_age_is_limited_by_the_book_or_by_the_caller(
    small_site: tuple[Path, dict[str, Any]], tmp_path: Path, cardbook: Cardbook
) -> None:
    root = small_site[0]
    old = tmp_path / "records"
    old.mkdir()
    for name in ("first", "second"):
        notebook = nbformat.read(root / ".cardbook" / "records" / "offline" / f"{name}.ipynb", as_version=4)
        notebook.metadata.cardbook.started = "2026-01-01T00:00:00+00:00"
        nbformat.write(notebook, old / f"{name}.ipynb")
    options = ("--root", root, "--records", old)
    assert cardbook("check", *options).returncode == 0
    outcome = cardbook("check", *options, "--max-age")
    assert outcome.returncode == 1 and "days old, 35 are allowed" in outcome.stderr
    assert cardbook("check", *options, "--max-age", "40000").returncode == 0
    assert cardbook("check", *options, "--max-age", "soon").returncode == 2
