"""The runner's side of the fork server: starts it, has it import and fork, reads its replies."""

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from cardbook.base.errors import CardbookError
from cardbook.base.files import temporary_folder
from cardbook.base.paths import ProjectPaths
from cardbook.kernel.launcher import python_command
from cardbook.kernel.variables import common_variables

# How long one request to import may take. A longer import counts as hung.
IMPORT_SECONDS = 600.0


class ForkError(CardbookError):
    """The fork server did not fork; the text says why."""


class ForkServer:
    """A running `cardbook.kernel.fork_server`: it imports, forks kernels, and reports their exit status.

    Examples run in `folder` and can write nowhere else. `fork_blocker` says why it must not fork, "" while it
    may. `is_complete`: it imports nothing more, and each kernel imports what its example lacks. `is_hung`: an
    import has not ended in time.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", folder: Path | None = None) -> None:
        self.process, self.folder = process, folder
        self.fork_blocker, self.is_complete, self.is_hung = "", False, False
        self._waiting: deque[asyncio.Future[dict[str, Any]]] = deque()
        self._incomplete = b""

    async def preload(
        self, statements: Collection[str], log: Callable[[str], None], *, seconds: float = IMPORT_SECONDS
    ) -> None:
        """Have it execute import statements within `seconds`; `log` gets the reason if it must not fork."""
        try:
            request = self._ask({"imports": sorted(statements)})
            self.fork_blocker = (await asyncio.wait_for(request, seconds))["fork_blocker"]
        except BrokenPipeError as error:
            self.fork_blocker = str(error)
        except TimeoutError:
            # It stays until the run ends: kernels that it has forked end with it.
            self.is_hung = True
            self.fork_blocker = f"an import has not ended after {seconds:g} s"
        if self.fork_blocker:
            log(f"Kernels are no longer forked, {self.fork_blocker}: each imports its libraries itself.")

    async def fork(self, request: Mapping[str, Any]) -> "ForkedProcess":
        """Have it fork a kernel. Raises ForkError when that is not safe, or the server has ended."""
        try:
            reply = await self._ask(request)
        except BrokenPipeError as error:
            raise ForkError(str(error)) from None
        if "fork_blocker" in reply:
            raise ForkError(reply["fork_blocker"])
        return ForkedProcess(self, reply["pid"])

    async def exit_status_of(self, pid: int) -> int | None:
        """Return the exit status of a kernel, None while it runs. Raises BrokenPipeError."""
        status: int | None = (await self._ask({"poll": pid}))["status"]
        return status

    async def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request and return the reply; replies come in the order of the requests."""
        loop, (requests, replies) = asyncio.get_running_loop(), self._pipes()
        if requests.closed:
            raise BrokenPipeError("the fork server was stopped")
        requests.write(json.dumps(request).encode() + b"\n")
        requests.flush()
        if not self._waiting:
            loop.add_reader(replies, self._take_replies, loop)
        reply: asyncio.Future[dict[str, Any]] = loop.create_future()
        self._waiting.append(reply)
        return await reply

    def _take_replies(self, loop: asyncio.AbstractEventLoop) -> None:
        replies = self._pipes()[1]
        received = os.read(replies.fileno(), 65536)
        *lines, self._incomplete = (self._incomplete + received).split(b"\n")
        for line in lines:
            if not (reply := self._waiting.popleft()).done():
                reply.set_result(json.loads(line))
        while self._waiting and not received:
            if not (reply := self._waiting.popleft()).done():
                reply.set_exception(BrokenPipeError("the fork server has ended"))
        if not self._waiting:
            loop.remove_reader(replies)

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self.process.stdin is not None and self.process.stdout is not None
        return self.process.stdin, self.process.stdout


class ForkedProcess:
    """The part of the interface of `Popen` that a provisioner uses, for a kernel that is not a child."""

    stdin = stdout = stderr = None

    def __init__(self, server: ForkServer, pid: int) -> None:
        self.server, self.pid = server, pid
        self.returncode: int | None = None

    async def poll(self) -> int | None:
        """Return the exit status, None while the kernel runs; 1 if the fork server is hung."""
        if self.returncode is None and not runs(self.pid):
            if self.server.is_hung:
                self.returncode = 1
                return self.returncode
            try:
                self.returncode = await self.server.exit_status_of(self.pid)
            except BrokenPipeError:
                # Its subreaper ends with the fork server.
                self.returncode = -signal.SIGKILL
        return self.returncode

    def wait(self) -> int | None:
        """Return the exit status of a kernel that has ended."""
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel."""
        os.kill(self.pid, number)


def runs(pid: int) -> bool:
    """Return whether a process, child or not, still runs; False if that is unknown. Linux only."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        return not poller.poll(0)
    finally:
        os.close(descriptor)


async def wait_for_end(pid: int, seconds: float) -> None:
    """Return when a process, child or not, has ended, at the latest after `seconds`. Linux only."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(descriptor, ended.set)
    try:
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), seconds)
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


@contextmanager
def start_fork_server(
    variables: Mapping[str, str], log: Callable[[str], None], folder: Path, writable: Sequence[Path] = ()
) -> Iterator[ForkServer | None]:
    """Return a fork server that has imported only what every kernel needs; it is stopped after the block.

    `variables` is its environment. It and its kernels write below `folder`; the server itself also below
    `writable`. None where forking is not available; `log` gets a line that says why.
    """
    if not hasattr(os, "fork") or not sys.platform.startswith("linux"):
        log("Kernels cannot be forked on this platform: each imports its libraries itself.")
        yield None
        return
    process = subprocess.Popen(
        python_command("cardbook.kernel.fork_server", str(folder), *map(str, writable)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=folder,
        # The debugger, which no example uses, would complain that modules of Python itself are frozen.
        env=dict(variables) | {"PYDEVD_DISABLE_FILE_VALIDATION": "1"},
        # Ctrl-C must reach only the runner, which ends the kernels in order.
        start_new_session=True,
    )
    server = ForkServer(process, folder)
    try:
        yield server
    finally:
        # Not by closing its input, which it does not read during an import. Its kernels end with it.
        process.terminate()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()
        process.wait()


@contextmanager
def start_fork_server_for(
    root: Path, threads: int, log: Callable[[str], None]
) -> Iterator[ForkServer | None]:
    """Return a fork server (see `start_fork_server`) for the book in `root`; `threads` is per example."""
    # Matplotlib's list of the machine's fonts takes seconds to make: each example gets a copy.
    fonts = ProjectPaths(root).matplotlib
    with temporary_folder() as folder:
        with suppress(OSError):
            fonts.mkdir(parents=True, exist_ok=True)
        variables = common_variables(root, threads, folder) | {"MPLCONFIGDIR": str(fonts)}
        with start_fork_server(variables, log, folder, [fonts]) as server:
            yield server
