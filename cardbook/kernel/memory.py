"""The memory of an example's processes: measurement, and enforcement of the limit."""

import asyncio
import os
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
    processes = descendants(pid)
    return sum(map(_resident, processes)) > limit and sum(map(_share, processes)) > limit


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, directly or not; none if it has ended."""
    if not sys.platform.startswith("linux"):
        try:
            return [child.pid for child in psutil.Process(pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            return []
    # Not by psutil, which takes three times as long, and is asked four times a second.
    from cardbook.kernel.subreaper import read_parents

    children: dict[int, list[int]] = {}
    for child, parent in read_parents().items():
        children.setdefault(parent, []).append(child)
    found = [pid]
    for known in found:
        found += children.get(known, ())
    return found[1:]


def _resident(pid: int) -> int:
    try:
        if sys.platform.startswith("linux"):
            return _pages(_folder_of(pid)) * os.sysconf("SC_PAGE_SIZE")
        return int(psutil.Process(pid).memory_info().rss)
    except (OSError, psutil.Error):
        return 0


def _share(pid: int) -> int:
    try:
        content = (_folder_of(pid) / "smaps_rollup").read_bytes()
    except OSError:
        return _resident(pid)
    found = re.search(rb"^Pss:\s+(\d+) kB", content, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _folder_of(pid: int) -> Path:
    """Return the folder below /proc where the memory of a process is stated.

    After the first thread of a process has ended, its own folder states none; each living thread's does.
    Raises OSError if the process has ended.
    """
    process = Path(f"/proc/{pid}")
    if _pages(process):
        return process
    return next((thread for thread in (process / "task").iterdir() if _pages(thread)), process)


def _pages(folder: Path) -> int:
    return int((folder / "statm").read_bytes().split()[1])


def first_child(pid: int) -> int:
    """Return the process that a subreaper started, not those it adopted; `pid` if it has no children."""
    if not sys.platform.startswith("linux"):
        return pid
    children = psutil.Process(pid).children()
    return int(min(children, key=lambda child: child.create_time()).pid) if children else pid


def peak_memory(pid: int) -> int:
    """Return the most memory a process has held at once, in bytes. Raises OSError or psutil.Error.

    The name of the process, which is any bytes but a line feed, stands in the same file.
    """
    if sys.platform.startswith("linux"):
        content = (_folder_of(pid) / "status").read_bytes()
        if found := re.search(rb"^VmHWM:\s+(\d+) kB", content, re.MULTILINE):
            return int(found[1]) * 1024
    return int(psutil.Process(pid).memory_info().rss)


class MemoryWatch:
    """Watches the memory of a subreaper's descendants; `peak` is the kernel's in bytes, as far as seen.

    A process can reset what Linux says of its peak, so the highest value counts. A reset within POLL_SECONDS
    of a peak hides that peak.
    """

    def __init__(self, pid: int) -> None:
        self.pid, self.peak = pid, 0
        self.kernel: int | None = None

    def look(self) -> None:
        """Take the present value into account, unless the process has ended."""
        with suppress(psutil.Error, OSError):
            if self.kernel is None:
                self.kernel = first_child(self.pid)
            self.peak = max(self.peak, peak_memory(self.kernel))

    async def watch(self, limit: float, stop: Callable[[str], None]) -> None:
        """Look again and again; call `stop` with a reason when all together hold more than `limit` GB."""
        # In a thread: to look at hundreds of processes takes seconds, and the limits of other examples go on.
        while not await asyncio.to_thread(self._look_for_excess, limit * GIGABYTE):
            await asyncio.sleep(POLL_SECONDS)
        stop(f"more than {limit:g} GB of memory, the example's limit")

    def _look_for_excess(self, limit: float) -> bool:
        self.look()
        return exceeds(self.pid, limit)
