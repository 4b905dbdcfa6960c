"""Outputs of a kernel as a run stores them: clean text, joined streams, and only what a page can show."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import nbformat
from nbformat import NotebookNode

from cardbook.records.outputs import FIGURE_PIXELS, OutputError, check_outputs, reduce_outputs
from cardbook.records.store import RECORD_BYTES
from cardbook.run.events import ExampleError
from cardbook.source.example import Example

# In characters, for all that a run receives.
OUTPUT_LIMIT = 5_000_000
# Characters that UTF-8 cannot store, lone surrogates, and control codes that no terminal follows.
UNSTORABLE_CHARACTERS = re.compile("[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f\ud800-\udfff]")
# How much of a record is reserved for its provenance.
PROVENANCE_BYTES = 500_000
OUTPUT_REMEDY = f"show text, or PNG figures of at most {FIGURE_PIXELS / 1e6:g} million pixels"


def size_of(value: Any) -> int:  # noqa: ANN401
    """Return the approximate number of characters in a value of a message."""
    if isinstance(value, dict):
        return sum(len(str(key)) + size_of(item) for key, item in value.items())
    return len(value) if isinstance(value, str) else len(repr(value))


def number_cells(notebook: NotebookNode) -> None:
    """Number the code cells in order, from 1: a kernel may call its executions anything."""
    cells = (cell for cell in notebook.cells if cell.cell_type == "code")
    for number, cell in enumerate(cells, 1):
        cell.execution_count = number


def finish_outputs(notebook: NotebookNode, example: Example) -> None:
    """Make what a kernel has sent the outputs of a record. Raises ExampleError when that is impossible."""
    check_size(notebook, example.file)
    clean_outputs(notebook)
    number_cells(notebook)
    keep_shown(notebook, example)


def keep_shown(notebook: NotebookNode, example: Example) -> None:
    """Reduce outputs to what a page shows. Raises ExampleError when a figure cannot be shown.

    The inspection of `import-records` on another machine applies the same rules.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in cells:
        cell.outputs = reduce_outputs(cell.outputs)
    try:
        check_outputs([cell.outputs for cell in cells])
    except OutputError as error:
        place = example.file
        if error.cell:
            place += f":{example.code_cells[error.cell - 1].line}: cell {error.cell}"
        raise ExampleError(f"{place}: it shows {error}: {error.remedy or OUTPUT_REMEDY}") from None
    # Each printed line takes a line of the notebook file, with quotes and indentation.
    if len(nbformat.writes(notebook).encode("utf-8")) > RECORD_BYTES - PROVENANCE_BYTES:
        raise ExampleError(f"{example.file}: a record of more than {RECORD_BYTES / 1e6:g} MB: print less")


def check_size(notebook: NotebookNode, file: str) -> None:
    """Check that the outputs are not much larger than the received messages. Raises ExampleError.

    One message that updates a display by its id replaces the content of all displays with that id.
    """
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    if sum(map(size_of, outputs)) > 2 * OUTPUT_LIMIT:
        raise ExampleError(
            f"{file}: more than {2 * OUTPUT_LIMIT / 1e6:g} MB of output: update fewer displays"
        )


def clean_outputs(notebook: NotebookNode) -> None:
    """Join the parts of each stream, and replace characters that UTF-8 cannot store."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = _clean(join_streams(cell.outputs))


def join_streams(outputs: Sequence[NotebookNode]) -> list[NotebookNode]:
    """Return the outputs with each stream as one output, where it began, as a terminal would show it.

    Adjacent streams have standard output first, because their order is random. nbclient's own
    `coalesce_streams` does the same, in time quadratic in the length of a line.
    """
    pieces: dict[str, list[str]] = {}
    joined: list[NotebookNode] = []
    for output in outputs:
        if output.output_type != "stream":
            joined.append(output)
            continue
        if output.name not in pieces:
            joined.append(output)
        pieces.setdefault(output.name, []).append(output.text)
    for output in joined:
        if output.output_type == "stream":
            lines = "".join(pieces[output.name]).split("\n")
            output.text = "\n".join(line[line[:-1].rfind("\r") + 1 :] for line in lines)
    for at, (one, next_one) in enumerate(pairwise(joined)):
        if one.get("name") == "stderr" and next_one.get("name") == "stdout":
            joined[at : at + 2] = [next_one, one]
    return joined


def _clean(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return UNSTORABLE_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return type(value)({key: _clean(item) for key, item in value.items()})
    return value
