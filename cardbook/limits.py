"""Limits: how much an example may take of the machine."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import psutil

LOOK_SECONDS = 0.25
GIGABYTE = 1e9


def measure_memory(pid: int) -> int:
    """Return the memory of all descendants of a process, in bytes; what several share is counted once."""
    total = 0
    try:
        for process in psutil.Process(pid).children(recursive=True):
            total += _measure_one(process)
    except psutil.NoSuchProcess:
        return total
    return total


def _measure_one(process: psutil.Process) -> int:
    try:
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{process.pid}/smaps_rollup").read_text(), re.M)
        return int(found[1]) * 1024 if found else 0
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        pass
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def peak_memory(pid: int) -> int:
    """Return the most memory a process has held at once, in bytes."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        found = re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(), re.MULTILINE)
        if found:
            return int(found[1]) * 1024
    return int(psutil.Process(pid).memory_info().rss)


async def watch_memory(pid: int, limit: float, stop: Callable[[str], None]) -> None:
    """Watch the memory of a process's descendants; tell `stop` why when it is more than `limit` GB."""
    while measure_memory(pid) <= limit * GIGABYTE:
        await asyncio.sleep(LOOK_SECONDS)
    stop(f"more than {limit:g} GB of memory, the example's limit")
