"""Pages: the generated part of docs/: chapters, notebooks, scripts, figures and others."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

import nbformat

from cardbook.base.errors import InputError, Problem
from cardbook.pages import contents
from cardbook.pages.all_cards import PAGE, make_cards_page
from cardbook.pages.card_exports import make_exports
from cardbook.pages.chapter import ExampleView, chapter_page, sample_of
from cardbook.pages.chapter_text import LIST, SUMMARY, book_list, chapter_file, chapter_text
from cardbook.pages.corrections import make_corrections_page
from cardbook.pages.epub import make_epub
from cardbook.pages.figures import read_figures
from cardbook.pages.html import card_problems, formula_problems, render_ahead
from cardbook.pages.interactive import read_interactive
from cardbook.pages.notebook import published_notebook, published_script
from cardbook.pages.notebook_page import render_notebook_page
from cardbook.pages.provenance_json import make_provenance
from cardbook.pages.social_card import make_social
from cardbook.pages.study import make_study_files
from cardbook.records.status import Project, Status
from cardbook.source.book import Book
from cardbook.source.example import Example

FOLDERS = ("chapters", "cards", "corrections", "study", "notebooks", "downloads", "figures", "deck")

Files = dict[PurePosixPath, bytes]


def make_pages(project: Project, statuses: Sequence[Status]) -> Files:
    """Return every generated file by its path inside `docs/`.

    An example that is not fresh is shown without outputs and with the reason; only a preview contains one.
    Raises InputError when a figure has no alternative text or a formula cannot be shown.
    """
    views = {status.name: view_example(project, status) for status in statuses}
    problems = _check_figures(views.values())
    problems += _check_formulas(project.book, [view.example for view in views.values()])
    if problems:
        raise InputError(problems)
    files: Files = {}
    for chapter in project.book.chapters:
        cards = [entry.card for entry in chapter.entries]
        texts = [text for card in cards for text in (card.context, card.question, card.answer)]
        render_ahead(texts, project.cache)
        text = chapter_page(chapter, views)
        files[PurePosixPath("chapters", f"{chapter.id}.md")] = text.encode()
        files[chapter_file(chapter)] = chapter_text(chapter, views).encode("utf-8", "replace")
        files[PurePosixPath("figures", f"chapter-{chapter.id}.png")] = make_social(
            project.book.title, chapter.title, project.cache
        )
    files[LIST] = book_list(project.book, project.publisher.address).encode()
    files[PAGE] = make_cards_page(project.book).encode()
    files[PurePosixPath("corrections", "index.md")] = make_corrections_page(project.book).encode()
    files |= make_study_files(project.book, project.book.retired)
    for view in views.values():
        files |= example_files(project, view)
    samples = {
        entry.example: sample_of(chapter.id, entry, views[entry.example])
        for chapter in project.book.chapters
        for entry in chapter.entries
        if entry.example in views
    }
    files[contents.NAME] = contents.make_contents(
        project.book, [status.name for status in statuses if status.fresh_record], samples
    )
    files |= make_epub(project, views)
    return files | make_exports(project, statuses) | make_provenance(project, statuses, files)


def view_example(project: Project, status: Status) -> ExampleView:
    """Return an example as pages show it; without a fresh record, with the code and the reason."""
    example, record = project.plans[status.name].example, status.fresh_record
    outputs = record.outputs if record else [[] for _ in example.code_cells]
    return ExampleView(
        example,
        record,
        why="" if record else f"{status.state}: {'; '.join(status.reasons)}",
        has_test=_test_path(project, example).exists(),
        repository=project.publisher.repository,
        address=project.publisher.address,
        max_age_days=project.book.max_age_days,
        figures=read_figures(example.name, outputs, project.cache),
        interactive=read_interactive(example.name, outputs),
    )


def write_pages(docs: Path, files: Mapping[PurePosixPath, bytes]) -> list[PurePosixPath]:
    """Make the generated folders of `docs` contain exactly these files; return the changed paths.

    Unchanged files are not written, so that a preview does not reload without need. Raises InputError when
    an author's own file would be replaced.
    """
    _check_own(docs / LIST)
    changed = compare_pages(docs, files)
    for path in changed:
        if path not in files:
            (docs / path).unlink()
            continue
        (docs / path).parent.mkdir(parents=True, exist_ok=True)
        (docs / path).write_bytes(files[path])
    return changed


def _check_own(path: Path) -> None:
    """Check that the list of chapters, which is in no generated folder, replaces no file of an author."""
    if path.exists() and not (path.is_file() and f"\n{SUMMARY}\n".encode() in path.read_bytes()):
        remedy = "rename or delete it: the list of chapters is written there"
        raise InputError([Problem(f"docs/{LIST}", 0, "was not written by cardbook", remedy)])


def compare_pages(docs: Path, files: Mapping[PurePosixPath, bytes]) -> list[PurePosixPath]:
    """Return the paths that are missing or different in `docs`, or there but not generated."""
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


def _check_figures(views: Iterable[ExampleView]) -> list[Problem]:
    problems = []
    for view in views:
        file = view.example.file
        for cell, figures in zip(view.example.code_cells, view.figures, strict=True):
            if figures and not cell.alt:
                what = "the figure of this cell has no alternative text"
                remedy = 'say what it shows: # %% alt="…"'
                problems.append(Problem(file, cell.line - 1, what, remedy))
            elif cell.alt and view.record and not figures:
                what = "this cell has alternative text, but drew no figure"
                remedy = "end it with plt.show(), or remove alt"
                problems.append(Problem(file, cell.line - 1, what, remedy))
    return problems


def _check_formulas(book: Book, examples: Iterable[Example]) -> list[Problem]:
    problems = []
    for chapter in book.chapters:
        problems += formula_problems(chapter.introduction, "book.yml", 0)
        for entry in chapter.entries:
            problems += card_problems(entry.card, f"flashcards/{entry.deck}.md")
            for correction in entry.corrections:
                problems += formula_problems(correction.text, "book.yml", 0)
    for example in examples:
        for cell in example.cells:
            if cell.kind == "markdown":
                problems += formula_problems(cell.source, example.file, cell.line)
    return problems


def _test_path(project: Project, example: Example) -> Path:
    return project.root / "tests" / "examples" / f"test_{example.name}.py"


def example_files(project: Project, view: ExampleView) -> Files:
    """Return the files of one example by path inside `docs/`: script, test, notebook, page, figures, data."""
    example, downloads = view.example, PurePosixPath("downloads")
    files: Files = {downloads / f"{example.name}.py": published_script(example, view.record).encode()}
    test = _test_path(project, example)
    if test.exists():
        files[downloads / test.name] = test.read_bytes()
    if view.record is None:
        return files
    notebook = published_notebook(example, view.record)
    files[downloads / f"{example.name}.ipynb"] = f"{nbformat.writes(notebook)}\n".encode()
    page = render_notebook_page(
        example.name,
        example.title,
        _place_of(project, example.name),
        notebook,
        view.record.provenance,
        view.figures,
        project.cache,
    )
    files[PurePosixPath("notebooks", f"{example.name}.md")] = page.encode()
    for figure in (figure for cell in view.figures for figure in cell):
        files |= {PurePosixPath("figures", name): content for name, content in figure.files.items()}
    for output in (output for cell in view.interactive for output in cell):
        files[PurePosixPath("figures", output.name)] = output.data.encode()
    return files


def _place_of(project: Project, name: str) -> str:
    """Return where a chapter shows the example: `CHAPTER.md#ID`."""
    return next(
        f"{chapter.id}.md#{entry.id}-example"
        for chapter in project.book.chapters
        for entry in chapter.entries
        if entry.example == name
    )
