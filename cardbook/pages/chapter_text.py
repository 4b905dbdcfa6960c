"""Chapters as plain Markdown for copying and for programs, and `llms.txt`, which lists them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from nbformat import NotebookNode

from cardbook.pages.chapter import ExampleView, lower_headings
from cardbook.pages.figures import is_figure
from cardbook.records.text import clean_text
from cardbook.source.book import Book, Chapter, Entry

FOLDER = PurePosixPath("downloads")
LIST = PurePosixPath("llms.txt")
# In every list that is generated, and by which it is recognized.
SUMMARY = "> Flashcards with corrections, and examples with the output of a real run."
BACKTICKS = re.compile("`+")


def chapter_file(chapter: Chapter) -> PurePosixPath:
    """Return where the plain text of a chapter is inside `docs/`; MkDocs makes a page of any `.md`."""
    return FOLDER / f"{chapter.id}.txt"


def chapter_text(chapter: Chapter, examples: Mapping[str, ExampleView]) -> str:
    """Return a chapter as Markdown: cards with their corrections, examples with code and outputs."""
    blocks = [f"# {chapter.title}", chapter.introduction.strip()]
    for entry in chapter.entries:
        blocks += _card(entry)
        if entry.example:
            blocks += _example(examples[entry.example])
    return "\n\n".join(blocks) + "\n"


def book_list(book: Book, address: str) -> str:
    """Return `llms.txt` (llmstxt.org): the title and each chapter with the address of its plain text.

    `address` is the site's, ending in "/"; if it is "", the links are relative.
    """
    lines = [f"# {book.title}", ""]
    lines += [SUMMARY, "", "## Chapters", ""]
    lines += [f"- [{c.title}]({address}{chapter_file(c)}): {c.description}" for c in book.chapters]
    return "\n".join(lines) + "\n"


def _card(entry: Entry) -> Iterator[str]:
    card = entry.card
    yield f"## {card.title}"
    yield f"**Question.** {card.question.strip()}"
    yield f"**Answer.** {card.answer.strip()}"
    for correction in entry.corrections:
        yield f"**Correction.** {correction.text.strip()} Source: <{correction.source}>"
    if card.context:
        yield f"**Context.** {card.context.strip()}"


def _example(shown: ExampleView) -> Iterator[str]:
    example = shown.example
    yield f"### {example.title}"
    outputs = iter(shown.outputs)
    for cell in example.cells:
        if cell.kind == "markdown":
            if prose := lower_headings(cell.source.removeprefix(f"# {example.title}").strip("\n"), 2):
                yield prose
            continue
        yield _fence(cell.source, "python")
        yield from _outputs(next(outputs), cell.alt or "")
    if shown.record:
        provenance = shown.record.provenance
        packages = ", ".join(f"{name} {version}" for name, version in provenance.packages.items())
        yield f"Ran on {provenance.started} with Python {provenance.parts['python']}, {packages}."


def _outputs(outputs: Sequence[NotebookNode], alt: str) -> Iterator[str]:
    for output in outputs:
        if is_figure(output):
            yield f"Figure: {alt}"
        elif text := clean_text(output.text if output.output_type == "stream" else output.data["text/plain"]):
            yield f"Output:\n\n{_fence(text, 'text')}"


def _fence(text: str, language: str) -> str:
    fence = "`" * max(3, 1 + max(map(len, BACKTICKS.findall(text)), default=0))
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
