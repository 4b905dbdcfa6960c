"""The command line, as the tests call it: a process of its own, forked from one that has imported cardbook.

Importing takes longer than most commands; `test_commands.py` checks that `python -m cardbook` does the same.
"""

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired

SECONDS = 600.0
IMPORTED = [
    "cardbook.cli.commands",
    "cardbook.pages.generate",
    "cardbook.records.drift_report",
    "cardbook.records.ingestion",
    "cardbook.run.progress",
    "cardbook.run.repetition",
    "cardbook.verify.published",
    "rich.table",
]
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(IMPORTED)


def call_forked(
    arguments: Sequence[str], folder: Path, variables: Mapping[str, str]
) -> "CompletedProcess[str]":
    """Run `cardbook` with these arguments in a folder, with these variables; return what it printed."""
    with tempfile.TemporaryDirectory() as name:
        printed = [Path(name, "stdout"), Path(name, "stderr")]
        process = FORKS.Process(target=_become_cardbook, args=(arguments, folder, dict(variables), printed))
        process.start()
        process.join(SECONDS)
        if process.exitcode is None:
            process.kill()
            raise TimeoutExpired(["cardbook", *arguments], SECONDS)
        texts = [path.read_text(encoding="utf-8") if path.exists() else "" for path in printed]
        return CompletedProcess(["cardbook", *arguments], process.exitcode, *texts)


def _become_cardbook(
    arguments: Sequence[str], folder: Path, variables: Mapping[str, str], printed: Sequence[Path]
) -> None:
    for number, path in enumerate(printed, 1):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    # As in a new process: the folder for temporary files is looked up again.
    tempfile.tempdir = None
    sys.argv = ["cardbook", *arguments]
    from cardbook.cli.commands import main

    main(list(arguments))
