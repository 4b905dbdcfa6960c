"""The fork server as the runner sees it: it imports once and forks kernels."""

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from cardbook.base.errors import CardbookError
from cardbook.kernel.variables import common_variables


class ForkError(CardbookError):
    """A parent did not fork; the text says why."""


class ForkServer:
    """A running `cardbook.kernel.fork_server`: asked to import, to fork kernels, and for their exit status.

    `danger` says why it must not fork, "" while it may. `is_complete` is set when nothing more shall be
    imported: what an example lacks is then for its own kernel to import.
    """

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.fork_blocker, self.is_complete = "", False
        self._waiting: deque[asyncio.Future[dict[str, Any]]] = deque()
        self._begun = b""

    async def preload(self, statements: Collection[str], say: Callable[[str], None]) -> None:
        """Have it execute import statements; `say` why it must not fork after them, if so."""
        try:
            self.fork_blocker = (await self._ask({"imports": sorted(statements)}))["fork_blocker"]
        except BrokenPipeError as error:
            self.fork_blocker = str(error)
        if self.fork_blocker:
            say(f"Kernels are no longer forked, {self.fork_blocker}: each imports its libraries itself.")

    async def fork(self, request: Mapping[str, Any]) -> "ForkedProcess":
        """Have it fork a kernel. Raises CannotFork when that is not safe, or the parent is gone."""
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
            raise BrokenPipeError("their parent was ended")
        requests.write(json.dumps(request).encode() + b"\n")
        requests.flush()
        if not self._waiting:
            loop.add_reader(replies, self._take_replies, loop)
        reply: asyncio.Future[dict[str, Any]] = loop.create_future()
        self._waiting.append(reply)
        return await reply

    def _take_replies(self, loop: asyncio.AbstractEventLoop) -> None:
        replies = self._pipes()[1]
        came = os.read(replies.fileno(), 65536)
        *lines, self._begun = (self._begun + came).split(b"\n")
        for line in lines:
            if not (reply := self._waiting.popleft()).done():
                reply.set_result(json.loads(line))
        while self._waiting and not came:
            if not (reply := self._waiting.popleft()).done():
                reply.set_exception(BrokenPipeError("their parent has ended"))
        if not self._waiting:
            loop.remove_reader(replies)

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self.process.stdin is not None and self.process.stdout is not None
        return self.process.stdin, self.process.stdout


class ForkedProcess:
    """What a provisioner needs of a `Popen`, for a kernel that is another process's child."""

    stdin = stdout = stderr = None

    def __init__(self, server: ForkServer, pid: int) -> None:
        self.server, self.pid = server, pid
        self.returncode: int | None = None

    async def poll(self) -> int | None:
        """Return the exit status, None while the kernel runs."""
        if self.returncode is None and not runs(self.pid):
            try:
                self.returncode = await self.server.exit_status_of(self.pid)
            except BrokenPipeError:
                # Its subreaper ends with the parent.
                self.returncode = -signal.SIGKILL
        return self.returncode

    def wait(self) -> int | None:
        """Return the exit status of a kernel that has ended."""
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel."""
        os.kill(self.pid, number)


def runs(pid: int) -> bool:
    """Return whether a process surely still runs, whoever's child it is. Linux only."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        look = select.poll()
        look.register(descriptor, select.POLLIN)
        return not look.poll(0)
    finally:
        os.close(descriptor)


async def wait_for_end(pid: int, seconds: float) -> None:
    """Return as soon as a process has ended, whoever's child it is, or after so many seconds. Linux only."""
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
    variables: Mapping[str, str], say: Callable[[str], None]
) -> Iterator[ForkServer | None]:
    """Return a parent that has imported nothing but what every kernel needs, for as long as the block lasts.

    None, with a line to `say` that tells why, where forking is not available.
    """
    if not hasattr(os, "fork") or not sys.platform.startswith("linux"):
        say("Kernels cannot be forked on this platform: each imports its libraries itself.")
        yield None
        return
    process = subprocess.Popen(
        [sys.executable, "-m", "cardbook.kernel.fork_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # The debugger, which no example uses, would complain that modules of Python itself are frozen.
        env=dict(variables) | {"PYDEVD_DISABLE_FILE_VALIDATION": "1"},
        # Ctrl-C is for the runner, which ends the kernels in order.
        start_new_session=True,
    )
    server = ForkServer(process)
    try:
        yield server
    finally:
        # It may be importing for seconds to come. What it has forked ends with it.
        process.terminate()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()
        process.wait()


@contextmanager
def start_fork_server_for(
    root: Path, threads: int, say: Callable[[str], None]
) -> Iterator[ForkServer | None]:
    """Return what `start_parent` does, for examples of the book in `root`, each with so many threads."""
    with (
        tempfile.TemporaryDirectory(prefix="cardbook-", ignore_cleanup_errors=True) as folder,
        start_fork_server(common_variables(root, threads, Path(folder)), say) as server,
    ):
        yield server
