"""Drift: how the outputs of two record sets differ, example by example."""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nbformat import NotebookNode

from cardbook.records.comparison import Difference, Tolerance, compare_outputs, outputs_of_cell
from cardbook.records.fingerprint import explain
from cardbook.records.store import CorruptRecordError, Record, RecordSet
from cardbook.source.example import VARIES

NAME = re.compile(r"\w[\w-]*")


@dataclass(frozen=True)
class CellDrift:
    """How one cell's outputs differ; `allowed` if the example declares that they vary.

    `number` counts code cells from 1: in the later record, or in the earlier one for a cell that is gone.
    """

    number: int
    allowed: bool
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Drift:
    """How one example's records differ.

    `problem` says why they cannot be compared, "" when they can. `causes` describe changes of the inputs that
    determine the outputs. `seconds` and `memory` are ratios, later to earlier. `new`: it has no
    earlier record.
    """

    example: str
    problem: str
    causes: tuple[str, ...]
    cells: tuple[CellDrift, ...]
    seconds: float
    memory: float
    new: bool = False

    @property
    def drifted(self) -> bool:
        """Whether an output differs that is not declared to vary, or the records cannot be compared."""
        return bool(self.problem) or any(not cell.allowed for cell in self.cells)


def compare_records(base: RecordSet, now: RecordSet, tolerance: Tolerance) -> list[Drift]:
    """Return the drift of every example that either record set has, by name."""
    paths = [path for records in (base, now) for path in records.folder.glob("*.ipynb")]
    return [compare_example(base, now, name, tolerance) for name in sorted({path.stem for path in paths})]


def compare_example(base: RecordSet, now: RecordSet, name: str, tolerance: Tolerance) -> Drift:
    """Return the drift of the example `name` from the records `base` to `now`."""
    if not NAME.fullmatch(name):
        return _incomparable(repr(name), "this is not the name of an example")
    records = []
    for records_of, when in ((base, "the earlier record"), (now, "the later record")):
        try:
            records.append(records_of.read(name))
        except CorruptRecordError as error:
            return _incomparable(name, f"{when}: {error}")
    before, after = records
    if after is None:
        return _incomparable(name, "it has no later record")
    if before is None:
        return Drift(name, "", (), (), 1.0, 1.0, new=True)
    try:
        return drift_between(name, before, after, tolerance)
    except (KeyError, TypeError, AttributeError):
        return _incomparable(name, "its provenance is incomplete")


def _incomparable(name: str, problem: str) -> Drift:
    return Drift(name, problem, (), (), 1.0, 1.0)


def drift_between(name: str, before: Record, now: Record, tolerance: Tolerance) -> Drift:
    """Return the drift between two records of one example."""
    return Drift(
        example=name,
        problem="",
        causes=tuple(_explain(before, now)),
        cells=tuple(_compare_cells(before.notebook, now.notebook, tolerance)),
        seconds=_ratio(before.provenance.seconds, now.provenance.seconds),
        memory=_ratio(before.provenance.peak_memory, now.provenance.peak_memory),
    )


def _explain(before: Record, now: Record) -> list[str]:
    causes = explain(before.provenance.parts, now.provenance.parts)
    if before.provenance.device != now.provenance.device:
        causes.append(f"device {before.provenance.device} → {now.provenance.device}")
    return causes


def _ratio(before: float, now: float) -> float:
    return now / before if before > 0 else 1.0


def _compare_cells(before: NotebookNode, now: NotebookNode, tolerance: Tolerance) -> Iterator[CellDrift]:
    old, new = _code_cells(before), _code_cells(now)
    for a, b in pair_cells([cell.source for cell in old], [cell.source for cell in new]):
        earlier = outputs_of_cell([] if a is None else old[a].outputs)
        later = outputs_of_cell([] if b is None else new[b].outputs)
        if differences := compare_outputs(earlier, later, tolerance):
            tags = (old[a or 0] if b is None else new[b]).metadata.get("tags", [])
            number = 1 + (b if b is not None else a or 0)
            yield CellDrift(number, VARIES in tags, tuple(differences))


def _code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def pair_cells(before: Sequence[str], now: Sequence[str]) -> Iterator[tuple[int | None, int | None]]:
    """Return the positions of cells that belong together; None for a cell that is new, or gone.

    Cells of equal code belong together; changed cells between them are paired in order.
    """
    matcher = difflib.SequenceMatcher(None, before, now, autojunk=False)
    for _, a, a_end, b, b_end in matcher.get_opcodes():
        for i in range(max(a_end - a, b_end - b)):
            yield a + i if a + i < a_end else None, b + i if b + i < b_end else None
