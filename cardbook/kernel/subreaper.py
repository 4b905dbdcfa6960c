"""The subreaper: a process that starts one kernel, and ends everything that the kernel started.

It is the kernel's parent and adopts orphaned descendants of the kernel (Linux calls that a child subreaper),
so that no process of an example outlives it, however the kernel ended. Linux only.
"""

import ctypes
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

PARENT_DEATH_SIGNAL, CHILD_SUBREAPER = 1, 36
# SIGINT, too: Ctrl-C must reach only the runner, which ends the kernels in order.
EXPECTED = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}


def supervise(become: Callable[[], None]) -> NoReturn:
    """Run `become` in a child; kill its remaining descendants, then exit with its status. Never returns.

    SIGTERM, or the end of the process that started this one, ends them all.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, EXPECTED)
    prctl(PARENT_DEATH_SIGNAL, signal.SIGTERM)
    prctl(CHILD_SUBREAPER, 1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    child = os.fork()
    if child:
        exit_with_status(wait_for(child))
    try:
        os.setsid()
        prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, EXPECTED)
        # If the machine runs out of memory, this is the process to kill.
        Path("/proc/self/oom_score_adj").write_text("1000")
        become()
        exit_with_status(0)
    finally:
        # In any case, a child must never continue as a second subreaper.
        traceback.print_exc()
        exit_with_status(1)


def wait_for(child: int) -> int:
    """Return the exit status of the child, negative for a signal, once every descendant has ended too."""
    status = None
    while status is None and signal.sigwait(EXPECTED) != signal.SIGTERM:
        status = reap(child, os.WNOHANG)
    while end_children(()):
        found = reap(child, 0)
        status = found if status is None else status
    return -signal.SIGKILL if status is None else status


def reap(child: int, options: int) -> int | None:
    """Reap the children that have ended; return the exit status of `child` if it is among them.

    `options` are those of waitpid: without WNOHANG it waits for one of them.
    """
    found, status = os.waitpid(-1, options)
    ended = None
    while found:
        ended = os.waitstatus_to_exitcode(status) if found == child else ended
        try:
            found, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
    return ended


def end_children(kept: Collection[int]) -> list[int]:
    """Kill every child of this process except those in `kept`; return the killed ones.

    This process then adopts their children, so repeated calls reach every descendant.
    """
    others = [pid for pid, parent in read_parents().items() if parent == os.getpid() and pid not in kept]
    for pid in others:
        os.kill(pid, signal.SIGKILL)
    return others


def read_parents() -> dict[int, int]:
    """Return the parent's process id of every process of the machine, by process id."""
    parents = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal() and (status := _read_status(entry.path)):
            # The name of a process, in parentheses, can contain anything.
            parents[int(entry.name)] = int(status.rpartition(b")")[2].split(None, 2)[1])
    return parents


def _read_status(process: str) -> bytes:
    """Return the first line of a process's status; nothing if it has ended meanwhile."""
    try:
        descriptor = os.open(f"{process}/stat", os.O_RDONLY)
    except FileNotFoundError:
        return b""
    try:
        return os.read(descriptor, 4096)
    except ProcessLookupError:
        return b""
    finally:
        os.close(descriptor)


def exit_with_status(status: int) -> NoReturn:
    """End this process with an exit status, negative for a signal."""
    sys.stdout.flush()
    sys.stderr.flush()
    if status < 0:
        with suppress(OSError):
            signal.signal(-status, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {-status})
        os.kill(os.getpid(), -status)
    os._exit(abs(status))


def prctl(option: int, value: int) -> None:
    """Set an attribute of this process by Linux's prctl. Raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), f"prctl {option}")
