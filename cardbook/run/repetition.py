"""Repetition: what an example gives differently when it is run again, though nothing else changed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from cardbook.records.comparison import EXACT
from cardbook.records.drift import compare_example
from cardbook.records.status import Project
from cardbook.records.store import RecordSet
from cardbook.run.executor import Event
from cardbook.run.scheduler import run_examples

REMEDY = "seed what is random, or tag the cell varies"


def repeat_examples(
    project: Project, names: Sequence[str], times: int, jobs: int, tell: Callable[[Event], None]
) -> list[str]:
    """Run examples that have just run so often in all; return a message for each cell that varies undeclared.

    Outputs must be equal to the last digit and pixel. The records stay as they are.
    """
    found: dict[str, str] = {}
    for _ in range(times - 1):
        with TemporaryDirectory(prefix="cardbook-", ignore_cleanup_errors=True) as folder:
            again = replace(project, records=RecordSet(Path(folder)))
            run_examples(again, names, jobs, True, tell)
            for name in names:
                for place, message in _compare(project, again, name):
                    found.setdefault(place, message)
    return list(found.values())


def _compare(project: Project, again: Project, name: str) -> Iterator[tuple[str, str]]:
    file = project.plans[name].example.file
    if failure := again.records.read_failure(name):
        yield file, f"{failure.message} (only when it was run again)"
        return
    drift = compare_example(project.records, again.records, name, EXACT)
    if drift.problem:
        yield file, f"{file}: {drift.problem}"
    for cell in drift.cells:
        if not cell.allowed:
            place = f"{file}: cell {cell.number}"
            lines = [f"  {line}" for difference in cell.differences for line in difference.lines]
            yield (
                place,
                "\n".join([f"{place}: its output is not the same when it is run again: {REMEDY}", *lines]),
            )
