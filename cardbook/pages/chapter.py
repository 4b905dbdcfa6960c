"""Chapters: one page of Markdown each, with cards, and examples with their records."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from nbformat import NotebookNode

from cardbook.pages.figures import Figure, is_figure
from cardbook.pages.html import (
    count_tables,
    embed_formulas,
    escape_markdown,
    protect_from_markdown,
    render_card,
    render_code,
    render_printed,
    title_markdown,
)
from cardbook.pages.interactive import InteractiveOutput, is_interactive, render_interactive
from cardbook.pages.notebook import colab_link, install_line
from cardbook.records.store import Provenance, Record
from cardbook.source.book import Chapter, Correction, Entry
from cardbook.source.example import PARAMETERS, Cell, Example

HEADING = re.compile(r"(#{1,6})(?=\s)")
FENCE = re.compile(r"\s*(`{3,}|~{3,})")
# Code cells of more lines are folded: LONG, or LONG_DRAWING for cells that only draw.
LONG = 20
LONG_DRAWING = 7
# More printed tables of an example than these are shown as text: a page takes 0.3 ms to build for each.
TABLES = 500


@dataclass(frozen=True)
class ExampleView:
    """An example as a chapter shows it: with its record, or with the reason `why` there is none.

    `figures` and `interactive` are those of each code cell. `repository` is the book's on GitHub
    (`OWNER/NAME`), `address` the site's, ending in "/"; each "" when unknown. `max_age_days` is how old the
    book lets a record be.
    """

    example: Example
    record: Record | None
    why: str
    has_test: bool
    repository: str
    address: str
    max_age_days: int
    figures: Sequence[Sequence[Figure]]
    interactive: Sequence[Sequence[InteractiveOutput]]

    @property
    def outputs(self) -> list[list[NotebookNode]]:
        """The outputs of each code cell; none at all without a record."""
        return self.record.outputs if self.record else [[] for _ in self.example.code_cells]

    @cached_property
    def with_tables(self) -> bool:
        """Whether printed tables are shown as tables; otherwise they are too many."""
        outputs = [output for cell in self.outputs for output in cell]
        texts = [
            output.text if output.output_type == "stream" else output.data.get("text/plain", "")
            for output in outputs
        ]
        return sum(map(count_tables, texts)) <= TABLES


def chapter_page(chapter: Chapter, examples: Mapping[str, ExampleView]) -> str:
    """Return the Markdown of a chapter."""
    blocks = [
        f"---\ntitle: {_yaml_text(chapter.title)}\ndescription: {_yaml_text(chapter.description)}\n---",
        f"# {escape_markdown(chapter.title)}",
        f'<div class="introduction" markdown="1">\n\n{embed_formulas(chapter.introduction)}\n\n</div>',
        f'[This chapter as Markdown](../downloads/{chapter.id}.txt)\n{{ .as-text data-search-exclude="" }}',
    ]
    for entry in chapter.entries:
        blocks += [f"## {title_markdown(entry.card.title)} {{ #{entry.id} }}", card_block(entry)]
        if entry.example:
            blocks += _example_blocks(entry, examples[entry.example])
    return "\n\n".join([*blocks, _study_link(chapter)]) + "\n"


def _study_link(chapter: Chapter) -> str:
    """Return the link to study the chapter, to which web/ adds a round of its cards."""
    link = f"[Study this chapter](../study/index.md?chapter={chapter.id})"
    return f'{link}\n{{ .chapter-round data-search-exclude="" }}'


def _yaml_text(text: str) -> str:
    return "'" + " ".join(text.split()).replace("'", "''") + "'"


def sample_of(chapter_id: str, entry: Entry, shown: ExampleView) -> str:
    """Return the Markdown of a card with the first figure of its example and its run, for a page in `docs/`.

    Without a fresh record or a figure, it is "".
    """
    cells = zip(shown.example.code_cells, shown.figures, strict=True)
    drawn = next(((figures[0], cell.alt or "") for cell, figures in cells if figures), None)
    if shown.record is None or drawn is None:
        return ""
    run = shown.record.provenance
    title = escape_markdown(shown.example.title)
    return "\n\n".join(
        (
            f'<div class="card">\n{_card_content(entry)}\n</div>',
            f'<figure class="output output-figure" markdown="1">\n{_images(*drawn, "figures/")}\n</figure>',
            f"[{title}](chapters/{chapter_id}.md#{entry.id}-example) drew this on {_day(run)},"
            f" on {escape_markdown(run.device)}, in {run.seconds:.1f} s:"
            " [everything about its run](provenance.json).\n"
            "{ .sample-note }",
        )
    )


def card_block(entry: Entry) -> str:
    """Return a card as HTML that Markdown leaves alone: question, answer, context, corrections."""
    return f'<div class="card" data-card="{entry.id}">\n{_card_content(entry)}\n</div>'


def _card_content(entry: Entry) -> str:
    card = entry.card
    context = ""
    if card.context:
        context = (
            f'<details class="card-context"><summary>Context</summary>{render_card(card.context)}</details>'
        )
    corrections = "".join(_correction(correction) for correction in entry.corrections)
    label = "Answer · corrected" if corrections else "Answer"
    # A correction is inside the answer, so that nobody grades the answer without seeing it.
    answer = f"<summary>{label}</summary>{render_card(card.answer)}{corrections}"
    return (
        f'<div class="card-question">{render_card(card.question)}</div>\n'
        f'<details class="card-answer">{answer}</details>\n'
        f"{context}"
    )


def _correction(correction: Correction) -> str:
    text = render_card(f"{correction.text} [Source](<{correction.source}>)")
    return f'<aside class="card-correction"><p class="card-label">Correction</p>{text}</aside>'


def _example_blocks(entry: Entry, shown: ExampleView) -> Iterator[str]:
    example = shown.example
    yield f'<div class="example" data-example="{example.name}" markdown="1">'
    yield f"### {escape_markdown(example.title)} {{ #{entry.id}-example }}"
    yield _run_block(shown)
    if shown.why:
        yield f'!!! failure "Not run"\n    {escape_markdown(shown.why)}'
    cells = enumerate(zip(shown.outputs, shown.figures, shown.interactive, strict=True), 1)
    for cell in example.cells:
        if cell.kind == "markdown":
            yield embed_formulas(lower_headings(without_title(cell.source, example), 2))
            continue
        number, (outputs, figures, interactive) = next(cells)
        label = f"{example.name}-{number}"
        kind = "parameters" if PARAMETERS in cell.tags else "cell"
        yield render_code(cell.source, kind, label, _fold_of(cell, outputs))
        yield from _output_blocks(label, cell, outputs, figures, interactive, with_tables=shown.with_tables)
    if shown.record:
        yield _provenance_block(example, shown.record.provenance, shown.max_age_days)
    yield "</div>"


def _fold_of(cell: Cell, outputs: Sequence[NotebookNode]) -> str:
    """Return the summary of a folded cell; "" for a cell that is not folded."""
    lines = cell.source.count("\n") + 1
    draws = bool(cell.alt and outputs) and all(is_figure(output) for output in outputs)
    if lines <= (LONG_DRAWING if draws else LONG):
        return ""
    if draws:
        return f"Code of the figure, {lines} lines"
    names = [
        node.name for node in ast.parse(cell.source).body if isinstance(node, ast.FunctionDef | ast.ClassDef)
    ]
    what = f"Code: {', '.join(names)}" if names else "Code"
    return f"{what}, {lines} lines"


def _run_block(shown: ExampleView) -> str:
    """Return the block with the command that runs the example, its time and memory, and its files."""
    name = shown.example.name
    # A section, because the search plugin would take the end of an inner <div> for the end of this block.
    blocks = ['<section class="run" data-search-exclude markdown="1">']
    if shown.record:
        provenance = shown.record.provenance
        blocks.append(f"{_cost(provenance)}\n{{ .run-cost }}")
        # Without the site's address, the command names the downloaded file; web/reading.ts completes it.
        script = f"{shown.address}downloads/{name}.py" if shown.address else f"{name}.py"
        blocks.append(_command_block("run-line", f"uv run {script}"))
        if line := install_line(provenance):
            command = _command_block("install", line, f' data-install="{name}"')
            blocks.append(
                f'<details class="pip"><summary>Install with pip instead</summary>{command}</details>'
            )
    return "\n\n".join([*blocks, _files_line(shown), "</section>"])


def _cost(provenance: Provenance) -> str:
    device = "GPU" if provenance.gpu_memory is not None else "CPU"
    return f"{provenance.seconds:.1f} s · {_size(provenance.peak_memory)} of memory · {device}"


def _command_block(kind: str, line: str, mark: str = "") -> str:
    block = f'<div class="command {kind}"{mark}><pre><code>{line}</code></pre></div>'
    return protect_from_markdown(block)


def _files_line(shown: ExampleView) -> str:
    """Return the links to the example's files."""
    name = shown.example.name
    links = [f'[Script .py](../downloads/{name}.py){{ download="" }}']
    if shown.record:
        links.append(f'[Notebook .ipynb](../downloads/{name}.ipynb){{ download="" }}')
    if shown.has_test:
        links.append(f'[Test .py](../downloads/test_{name}.py){{ download="" }}')
    if shown.record:
        links.append(f"[Notebook page](../notebooks/{name}.md)")
    if shown.record and shown.repository:
        address = colab_link(shown.repository, name)
        links.append(f'[Open in Colab]({address}){{ rel="noopener" }}')
    return f'<div class="files" markdown="1">\n\nDownload: {" ".join(links)}\n\n</div>'


def without_title(source: str, example: Example) -> str:
    """Return the Markdown of a cell without the example's title, which pages show themselves."""
    return source.removeprefix(f"# {example.title}").lstrip("\n")


def lower_headings(text: str, levels: int) -> str:
    """Return Markdown with each heading `levels` lower, at most at the sixth; code stays as it is."""
    lines = []
    fence = ""
    for line in text.split("\n"):
        if found := FENCE.match(line):
            if not fence:
                fence = found[1]
            elif line.strip() == fence[0] * len(line.strip()) and len(line.strip()) >= len(fence):
                fence = ""
        elif not fence and (heading := HEADING.match(line)):
            line = "#" * min(6, len(heading[1]) + levels) + line[heading.end() :]
        lines.append(line)
    return "\n".join(lines)


def _output_blocks(
    label: str,
    cell: Cell,
    outputs: Sequence[NotebookNode],
    figures: Sequence[Figure],
    interactive: Sequence[InteractiveOutput],
    *,
    with_tables: bool,
) -> Iterator[str]:
    waiting, waiting_interactive = iter(figures), iter(interactive)
    for output in outputs:
        if output.output_type == "stream":
            if printed := render_printed(output.text, output.name, label, with_tables=with_tables):
                yield printed
        elif is_figure(output):
            yield _figure_block(next(waiting), label, cell.alt or "")
        elif is_interactive(output):
            yield render_interactive(next(waiting_interactive), label, "../../figures/")
        elif "text/plain" in output.data:
            yield render_printed(output.data["text/plain"], "stdout", label, with_tables=with_tables)


def _figure_block(figure: Figure, label: str, alt: str) -> str:
    opening = f'<figure class="output output-figure" data-output="{label}" markdown="1">'
    return f"{opening}\n{_images(figure, alt, '../figures/')}\n</figure>"


def _images(figure: Figure, alt: str, folder: str) -> str:
    """Return the Markdown of a figure's images; `folder` is the path to the figures, with a slash."""
    sides = f" width={figure.width} height={figure.height}" if figure.width and figure.height else ""
    return "\n".join(
        f"[![{escape_markdown(alt)}]({folder}{address}){{ loading=lazy{sides} }}]"
        f"({folder}{address.partition('#')[0]}){{ .enlarge title=Enlarge }}"
        for address in figure.addresses
    )


def _day(run: Provenance) -> str:
    return datetime.fromisoformat(run.started).strftime("%-d %B %Y, %H:%M UTC")


def _provenance_block(example: Example, provenance: Provenance, max_age_days: int) -> str:
    started = datetime.fromisoformat(provenance.started).isoformat()
    when = f'<time datetime="{started}" data-max-age="{max_age_days}">{_day(provenance)}</time>'
    memory = f"{_size(provenance.peak_memory)} of memory at most"
    if provenance.gpu_memory is not None:
        memory += f", {_size(provenance.gpu_memory)} on the GPU"
    device = escape_markdown(provenance.device)
    versions = escape_markdown(", ".join(f"{name} {number}" for name, number in provenance.packages.items()))
    lines = [
        f"**Ran** on {when}, on {device}, in {provenance.seconds:.1f} s, with {memory}.",
        f"**With** Python {provenance.parts['python']}, {versions}; profile {provenance.parts['profile']}.",
        *(_model_line(model_id, model) for model_id, model in provenance.models.items()),
        f"**Fingerprint** `{provenance.fingerprint[:16]}`; "
        f"[everything about this run](../notebooks/{example.name}.md#run).",
    ]
    name = example.name
    verified = f'<p class="verified" data-verified="{name}" hidden></p>'
    opening = f'<div class="provenance" data-provenance="{name}" data-search-exclude markdown="1">'
    return "\n\n".join([opening, *lines, verified, "</div>"])


def _model_line(model_id: str, model: Mapping[str, str]) -> str:
    source = "the Hub" if model["source"] == "hub" else f"the package {model['source']}"
    note = f": {escape_markdown(model['note'])}" if model["note"] else ""
    return (
        f"**Model** `{model_id}` at revision `{model['revision'][:12]}`, {escape_markdown(model['licence'])},"
        f" from {escape_markdown(source)}{note}."
    )


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
