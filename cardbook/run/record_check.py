"""Checks a run's record as `import-records` on another machine would, before it is stored."""

from collections.abc import Collection
from pathlib import Path

from cardbook.base.errors import InputError
from cardbook.base.files import temporary_folder
from cardbook.records.ingestion import read_incoming
from cardbook.records.schema import find_fault
from cardbook.records.status import Project
from cardbook.records.store import Record, RecordSet
from cardbook.records.text import one_line
from cardbook.records.validation import may_be_data
from cardbook.run.events import ExampleError


def check_data(root: Path, file: str, names: Collection[str]) -> None:
    """Check that a record can name the data files that the script `file` read. Raises ExampleError."""
    for name in names:
        if not may_be_data(root, name):
            place = "is outside the book" if Path(name).is_absolute() else "leads outside the book"
            raise ExampleError(f"{file}: it reads {one_line(name)}, which {place}: copy it into data/")
        if find_fault(name, "text"):
            raise ExampleError(f"{file}: it reads {one_line(name)}, whose name no record can have: rename it")
    if find_fault(dict.fromkeys(names, "0" * 64), "hashes"):
        raise ExampleError(f"{file}: it reads {len(names):,} data files, too many for a record: pack them")


def check_record(project: Project, file: str, record: Record) -> None:
    """Import a record as another machine would; it is not stored. Raises ExampleError where that fails.

    One record that is refused blocks all that are handed over with it.
    """
    with temporary_folder() as folder:
        try:
            RecordSet(folder).write(record, durable=False)
            incoming = read_incoming(project, [folder])
        except InputError as error:
            what = "; ".join(problem.what for problem in error.problems)
            raise ExampleError(
                f"{file}: import-records would refuse its record, which {what}: change what it reads or shows"
            ) from None
        except OSError as error:
            raise ExampleError(f"{file}: its record could not be written: {error.strerror}") from None
    for reason in incoming.left_out:
        raise ExampleError(f"{file}: changed while it ran: {reason.rpartition('left out: ')[2]}: run again")
