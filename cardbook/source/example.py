"""Examples: one script each in `examples/`, in jupytext's percent format."""

import ast
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import nbformat
from nbformat import NotebookNode

from cardbook.base.cache import Cache, cache_key
from cardbook.base.errors import InputError, Problem, in_order
from cardbook.base.files import read_utf8
from cardbook.base.paths import ProjectPaths
from cardbook.source.book import Literal

MARKER = re.compile(r"# %%")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x0d\x0e-\x1f\x7f]")
# The first line of metadata in a script, of which a script can have one block.
METADATA_START = "# /// script"
HEADING = re.compile(r"# (?P<title>\S.*)")
STANDARD = sys.stdlib_module_names
PARAMETERS = "parameters"
VARIES = "varies"
# Tags of prose that only one profile shows.
PROFILES = frozenset({"offline", "hub"})
# Part of the key of cached cells: raise it when their form changes.
CACHE_VERSION = b"cells 1"


@dataclass(frozen=True)
class Cell:
    """One cell: its kind (code or markdown), source, first line in the script, tags, alternative text."""

    kind: str
    source: str
    line: int
    tags: frozenset[str]
    alt: str | None


@dataclass(frozen=True)
class Example:
    """A script as cells.

    `text` is the script itself with the profile's parameters, `title` the first heading of its prose.
    """

    name: str
    title: str
    text: str
    cells: tuple[Cell, ...]

    @property
    def file(self) -> str:
        """The script's path inside the book."""
        return f"examples/{self.name}.py"

    @property
    def code_cells(self) -> tuple[Cell, ...]:
        """The code cells in order; error messages count them from 1."""
        return tuple(cell for cell in self.cells if cell.kind == "code")


def read_example(root: Path, name: str) -> Example:
    """Return the example of this name. Raises InputError with every problem of its script."""
    path = root / "examples" / f"{name}.py"
    file = f"examples/{name}.py"
    try:
        text = read_utf8(path, file)
    except FileNotFoundError:
        raise InputError([Problem(file, 0, "no such file", "write it, or name another")]) from None
    if found := UNPRINTABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        what = f"the control character U+{ord(found[0]):04X} stands here"
        raise InputError([Problem(file, line, what, "write it as an escape, such as \\x1b")])
    cache = Cache(ProjectPaths(root).cache)
    key = cache_key(["jupytext"], [CACHE_VERSION, text.encode("utf-8", "surrogatepass")])
    if (known := cache.get(key)) is not None:
        example = _make_example(name, text, [_cell_of(value) for value in known])
    else:
        example = parse_example(name, text)
        cache.put(key, [_as_value(cell) for cell in example.cells])
    problems = [*_check_form(example), *_check_code(example)]
    if problems:
        raise InputError(in_order(problems))
    return example


def parse_example(name: str, text: str) -> Example:
    """Return the cells of a script in percent format."""
    # Imported here: its import is slow, and most parsed scripts are cached.
    import jupytext

    notebook = jupytext.reads(text, fmt="py:percent")
    lines = text.split("\n")
    markers = [number for number, line in enumerate(lines, 1) if MARKER.match(line)]
    if len(markers) != len(notebook.cells):
        what = "there is text outside the cells"
        raise InputError([Problem(f"examples/{name}.py", 1, what, "begin every cell with a line # %%")])
    pairs = zip(notebook.cells, markers, strict=True)
    return _make_example(name, text, [_read_cell(cell, line) for cell, line in pairs])


def _make_example(name: str, text: str, cells: Sequence[Cell]) -> Example:
    heading = HEADING.match(cells[0].source) if cells and cells[0].kind == "markdown" else None
    return Example(name, heading["title"] if heading else "", text, tuple(cells))


def _as_value(cell: Cell) -> dict[str, Any]:
    return {**vars(cell), "tags": sorted(cell.tags)}


def _cell_of(value: Mapping[str, Any]) -> Cell:
    return Cell(**{**value, "tags": frozenset(value["tags"])})


def _read_cell(cell: NotebookNode, marker: int) -> Cell:
    alt = cell.metadata.get("alt")
    tags = frozenset(cell.metadata.get("tags", []))
    return Cell(cell.cell_type, cell.source, marker + 1, tags, alt if isinstance(alt, str) else None)


def _check_form(example: Example) -> list[Problem]:
    def problem(line: int, what: str, remedy: str) -> Problem:
        return Problem(example.file, line, what, remedy)

    problems = []
    if not example.title:
        remedy = "begin with a Markdown cell whose first line is a heading: # # Title"
        problems.append(problem(1, "the example has no title", remedy))
    if not example.code_cells:
        problems.append(problem(1, "the example has no code", "add a cell"))
    parameters = [cell for cell in example.cells if PARAMETERS in cell.tags]
    for cell in parameters[1:]:
        problems.append(problem(cell.line, "a second parameters cell", "keep one"))
    for number, line in enumerate(example.text.split("\n"), 1):
        if "\t" in line:
            problems.append(problem(number, "a tab character", "use spaces: a page would not keep it"))
        if line.rstrip() == METADATA_START:
            what = "a block of script metadata (PEP 723)"
            problems.append(problem(number, what, "remove it: the published script gets one, from the run"))
    for cell in example.cells:
        known = {PARAMETERS, VARIES} if cell.kind == "code" else PROFILES
        remedy = "code: parameters or varies; prose: offline or hub"
        for tag in sorted(cell.tags - known):
            problems.append(problem(cell.line - 1, f'a {cell.kind} cell has the tag "{tag}"', remedy))
    return problems


def _check_code(example: Example) -> list[Problem]:
    problems = []
    for cell in example.code_cells:
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            line = cell.line + (error.lineno or 1) - 1
            problems.append(Problem(example.file, line, f"syntax error: {error.msg}", "correct it"))
        except (ValueError, RecursionError, MemoryError):
            # Limits of Python's parser: too many digits in a number, or too deeply nested brackets.
            what = "Python cannot parse this cell"
            problems.append(Problem(example.file, cell.line, what, "write it more simply"))
    return problems


def set_parameters(example: Example, values: Mapping[str, Literal]) -> Example:
    """Return the example with these values written into its parameters cell.

    Raises InputError when the cell does not assign one of the names.
    """
    if not values:
        return example
    cells = list(example.cells)
    numbers = [i for i, cell in enumerate(cells) if PARAMETERS in cell.tags]
    if not numbers:
        what = "book.yml gives parameters, but the example has no parameters cell"
        raise InputError([Problem(example.file, 1, what, 'tag one: # %% tags=["parameters"]')])
    cell = cells[numbers[0]]
    source, unknown = _write_values(cell.source, values)
    if unknown:
        remedy = "assign it there, or remove it from book.yml"
        raise InputError(
            [Problem(example.file, cell.line, f'no parameter "{name}"', remedy) for name in unknown]
        )
    cells[numbers[0]] = replace(cell, source=source)
    lines = example.text.split("\n")
    lines[cell.line - 1 : cell.line - 1 + len(cell.source.split("\n"))] = source.split("\n")
    return replace(example, text="\n".join(lines), cells=tuple(cells))


def select_prose(example: Example, profile: str) -> Example:
    """Return the example without the prose that is tagged for another profile than `profile`.

    The `line` of each cell stays that of the script's file. Call this after `set_parameters`.
    """
    lines: list[str | None] = list(example.text.split("\n"))
    starts = [*(cell.line - 2 for cell in example.cells[1:]), len(lines)]
    kept = []
    for cell, end in zip(example.cells, starts, strict=True):
        if cell.tags & PROFILES and profile not in cell.tags:
            lines[cell.line - 2 : end] = [None] * (end - cell.line + 2)
        else:
            kept.append(cell)
    text = "\n".join(line for line in lines if line is not None)
    return replace(example, text=text, cells=tuple(kept))


def _write_values(source: str, values: Mapping[str, Literal]) -> tuple[str, list[str]]:
    lines = source.split("\n")
    missing = dict(values)
    for node in reversed(ast.parse(source).body):
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        if node.targets[0].id in missing:
            value = missing.pop(node.targets[0].id)
            text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
            first, last = node.value.lineno - 1, cast(int, node.value.end_lineno) - 1
            head = lines[first].encode()[: node.value.col_offset].decode()
            tail = lines[last].encode()[cast(int, node.value.end_col_offset) :].decode()
            lines[first : last + 1] = [head + text + tail]
    return "\n".join(lines), sorted(missing)


def script_of(example: Example) -> str:
    """Return the script as the profile runs it."""
    return example.text


@lru_cache(maxsize=1024)
def imports_of(example: Example) -> frozenset[str]:
    """Return the top-level modules, outside the standard library, that the code imports."""
    modules: set[str] = set()
    for cell in example.code_cells:
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Import):
                modules.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.split(".")[0])
    return frozenset(modules - STANDARD)


@lru_cache(maxsize=1024)
def import_statements(example: Example) -> frozenset[str]:
    """Return the code's import statements of modules outside the standard library, each on one line."""
    return frozenset(
        ast.unparse(node)
        for cell in example.code_cells
        for node in ast.walk(ast.parse(cell.source))
        if (isinstance(node, ast.Import) and not {a.name.split(".")[0] for a in node.names} <= STANDARD)
        or (isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] not in STANDARD)
    )


@lru_cache(maxsize=1024)
def strings_of(example: Example) -> frozenset[str]:
    """Return every string constant of the code."""
    return frozenset(
        node.value
        for cell in example.code_cells
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def to_notebook(example: Example) -> NotebookNode:
    """Return the example as a notebook without outputs, deterministically."""
    # From plain values: nbformat's constructors validate each cell, and writing validates them all again.
    return nbformat.from_dict(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {
                "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
                "language_info": {"name": "python"},
            },
            "cells": [_cell_node(number, cell) for number, cell in enumerate(example.cells)],
        }
    )


def _cell_node(number: int, cell: Cell) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if cell.tags:
        metadata["tags"] = sorted(cell.tags)
    if cell.alt:
        metadata["alt"] = cell.alt
    node = {"id": f"cell-{number}", "cell_type": cell.kind, "source": cell.source, "metadata": metadata}
    return node | ({"execution_count": None, "outputs": []} if cell.kind == "code" else {})
