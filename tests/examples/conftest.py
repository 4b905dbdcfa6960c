"""What the examples' tests share: each script run once as a plain `python` program."""

import functools
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable

import pytest

from cardbook.markup import Table, split_tables
from tests.conftest import ROOT

Printed = Callable[[str], str]
Tables = Callable[[str], list[list[dict[str, str]]]]


@pytest.fixture(scope="session")
def printed() -> Printed:
    """`printed("NAME")`: what `python examples/NAME.py` prints, run once in an empty folder."""

    @functools.cache
    def run(name: str) -> str:
        variables = {
            "PATH": os.environ["PATH"],
            "HF_HUB_CACHE": str(ROOT / ".cardbook" / "hub"),
            "HF_HUB_OFFLINE": "1",
            "MPLBACKEND": "agg",
            "MPLCONFIGDIR": str(ROOT / ".cardbook" / "matplotlib"),
            "OMP_NUM_THREADS": str(os.cpu_count() or 1),
            "PYTHONHASHSEED": "0",
            "TQDM_DISABLE": "1",
        }
        script = str(ROOT / "examples" / f"{name}.py")
        with tempfile.TemporaryDirectory() as folder:
            outcome = subprocess.run(
                [sys.executable, script],
                capture_output=True,
                text=True,
                cwd=folder,
                env=variables | {"HOME": folder},
                timeout=600,
            )
        assert outcome.returncode == 0, outcome.stderr
        assert outcome.stderr == ""
        return outcome.stdout

    return run


@pytest.fixture(scope="session")
def tables(printed: Printed) -> Tables:
    """`tables("NAME")`: every table the script prints, each a list of rows by column name."""

    def read(name: str) -> list[list[dict[str, str]]]:
        found = [part for part in split_tables(printed(name)) if isinstance(part, Table)]
        return [[dict(zip(table.header, row, strict=True)) for row in table.rows] for table in found]

    return read
