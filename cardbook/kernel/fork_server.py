"""The fork server: a process that imports the heavy libraries once and forks kernels.

Its arguments are the folders it may write to; it reads and writes lines of JSON. It imports only what is
installed, in a sandbox that is wider than its kernels'. It stays single-threaded and never uses CUDA:
a fork copies one thread only, and no CUDA context.
"""

import gc
import json
import os
import signal
import sys
import traceback
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import IO, Any

from cardbook.kernel.launcher import run_kernel
from cardbook.kernel.restrictions import device_paths, restrict_process
from cardbook.kernel.subreaper import (
    CHILD_SUBREAPER,
    PARENT_DEATH_SIGNAL,
    end_children,
    exit_with_status,
    prctl,
    supervise,
)

# What every kernel needs, whatever its example imports.
KERNEL_IMPORTS = (
    "import ipykernel.kernelapp",
    "import ipykernel.debugger",
    "import ipykernel.ipkernel",
    "import cardbook.kernel.app",
)


def main() -> None:
    """Import, fork and report exit statuses as each line requests, until input ends."""
    # During an import it does not notice the end of its input.
    prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)
    # If a kernel's own subreaper is killed, this process adopts what it leaves.
    prctl(CHILD_SUBREAPER, 1)
    restrict_process(sys.argv[1:], [*device_paths(), "/proc"])
    requests, replies = os.fdopen(os.dup(0), "r"), os.fdopen(os.dup(1), "w")
    # The output of an import must not be read as a reply.
    os.dup2(2, 1)
    preload(KERNEL_IMPORTS)
    children: set[int] = set()
    try:
        for line in requests:
            request = json.loads(line)
            if "imports" in request:
                preload(request["imports"])
                answer(replies, {"fork_blocker": find_fork_blocker()})
            elif "argv" in request and (fork_blocker := find_fork_blocker()):
                answer(replies, {"fork_blocker": fork_blocker})
            elif "argv" in request:
                children.add(pid := fork_kernel(request, [requests, replies]))
                answer(replies, {"pid": pid})
            else:
                status = exit_status_of(request["poll"], children)
                # Before the reply, because the runner may end this process after it.
                end_orphans(children)
                answer(replies, {"status": status})
    finally:
        for pid in children:
            os.kill(pid, signal.SIGTERM)
        for pid in children:
            os.waitpid(pid, 0)
        end_orphans(())
    # A regular exit would take long, because of the many imported libraries.
    exit_with_status(0)


def preload(statements: Sequence[str]) -> None:
    """Execute import statements, and prepare the imported objects for forking."""
    # While modules are only added, each collection would visit all of them in vain.
    gc.disable()
    import_all(statements)
    # Its import connects it to the current IPython, so each kernel must import it again.
    sys.modules.pop("matplotlib_inline.backend_inline", None)
    # Objects that the collector never visits again stay on pages that are never copied.
    gc.freeze()
    gc.enable()


def import_all(statements: Sequence[str]) -> None:
    """Execute import statements; skip modules that are not installed, because the example reports them."""
    for statement in statements:
        try:
            exec(statement, {"__name__": "preload"})
        except ImportError as error:
            print(f"not preloaded: {statement}: {error}", file=sys.stderr)


def find_fork_blocker() -> str:
    """Return why this process must not be forked, or "" when it may be."""
    tasks = Path("/proc/self/task")
    threads = len(list(tasks.iterdir())) if tasks.exists() else 1
    if threads > 1:
        return f"an import started {threads - 1} threads"
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return "an import initialised CUDA"
    return ""


def answer(replies: IO[str], reply: dict[str, Any]) -> None:
    """Write one reply."""
    replies.write(json.dumps(reply) + "\n")
    replies.flush()


def end_orphans(children: Collection[int]) -> None:
    """Kill all children except these, and the descendants that they leave."""
    while orphans := end_children(children):
        for pid in orphans:
            os.waitpid(pid, 0)


def exit_status_of(pid: int, children: set[int]) -> int | None:
    """Return a child's exit status (negative for a signal), or None while it runs."""
    if pid not in children:
        return 0
    found, status = os.waitpid(pid, os.WNOHANG)
    if found == 0:
        return None
    children.discard(pid)
    return os.waitstatus_to_exitcode(status)


def fork_kernel(request: dict[str, Any], pipes: Sequence[IO[str]]) -> int:
    """Fork a subreaper with the kernel that the request describes; return its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        for pipe in pipes:
            os.close(pipe.fileno())
        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.environ.clear()
        os.environ.update(request["env"])
        os.chdir(request["cwd"])
        signal.signal(signal.SIGINT, signal.default_int_handler)
        supervise(lambda: run_kernel(request["policy"], request["argv"]))
    finally:
        # In any case, a child must never continue as a second fork server.
        traceback.print_exc()
        exit_with_status(1)
