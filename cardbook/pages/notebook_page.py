"""Notebook pages: each executed notebook as a page of the site, converted by mkdocs-jupyter."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup, Tag
from nbformat import NotebookNode

from cardbook.base.cache import Cache, cache_key
from cardbook.pages.figures import Figure
from cardbook.pages.html import embed_formulas, escape_markdown, protect_from_markdown
from cardbook.pages.notebook import INSTALL
from cardbook.records.store import Provenance
from cardbook.records.text import clean_text

# The packages that determine how a notebook is converted.
CONVERTERS = ("mkdocs-jupyter", "nbconvert", "jinja2", "mistune", "pygments", "beautifulsoup4")
# mkdocs-jupyter adds 575 kB of style to each page, and scripts that contact other hosts; neither is needed.
REMOVED = (
    "style, script, clipboard-copy, .clipboard-copy-txt, .zeroclipboard-container, .celltoolbar,"
    " .jp-Collapser, .anchor-link"
)
PLAIN = ".highlight-ipynb :is(.n, .o, .p, .w, .nn, .nb, .bp)"
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
    text = nbformat.writes(quiet_notebook(notebook))
    own = Path(__file__).read_bytes()
    addresses = [address for cell in figures for figure in cell for address in figure.addresses]
    key = cache_key(
        CONVERTERS, [own, name.encode(), text.encode("utf-8", "surrogatepass"), repr(addresses).encode()]
    )
    html = cache.get(key)
    if html is None:
        html = _convert(text, figures)
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


def _convert(notebook: str, figures: Sequence[Sequence[Figure]]) -> str:
    """Return mkdocs-jupyter's HTML of a notebook, without styles and scripts, with links to figure files."""
    # Otherwise nbconvert loads every installed exporter, for the names in its help text.
    os.environ["NBCONVERT_DISABLE_CONFIG_EXPORTERS"] = "1"
    # Imported here: its import is slow, and most notebooks are in the cache.
    from mkdocs_jupyter.convert import nb2html

    with tempfile.TemporaryDirectory(prefix="cardbook-") as folder:
        path = Path(folder, "notebook.ipynb")
        path.write_text(notebook, encoding="utf-8", errors="surrogatepass")
        page = BeautifulSoup(nb2html(str(path), allow_errors=False), "html.parser")
    if heading := page.find("h1"):
        # The page has its own heading.
        heading.decompose()
    for element in page.select(REMOVED):
        element.decompose()
    for element in page.select(PLAIN):
        element.unwrap()
    for element in page.select(".jp-Cell:not([id])"):
        element.unwrap()
    for element in page.find_all(tabindex=True):
        del element["tabindex"]
    for element in page.select("pre"):
        element["tabindex"] = "0"
    cells = [cell for cell in nbformat.reads(notebook, as_version=4).cells if cell.cell_type == "code"]
    for shown, cell, drawn in zip(page.select(".jp-CodeCell"), cells, figures, strict=True):
        for image, figure in zip(shown.select(".jp-OutputArea img"), drawn, strict=True):
            image.replace_with(*_images(page, figure, cell.metadata.get("alt", "")))
    return str(page.select_one(".jupyter-wrapper"))


def _images(page: BeautifulSoup, figure: Figure, alt: str) -> Iterator[Tag]:
    for address in figure.addresses:
        sides = {"width": str(figure.width), "height": str(figure.height)} if figure.width else {}
        source = f"../../figures/{address}"
        yield page.new_tag("img", attrs={"src": source, "alt": alt, "loading": "lazy", **sides})
