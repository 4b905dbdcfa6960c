"""Runs copied code in the sandbox, in an interpreter that has only the packages of the install line."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cardbook.base.errors import UntrustedInputError
from cardbook.base.files import read_regular, temporary_folder
from cardbook.base.json_file import parse_json
from cardbook.kernel.launcher import confined_command
from cardbook.kernel.memory import GIGABYTE, POLL_SECONDS, exceeds
from cardbook.kernel.sandbox import SandboxPolicy, dump_policy
from cardbook.records.comparison import Outputs, read_outputs
from cardbook.records.interactive import CELL_BYTES, canonical_json
from cardbook.records.text import clean_text
from cardbook.verify.replay_session import BACKEND

SESSION = Path(__file__).with_name("replay_session.py")
LINE = re.compile(r'File "<cell \d+>", line (\d+)')
# In bytes, for the printed text and figures of a session together.
OUTPUT_LIMIT = 10_000_000
TOO_MUCH = f"more than {OUTPUT_LIMIT / 1e6:g} MB of output"


@dataclass(frozen=True)
class BlockResult:
    """The outputs of one pasted block, and its error, "" if it ended normally."""

    outputs: Outputs
    error: str


@dataclass(frozen=True)
class ReplayLimits:
    """How long all blocks of an example may take, and how many GB of memory."""

    seconds: float
    memory: float


def run_blocks(
    python: Path,
    blocks: Sequence[str],
    prepare: Callable[[Path], Mapping[str, str]],
    limits: ReplayLimits,
) -> list[BlockResult]:
    """Run the blocks one after another in a new interpreter, in an empty folder; return the results.

    `prepare` creates the reader's home folder at the given path, and returns the environment variables. An
    interpreter that exceeds a limit is ended, with everything that it started.
    """
    with temporary_folder() as folder:
        home = folder / "home"
        variables = _adapt(prepare(home), python)
        session, scratch = home / "session", home / "scratch"
        for path in (session, scratch, home / "tmp"):
            path.mkdir(parents=True, exist_ok=True)
        (session / "blocks.json").write_text(json.dumps(blocks), encoding="utf-8")
        policy = SandboxPolicy(str(home), str(home), (), "", int(limits.memory * GIGABYTE))
        command = confined_command(dump_policy(policy), [str(python), "-P", str(SESSION), str(session)])
        end = _run(command, scratch, variables, limits, session)
        return _collect(session, len(blocks), end)


def _adapt(variables: Mapping[str, str], python: Path) -> dict[str, str]:
    """Return the variables for another interpreter, with its commands first, and figures saved to files."""
    path = os.pathsep.join([str(python.parent), variables.get("PATH", os.defpath)])
    kept = {name: value for name, value in variables.items() if name != "VIRTUAL_ENV"}
    return kept | {"PATH": path, "MPLBACKEND": f"module://{BACKEND}"}


def _run(
    command: Sequence[str], cwd: Path, variables: Mapping[str, str], limits: ReplayLimits, session: Path
) -> str:
    """Run a command until it ends; return why it was ended, "" if it ended by itself."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + limits.seconds
    try:
        while process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(min(POLL_SECONDS, max(0.0, deadline - time.monotonic())))
            if process.poll() is None and (reason := _excess(process.pid, deadline, limits, session)):
                return reason
    finally:
        _end(process)
    return ""


def _excess(pid: int, deadline: float, limits: ReplayLimits, session: Path) -> str:
    """Return which limit is exceeded, "" if none."""
    if time.monotonic() >= deadline:
        return f"not finished after {limits.seconds:g} s, the example's limit"
    if exceeds(pid, limits.memory * GIGABYTE):
        return f"more than {limits.memory:g} GB of memory, the example's limit"
    return TOO_MUCH if sum(map(_size_of, _session_files(session))) > OUTPUT_LIMIT else ""


def _size_of(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        # It was removed since the folder was listed.
        return 0


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process and its descendants; on Linux it is a subreaper, which ends them itself."""
    with contextlib.suppress(ProcessLookupError):
        if sys.platform.startswith("linux"):
            process.terminate()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _collect(session: Path, count: int, end: str) -> list[BlockResult]:
    """Return the results of `count` blocks from a folder whose content is untrusted."""
    results: list[BlockResult] = []
    left = {path.name: path for path in _session_files(session)}
    budget = OUTPUT_LIMIT
    for number in range(1, count + 1):
        if results and results[-1].error:
            results.append(BlockResult(Outputs(), "not run, because of an error before it"))
            continue
        content = []
        figures, data = (_files_of(number, left, suffix) for suffix in ("png", "json"))
        for name in (f"{number}.out", f"{number}.err", *figures, *data):
            # One byte more than is left tells a file that is too large.
            content.append(_read(left.get(name), budget + 1))
            budget -= len(content[-1])
            if budget < 0:
                break
        if budget < 0:
            results.append(BlockResult(Outputs(), end or TOO_MUCH))
            continue
        printed, warned, *files = content
        try:
            interactive = [canonical_json(parse_json(file, CELL_BYTES)) for file in files[len(figures) :]]
        except UntrustedInputError as error:
            results.append(BlockResult(Outputs(), f"an interactive output that {error}"))
            continue
        outputs = read_outputs(_as_text(printed), _as_text(warned), files[: len(figures)], interactive)
        done = f"{number}.done" in left
        results.append(BlockResult(outputs, "" if done else end or _last_error(_as_text(warned))))
    return results


def _files_of(number: int, names: Iterable[str], suffix: str) -> list[str]:
    """Return the files of a block with this suffix in the order in which they were shown."""
    pattern = re.compile(rf"{number}-(\d{{1,4}})\.{suffix}")
    found = [(int(match[1]), name) for name in names if (match := pattern.fullmatch(name))]
    return [name for _, name in sorted(found)]


def _session_files(session: Path) -> list[Path]:
    """Return the files in the folder of a session, which may have removed or replaced the folder."""
    try:
        return [] if session.is_symlink() else list(session.iterdir())
    except OSError:
        return []


def _read(path: Path | None, limit: int) -> bytes:
    return (read_regular(path, limit) if path else None) or b""


def _as_text(content: bytes) -> str:
    return content.decode("utf-8", errors="replace")


def _last_error(warned: str) -> str:
    """Return the last line of a traceback, and the line of the block that it names."""
    lines = [line for line in clean_text(warned).split("\n") if line.strip()]
    places = LINE.findall(warned)
    place = f"line {places[-1]}: " if places else ""
    return f"{place}{lines[-1].strip()[:300]}" if lines else "the process ended"
