"""Each way in which a copy can be broken is planted in a built site, and must be found."""

import html
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

from cardbook.pages.generate import make_pages, write_pages
from cardbook.records.comparison import Tolerance
from cardbook.records.status import load_project, statuses_of
from cardbook.verify.checks import check_files
from cardbook.verify.extraction import extract_examples
from cardbook.verify.verification import VerifyOptions, verify_site
from tests.conftest import Cardbook, build_site, replace, write, write_small
from tests.records.test_comparison import draw

PLAIN = '''\
# %% [markdown]
# # One

# %% tags=["parameters"]
count = 3

# %%
def smaller(a, b):
    if a < b:
        return "<"
    return "not <"


print(count, smaller(1, count), 1 / count)

# %% tags=["varies"]
import time

print(time.time_ns())

# %%
text = """two
  words"""
# The next line counts.
print(len(text.split()), "words")

# %%
class NextToken(dict):
    def __repr__(self):
        return "The next token {after} *a*"

    def _repr_mimebundle_(self, **_):
        return {"application/vnd.cardbook.sampling+json": dict(self)}


NextToken(prompt="a", tokens=["b"], logits=[1 / count], groups=[])
'''

PACKAGES = """\
# %% [markdown]
# # One

# %%
import tabulate
from matplotlib import pyplot as plt

print(tabulate.tabulate([["one", 1.5], ["two", 2.5]], ["name", "value"], tablefmt="pipe"))

# %% alt="A line."
figure, panel = plt.subplots(figsize=(3, 2), layout="constrained")
panel.plot([1, 2, 4])
plt.show()
"""


def publish(folder: Path, first: str, cardbook: Cardbook) -> Path:
    """Run and build the small book with this text as its first example; return the site."""
    write_small(folder)
    (folder / "examples" / "first.py").write_text(first, encoding="utf-8")
    outcome = cardbook("run", "--root", folder)
    assert outcome.returncode == 0, outcome.stderr
    project = load_project(folder, "offline")
    write_pages(folder / "docs", make_pages(project, statuses_of(project)))
    return build_site(folder)


@pytest.fixture(scope="session")
def plain_site(tmp_path_factory: pytest.TempPathFactory, cardbook: Cardbook) -> Path:
    return publish(tmp_path_factory.mktemp("plain"), PLAIN, cardbook)


@pytest.fixture(scope="session")
def packages_site(tmp_path_factory: pytest.TempPathFactory, cardbook: Cardbook) -> Path:
    return publish(tmp_path_factory.mktemp("packages"), PACKAGES, cardbook)


@pytest.fixture
def plain(plain_site: Path, tmp_path: Path) -> Path:
    """A copy of a built site whose examples need no package, in a copy of its book."""
    return Path(shutil.copytree(plain_site.parent, tmp_path / "book")) / "site"


@pytest.fixture
def packages(packages_site: Path, tmp_path: Path) -> Path:
    """A copy of a built site with an example that needs two packages and draws a figure."""
    return Path(shutil.copytree(packages_site.parent, tmp_path / "book")) / "site"


def publication_blockers(site: Path) -> dict[str, str]:
    """Verify a site and return what is wrong, by example and place."""
    project = load_project(site.parent, "offline")
    verified = verify_site(project, site, VerifyOptions(Tolerance(), 2, "links"), lambda _: None)
    assert {item.example for item in verified} == {"first", "second"}
    return {f"{item.example}, {v.place}": v.fault for item in verified for v in item.results if v.fault}


def notebook_fault(site: Path) -> str:
    """Return what is wrong with the first example's notebook, without running anything."""
    copy = next(copy for copy in extract_examples(site) if copy.example == "first")
    return next(verdict.fault for verdict in check_files(copy, "") if verdict.place == "notebook")


def page_of(site: Path) -> Path:
    return site / "chapters" / "numbers" / "index.html"


def edit_cell(site: Path, label: str, edit: Callable[[str], str]) -> None:
    """Change the code of a cell on the page, as its text."""
    markup = page_of(site).read_text(encoding="utf-8")
    code = re.search(rf'data-cell="{label}".*?<code>(.*?)</code>', markup, re.DOTALL)
    assert code is not None
    before = BeautifulSoup(f"<pre>{code[1]}</pre>", "html.parser").get_text()
    after = edit(before)
    assert after != before
    changed = markup[: code.start(1)] + html.escape(after, quote=False) + markup[code.end(1) :]
    page_of(site).write_text(changed, encoding="utf-8")


def test_whole_site_passes_and_says_so(plain: Path, cardbook: Cardbook) -> None:
    outcome = cardbook("verify", plain, "--root", plain.parent)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert "first: 10 of 10 checks passed\n" in outcome.stdout
    assert outcome.stdout.endswith("2 of 2 examples run as copied.\n")


def test_packages_and_figures_of_the_install_line_are_enough(packages: Path) -> None:
    assert publication_blockers(packages) == {}


@pytest.mark.parametrize(
    ("label", "edit", "fault"),
    [
        ("first-2", lambda code: code.replace("    if a < b:\n", ""), "IndentationError"),
        ("first-2", lambda code: code.replace("<", "&lt;"), "SyntaxError"),
        ("first-2", lambda code: code.replace('"', "“"), "SyntaxError: invalid character"),
        ("first-2", lambda code: code.replace("    ", ""), "IndentationError"),
        ("first-2", lambda code: f">>> {code}", "SyntaxError"),
        ("first-2", lambda code: f"$ {code}", "SyntaxError"),
        ("first-2", lambda code: code.replace("count", "other"), "line 7: NameError: name 'other' is not"),
        ("first-2", lambda code: code.replace("1 / count", "2 / count"), "its output is not the one shown"),
        ("first-3", lambda _: "import nonsense", "line 1: ModuleNotFoundError"),
    ],
    ids=["line", "escape", "quote", "indentation", "prompt", "shell", "name", "value", "varying"],
)
def test_broken_cell_fails_where_it_stands(
    plain: Path, label: str, edit: Callable[[str], str], fault: str
) -> None:
    edit_cell(plain, label, edit)
    faults = publication_blockers(plain)
    number = label.split("-")[1]
    assert fault in faults[f"first, cell {number}"]
    for place in ("script", "notebook"):
        assert f"cell {number} differs, in the file (-) and as copied (+):" in faults[f"first, {place}"]
    assert not any(place.startswith("second") for place in faults)


def test_line_that_changes_no_output_may_not_be_stripped_either(plain: Path) -> None:
    edit_cell(plain, "first-4", lambda code: code.replace("# The next line counts.\n", ""))
    faults = publication_blockers(plain)
    assert set(faults) == {"first, script", "first, notebook"}
    assert "-# The next line counts." in faults["first, script"]


def test_what_follows_an_error_is_not_run(plain: Path) -> None:
    edit_cell(plain, "first-2", lambda _: "1 / 0")
    assert publication_blockers(plain)["first, cell 4"] == "not run, because of an error before it"


def test_hidden_cell_is_found(plain: Path) -> None:
    replace(page_of(plain), 'data-cell="first-1"', 'data-cell="first-1" style="display: none"')
    assert publication_blockers(plain) == {"first, page": "first-1 is hidden"}


def test_cell_inside_something_hidden_is_found(plain: Path) -> None:
    replace(page_of(plain), 'data-example="first"', 'data-example="first" hidden')
    assert "first-1 is hidden by an element around it" in publication_blockers(plain)["first, page"]


def test_absent_cell_is_found(plain: Path) -> None:
    markup = page_of(plain).read_text(encoding="utf-8")
    without = re.sub(r'<div class="[^"]*" data-cell="first-1"[^>]*>.*?</div>', "", markup, flags=re.DOTALL)
    assert without != markup
    page_of(plain).write_text(without, encoding="utf-8")
    faults = publication_blockers(plain)
    assert faults["first, page"] == "its cells are first-2, first-3, first-4, first-5"
    assert "NameError: name 'count' is not defined" in faults["first, cell 1"]
    assert faults["first, script"] == "it has 5 cells of code, the page 4"


def test_whole_example_that_would_copy_another_file_is_found(plain: Path) -> None:
    replace(page_of(plain), "downloads/first.py", "downloads/second.py")
    assert publication_blockers(plain)["first, page"] == "its first link to a .py file is not first.py"


def test_changed_output_is_found_on_page_and_against_the_notebook(plain: Path) -> None:
    replace(page_of(plain), "2 words", "3 words")
    faults = publication_blockers(plain)
    assert set(faults) == {"first, cell 4", "first, notebook"}
    assert "  -3 words\n  +2 words" in faults["first, cell 4"]


def test_number_shown_may_differ_within_the_tolerance_only(plain: Path) -> None:
    replace(page_of(plain), "0.3333333333333333", "0.33340")
    assert publication_blockers(plain) == {}
    replace(page_of(plain), "0.33340", "0.33400")
    assert set(publication_blockers(plain)) == {"first, cell 2", "first, notebook"}


def test_changed_data_of_an_interactive_output_are_found(plain: Path) -> None:
    (data,) = plain.glob("figures/first-5.*.json")
    text = data.read_text(encoding="utf-8")
    assert text == '{"groups":[],"logits":[0.3333333333333333],"prompt":"a","tokens":["b"]}'
    data.write_text(text.replace("0.3333333333333333", "0.33340"), encoding="utf-8")
    assert publication_blockers(plain) == {}
    data.write_text(text.replace("0.3333333333333333", "0.4"), encoding="utf-8")
    faults = publication_blockers(plain)
    assert set(faults) == {"first, cell 5", "first, notebook"}
    assert "$.logits[0]: 0.4 → 0.333" in faults["first, cell 5"]
    data.write_text("{", encoding="utf-8")
    assert publication_blockers(plain)["first, page"] == f"../../figures/{data.name} is not JSON"
    data.unlink()
    assert publication_blockers(plain)["first, page"] == f"../../figures/{data.name} is not on the site"


def test_changed_text_of_an_interactive_output_is_found(plain: Path) -> None:
    replace(page_of(plain), "<p>The next token", "<p>The last token")
    assert set(publication_blockers(plain)) == {"first, cell 5", "first, notebook"}


def test_changed_table_and_figure_are_found(packages: Path) -> None:
    replace(page_of(packages), 'right">2.5<', 'right">3.5<')
    (figure,) = packages.glob("figures/first-2.*")
    figure.write_bytes(draw((300, 100)))
    faults = publication_blockers(packages)
    assert 'row 2 "two", column "value": 3.5 → 2.5' in faults["first, cell 1"]
    assert "figure 1 differs by" in faults["first, cell 2"]


@pytest.mark.parametrize(("count", "shown"), [(500, 500), (501, 0)])
def test_too_many_tables_are_shown_as_text_and_compared(
    tmp_path: Path, cardbook: Cardbook, count: int, shown: int
) -> None:
    table = '("| a |\\n|--|\\n| %d |\\n\\n" % 1)'
    code = f'# %% [markdown]\n# # One\n\n# %%\nprint("before")\nprint({table} * {count})\n'
    site = publish(tmp_path, code, cardbook)
    page = page_of(site).read_text(encoding="utf-8")
    assert page.count("<table>") == page.count("output-table") == shown
    assert publication_blockers(site) == {}
    before, after = (">1</td>", ">2</td>") if shown else ("| 1 |", "| 2 |")
    replace(page_of(site), before, after)
    assert 'row 1 "2"' in publication_blockers(site)["first, notebook"]


def test_missing_pin_fails_as_it_fails_for_the_reader(packages: Path) -> None:
    markup = page_of(packages).read_text(encoding="utf-8")
    without = re.sub(r' "tabulate==[^"]*"', "", markup)
    assert without != markup
    page_of(packages).write_text(without, encoding="utf-8")
    assert (
        "line 1: ModuleNotFoundError: No module named 'tabulate'"
        in publication_blockers(packages)["first, cell 1"]
    )


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("pip install tabulate&gt;=0.9", 'a shell interprets "&gt;"'),
        ('pip install "tabulate"', '"tabulate" has no exact version'),
        ('pip install "tabulate==0.0.1"', "it asks for tabulate==0.0.1, but"),
        ("conda install tabulate", 'it does not begin with "pip install"'),
        ('pip install "tabulate', "a shell cannot read it"),
    ],
)
def test_install_line_that_misleads_is_found(packages: Path, line: str, fault: str) -> None:
    markup = page_of(packages).read_text(encoding="utf-8")
    page_of(packages).write_text(re.sub(r"pip install [^<]*", lambda _: line, markup), encoding="utf-8")
    assert html.unescape(fault) in publication_blockers(packages)["first, install line"]


def test_notebook_with_another_cell_output_or_installation_is_found(packages: Path) -> None:
    path = packages / "downloads" / "first.ipynb"
    whole = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(whole, as_version=4)
    cell = nbformat.v4.new_code_cell('%pip install --quiet "tabulate==9"', metadata={"tags": ["install"]})
    notebook.cells.insert(1, cell)
    path.write_text(nbformat.writes(notebook), encoding="utf-8")
    assert "it installs something else than the page says" in notebook_fault(packages)
    for before, after, fault in (
        ("[1, 2, 4]", "[1, 2, 5]", "cell 2 differs, in the file (-) and as copied (+)"),
        (" 2.5 |", " 4.5 |", "cell 1 has other outputs than the page"),
    ):
        assert before in whole
        path.write_text(whole.replace(before, after), encoding="utf-8")
        assert fault in notebook_fault(packages)


def test_code_that_no_run_had_is_found_even_where_all_agree(plain: Path) -> None:
    edit_cell(plain, "first-1", lambda code: f"{code}  # all")
    replace(plain / "downloads" / "first.py", "count = 3", "count = 3  # all")
    replace(plain / "downloads" / "first.ipynb", "count = 3", "count = 3  # all")
    assert publication_blockers(plain) == {
        "first, notebook": "its code is not the code of the run that it names"
    }


def test_script_that_does_more_than_its_cells_is_found(plain: Path) -> None:
    replace(plain / "downloads" / "first.py", "# # One\n", "# # One\nprint(1)\n")
    assert publication_blockers(plain) == {"first, script": "it executes something besides the cells"}


def test_download_that_is_not_there_is_found(plain: Path) -> None:
    (plain / "downloads" / "first.py").unlink()
    assert "downloads/first.py is not on the site" in publication_blockers(plain)["first, page"]


def test_example_that_no_page_has_is_found(plain: Path) -> None:
    page_of(plain).unlink()
    fault = "no chapter of the site has this example"
    assert publication_blockers(plain) == {"first, page": fault, "second, page": fault}


def test_example_that_the_book_skips_is_not_run(plain: Path, cardbook: Cardbook) -> None:
    skip = "{reason: It needs a GPU, link: https://example.org/1, until: 2999-01-01}"
    book = plain.parent / "book.yml"
    write(book, f"{book.read_text()}examples:\n  second: {{skip: {skip}}}\n")
    edit_cell(plain, "second-1", lambda _: "1 / 0")
    outcome = cardbook("verify", plain, "--root", plain.parent)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert outcome.stdout.endswith("1 of 1 examples run as copied.\n")


def test_copied_code_cannot_reach_the_repository(tmp_path: Path, cardbook: Cardbook) -> None:
    code = "# %% [markdown]\n# # One\n\n# %%\nimport cardbook\n\nprint(cardbook.__name__)\n"
    site = publish(tmp_path, code, cardbook)
    assert "cardbook is installed here from a folder" in publication_blockers(site)["first, install line"]
    markup = page_of(site).read_text(encoding="utf-8")
    page_of(site).write_text(re.sub(r'"cardbook==[^"]*"', "", markup), encoding="utf-8")
    assert "No module named 'cardbook'" in publication_blockers(site)["first, cell 1"]


def test_copied_code_that_hangs_is_ended(plain: Path) -> None:
    write(
        plain.parent / "book.yml",
        (plain.parent / "book.yml").read_text() + "examples:\n  first: {seconds: 2}\n",
    )
    edit_cell(plain, "first-4", lambda code: f"{code}\nimport time\ntime.sleep(60)")
    assert publication_blockers(plain)["first, cell 4"] == "not finished after 2 s, the example's limit"


def test_stamp_dates_what_passed_and_nothing_else(plain: Path, cardbook: Cardbook) -> None:
    edit_cell(plain, "second-1", lambda _: "1 / 0")
    outcome = cardbook("verify", plain, "--root", plain.parent, "--mark")
    assert outcome.returncode == 1
    assert "second: cell 1: line 1: ZeroDivisionError: division by zero" in outcome.stderr
    page = BeautifulSoup(page_of(plain).read_text(encoding="utf-8"), "html.parser")
    first, second = page.select(".verified")
    assert re.fullmatch(r"Copied and run again on \d+ \w+ \d{4}\.", first.get_text())
    assert not first.has_attr("hidden")
    assert second.has_attr("hidden") and second.get_text() == ""
    report = {item["example"]: item for item in json.loads((plain / "verified.json").read_text())}
    assert (report["first"]["passed"], report["second"]["passed"]) == (True, False)
    assert len(report["first"]["content"]) == 64
    edit_cell(plain, "first-1", lambda _: "1 / 0")
    cardbook("verify", plain, "--root", plain.parent, "--mark")
    assert page_of(plain).read_text(encoding="utf-8").count("Copied and run again") == 0


def test_site_without_stamp_says_nothing(plain: Path, cardbook: Cardbook) -> None:
    before = {path: path.read_bytes() for path in plain.rglob("*") if path.is_file()}
    assert cardbook("verify", plain, "--root", plain.parent, "--json").returncode == 0
    assert {path: path.read_bytes() for path in plain.rglob("*") if path.is_file()} == before
    assert "Copied and run again" not in page_of(plain).read_text(encoding="utf-8")


def test_json_has_a_verdict_for_every_snippet(plain: Path, cardbook: Cardbook) -> None:
    first, second = json.loads(cardbook("verify", plain, "--root", plain.parent, "--json").stdout)
    places = [verdict["place"] for verdict in first["results"]]
    assert places[:5] == ["page", "script", "uv", "notebook", "install line"]
    assert places[5:] == [f"cell {number}" for number in range(1, 6)]
    assert second["passed"]
