"""What the tests share: a small book that runs in seconds, and the command line."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from cardbook.pages.generate import FOLDERS, make_pages, write_pages
from cardbook.records.status import Project, load_project, statuses_of
from tests.browser.chromium import chromium as chromium
from tests.browser.chromium import open_page as open_page
from tests.browser.chromium import served as served
from tests.command_line import call_forked

ROOT = Path(__file__).parent.parent

DECK = """\
# Flashcards: Small (Part 1)

---

#### First Card
Some context.
:p What is one?
??x
One is `1`.
x??

---

#### Second Card
:p What is two?
??x
Two is **2**.
x??
"""

BOOK = """\
title: A small book
deck: part-01
chapters:
  - id: numbers
    title: Numbers
    description: About numbers.
    introduction: Some numbers.
    cards:
      - id: first
        card: First Card
        example: first
      - id: second
        card: Second Card
        example: second
"""

FIRST = """\
# %% [markdown]
# # One
#
# It prints one.

# %% tags=["parameters"]
count = 1

# %%
print("count", count)

# %%
print("done")
"""

SECOND = """\
# %% [markdown]
# # Two

# %%
import math

print(math.sqrt(4))
"""

MKDOCS = """\
site_name: Small
theme:
  name: material
plugins: [search, cardbook]
"""

# The files that take longest, longest first, as `pytest --durations=0` measured them; those with a browser
# come after all others.
LONGEST = (
    "book/test_notebook.py",
    "book/test_hub_profile.py",
    "run/test_faults.py",
    "book/test_guide.py",
    "workflows/test_rehearsal.py",
    "cli/test_wheel.py",
    "site/test_serve.py",
    "run/test_runner.py",
    "verify/test_replay.py",
    "verify/test_verify.py",
    "kernel/test_kernels.py",
    "book/test_models.py",
    "run/test_hostile.py",
    "benchmarks/test_benchmarks.py",
    "book/test_examples.py",
    "browser/test_study.py",
    "browser/test_session.py",
    "browser/test_offline.py",
    "browser/test_reading.py",
    "browser/test_access.py",
    "browser/test_big_book.py",
    "browser/test_search.py",
    "browser/test_interactive.py",
)

# When the tests began, in seconds.
BEGAN = pytest.StashKey[float]()

Cardbook = Callable[..., "subprocess.CompletedProcess[str]"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make quick` end in time."""
    parser.addoption("--seconds", type=float, default=float("inf"), help="skip the tests that begin later")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test for which there is no time left."""
    if time.monotonic() > item.config.stash[BEGAN] + item.config.getoption("--seconds"):
        pytest.skip("no time left: make test")


def pytest_configure(config: pytest.Config) -> None:
    """Put what make fetched on PATH; hear Ctrl-C even where the tests were started in the background."""
    config.stash[BEGAN] = time.monotonic()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["PATH"] = os.pathsep.join([str(ROOT / ".cardbook" / "programs" / "bin"), os.environ["PATH"]])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the files with browser tests come last: its event loop stays in this process, in the way of others.

    Of the others, those that take longest come first: side by side, a process that gets one last has company.
    """
    browsed = {item.path for item in items if "chromium" in getattr(item, "fixturenames", ())}
    places = {ROOT / "tests" / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: (item.path in browsed, places.get(item.path, len(places))))


@pytest.fixture(scope="session")
def shared(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that this test run has for itself, and that all its processes share."""
    base = tmp_path_factory.getbasetemp()
    # One of several processes has a folder of its own in that of the run.
    return base.parent if hasattr(pytestconfig, "workerinput") else base


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's folder."""
    return ROOT


@pytest.fixture(scope="session")
def project() -> Project:
    """The published book with its offline records."""
    return load_project(ROOT, "offline")


@pytest.fixture(scope="session")
def site(shared: Path, project: Project) -> Path:
    """The site, built from the records with the real configuration, in a folder of its own, once for all."""

    def build(folder: Path) -> None:
        copy_sources(folder)
        write_pages(folder / "docs", make_pages(project, statuses_of(project)))
        build_site(folder)

    return fill_once(shared / "book", build) / "site"


def fill_once(folder: Path, fill: Callable[[Path], object]) -> Path:
    """Return the folder; the first process of the test run that wants it has filled it."""
    draft = folder.with_name(f"{folder.name}-draft")
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        if not folder.exists():
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            fill(draft)
            draft.rename(folder)
    return folder


def copy_sources(folder: Path) -> None:
    """Copy what the real site is built from, without the generated pages."""
    shutil.copy(ROOT / "mkdocs.yml", folder)
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=shutil.ignore_patterns(*FOLDERS))


def build_site(folder: Path) -> Path:
    """Build the site of a folder that has mkdocs.yml and docs/; return where it is."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    # MkDocs finds the plugin of this checkout, also where another one is installed.
    variables = os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    outcome = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=variables)
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")
    return folder / "site"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A book of two cards and two examples that need no model."""
    return write_small(tmp_path)


@pytest.fixture(scope="session")
def ran_once(shared: Path, cardbook: Cardbook) -> Path:
    """The small book, its examples run once for all tests; change only a copy of it."""

    def run(folder: Path) -> None:
        outcome = cardbook("run", "--root", write_small(folder))
        assert outcome.returncode == 0, outcome.stderr

    return fill_once(shared / "small", run)


@pytest.fixture
def ran(ran_once: Path, tmp_path: Path) -> Path:
    """The small book, its examples run, for one test to change."""
    return shutil.copytree(ran_once, tmp_path, dirs_exist_ok=True)


def write_small(folder: Path) -> Path:
    """Write the small book into a folder and return it."""
    write(folder / "flashcards" / "part-01.md", DECK)
    write(folder / "book.yml", BOOK)
    write(folder / "card-ids.yml", 'first: "First Card"\nsecond: "Second Card"\n')
    write(folder / "examples" / "first.py", FIRST)
    write(folder / "examples" / "second.py", SECOND)
    write(folder / "mkdocs.yml", MKDOCS)
    write(folder / "docs" / "index.md", "# Small\n")
    return folder


def write(path: Path, text: str) -> None:
    """Write a file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")


def replace(path: Path, before: str, after: str) -> None:
    """Replace a text that must be in the file."""
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


@pytest.fixture(scope="session")
def cardbook() -> Cardbook:
    """`cardbook(*arguments, **variables)`: the command line in a process of its own, as a person runs it."""

    def call(*arguments: str | Path, **variables: str) -> "subprocess.CompletedProcess[str]":
        return call_forked([*map(str, arguments)], ROOT, {**os.environ, **variables})

    return call
