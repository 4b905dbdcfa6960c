"""Notebook pages: each executed notebook as a page of the site, in mkdocs-jupyter's HTML."""

import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from bs4 import BeautifulSoup, Tag
from nbformat import NotebookNode

from cardbook.base.cache import Cache, cache_key
from cardbook.pages.compiled_templates import CompiledTemplates
from cardbook.pages.figures import Figure
from cardbook.pages.html import embed_formulas, escape_markdown, protect_from_markdown
from cardbook.pages.notebook import INSTALL
from cardbook.records.store import Provenance
from cardbook.records.text import clean_text

if TYPE_CHECKING:
    from nbconvert.exporters.html import HTMLExporter

# The packages that determine how a notebook is converted.
CONVERTERS = ("mkdocs-jupyter", "nbconvert", "jinja2", "mistune", "pygments", "beautifulsoup4")
# mkdocs-jupyter adds 575 kB of style to each page, and scripts that contact other hosts; neither is needed.
TEMPLATE = '{% extends "mkdocs_html/notebook.html.j2" %}{% block header %}{% endblock %}'
# Classes of elements that are removed, and of spans around code that have no colour.
REMOVED = ("clipboard-copy-txt", "zeroclipboard-container", "celltoolbar", "jp-Collapser", "anchor-link")
PLAIN = ("n", "o", "p", "w", "nn", "nb", "bp")
SHOWN = ("image/png", "text/plain")


def render_notebook_page(
    name: str,
    title: str,
    place: str,
    notebook: NotebookNode,
    provenance: Provenance,
    figures: Sequence[Sequence[Figure]],
    cache: Cache,
) -> str:
    """Return the Markdown page of the executed notebook of the example `name`, and of its run.

    `place` is where its chapter shows it (`CHAPTER.md#ID`); `figures` are those of each code cell.
    """
    quoted = title.replace("'", "''")
    lines = [
        "---",
        f"title: '{quoted}'",
        f"description: '{quoted}: the notebook as it ran, with its outputs.'",
        "search: {exclude: true}",
        "hide: [toc]",
        "---",
        "",
        f"# {escape_markdown(title)}",
        "",
        f"[Back to the chapter](../chapters/{place}) · "
        f'[Download this notebook](../downloads/{name}.ipynb){{ download="{name}.ipynb" }} · '
        "[Everything about this run](#run)",
        "{ .notebook-head }",
        "",
    ]
    quiet = quiet_notebook(notebook)
    text = nbformat.writes(quiet)
    own = Path(__file__).read_bytes()
    addresses = [address for cell in figures for figure in cell for address in figure.addresses]
    key = cache_key(
        CONVERTERS, [own, name.encode(), text.encode("utf-8", "surrogatepass"), repr(addresses).encode()]
    )
    html = cache.get(key)
    if html is None:
        html = convert_notebook(quiet, figures, cache)
        cache.put(key, html)
    return "\n".join(lines) + f"\n{protect_from_markdown(html)}\n\n{_run_section(provenance)}\n"


def _run_section(provenance: Provenance) -> str:
    """Return the entry of provenance.json for a run as readable Markdown."""
    parts = provenance.parts
    rows = {
        "Started": provenance.started,
        "Time": f"{provenance.seconds} s",
        "Device": f"{provenance.device} ({parts['device']})",
        "Driver": provenance.driver,
        "Peak memory": f"{provenance.peak_memory} bytes",
        "Peak memory of the GPU": "" if provenance.gpu_memory is None else f"{provenance.gpu_memory} bytes",
        "Python": parts["python"],
        "Profile": parts["profile"],
        "Commit": provenance.commit,
        "Fingerprint": provenance.fingerprint,
        "SHA-256 of the outputs": provenance.outputs,
        **{
            f"Model {model_id}": f"revision {model['revision']}"
            for model_id, model in provenance.models.items()
        },
        "Packages": ", ".join(f"{name} {version}" for name, version in sorted(parts["packages"].items())),
    }
    items = [f"**{escape_markdown(term)}**: {escape_markdown(text)}" for term, text in rows.items() if text]
    end = "The same for every example, with the hash of each cell's output, as [JSON](../provenance.json)."
    return "\n\n".join(["## Everything about this run { #run }", *items, end])


def quiet_notebook(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook for its page: as it ran, with only text and figures as outputs."""
    quiet = nbformat.from_dict(notebook)
    quiet.cells = [cell for cell in quiet.cells if INSTALL not in cell.metadata.get("tags", [])]
    for cell in quiet.cells:
        if cell.cell_type == "markdown":
            cell.source = embed_formulas(cell.source)
        for output in cell.get("outputs", []):
            if "data" in output:
                output.data = {kind: value for kind, value in output.data.items() if kind in SHOWN}
            if "text/plain" in output.get("data", {}):
                output.data["text/plain"] = clean_text(output.data["text/plain"])
            if "text" in output:
                output.text = clean_text(output.text)
    return quiet


def convert_notebook(notebook: NotebookNode, figures: Sequence[Sequence[Figure]], cache: Cache) -> str:
    """Return the HTML of a notebook by mkdocs-jupyter's template, with links to figure files."""
    page = BeautifulSoup(_apply_template(notebook, cache), "html.parser")
    if heading := page.find("h1"):
        # The page has its own heading.
        heading.decompose()
    for element in [*_with_class(page, *REMOVED), *page.find_all(["style", "script"])]:
        element.decompose()
    for block in _with_class(page, "highlight-ipynb"):
        for element in _with_class(block, *PLAIN):
            element.unwrap()
    for element in _with_class(page, "jp-Cell"):
        if "id" not in element.attrs:
            element.unwrap()
    for element in page.find_all(tabindex=True):
        del element["tabindex"]
    for element in page.find_all("pre"):
        element["tabindex"] = "0"
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for shown, cell, drawn in zip(_with_class(page, "jp-CodeCell"), cells, figures, strict=True):
        images = [image for area in _with_class(shown, "jp-OutputArea") for image in area.find_all("img")]
        for image, figure in zip(images, drawn, strict=True):
            image.replace_with(*_images(page, figure, cell.metadata.get("alt", "")))
    return str(_with_class(page, "jupyter-wrapper")[0])


@lru_cache(1)
def load_exporter(cache: Cache) -> "HTMLExporter":
    """Return nbconvert's exporter with mkdocs-jupyter's template; the first call is slow.

    `cache` is that of the book.
    """
    # Otherwise nbconvert loads every installed exporter, for the names in its help text.
    os.environ["NBCONVERT_DISABLE_CONFIG_EXPORTERS"] = "1"
    # Imported here: its import is slow, and most notebooks are in the cache.
    # mkdocs_jupyter.convert also gives headings the ids of MkDocs.
    from mkdocs_jupyter.config import settings
    from mkdocs_jupyter.convert import mk_custom_highlight_code
    from nbconvert.exporters.html import HTMLExporter

    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        raw_template=TEMPLATE,
        extra_template_paths=[settings.templates_dir],
        filters={"highlight_code": mk_custom_highlight_code()},
    )
    exporter.environment.bytecode_cache = CompiledTemplates(cache, CONVERTERS)
    return exporter


def _apply_template(notebook: NotebookNode, cache: Cache) -> str:
    exporter = load_exporter(cache)
    # Not its own method, which parses the page to add attributes that are not needed.
    text, _ = super(type(exporter), exporter).from_notebook_node(notebook)
    return str(text)


def _with_class(element: BeautifulSoup | Tag, *names: str) -> list[Tag]:
    """Return the elements inside that have one of these classes, in order.

    Not by a CSS selector: the parser of selectors takes longer to start than a notebook to convert.
    """
    return [inner for inner in element.find_all(True) if not {*names}.isdisjoint(inner.get("class") or ())]


def _images(page: BeautifulSoup, figure: Figure, alt: str) -> Iterator[Tag]:
    for address in figure.addresses:
        sides = {"width": str(figure.width), "height": str(figure.height)} if figure.width else {}
        source = f"../../figures/{address}"
        yield page.new_tag("img", attrs={"src": source, "alt": alt, "loading": "lazy", **sides})
