"""Verifies a built site: what a reader copies or downloads from it runs, and gives what its pages show."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal

from cardbook.base.files import temporary_folder
from cardbook.kernel.variables import kernel_variables, make_home
from cardbook.records.comparison import Tolerance, compare_outputs
from cardbook.records.environment import core_count
from cardbook.records.status import PlannedRun, Project
from cardbook.source.example import VARIES
from cardbook.verify.checks import check_files, describe_differences
from cardbook.verify.environments import (
    Installed,
    InstallLineError,
    install_environment,
    link_environment,
    read_install_line,
    required_distributions,
    uv_environment,
)
from cardbook.verify.extraction import ExtractedExample, Snippet, extract_examples, read_notebook
from cardbook.verify.replay import BlockResult, ReplayLimits, run_blocks
from cardbook.verify.results import CheckResult, VerifiedExample, hash_example

Installer = Literal["links", "pip", "uv"]


@dataclass(frozen=True)
class VerifyOptions:
    """How a site is verified: the tolerance of outputs, and how many examples run at a time.

    `installer` makes their environments: with links to this one's packages; with pip, from the install line;
    or with uv, from the metadata of the script.
    """

    tolerance: Tolerance
    jobs: int
    installer: Installer


def verify_site(
    project: Project, site: Path, options: VerifyOptions, on_result: Callable[[VerifiedExample], None]
) -> list[VerifiedExample]:
    """Run what a reader copies from a built site, every example in a new interpreter; return the results.

    An example without a page is among the results; a skipped one is not. `on_result` gets each result as soon
    as it is available.
    """
    skipped = {name for name, plan in project.plans.items() if plan.options.skip}
    found = [example for example in extract_examples(site) if example.example not in skipped]
    missing = list(_missing(project, found))
    for item in missing:
        on_result(item)
    threads = max(1, core_count() // options.jobs)
    with temporary_folder() as folder, ThreadPoolExecutor(options.jobs) as pool:
        pythons = make_interpreters(folder, found, options.installer)

        def verify(extracted: ExtractedExample) -> VerifiedExample:
            python = pythons[extracted.install]
            checks = check_files(extracted, project.publisher.address)
            results = (*checks, *_replay(project, extracted, python, options, threads))
            page = extracted.page.relative_to(site).parent.as_posix()
            result = _verified(extracted.example, page, extracted, results)
            on_result(result)
            return result

        done = pool.map(verify, sorted(found, key=_expected_seconds, reverse=True))
        return sorted([*missing, *done], key=lambda item: (item.page, item.example))


def _missing(project: Project, found: Sequence[ExtractedExample]) -> Iterator[VerifiedExample]:
    present = {extracted.example for extracted in found}
    for name, plan in project.plans.items():
        if name not in present and not plan.options.skip:
            yield _verified(name, "", None, [CheckResult("page", "no chapter of the site has this example")])


def _verified(
    name: str, page: str, extracted: ExtractedExample | None, results: Iterable[CheckResult]
) -> VerifiedExample:
    when = datetime.now(UTC).isoformat(timespec="seconds")
    return VerifiedExample(name, page, when, hash_example(extracted), tuple(results))


def _expected_seconds(extracted: ExtractedExample) -> float:
    notebook = read_notebook(extracted.files.get(".ipynb", b""))
    seconds = notebook.metadata.get("cardbook", {}).get("seconds", 0.0) if notebook else 0.0
    return float(seconds)


def make_interpreters(
    folder: Path, found: Iterable[ExtractedExample], installer: Installer
) -> dict[str, Path | InstallLineError]:
    """Return for each install line the interpreter of an environment, or the error.

    Examples with equal install lines share one. Environments are in `folder`; those of uv are in its cache.
    """
    installed = Installed()
    interpreters: dict[str, Path | InstallLineError] = {}
    examples = {example.install: example for example in found}
    for number, (line, example) in enumerate(sorted(examples.items())):
        place = folder / str(number)
        try:
            requirements = read_install_line(line)
            if installer == "uv":
                script = place.with_suffix(".py")
                script.write_bytes(example.files.get(".py", b""))
                interpreters[line] = uv_environment(script)
            elif installer == "pip":
                interpreters[line] = install_environment(place, requirements)
            else:
                names = required_distributions(requirements, installed)
                interpreters[line] = link_environment(place, names, installed)
        except InstallLineError as error:
            interpreters[line] = error
    return interpreters


def _replay(
    project: Project,
    extracted: ExtractedExample,
    python: Path | InstallLineError,
    options: VerifyOptions,
    threads: int,
) -> Iterator[CheckResult]:
    yield CheckResult("install line", str(python) if isinstance(python, InstallLineError) else "")
    plan = project.plans.get(extracted.example)
    if plan is None:
        yield CheckResult("page", "the book has no such example")
        return
    if isinstance(python, InstallLineError):
        return
    blocks = [snippet.text for snippet in extracted.snippets]
    limits = ReplayLimits(plan.options.seconds, plan.options.memory)
    blocks_run = run_blocks(python, blocks, partial(_prepare, project, plan, threads), limits)
    for number, (snippet, result) in enumerate(zip(extracted.snippets, blocks_run, strict=True), 1):
        varies = number <= len(plan.example.code_cells) and VARIES in plan.example.code_cells[number - 1].tags
        yield CheckResult(f"cell {number}", _judge(snippet, result, options.tolerance, varies=varies))


def _prepare(project: Project, plan: PlannedRun, threads: int, home: Path) -> Mapping[str, str]:
    """Create the home folder of a reader; return the environment variables."""
    make_home(project.root, home)
    return kernel_variables(project.root, plan.options.environment, threads, home)


def _judge(snippet: Snippet, result: BlockResult, tolerance: Tolerance, *, varies: bool) -> str:
    if result.error:
        return result.error
    found = [] if varies else compare_outputs(snippet.shown, result.outputs, tolerance)
    return describe_differences("its output is not the one shown", found) if found else ""
