"""Extracts what a reader copies of each example from the built pages, and the outputs shown below it."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import nbformat
from bs4 import BeautifulSoup, Tag
from nbformat import NotebookNode

from cardbook.base.errors import UntrustedInputError
from cardbook.base.json_file import parse_json
from cardbook.pages.notebook import INSTALL
from cardbook.records.comparison import Outputs, outputs_of_cell, read_outputs
from cardbook.records.interactive import CELL_BYTES, canonical_json
from cardbook.records.text import Table, split_tables

# The paragraph of a page that says when an example was verified, for `str.format` with the example's name.
MARK = r'<p class="verified" data-verified="{}"[^>]*>.*?</p>'


@dataclass(frozen=True)
class Snippet:
    """A code cell on a page: the text that its copy button copies, and the outputs shown below it."""

    text: str
    shown: Outputs


@dataclass(frozen=True)
class ExtractedExample:
    """One example as a reader copies it from a page.

    `install` is the line for pip, `run` the one for uv. `files` are the script and the notebook that the page
    links to, by their suffix. `faults` say what of all this is missing or unusable.

    `markup` is its HTML without the mark that `verify` adds, and `linked` the SHA-256 of every file of the
    site to which this HTML refers, such as figures: together, all that the page shows.
    """

    example: str
    page: Path
    install: str
    run: str
    snippets: tuple[Snippet, ...]
    files: dict[str, bytes]
    markup: str
    linked: dict[str, str]
    faults: tuple[str, ...]


def extract_examples(site: Path) -> list[ExtractedExample]:
    """Return every example of the built chapters, in the order of their paths."""
    examples = []
    for page in sorted(site.glob("chapters/*/index.html")):
        html = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        examples += [PageReader(site, page, block).read() for block in html.select("[data-example]")]
    return examples


class PageReader:
    """Reads one example from a page as a browser would, and collects its faults."""

    def __init__(self, site: Path, page: Path, block: Tag) -> None:
        self.site, self.page, self.block = site, page, block
        self.name = str(block["data-example"])
        self.faults: list[str] = []

    def read(self) -> ExtractedExample:
        """Return the example."""
        cells = self.block.select("[data-cell]")
        wanted = [f"{self.name}-{number}" for number in range(1, len(cells) + 1)]
        if (found := [cell["data-cell"] for cell in cells]) != wanted:
            self.faults.append(f"its cells are {', '.join(map(str, found)) or 'not there'}")
        snippets = tuple(Snippet(self._copied(cell), self._shown(str(cell["data-cell"]))) for cell in cells)
        files = dict(self._files())
        lines = (self._line("[data-install] pre"), self._line(".run-line pre"))
        mark = re.compile(MARK.format(re.escape(self.name)), re.DOTALL)
        markup, linked = mark.sub("", str(self.block)), dict(self._references())
        return ExtractedExample(
            self.name, self.page, *lines, snippets, files, markup, linked, tuple(self.faults)
        )

    def _line(self, selector: str) -> str:
        """Return the command in an element; "" if the page has none. Two are a fault."""
        found = self.block.select(selector)
        if len(found) > 1:
            self.faults.append(f"it has {len(found)} elements {selector}")
        return found[0].get_text().strip() if found else ""

    def _references(self) -> Iterator[tuple[str, str]]:
        for element in self.block.select("[src], [href]"):
            for attribute in ("src", "href"):
                if path := self._file(str(element.get(attribute, ""))):
                    content = hashlib.sha256(path.read_bytes()).hexdigest()
                    yield path.relative_to(self.site.resolve()).as_posix(), content

    def _copied(self, cell: Tag) -> str:
        """Return what the copy button of a code block copies: the text of its code."""
        if (hidden := cell.find_parent(is_hidden)) or is_hidden(cell):
            self.faults.append(f"{cell['data-cell']} is hidden{' by an element around it' if hidden else ''}")
        code = cell.select_one("pre > code")
        if code is None:
            self.faults.append(f"{cell['data-cell']} has no code")
        return code.get_text() if code else ""

    def _shown(self, label: str) -> Outputs:
        printed, warned, figures, interactive = [], [], [], []
        tables: list[Table] = []
        for output in self.block.select(f'[data-output="{label}"]'):
            if image := output.find("img"):
                figures += list(self._linked(image, "src"))
            elif table := output.find("table"):
                tables.append(read_table(table))
            elif source := output.select_one("a[data-source]"):
                interactive += list(self._interactive(source))
                printed.append(str(output.p.get_text()) if output.p else "")
            elif "output-stderr" in (output.get("class") or []):
                warned.append(output.get_text())
            else:
                printed.append(text := output.get_text())
                # Where an example has too many tables, they are text.
                tables += [part for part in split_tables(text) if isinstance(part, Table)]
        shown = read_outputs("\n".join(printed), "\n".join(warned), figures, interactive)
        return replace(shown, tables=tuple(tables))

    def _interactive(self, link: Tag) -> Iterator[str]:
        """Yield the JSON to which an interactive output links; if it cannot be read, add a fault."""
        for content in self._linked(link, "href"):
            try:
                yield canonical_json(parse_json(content, CELL_BYTES))
            except UntrustedInputError as error:
                self.faults.append(f"{link['href']} {error}")

    def _files(self) -> Iterator[tuple[str, bytes]]:
        # "Copy all" copies the target of the first link to a script.
        for suffix in (".py", ".ipynb"):
            links = self.block.select(f'.files a[href$="{suffix}"]')
            if not links or PurePosixPath(str(links[0]["href"])).name != self.name + suffix:
                self.faults.append(f"its first link to a {suffix} file is not {self.name}{suffix}")
                continue
            for content in self._linked(links[0], "href"):
                yield suffix, content

    def _linked(self, element: Tag, attribute: str) -> Iterator[bytes]:
        """Yield the file of the site that an element names; if there is none, add a fault."""
        if path := self._file(str(element[attribute])):
            yield path.read_bytes()
        else:
            address = unquote(urlsplit(str(element[attribute])).path)
            self.faults.append(f"{address} is not on the site")

    def _file(self, reference: str) -> Path | None:
        """Return the file of the site to which an attribute refers, if there is one."""
        path = (self.page.parent / unquote(urlsplit(reference).path)).resolve()
        return path if path.is_relative_to(self.site.resolve()) and path.is_file() else None


def is_hidden(element: Tag) -> bool:
    """Return whether an element is hidden by its own attributes."""
    return element.has_attr("hidden") or "display:none" in str(element.get("style", "")).replace(" ", "")


def read_table(table: Tag) -> Table:
    """Return a table of a page as the printed table that it shows."""
    rows = [
        tuple(cell.get_text().strip() for cell in row.find_all(["th", "td"])) for row in table.find_all("tr")
    ]
    return Table(rows[0], ("left",) * len(rows[0]), tuple(rows[1:])) if rows else Table((), (), ())


def read_notebook(content: bytes) -> NotebookNode | None:
    """Return a downloaded notebook, None if the content is not one."""
    try:
        return nbformat.reads(content.decode("utf-8"), as_version=4)
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, UnicodeDecodeError, AttributeError):
        return None


def cells_of(notebook: NotebookNode) -> list[Snippet]:
    """Return a notebook's code cells with their outputs, without the cells that only install."""
    return [
        Snippet(cell.source, outputs_of_cell(cell.outputs))
        for cell in notebook.cells
        if cell.cell_type == "code" and INSTALL not in cell.metadata.get("tags", [])
    ]
