"""The wheel of the project, installed alone: it makes a whole book, offline."""

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from cardbook.base.files import PACKAGE
from tests.conftest import ROOT, write
from tests.foreign_requests import find_foreign_requests

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Optional: what examples import, and what only models need.
OPTIONAL = {"torch", "transformers", "gguf", "huggingface-hub"}
DECK = """\
# Flashcards: Sums (Part 1)

**Starting Chapter:** Adding

---

#### One and one
:p What is one and one?
??x
Two: $1 + 1 = 2$.
x??
"""
EXAMPLE = """\
# %% [markdown]
# # One and one

# %%
print(1 + 1)
"""

# Ends a program that asks another host for anything.
OFFLINE = """\
import sys

LOCAL = (None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0")


def refuse_hosts(event, arguments):
    host = None
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    if host not in LOCAL:
        raise SystemExit(f"asked {host}")


sys.addaudithook(refuse_hosts)
"""


def distribution(name: str) -> str:
    """The name of a distribution as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a virtual environment with the wheel; the dependencies are those of this one."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    # Without what an earlier build has left in build/.
    shutil.copytree(PACKAGE, source / "cardbook", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, source)
    run = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    wheel = [*run, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder)]
    subprocess.run([*wheel, str(source)], check=True)
    venv.create(folder / "venv")
    python = folder / "venv" / "bin" / "python"
    (found,) = folder.glob("cardbook-*.whl")
    install = [*run, "--python", str(python), "install", "--no-deps", "--no-index", str(found)]
    subprocess.run(install, check=True)
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    write(packages / "dependencies.pth", sysconfig.get_path("purelib") + "\n")
    write(packages / "sitecustomize.py", OFFLINE)
    return folder / "venv" / "bin"


@pytest.mark.slow
def test_the_wheel_alone_makes_a_whole_book(installed: Path, tmp_path: Path) -> None:
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    # Where the templates of nbconvert are, of which an environment of its own would have a copy.
    variables["JUPYTER_PATH"] = str(Path(sys.prefix, "share", "jupyter"))

    def cardbook(*arguments: str | Path) -> str:
        command = [str(installed / "cardbook"), *map(str, arguments)]
        outcome = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=variables)
        assert (outcome.returncode, outcome.stderr) == (0, ""), outcome.stdout + outcome.stderr
        return outcome.stdout

    where = [str(installed / "python"), "-c", "import cardbook; print(cardbook.__file__)"]
    outcome = subprocess.run(where, cwd=tmp_path, capture_output=True, text=True, env=variables, check=True)
    assert Path(outcome.stdout.strip()).is_relative_to(installed.parent)

    ask = [str(installed / "python"), "-c", "import socket; socket.create_connection(('192.0.2.1', 80), 1)"]
    assert "asked 192.0.2.1" in subprocess.run(ask, capture_output=True, text=True, env=variables).stderr

    write(tmp_path / "sums.md", DECK)
    write(tmp_path / "more.md", DECK.replace("One and one", "Again"))
    cardbook("new", "book", "sums.md")
    cardbook("add", "more.md", "--root", "book")
    text = (tmp_path / "book" / "book.yml").read_text(encoding="utf-8")
    write(
        tmp_path / "book" / "book.yml", text.replace("- One and one", "- {card: One and one, example: sums}")
    )
    write(tmp_path / "book" / "examples" / "sums.py", EXAMPLE)
    cardbook("site", "--root", "book")

    site = tmp_path / "book" / "site"
    chapter = (site / "chapters" / "sums-1" / "index.html").read_text(encoding="utf-8")
    assert "<math" in chapter and re.search(r'data-output="sums-1"[^>]*>2</pre>', chapter)
    study = (site / "study" / "index.html").read_text(encoding="utf-8")
    assert "data-study" in study and "What is one and one?" in study
    assert 'name = "sums"' in re.sub("<[^>]+>", "", (site / "provenance" / "index.html").read_text()).replace(
        "&#34;", '"'
    )
    assert (site / "deck" / "book.apkg").stat().st_size > 0
    for path in (
        "assets/book.css",
        "assets/built/book.js",
        "progress/index.html",
        "search/search_index.json",
    ):
        assert (site / path).exists()
    assert list(find_foreign_requests(site)) == []


def test_every_package_that_cardbook_imports_is_declared_and_no_other() -> None:
    known = packages_distributions()
    imported: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
    others = imported - set(sys.stdlib_module_names) - {"cardbook"}
    needed = {distribution(known[name][0]) for name in others} - OPTIONAL
    declared = {distribution(Requirement(text).name) for text in PROJECT["dependencies"]}
    # The theme is named in mkdocs.yml; a kernel is started by its name; fonts are found in a folder.
    assert declared == needed | {"mkdocs-material", "ipykernel", "matplotlib"}


def test_the_declared_ranges_hold_what_this_book_pins() -> None:
    pins = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    )
    versions = {distribution(name): version for name, version in pins.items()}
    for text in PROJECT["dependencies"]:
        wanted = Requirement(text)
        assert wanted.specifier.contains(versions[distribution(wanted.name)]), text
