"""Data files that an example reads: part of its fingerprint, by content."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cardbook.kernel.sandbox import AuditHook, SandboxPolicy
from cardbook.records.inputs import DataChangedError, collect_inputs, hash_data
from cardbook.records.status import load_project, status_of
from cardbook.records.store import RecordSet
from tests.conftest import ROOT, Cardbook, replace, write

READER = """\
# %% [markdown]
# # One

# %%
from pathlib import Path

import helper

print(Path("ROOT/data/x.csv").read_text(), helper.VALUE)
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, cardbook: Cardbook) -> Path:
    """A small book, one example of which has read a file, a module beside it, and declares a third."""
    from tests.conftest import BOOK, DECK, MKDOCS, SECOND

    root = tmp_path_factory.mktemp("book")
    reader = READER.replace(
        "import helper", f'import sys\n\nsys.path.insert(0, "{root}/data")\nimport helper'
    )
    texts = {
        "flashcards/part-01.md": DECK,
        "book.yml": BOOK + "examples:\n  first: {data: [data/declared.csv]}\n",
        "card-ids.yml": 'first: "First Card"\nsecond: "Second Card"\n',
        "examples/first.py": reader.replace("ROOT", str(root)),
        "examples/second.py": SECOND,
        "mkdocs.yml": MKDOCS,
        "docs/index.md": "# Small\n",
        "data/x.csv": "a,b\n",
        "data/helper.py": "VALUE = 1\n",
        "data/declared.csv": "c\n",
        "data/other.csv": "d\n",
    }
    for name, text in texts.items():
        write(root / name, text)
    outcome = cardbook("run", "--root", root)
    assert outcome.returncode == 0, outcome.stderr
    return root


def states(root: Path) -> dict[str, tuple[str, str]]:
    project = load_project(root, "offline")
    found = [status_of(project, name) for name in ("first", "second")]
    return {row.name: (row.state, "; ".join(row.reasons)) for row in found}


def test_record_names_the_files_that_were_read_by_their_content(ran: Path) -> None:
    record = RecordSet(ran / ".cardbook" / "records" / "offline").read("first")
    assert record is not None
    names = ["data/declared.csv", "data/helper.py", "data/x.csv"]
    assert record.provenance.parts["data"] == hash_data(ran, names)
    other = RecordSet(ran / ".cardbook" / "records" / "offline").read("second")
    assert other is not None and "data" not in other.provenance.parts


@pytest.mark.parametrize("name", ["data/x.csv", "data/helper.py", "data/declared.csv"])
def test_changed_or_missing_data_make_just_their_example_stale(ran: Path, name: str) -> None:
    path = ran / name
    kept = path.read_text()
    path.write_text("changed\n")
    assert states(ran) == {"first": ("stale", f"data file {name} changed"), "second": ("fresh", "")}
    path.unlink()
    assert states(ran) == {"first": ("stale", f"data file {name} is gone"), "second": ("fresh", "")}
    path.write_text(kept)
    os.utime(path, (1, 1))
    assert set(states(ran).values()) == {("fresh", "")}


def test_data_nobody_read_and_newly_declared_data(ran: Path) -> None:
    (ran / "data" / "other.csv").write_text("changed\n")
    assert set(states(ran).values()) == {("fresh", "")}
    replace(ran / "book.yml", "[data/declared.csv]", "[data/declared.csv, data/other.csv]")
    assert states(ran)["first"] == ("stale", "data file data/other.csv is new")
    replace(ran / "book.yml", "[data/declared.csv, data/other.csv]", "[data/declared.csv]")


def test_record_whose_data_were_edited_is_refused(ran: Path, cardbook: Cardbook) -> None:
    path = RecordSet(ran / ".cardbook" / "records" / "offline").path("first")
    kept = path.read_text()
    digest = hash_data(ran, ["data/x.csv"])["data/x.csv"]
    (ran / "data" / "x.csv").write_text("changed\n")
    path.write_text(kept.replace(digest, hash_data(ran, ["data/x.csv"])["data/x.csv"]))
    assert states(ran)["first"] == ("stale", "the record's fingerprint is not that of its parts")
    path.write_text(kept)
    (ran / "data" / "x.csv").write_text("a,b\n")


def test_declared_data_that_are_not_there_are_named(ran: Path, cardbook: Cardbook) -> None:
    replace(ran / "book.yml", "[data/declared.csv]", "[data/nothing.csv]")
    outcome = cardbook("run", "first", "--root", ran)
    assert outcome.returncode == 1
    message = "examples/first.py: data file data/nothing.csv, which book.yml names, is not there"
    assert message in outcome.stderr
    replace(ran / "book.yml", "[data/nothing.csv]", "[data/declared.csv]")


def test_file_that_changed_while_it_was_used_is_refused(tmp_path: Path) -> None:
    data, log = tmp_path / "x", tmp_path / "log"
    data.write_text("one")
    found = data.stat()
    log.write_text(json.dumps([str(data), found.st_size, found.st_mtime_ns]) + "\n")
    assert collect_inputs(tmp_path, log, []) == hash_data(tmp_path, ["x"])
    data.write_text("other")
    with pytest.raises(DataChangedError, match="data file x changed while it ran"):
        collect_inputs(tmp_path, log, [])
    data.unlink()
    with pytest.raises(DataChangedError, match="data file x disappeared"):
        collect_inputs(tmp_path, log, [])


READERS = {
    "open": "open(PATH).read()",
    "os.open": "import os; os.open(PATH, os.O_RDONLY)",
    "numpy.load": "import numpy; numpy.load(PATH)",
    "numpy.fromfile": "import numpy; numpy.fromfile(PATH)",
    "numpy.memmap": "import numpy; numpy.memmap(PATH, mode='r')",
    "pandas.read_csv": "import pandas; pandas.read_csv(PATH)",
    "PIL.Image.open": "from PIL import Image; Image.open(PATH)",
    "sqlite3": "import sqlite3; sqlite3.connect(PATH)",
}


@pytest.mark.parametrize("reader", READERS)
def test_reader_is_seen(tmp_path: Path, reader: str) -> None:
    """What opens files in C without a word to Python is not: that is what `data:` in book.yml is for."""
    path = tmp_path / "book" / "x"
    write(path, "")
    log = tmp_path / "log"
    code = f"""\
        import sys
        from cardbook.kernel.sandbox import AuditHook, SandboxPolicy
        policy = SandboxPolicy({str(tmp_path / "own")!r}, {str(tmp_path / "book")!r}, (), {str(log)!r}, 1)
        sys.addaudithook(AuditHook(policy))
        PATH = {str(path)!r}
        try:
            {READERS[reader]}
        except (ValueError, EOFError, OSError):
            pass
        """
    script = tmp_path / "script.py"
    write(script, code)
    variables = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, str(script)], check=True, env=variables)
    assert str(path) in [json.loads(line)[0] for line in log.read_text().splitlines()]


def test_a_book_below_a_system_folder_has_data_nonetheless(tmp_path: Path) -> None:
    policy = SandboxPolicy(str(tmp_path / "own"), "/usr/src/book", (), str(tmp_path / "log"), 1)
    ignored = AuditHook(policy).ignored
    assert "/usr" not in ignored and "/etc" in ignored
