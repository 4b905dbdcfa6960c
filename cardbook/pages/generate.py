"""Pages: the generated part of docs/: chapters, with notebooks, scripts and figures beside them."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path, PurePosixPath

import nbformat
from nbformat import NotebookNode

from cardbook.base.errors import InputError, Problem
from cardbook.pages.card_exports import make_exports
from cardbook.pages.chapter import ExampleView, chapter_page
from cardbook.pages.figures import figure_names, figures_of, is_figure, memory_of
from cardbook.pages.notebook import INSTALL, published_notebook
from cardbook.pages.provenance_json import make_publication
from cardbook.pages.social_card import make_social
from cardbook.pages.study import make_study_page
from cardbook.records.status import Project, Status
from cardbook.source.example import Example, script_of

FOLDERS = ("chapters", "study", "notebooks", "downloads", "figures", "deck")

QUIET = ("image/png", "text/plain")

Files = dict[PurePosixPath, bytes]


def make_pages(project: Project, statuses: Sequence[Status]) -> Files:
    """Return every generated file by its path inside `docs/`.

    An example that is not fresh is shown without outputs and says so; only a preview may contain one.
    Raises BadInput when mkdocs.yml lacks a chapter, or a figure has no alternative text.
    """
    problems = [*_check_nav(project), *_check_figures(project, statuses)]
    if problems:
        raise InputError(problems)
    shown = {status.name: _show(project, status) for status in statuses}
    files: Files = {}
    for chapter in project.book.chapters:
        text = chapter_page(chapter, shown)
        files[PurePosixPath("chapters", f"{chapter.id}.md")] = text.encode()
        files[PurePosixPath("figures", f"chapter-{chapter.id}.png")] = make_social(
            project.book.title, chapter.title, memory_of(project.root)
        )
    files[PurePosixPath("study", "index.md")] = make_study_page(project.book).encode()
    for status in statuses:
        files |= example_files(project, status)
    return files | make_exports(project, statuses) | make_publication(project, statuses, files)


def write_pages(docs: Path, files: Mapping[PurePosixPath, bytes]) -> list[PurePosixPath]:
    """Bring the generated folders of `docs` to exactly these files; return what changed.

    Files that are already right are left untouched, so that a preview does not reload for nothing.
    """
    changed = compare_pages(docs, files)
    for path in changed:
        if path not in files:
            (docs / path).unlink()
            continue
        (docs / path).parent.mkdir(parents=True, exist_ok=True)
        (docs / path).write_bytes(files[path])
    return changed


def compare_pages(docs: Path, files: Mapping[PurePosixPath, bytes]) -> list[PurePosixPath]:
    """Return the paths that are absent from `docs`, different there, or there without being generated."""
    present = {
        PurePosixPath(path.relative_to(docs).as_posix())
        for folder in FOLDERS
        for path in (docs / folder).rglob("*")
        if path.is_file()
    }
    different = [
        path
        for path, content in files.items()
        if not (docs / path).is_file() or (docs / path).read_bytes() != content
    ]
    return sorted([*different, *(present - files.keys())])


def _show(project: Project, status: Status) -> ExampleView:
    """Return what a chapter shows of an example; without a fresh record, the code and why there is none."""
    example = project.plans[status.name].example
    record = status.record if status.state == "fresh" else None
    why = "" if record else f"{status.state}: {'; '.join(status.reasons)}"
    has_test = _test_path(project, example).exists()
    repository, max_age = project.publisher.repository, project.book.max_age_days
    return ExampleView(example, record, why, has_test, repository, max_age, memory_of(project.root))


def _check_nav(project: Project) -> list[Problem]:
    path = project.root / "mkdocs.yml"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if "\nnav:" not in text:
        return []
    problems = []
    last = 0
    for chapter in project.book.chapters:
        name = f"chapters/{chapter.id}.md"
        at = text.find(name)
        line = text.count("\n", 0, max(at, text.find("\nnav:") + 1)) + 1
        if at < 0:
            problems.append(Problem("mkdocs.yml", line, f"nav lacks {name}", "add it, in the book's order"))
        elif at < last:
            problems.append(Problem("mkdocs.yml", line, f"nav has {name} out of order", "follow book.yml"))
        last = max(last, at)
    return problems


def _check_figures(project: Project, statuses: Sequence[Status]) -> list[Problem]:
    problems = []
    for status in statuses:
        example = project.plans[status.name].example
        for cell, outputs in zip(example.code_cells, _outputs(example, status), strict=True):
            drawn = any(is_figure(output) for output in outputs)
            if drawn and not cell.alt:
                what = "the figure of this cell has no alternative text"
                remedy = 'say what it shows: # %% alt="…"'
                problems.append(Problem(example.file, cell.line - 1, what, remedy))
            elif cell.alt and status.state == "fresh" and not drawn:
                what = "this cell has alternative text, but drew no figure"
                remedy = "end it with plt.show(), or remove alt"
                problems.append(Problem(example.file, cell.line - 1, what, remedy))
    return problems


def _outputs(example: Example, status: Status) -> list[list[NotebookNode]]:
    """Return the outputs of each code cell; none at all unless the record is fresh."""
    if status.state != "fresh" or status.record is None:
        return [[] for _ in example.code_cells]
    return status.record.outputs


def _test_path(project: Project, example: Example) -> Path:
    return project.root / "tests" / "examples" / f"test_{example.name}.py"


def example_files(project: Project, status: Status) -> Files:
    """Return the files of one example by their paths inside `docs/`: script, test, notebooks, figures."""
    example = project.plans[status.name].example
    downloads = PurePosixPath("downloads")
    files: Files = {downloads / f"{example.name}.py": script_of(example).encode()}
    test = _test_path(project, example)
    if test.exists():
        files[downloads / test.name] = test.read_bytes()
    if status.state != "fresh" or status.record is None:
        return files
    executed = published_notebook(example, status.record)
    files[downloads / f"{example.name}.ipynb"] = _write_notebook(executed)
    files[PurePosixPath("notebooks", f"{example.name}.ipynb")] = _write_notebook(quiet_notebook(executed))
    for number, outputs in enumerate(status.record.outputs, 1):
        for count, figure in enumerate(figures_of(outputs, memory_of(project.root)), 1):
            light, dark = figure_names(figure, f"{example.name}-{number}", count)
            files[PurePosixPath("figures", light)] = figure.light
            if dark and figure.dark:
                files[PurePosixPath("figures", dark)] = figure.dark
    return files


def _write_notebook(notebook: NotebookNode) -> bytes:
    return f"{nbformat.writes(notebook)}\n".encode()


def quiet_notebook(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook to be shown as a page: as it ran, with text and figures that do nothing."""
    quiet = deepcopy(notebook)
    quiet.cells = [cell for cell in quiet.cells if INSTALL not in cell.metadata.get("tags", [])]
    for cell in quiet.cells:
        for output in cell.get("outputs", []):
            if "data" in output:
                output.data = {kind: value for kind, value in output.data.items() if kind in QUIET}
    return quiet
