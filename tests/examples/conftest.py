"""What the examples' tests share: each script run once as a plain `python` program."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from cardbook.records.environment import core_count
from cardbook.records.text import Table, split_tables
from cardbook.source.book import read_book
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
        # Two scripts run at a time; more threads than cores make each many times slower.
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "TQDM_DISABLE": "1",
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


@pytest.fixture(scope="session")
def printed(request: pytest.FixtureRequest) -> Iterator[Printed]:
    """`printed("NAME")`: what the script prints; the scripts that tests ask for run side by side, once."""
    asked = [item.nodeid for item in request.session.items]
    names = [
        name
        for name in read_book(ROOT).examples
        if any(f"test_{name}.py" in nodeid or f"[{name}]" in nodeid for nodeid in asked)
    ]
    with ThreadPoolExecutor(core_count()) as pool:
        runs = {name: pool.submit(run_script, name) for name in names}

        def read(name: str) -> str:
            outcome = runs[name].result()
            assert outcome.returncode == 0, outcome.stderr
            assert outcome.stderr == ""
            return outcome.stdout

        yield read
        for run in runs.values():
            run.cancel()


@pytest.fixture(scope="session")
def tables(printed: Printed) -> Tables:
    """`tables("NAME")`: every table the script prints, each a list of rows by column name."""

    def read(name: str) -> list[list[dict[str, str]]]:
        found = [part for part in split_tables(printed(name)) if isinstance(part, Table)]
        return [[dict(zip(table.header, row, strict=True)) for row in table.rows] for table in found]

    return read
