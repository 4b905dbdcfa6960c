"""Runs examples again and finds cells whose output differs between runs of the same code."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from cardbook.base.files import temporary_folder
from cardbook.records.comparison import EXACT
from cardbook.records.drift import compare_example
from cardbook.records.status import Project
from cardbook.records.store import RecordSet
from cardbook.run.events import Event
from cardbook.run.scheduler import run_examples

REMEDY = "seed what is random, or tag the cell varies"


def repeat_examples(
    project: Project, names: Sequence[str], times: int, jobs: int, on_event: Callable[[Event], None]
) -> list[str]:
    """Run examples that have just run until each has run `times` times, `jobs` at a time.

    Returns a message for each cell whose output varies without the tag `varies`: every digit and pixel must
    be equal. The records are not changed.
    """
    found: dict[str, str] = {}
    for _ in range(times - 1):
        with temporary_folder() as folder:
            again = replace(project, records=RecordSet(folder))
            run_examples(again, names, jobs, on_event, force=True)
            for name in names:
                for place, message in _compare(project, again, name):
                    found.setdefault(place, message)
    return list(found.values())


def _compare(project: Project, again: Project, name: str) -> Iterator[tuple[str, str]]:
    file = project.plans[name].example.file
    if failure := again.records.read_failure(name):
        yield file, f"{failure.message} (only in a repeated run)"
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
                "\n".join([f"{place}: its output differs in a repeated run: {REMEDY}", *lines]),
            )
