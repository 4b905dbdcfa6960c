"""Measures a command: its wall time, and the peak memory of its process tree."""

import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import psutil

SAMPLE_SECONDS = 0.25
# Reading the memory of large processes is slow and delays them: it takes at most 2% of the time.
PAUSE_PER_SAMPLE = 49
# A command's output. The file is hidden, so that no tool uses it as a source.
OUTPUT_FILE = ".output"
PSS = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)


class MeasurementError(Exception):
    """A measured command did not do what it should; the text ends with its output."""


@dataclass(frozen=True)
class Measurement:
    """Wall time in seconds, and the most memory held at once by a process and its descendants, in bytes."""

    seconds: float
    memory: int


@dataclass
class Sampler:
    """Samples the memory of a process tree; `most` is the most seen so far, in bytes."""

    pid: int
    most: int = 0
    over: Event = field(default_factory=Event)

    def follow(self) -> None:
        """Sample until `over` is set."""
        pause = SAMPLE_SECONDS
        while not self.over.wait(pause):
            begun = time.perf_counter()
            self.most = max(self.most, memory_of_tree(self.pid))
            pause = max(SAMPLE_SECONDS, PAUSE_PER_SAMPLE * (time.perf_counter() - begun))


def measure(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Measurement:
    """Run a command and return what it took. Raises MeasurementError when its exit status is not 0."""
    begun = time.perf_counter()
    with running(command, folder, variables) as (process, sampler):
        process.wait()
        seconds = time.perf_counter() - begun
    if process.returncode:
        output = (folder / OUTPUT_FILE).read_text(encoding="utf-8", errors="replace")
        raise MeasurementError(f"{' '.join(command)}: exit status {process.returncode}\n{output[-3000:]}")
    return Measurement(seconds, sampler.most)


@contextmanager
def running(
    command: Sequence[str], folder: Path, variables: Mapping[str, str]
) -> Iterator[tuple["subprocess.Popen[bytes]", Sampler]]:
    """Return a running command with its sampler; both end with the block."""
    with (folder / OUTPUT_FILE).open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=dict(variables), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    sampler = Sampler(process.pid)
    thread = Thread(target=sampler.follow)
    thread.start()
    try:
        yield process, sampler
    finally:
        sampler.over.set()
        thread.join()
        end_tree(process)


def end_tree(process: "subprocess.Popen[bytes]") -> None:
    """End a process that still runs, and its remaining descendants."""
    started = []
    with suppress(psutil.NoSuchProcess):
        started = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    process.wait()
    for left in psutil.wait_procs(started, timeout=10)[1]:
        left.kill()


def memory_of_tree(pid: int) -> int:
    """Return the memory of a process and its descendants, in bytes, each shared page counted once."""
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        return sum(memory_of(process) for process in [root, *root.children(recursive=True)])
    return 0


def memory_of(process: psutil.Process) -> int:
    """Return a process's proportional set size in bytes where available, else its resident memory."""
    try:
        found = PSS.search(Path(f"/proc/{process.pid}/smaps_rollup").read_bytes())
        return int(found[1]) * 1024 if found else 0
    except FileNotFoundError:
        return int(process.memory_info().rss) if not Path("/proc").exists() else 0
    except (ProcessLookupError, PermissionError):
        return 0
