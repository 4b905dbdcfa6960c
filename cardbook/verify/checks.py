"""Static checks of a built site: page, script and notebook of an example have the same code."""

import ast
import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence

from cardbook.base.errors import InputError
from cardbook.base.files import hash_text
from cardbook.pages.notebook import INSTALL, required_python, without_script_metadata
from cardbook.records.comparison import Difference, Tolerance, compare_outputs
from cardbook.source.example import parse_example
from cardbook.verify.environments import InstallLineError, read_install_line
from cardbook.verify.extraction import ExtractedExample, Snippet, cells_of, read_notebook
from cardbook.verify.results import CheckResult

SHOWN_LINES = 20
# As the specification of inline script metadata defines it.
SCRIPT_BLOCK = re.compile(r"^# /// script$\n((?:^#(?:| .*)$\n)+)^# ///$", re.MULTILINE)


def check_files(extracted: ExtractedExample, address: str) -> Iterator[CheckResult]:
    """Check that page, script and notebook have the same code, and page and notebook the same outputs.

    This replaces running the files: their code is the code that is pasted block by block. `address` is where
    the site is published, ending in "/"; "" if it was built without that.
    """
    yield CheckResult("page", "; ".join(extracted.faults))
    yield CheckResult("script", _check_script(extracted))
    yield CheckResult("uv", _check_run_line(extracted, address))
    yield CheckResult("notebook", _check_notebook(extracted))


def _check_script(extracted: ExtractedExample) -> str:
    if ".py" not in extracted.files:
        return ""
    try:
        text = without_script_metadata(extracted.files[".py"].decode("utf-8"))
        sources = [cell.source for cell in parse_example(extracted.example, text).code_cells]
    except (InputError, UnicodeDecodeError) as error:
        return f"it cannot be read as cells: {error}"
    if fault := _compare_code(extracted.snippets, sources):
        return fault
    if _tree(text) != _tree("\n".join(snippet.text for snippet in extracted.snippets)):
        return "it executes something besides the cells"
    return ""


def _check_run_line(extracted: ExtractedExample, address: str) -> str:
    """Return why the line for uv does not install what the page names; "" if it does."""
    script = f"{extracted.example}.py"
    command = f"uv run {address}downloads/{script}" if address else f"uv run {script}"
    if extracted.run != command:
        known = f"BOOK_ADDRESS is {address}" if address else "BOOK_ADDRESS is not set"
        return f'its line is "{extracted.run}", not "{command}" ({known})'
    blocks = SCRIPT_BLOCK.findall(extracted.files.get(".py", b"").decode("utf-8", errors="replace"))
    if len(blocks) != 1:
        return f"the script has {len(blocks)} blocks of metadata, not one"
    try:
        declared = tomllib.loads("\n".join(line[2:] for line in blocks[0].splitlines()))
        wanted = read_install_line(extracted.install)
    except tomllib.TOMLDecodeError as error:
        return f"the script's metadata cannot be read: {error}"
    except InstallLineError:
        # The check of the install line reports it.
        return ""
    notebook = read_notebook(extracted.files.get(".ipynb", b""))
    ran = notebook.metadata.get("cardbook", {}).get("parts", {}).get("python", "") if notebook else ""
    if not ran:
        return "the notebook does not name the Python of the run"
    expected = {"requires-python": required_python(ran), "dependencies": [str(pin) for pin in wanted]}
    return "" if declared == expected else f"the script declares {declared}, the page {expected}"


def _check_notebook(extracted: ExtractedExample) -> str:
    if ".ipynb" not in extracted.files:
        return ""
    notebook = read_notebook(extracted.files[".ipynb"])
    if notebook is None:
        return "it cannot be read as a notebook"
    cells = cells_of(notebook)
    if fault := _compare_code(extracted.snippets, [cell.text for cell in cells]):
        return fault
    for number, (cell, snippet) in enumerate(zip(cells, extracted.snippets, strict=True), 1):
        if found := compare_outputs(snippet.shown, cell.shown, Tolerance()):
            return describe_differences(f"cell {number} has other outputs than the page", found)
    code = notebook.metadata.get("cardbook", {}).get("parts", {}).get("code")
    if code != [hash_text(cell.text) for cell in cells]:
        return "its code is not the code of the run that it names"
    installs = {cell.source for cell in notebook.cells if INSTALL in cell.metadata.get("tags", [])}
    return _check_install_cells(extracted, installs)


def _check_install_cells(extracted: ExtractedExample, sources: Iterable[str]) -> str:
    for source in sources:
        if not source.startswith("%pip "):
            continue
        try:
            if list(map(str, read_install_line(source[1:]))) != list(
                map(str, read_install_line(extracted.install))
            ):
                return "it installs something else than the page says"
        except InstallLineError as error:
            return f"its installation: {error}"
    return ""


def _compare_code(snippets: Sequence[Snippet], sources: Sequence[str]) -> str:
    """Return how the code of a file differs from the copied code; "" if it does not."""
    if len(snippets) != len(sources):
        return f"it has {len(sources)} cells of code, the page {len(snippets)}"
    for number, (snippet, source) in enumerate(zip(snippets, sources, strict=True), 1):
        if snippet.text != source:
            lines = difflib.unified_diff(source.split("\n"), snippet.text.split("\n"), lineterm="", n=0)
            diff = [f"  {line}" for line in list(lines)[2:] if not line.startswith("@@")]
            return "\n".join([f"cell {number} differs, in the file (-) and as copied (+):", *diff])
    return ""


def _tree(code: str) -> str | None:
    try:
        return ast.dump(ast.parse(code))
    except SyntaxError:
        return None


def describe_differences(what: str, found: Sequence[Difference]) -> str:
    """Return the message `what` with the differences below it, at most SHOWN_LINES lines of each."""
    lines = [
        f"  {line}"
        for difference in found
        for line in difference.lines[:SHOWN_LINES]
        if not line.startswith("@@")
    ]
    return "\n".join([f"{what}, shown (-) and now (+):", *lines])
