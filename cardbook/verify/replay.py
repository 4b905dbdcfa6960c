"""A reader: runs what was copied in an interpreter that has only what the install line names."""

import contextlib
import json
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cardbook.records.comparison import Outputs, read_outputs
from cardbook.records.text import clean_text
from cardbook.verify.replay_session import BACKEND

SESSION = Path(__file__).with_name("replay_session.py")
LINE = re.compile(r'File "<cell \d+>", line (\d+)')


@dataclass(frozen=True)
class BlockResult:
    """What one pasted block left, and why it did not end well; "" when it did."""

    outputs: Outputs
    error: str


def run_blocks(
    python: Path, blocks: Sequence[str], variables_in: Callable[[Path], dict[str, str]], seconds: float
) -> list[BlockResult]:
    """Paste the blocks one after the other into a fresh interpreter, in an empty folder; say what each left.

    `variables_in` returns the environment variables for a reader whose home is a given folder. After
    `seconds` the interpreter is ended, with everything it started.
    """
    with tempfile.TemporaryDirectory(prefix="cardbook-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        folder, scratch = home / "session", home / "scratch"
        for needed in (folder, scratch, home / "tmp"):
            needed.mkdir()
        (folder / "blocks.json").write_text(json.dumps(blocks), encoding="utf-8")
        command = [str(python), "-P", str(SESSION), str(folder)]
        return _collect(
            folder, len(blocks), _run(command, scratch, _adapt(variables_in(home), python), seconds)
        )


def _adapt(variables: Mapping[str, str], python: Path) -> dict[str, str]:
    """Return the variables for another interpreter, with its commands first, and figures saved to files."""
    path = os.pathsep.join([str(python.parent), variables.get("PATH", os.defpath)])
    kept = {name: value for name, value in variables.items() if name != "VIRTUAL_ENV"}
    return kept | {"PATH": path, "MPLBACKEND": f"module://{BACKEND}"}


def _run(command: Sequence[str], cwd: Path, variables: Mapping[str, str], seconds: float) -> str:
    """Run a command until it ends; return why it was ended, "" when it ended by itself."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return f"not finished after {seconds:g} s, the example's limit"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return ""


def _collect(folder: Path, count: int, end: str) -> list[BlockResult]:
    ran: list[BlockResult] = []
    for number in range(1, count + 1):
        if ran and ran[-1].error:
            ran.append(BlockResult(Outputs(), "not run, because of an error before it"))
            continue
        printed, warned = (_read(folder / f"{number}.{suffix}") for suffix in ("out", "err"))
        done = (folder / f"{number}.done").exists()
        figures = sorted(folder.glob(f"{number}-*.png"), key=lambda path: int(path.stem.split("-")[1]))
        outputs = read_outputs(printed, warned, [path.read_bytes() for path in figures])
        ran.append(BlockResult(outputs, "" if done else end or _last_error(warned)))
    return ran


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _last_error(warned: str) -> str:
    """Return the error a traceback ends with, and its line in the block."""
    lines = [line for line in clean_text(warned).split("\n") if line.strip()]
    places = LINE.findall(warned)
    place = f"line {places[-1]}: " if places else ""
    return f"{place}{lines[-1].strip()[:300]}" if lines else "the process ended"
