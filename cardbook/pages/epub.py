"""The book as an EPUB: chapters with cards, examples and outputs, from the same sources as the pages."""

import base64
import html
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from cardbook.base.paths import ProjectPaths
from cardbook.pages.chapter import ExampleView, lower_headings, without_title
from cardbook.pages.epub_file import BookFacts, Document, write_epub
from cardbook.pages.figures import Figure, is_figure
from cardbook.pages.html import highlight, render_markdown, render_printed, render_prose, title_html
from cardbook.pages.interactive import is_interactive
from cardbook.pages.social_card import make_cover
from cardbook.records.status import Project
from cardbook.records.store import Provenance
from cardbook.source.book import Chapter, Entry

# The date of a book without a dated card or a run.
UNDATED = datetime(2026, 1, 1, tzinfo=UTC)
FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
DESCRIPTION = re.compile(r"^description: *(.+)$", re.MULTILINE)
LINK = re.compile(r'<a href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
WEB = re.compile(r"https?://|mailto:", re.IGNORECASE)


def make_epub(project: Project, examples: Mapping[str, ExampleView]) -> dict[PurePosixPath, bytes]:
    """Return `NAME.epub` by its path in docs/; nothing for a book without a permanent name.

    `examples` are by name. Raises InputError when card-dates.yml cannot be read.
    """
    book = project.book
    if not book.name:
        return {}
    head, _ = _own_page(project, "index.md")
    described = DESCRIPTION.search(head)
    facts = BookFacts(
        book.name,
        book.title,
        described[1] if described else "",
        project.publisher.address,
        _changed_at(project, examples),
    )
    documents = [_title_page(facts), *_licences(project)]
    documents += [_chapter(chapter, examples, book.chapters) for chapter in book.chapters]
    figures = {path: png for view in examples.values() for path, png in _figure_files(view)}
    content = write_epub(facts, documents, make_cover(book.title, project.cache), figures)
    return {PurePosixPath("downloads", f"{book.name}.epub"): content}


def _changed_at(project: Project, examples: Mapping[str, ExampleView]) -> datetime:
    """Return when the newest card was changed, or the newest example run."""
    times = [edition.changed for edition in project.dates.values()]
    times += [
        datetime.fromisoformat(view.record.provenance.started) for view in examples.values() if view.record
    ]
    return max(times, default=UNDATED)


def _own_page(project: Project, name: str) -> tuple[str, str]:
    """Return the front matter and the Markdown of a page that the book itself has in docs/; "" without it."""
    path = ProjectPaths(project.root).docs / name
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    found = FRONT_MATTER.match(text)
    return (found[1], text[found.end() :]) if found else ("", text)


def _title_page(facts: BookFacts) -> Document:
    when = facts.modified.astimezone(UTC).strftime("%-d %B %Y")
    lines = [f"As of {when}."]
    if facts.source:
        lines.append(f'The newest edition: <a href="{facts.source}">{html.escape(facts.source)}</a>')
    body = [f"<h1>{html.escape(facts.title)}</h1>"]
    body += [f"<p>{line}</p>" for line in (html.escape(facts.description), *lines) if line]
    return Document("title.xhtml", html.escape(facts.title), "\n".join(body))


def _licences(project: Project) -> Iterator[Document]:
    _, text = _own_page(project, "licences.md")
    if text:
        yield Document("licences.xhtml", "Licences", _keep_links(render_prose(text), ()))


def _chapter(chapter: Chapter, examples: Mapping[str, ExampleView], chapters: Sequence[Chapter]) -> Document:
    blocks = [f"<h1>{html.escape(chapter.title)}</h1>", render_prose(chapter.introduction)]
    for entry in chapter.entries:
        blocks += _card(entry)
        if entry.example:
            blocks += _example(chapter, entry, examples[entry.example])
    return Document(
        f"chapters/{chapter.id}.xhtml",
        html.escape(chapter.title),
        _keep_links("\n".join(blocks), chapters),
        tuple((entry.id, title_html(entry.card.title)) for entry in chapter.entries),
    )


def _keep_links(markup: str, chapters: Sequence[Chapter]) -> str:
    """Return HTML with only the links to the web and to chapters; the pages of others are not in the EPUB."""
    pages = {f"{chapter.id}.md": f"{chapter.id}.xhtml" for chapter in chapters}

    def keep(found: re.Match[str]) -> str:
        page = pages.get(found[1].partition("#")[0])
        if WEB.match(found[1]):
            return found[0]
        return f'<a href="{page}">{found[2]}</a>' if page else found[2]

    return LINK.sub(keep, markup)


def _card(entry: Entry) -> Iterator[str]:
    card = entry.card
    yield f'<section>\n<h2 id="{entry.id}">{title_html(card.title)}</h2>'
    yield f'<div class="question">{render_markdown(card.question)}</div>'
    yield f'<p class="label">Answer</p>\n{render_markdown(card.answer)}'
    for correction in entry.corrections:
        text = render_markdown(f"{correction.text} [Source](<{correction.source}>)")
        yield f'<aside><p class="label">Correction</p>\n{text}</aside>'
    if card.context:
        yield f'<p class="label">Context</p>\n{render_markdown(card.context)}'
    yield "</section>"


def _example(chapter: Chapter, entry: Entry, shown: ExampleView) -> Iterator[str]:
    example = shown.example
    yield f'<section>\n<h3 id="{entry.id}-example">{html.escape(example.title)}</h3>'
    if shown.why:
        yield f"<p>Not run: {html.escape(shown.why)}</p>"
    elif shown.address:
        script = html.escape(f"{shown.address}downloads/{example.name}.py")
        yield f"<p>To run it: <code>uv run {script}</code></p>"
    cells = enumerate(zip(shown.outputs, shown.figures, strict=True), 1)
    for cell in example.cells:
        if cell.kind == "markdown":
            yield render_prose(lower_headings(without_title(cell.source, example), 2))
            continue
        number, (outputs, figures) = next(cells)
        yield f"<pre><code>{highlight(cell.source, 'python')}</code></pre>"
        waiting = iter(figures)
        for output in outputs:
            if is_figure(output):
                yield _image(next(waiting), cell.alt or "")
            elif is_interactive(output):
                place = (
                    f"{shown.address}chapters/{chapter.id}/#{example.name}-{number}" if shown.address else ""
                )
                yield _elsewhere(output, place)
            else:
                yield _printed(output, f"{example.name}-{number}", with_tables=shown.with_tables)
    if shown.record:
        yield f'<p class="run">{html.escape(_describe_run(shown.record.provenance))}</p>'
    yield "</section>"


def _image(figure: Figure, alt: str) -> str:
    width = f' width="{figure.width}"' if figure.width else ""
    return (
        f'<p><img src="../figures/{figure.stem}.png"{width} alt="{html.escape(" ".join(alt.split()))}"/></p>'
    )


def _elsewhere(output: Mapping[str, Any], address: str) -> str:
    """Return the name of an output that needs a script, linked to its place on the site if that is known."""
    name = html.escape(output["data"].get("text/plain", ""))
    site = f'<a href="{html.escape(address)}">On the site</a>' if address else "On the site"
    return f'<p class="run">{site}: {name}.</p>'


def _printed(output: Mapping[str, Any], label: str, *, with_tables: bool) -> str:
    if output["output_type"] == "stream":
        return render_printed(output["text"], output["name"], label, with_tables=with_tables)
    text = output["data"].get("text/plain")
    return render_printed(text, "stdout", label, with_tables=with_tables) if text else ""


def _describe_run(run: Provenance) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in run.packages.items())
    models = "".join(
        f" Model {name} at revision {model['revision'][:12]}, {model['licence']}."
        for name, model in run.models.items()
    )
    return (
        f"Ran on {run.started} on {run.device}, in {run.seconds:.1f} s, with Python {run.parts['python']},"
        f" {versions}; profile {run.parts['profile']}.{models} Fingerprint {run.fingerprint[:16]}."
    )


def _figure_files(view: ExampleView) -> Iterator[tuple[str, bytes]]:
    """Yield the path of each figure in the EPUB, and its PNG as the run left it."""
    for outputs, figures in zip(view.outputs, view.figures, strict=True):
        for output, figure in zip(filter(is_figure, outputs), figures, strict=True):
            yield f"figures/{figure.stem}.png", base64.b64decode(output["data"]["image/png"])
