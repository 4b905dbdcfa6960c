"""The memory of an example's processes: measurement, and enforcement of the limit."""

import asyncio
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

POLL_SECONDS = 0.25
GIGABYTE = 1e9


def exceeds(pid: int, limit: float) -> bool:
    """Return whether all descendants of a process together hold more than `limit` bytes.

    Shared memory counts once where the system reports it (PSS). Reading that takes 10 ms for each gigabyte,
    so it is read only when the sum of the resident memory exceeds the limit.
    """
    try:
        processes = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return False
    return sum(map(_resident, processes)) > limit and sum(map(_share, processes)) > limit


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _share(process: psutil.Process) -> int:
    try:
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{process.pid}/smaps_rollup").read_text(), re.M)
    except OSError:
        return _resident(process)
    return int(found[1]) * 1024 if found else 0


def first_child(pid: int) -> int:
    """Return the process that a subreaper started, not those it adopted; `pid` if it has no children."""
    if not sys.platform.startswith("linux"):
        return pid
    children = psutil.Process(pid).children()
    return int(min(children, key=lambda child: child.create_time()).pid) if children else pid


def peak_memory(pid: int) -> int:
    """Return the most memory a process has held at once, in bytes."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        found = re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(), re.MULTILINE)
        if found:
            return int(found[1]) * 1024
    return int(psutil.Process(pid).memory_info().rss)


class MemoryWatch:
    """Watches the memory of a subreaper's descendants; `peak` is the kernel's in bytes, as far as seen.

    A process can reset what Linux says of its peak, so the highest value counts. A reset within POLL_SECONDS
    of a peak hides that peak.
    """

    def __init__(self, pid: int) -> None:
        self.pid, self.peak = pid, 0

    def look(self) -> None:
        """Take the present value into account, unless the process has ended."""
        with suppress(psutil.Error, OSError):
            self.peak = max(self.peak, peak_memory(first_child(self.pid)))

    async def watch(self, limit: float, stop: Callable[[str], None]) -> None:
        """Look again and again; call `stop` with a reason when all together hold more than `limit` GB."""
        while True:
            self.look()
            if exceeds(self.pid, limit * GIGABYTE):
                break
            await asyncio.sleep(POLL_SECONDS)
        stop(f"more than {limit:g} GB of memory, the example's limit")
