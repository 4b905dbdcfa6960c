"""Verification: what a reader copies or downloads from the built site runs, and gives what the page shows."""

import ast
import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from cardbook.base.errors import InputError
from cardbook.base.files import hash_text
from cardbook.kernel.variables import kernel_variables
from cardbook.pages.notebook import INSTALL
from cardbook.records.comparison import Difference, Tolerance, compare_outputs
from cardbook.records.environment import core_count
from cardbook.records.status import Project
from cardbook.source.example import VARIES, parse_example
from cardbook.verify.environments import (
    Installed,
    InstallLineError,
    install_environment,
    link_environment,
    needed,
    read_install_line,
)
from cardbook.verify.extraction import ExtractedExample, Snippet, cells_of, read_copies, read_notebook
from cardbook.verify.replay import BlockResult, run_blocks

SHOWN_LINES = 20


@dataclass(frozen=True)
class CheckResult:
    """What was found of one thing a reader takes: its place, and what is wrong with it; "" for nothing."""

    place: str
    fault: str


@dataclass(frozen=True)
class VerifiedExample:
    """The verdicts on one example. `copied` is the SHA-256 of the copied cells, `when` UTC in ISO 8601."""

    example: str
    page: str
    when: str
    copied: str
    results: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        """Whether everything a reader takes of the example runs and gives what the page shows."""
        return not any(verdict.fault for verdict in self.results)


@dataclass(frozen=True)
class VerifyOptions:
    """How a site is verified: within which tolerance, how many examples at a time, with pip or with links."""

    tolerance: Tolerance
    jobs: int
    with_pip: bool


def verify_site(
    project: Project, site: Path, terms: VerifyOptions, tell: Callable[[VerifiedExample], None]
) -> list[VerifiedExample]:
    """Run what a reader takes from a built site, every example in a fresh interpreter; return the verdicts.

    Also of an example of the book that no page has; none of one that the book skips. `tell` hears of each
    example as it is done.
    """
    skipped = {name for name, plan in project.plans.items() if plan.options.skip}
    copies = [copy for copy in read_copies(site) if copy.example not in skipped]
    missing = list(_missing(project, copies))
    for item in missing:
        tell(item)
    threads = max(1, core_count() // terms.jobs)
    with TemporaryDirectory(prefix="cardbook-") as name, ThreadPoolExecutor(terms.jobs) as pool:
        pythons = make_interpreters(Path(name), {copy.install for copy in copies}, terms.with_pip)

        def verify(copy: ExtractedExample) -> VerifiedExample:
            results = (*check_copy(copy), *_try_copy(project, copy, pythons[copy.install], terms, threads))
            found = _verified(copy.example, copy.page.relative_to(site).parent.as_posix(), copy, results)
            tell(found)
            return found

        done = pool.map(verify, sorted(copies, key=_expected_seconds, reverse=True))
        return sorted([*missing, *done], key=lambda item: (item.page, item.example))


def _missing(project: Project, copies: Sequence[ExtractedExample]) -> Iterator[VerifiedExample]:
    there = {copy.example for copy in copies}
    for name, plan in project.plans.items():
        if name not in there and not plan.options.skip:
            yield _verified(name, "", None, [CheckResult("page", "no chapter of the site has this example")])


def _verified(
    name: str, page: str, copy: ExtractedExample | None, results: Iterable[CheckResult]
) -> VerifiedExample:
    when = datetime.now(UTC).isoformat(timespec="seconds")
    return VerifiedExample(name, page, when, hash_copied(copy), tuple(results))


def hash_copied(copy: ExtractedExample | None) -> str:
    """Return the SHA-256 of the cells that a reader copies; that of none without a copy."""
    return hash_text(json.dumps([snippet.text for snippet in copy.snippets] if copy else []))


def _expected_seconds(copy: ExtractedExample) -> float:
    notebook = read_notebook(copy.files.get(".ipynb", b""))
    seconds = notebook.metadata.get("cardbook", {}).get("seconds", 0.0) if notebook else 0.0
    return float(seconds)


def make_interpreters(
    folder: Path, lines: Iterable[str], with_pip: bool
) -> dict[str, Path | InstallLineError]:
    """Return for each install line the interpreter of an environment made from it, or why there is none."""
    installed = None if with_pip else Installed()
    made: dict[str, Path | InstallLineError] = {}
    for number, line in enumerate(sorted(lines)):
        try:
            requirements = read_install_line(line)
            place = folder / str(number)
            if installed is None:
                made[line] = install_environment(place, requirements)
            else:
                made[line] = link_environment(place, needed(requirements, installed), installed)
        except InstallLineError as error:
            made[line] = error
    return made


def check_copy(copy: ExtractedExample) -> Iterator[CheckResult]:
    """Return the verdicts that need no run: that page, script and notebook have the same code.

    They stand for running the files: what was pasted block after block is what these would execute.
    """
    yield CheckResult("page", "; ".join(copy.faults))
    yield CheckResult("script", _check_script(copy))
    yield CheckResult("notebook", _check_notebook(copy))


def _check_script(copy: ExtractedExample) -> str:
    if ".py" not in copy.files:
        return ""
    try:
        text = copy.files[".py"].decode("utf-8")
        sources = [cell.source for cell in parse_example(copy.example, text).code_cells]
    except (InputError, UnicodeDecodeError) as error:
        return f"it cannot be read as cells: {error}"
    if fault := _compare_code(copy.snippets, sources):
        return fault
    if _tree(text) != _tree("\n".join(snippet.text for snippet in copy.snippets)):
        return "it executes something besides the cells"
    return ""


def _check_notebook(copy: ExtractedExample) -> str:
    if ".ipynb" not in copy.files:
        return ""
    notebook = read_notebook(copy.files[".ipynb"])
    if notebook is None:
        return "it cannot be read as a notebook"
    cells = cells_of(notebook)
    if fault := _compare_code(copy.snippets, [cell.text for cell in cells]):
        return fault
    for number, (cell, snippet) in enumerate(zip(cells, copy.snippets, strict=True), 1):
        if found := compare_outputs(snippet.shown, cell.shown, Tolerance()):
            return _told(f"cell {number} has other outputs than the page", found)
    code = notebook.metadata.get("cardbook", {}).get("parts", {}).get("code")
    if code != [hash_text(cell.text) for cell in cells]:
        return "its code is not the code of the run that it names"
    installs = {cell.source for cell in notebook.cells if INSTALL in cell.metadata.get("tags", [])}
    return _check_install_cells(copy, installs)


def _check_install_cells(copy: ExtractedExample, sources: Iterable[str]) -> str:
    for source in sources:
        if not source.startswith("%pip "):
            continue
        try:
            if list(map(str, read_install_line(source[1:]))) != list(
                map(str, read_install_line(copy.install))
            ):
                return "it installs something else than the page says"
        except InstallLineError as error:
            return f"its installation: {error}"
    return ""


def _compare_code(snippets: Sequence[Snippet], sources: Sequence[str]) -> str:
    """Return how the code of a file differs from what the copy buttons give; "" when it does not."""
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


def _try_copy(
    project: Project,
    copy: ExtractedExample,
    python: Path | InstallLineError,
    terms: VerifyOptions,
    threads: int,
) -> Iterator[CheckResult]:
    yield CheckResult("install line", str(python) if isinstance(python, InstallLineError) else "")
    plan = project.plans.get(copy.example)
    if plan is None:
        yield CheckResult("page", "the book has no such example")
        return
    if isinstance(python, InstallLineError):
        return
    blocks = [snippet.text for snippet in copy.snippets]
    variables_in = partial(kernel_variables, project.root, plan.options.environment, threads)
    ran = run_blocks(python, blocks, variables_in, plan.options.seconds)
    for number, (snippet, result) in enumerate(zip(copy.snippets, ran, strict=True), 1):
        varies = number <= len(plan.example.code_cells) and VARIES in plan.example.code_cells[number - 1].tags
        yield CheckResult(f"cell {number}", _judge(snippet, result, varies, terms.tolerance))


def _judge(snippet: Snippet, result: BlockResult, varies: bool, tolerance: Tolerance) -> str:
    if result.error:
        return result.error
    found = [] if varies else compare_outputs(snippet.shown, result.outputs, tolerance)
    return _told("its output is not the one shown", found) if found else ""


def _told(what: str, found: Sequence[Difference]) -> str:
    """Return what is wrong with the differences beneath, at most so many lines of each."""
    lines = [
        f"  {line}"
        for difference in found
        for line in difference.lines[:SHOWN_LINES]
        if not line.startswith("@@")
    ]
    return "\n".join([f"{what}, shown (-) and now (+):", *lines])
