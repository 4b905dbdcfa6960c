"""Pages: plain Markdown for each chapter, with notebooks, scripts and figures beside them."""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath

import nbformat
from nbformat import NotebookNode

from cardbook.book import Chapter, Correction, Entry
from cardbook.example import PARAMETERS, Cell, Example, script_of, to_notebook
from cardbook.markup import escape_markdown, render_card, render_printed, seal
from cardbook.problem import BadInput, Problem
from cardbook.record import Provenance, Record
from cardbook.status import Status, Workplace

FOLDERS = ("chapters", "notebooks", "downloads", "figures")
HEADING = re.compile(r"(#{1,6})(?=\s)")
FENCE = re.compile(r"\s*(`{3,}|~{3,})")

Files = dict[PurePosixPath, bytes]


def make_pages(workplace: Workplace, statuses: Sequence[Status]) -> Files:
    """Return every generated file by its path inside `docs/`.

    An example that is not fresh is shown without outputs and says so; only a preview may contain one.
    Raises BadInput when mkdocs.yml lacks a chapter, or a figure has no alternative text.
    """
    by_name = {status.name: status for status in statuses}
    problems = [*_check_nav(workplace), *_check_figures(workplace, statuses)]
    if problems:
        raise BadInput(problems)
    files: Files = {}
    for chapter in workplace.book.chapters:
        text = _chapter_page(workplace, chapter, by_name)
        files[PurePosixPath("chapters", f"{chapter.id}.md")] = text.encode()
    for status in statuses:
        files |= _example_files(workplace, status)
    return files


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
        if path not in present or (docs / path).read_bytes() != content
    ]
    return sorted([*different, *(present - files.keys())])


def _check_nav(workplace: Workplace) -> list[Problem]:
    path = workplace.root / "mkdocs.yml"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if "\nnav:" not in text:
        return []
    problems = []
    last = 0
    for chapter in workplace.book.chapters:
        name = f"chapters/{chapter.id}.md"
        at = text.find(name)
        line = text.count("\n", 0, max(at, text.find("\nnav:") + 1)) + 1
        if at < 0:
            problems.append(Problem("mkdocs.yml", line, f"nav lacks {name}", "add it, in the book's order"))
        elif at < last:
            problems.append(Problem("mkdocs.yml", line, f"nav has {name} out of order", "follow book.yml"))
        last = max(last, at)
    return problems


def _check_figures(workplace: Workplace, statuses: Sequence[Status]) -> list[Problem]:
    problems = []
    for status in statuses:
        example = workplace.plans[status.name].example
        for cell, outputs in zip(example.code_cells, _outputs(example, status), strict=True):
            drawn = figures_of(outputs)
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


def _chapter_page(workplace: Workplace, chapter: Chapter, statuses: Mapping[str, Status]) -> str:
    blocks = [
        f"---\ntitle: {_yaml_text(chapter.title)}\ndescription: {_yaml_text(chapter.description)}\n---",
        f"# {escape_markdown(chapter.title)}",
        chapter.introduction,
    ]
    for entry in chapter.entries:
        blocks += _card_blocks(entry)
        if entry.example:
            blocks += _example_blocks(workplace, entry, statuses[entry.example])
    return "\n\n".join(blocks) + "\n"


def _yaml_text(text: str) -> str:
    return "'" + " ".join(text.split()).replace("'", "''") + "'"


def _card_blocks(entry: Entry) -> Iterator[str]:
    card = entry.card
    yield f"## {escape_markdown(card.title)} {{ #{entry.id} }}"
    context = ""
    if card.context:
        context = (
            f'<details class="card-context"><summary>Context</summary>{render_card(card.context)}</details>'
        )
    corrections = "".join(_correction(correction) for correction in entry.corrections)
    yield (
        f'<div class="card" data-card="{entry.id}">\n'
        f'<div class="card-question">{render_card(card.question)}</div>\n'
        f'<details class="card-answer"><summary>Answer</summary>{render_card(card.answer)}</details>\n'
        f"{context}{corrections}\n</div>"
    )


def _correction(correction: Correction) -> str:
    text = render_card(f"{correction.text} [Source](<{correction.source}>)")
    return f'<aside class="card-correction"><p class="card-label">Correction</p>{text}</aside>'


def _example_blocks(workplace: Workplace, entry: Entry, status: Status) -> Iterator[str]:
    example = workplace.plans[status.name].example
    yield f"### {escape_markdown(example.title)} {{ #{entry.id}-example .example }}"
    if status.state != "fresh":
        reasons = escape_markdown("; ".join(status.reasons))
        yield f'!!! failure "Not run: {status.state}"\n    {reasons}'
    outputs = iter(_outputs(example, status))
    number = 0
    for cell in example.cells:
        if cell.kind == "markdown":
            yield lower_headings(_without_title(cell.source, example), 3)
            continue
        number += 1
        yield _code_block(cell)
        yield from _output_blocks(f"{example.name}-{number}", cell, next(outputs))
    if status.state == "fresh" and status.record:
        yield _provenance_block(workplace, example, status.record.provenance)


def _without_title(source: str, example: Example) -> str:
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


def _code_block(cell: Cell) -> str:
    runs = [len(run) for run in re.findall(r"`+", cell.source)]
    fence = "`" * max(3, *(run + 1 for run in runs)) if runs else "```"
    classes = ".python .parameters" if PARAMETERS in cell.tags else ".python .cell"
    return f"{fence} {{ {classes} }}\n{cell.source}\n{fence}"


def _output_blocks(stem: str, cell: Cell, outputs: Sequence[NotebookNode]) -> Iterator[str]:
    figures = 0
    for output in outputs:
        if output.output_type == "stream":
            if printed := render_printed(output.text, output.name):
                yield printed
        elif "image/png" in output.data:
            figures += 1
            size = output.metadata.get("image/png", {})
            sides = "".join(f" {side}={size[side]}" for side in ("width", "height") if side in size)
            image = f"../figures/{figure_name(stem, figures)}"
            alt = escape_markdown(cell.alt or "")
            markup = f"![{alt}]({image}){{ loading=lazy{sides} }}"
            yield f'<figure class="output output-figure" markdown="1">\n{markup}\n</figure>'
        elif "text/plain" in output.data:
            yield render_printed(output.data["text/plain"], "stdout")


def figures_of(outputs: Sequence[NotebookNode]) -> list[str]:
    """Return the PNG figures among a cell's outputs, in base64."""
    return [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]


def figure_name(stem: str, number: int) -> str:
    """Return the file name of a cell's figure: `NAME-CELL.png`, `NAME-CELL-2.png` for its second."""
    return f"{stem}.png" if number == 1 else f"{stem}-{number}.png"


def _provenance_block(workplace: Workplace, example: Example, provenance: Provenance) -> str:
    when = datetime.fromisoformat(provenance.started).strftime("%-d %B %Y, %H:%M UTC")
    memory = f"{_size(provenance.peak_memory)} of memory at most"
    if provenance.gpu_memory is not None:
        memory += f", {_size(provenance.gpu_memory)} on the GPU"
    device = escape_markdown(provenance.device)
    versions = escape_markdown(", ".join(f"{name} {number}" for name, number in provenance.packages.items()))
    links = [
        f"[Script](../downloads/{example.name}.py)",
        f"[Notebook](../notebooks/{example.name}.ipynb)",
        f"[Notebook as a file](../downloads/{example.name}.ipynb)",
    ]
    if _test_path(workplace, example).exists():
        links.append(f"[Its test](../downloads/test_{example.name}.py)")
    lines = [
        f"**Ran** on {when}, on {device}, in {provenance.seconds:.1f} s, with {memory}.",
        f"**With** Python {provenance.parts['python']}, {versions}; profile {provenance.parts['profile']}.",
        *(_model_line(model_id, model) for model_id, model in provenance.models.items()),
        f"**Fingerprint** `{provenance.fingerprint[:16]}`",
        " · ".join(links),
    ]
    install = seal(f"<pre><code>{_install_line(provenance)}</code></pre>")
    body = "\n\n".join(lines)
    return (
        f'<div class="provenance" markdown="1">\n\n{body}\n\n<div class="install">{install}</div>\n\n</div>'
    )


def _model_line(model_id: str, model: Mapping[str, str]) -> str:
    source = "the Hub" if model["source"] == "hub" else f"the package {model['source']}"
    note = f": {escape_markdown(model['note'])}" if model["note"] else ""
    return (
        f"**Model** `{model_id}` at revision `{model['revision'][:12]}`, {escape_markdown(model['licence'])},"
        f" from {escape_markdown(source)}{note}."
    )


def _install_line(provenance: Provenance) -> str:
    pins = (f'"{name}=={version.split("+")[0]}"' for name, version in provenance.packages.items())
    return f"pip install {' '.join(pins)}"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def _test_path(workplace: Workplace, example: Example) -> Path:
    return workplace.root / "tests" / "examples" / f"test_{example.name}.py"


def _example_files(workplace: Workplace, status: Status) -> Files:
    example = workplace.plans[status.name].example
    downloads = PurePosixPath("downloads")
    files: Files = {downloads / f"{example.name}.py": script_of(example).encode()}
    test = _test_path(workplace, example)
    if test.exists():
        files[downloads / test.name] = test.read_bytes()
    if status.state != "fresh" or status.record is None:
        return files
    notebook = (nbformat.writes(executed_notebook(example, status.record)) + "\n").encode()
    files[downloads / f"{example.name}.ipynb"] = notebook
    files[PurePosixPath("notebooks", f"{example.name}.ipynb")] = notebook
    for number, outputs in enumerate(status.record.outputs, 1):
        for count, figure in enumerate(figures_of(outputs), 1):
            path = PurePosixPath("figures", figure_name(f"{example.name}-{number}", count))
            files[path] = base64.b64decode(figure)
    return files


def executed_notebook(example: Example, record: Record) -> NotebookNode:
    """Return today's prose and code, the code that ran, with the record's outputs."""
    notebook = to_notebook(example)
    recorded = [cell for cell in record.notebook.cells if cell.cell_type == "code"]
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell, ran in zip(cells, recorded, strict=True):
        cell.outputs = ran.outputs
        cell.execution_count = ran.execution_count
    notebook.metadata.cardbook = record.notebook.metadata.cardbook
    return notebook
