"""What the examples' tests share: what each example prints.

That is what its record says it printed, if the record is fresh; otherwise its script is run, once, as a plain
`python` program. With CLAIMS_FROM=records, as `make claims` sets it, nothing is run: so the workflow that
publishes tests the claims in the profile and on the device that it publishes.

A claim that stands in a cell for one profile has the mark of that profile, `@pytest.mark.offline` or
`@pytest.mark.hub`, and is tested in that one only. A threshold that depends on the model is chosen by the
fixture `profile`: `least = {"offline": 13, "hub": 16}[profile]`.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from filelock import FileLock

from cardbook.base.paths import ProjectPaths
from cardbook.kernel.variables import EXPECTED_WARNINGS
from cardbook.records.status import Project, status_of
from cardbook.records.store import RecordSet
from cardbook.records.text import Table, split_tables
from cardbook.source.example import PROFILES
from tests.conftest import ROOT

Printed = Callable[[str], str]
Tables = Callable[[str], list[list[dict[str, str]]]]


def run_script(name: str) -> "subprocess.CompletedProcess[str]":
    """Run `python examples/NAME.py` in an empty folder, with nothing of the caller's but the model store."""
    variables = {
        "PATH": os.environ["PATH"],
        "HF_HUB_CACHE": str(ROOT / ".cardbook" / "hub"),
        "HF_HUB_OFFLINE": "1",
        "MPLBACKEND": "agg",
        "MPLCONFIGDIR": str(ROOT / ".cardbook" / "matplotlib"),
        # Other tests run beside it; more threads than cores make each many times slower.
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "TQDM_DISABLE": "1",
        # As the runner does (cardbook/kernel/variables.py).
        "TRANSFORMERS_VERBOSITY": "error",
        "PYTHONWARNINGS": ",".join(f"ignore:{start}" for start in EXPECTED_WARNINGS),
    }
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(
            [sys.executable, str(ROOT / "examples" / f"{name}.py")],
            capture_output=True,
            text=True,
            cwd=folder,
            env=variables | {"HOME": folder},
            timeout=900,
        )


def read_record(records: RecordSet, name: str) -> str:
    """Return what a record's cells print to standard output, one after the other."""
    record = records.read(name)
    assert record is not None, f"{name} has no record"
    return "".join(
        output.text for outputs in record.outputs for output in outputs if output.get("name") == "stdout"
    )


@pytest.fixture(scope="session")
def ran(shared: Path) -> Printed:
    """`ran("NAME")`: what the script prints; it runs once, whichever processes call this."""

    def read(name: str) -> str:
        printed = shared / f"{name}.txt"
        with FileLock(shared / f"{name}.lock"):
            if not printed.exists():
                outcome = run_script(name)
                assert outcome.returncode == 0, outcome.stderr
                assert outcome.stderr == ""
                printed.write_text(outcome.stdout, encoding="utf-8", newline="")
        return printed.read_bytes().decode("utf-8")

    return read


def from_records() -> bool:
    """Return whether only stored records are tested."""
    return os.environ.get("CLAIMS_FROM") == "records"


def tested_profile() -> str:
    """Return the profile whose claims are tested; scripts are run with the offline parameters."""
    return os.environ.get("CARDBOOK_PROFILE", "offline") if from_records() else "offline"


@pytest.fixture(scope="session")
def profile() -> str:
    """The profile whose claims are tested."""
    return tested_profile()


@pytest.fixture(autouse=True)
def claimed(request: pytest.FixtureRequest) -> None:
    """Skip a claim that only the prose of another profile makes."""
    only = {mark.name for mark in request.node.iter_markers()} & PROFILES
    if only and tested_profile() not in only:
        pytest.skip(f"a claim of the {only.pop()} profile")


@pytest.fixture(scope="session")
def printed(request: pytest.FixtureRequest, ran: Printed) -> Printed:
    """`printed("NAME")`: what the example prints."""
    if from_records():
        folder = os.environ.get("CARDBOOK_RECORDS")
        records = RecordSet(ROOT / folder if folder else ProjectPaths(ROOT).records(tested_profile()))
        return partial(read_record, records)
    project: Project = request.getfixturevalue("project")

    def read(name: str) -> str:
        # The author of an example tests what it prints now, before it runs as a record.
        return read_record(project.records, name) if status_of(project, name).fresh_record else ran(name)

    return read


@pytest.fixture(scope="session")
def tables(printed: Printed) -> Tables:
    """`tables("NAME")`: every table the script prints, each a list of rows by column name."""

    def read(name: str) -> list[list[dict[str, str]]]:
        found = [part for part in split_tables(printed(name)) if isinstance(part, Table)]
        return [[dict(zip(table.header, row, strict=True)) for row in table.rows] for table in found]

    return read
