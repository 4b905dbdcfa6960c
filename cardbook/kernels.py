"""Kernels: ipykernels of this interpreter, forked from one parent where that is possible."""

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import time
import uuid
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty
from typing import IO, Any, cast

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Type

from cardbook.guard import Fence, write_fence

KERNEL_ARGUMENTS = (
    "--InlineBackend.figure_formats=retina",
    "--HistoryManager.enabled=False",
    "--IPKernelApp.outstream_class=cardbook.stream.Stream",
)
# How long a kernel may take to answer before it is asked again, and to end before it is given up.
ANSWER_SECONDS, END_SECONDS = 1.0, 5.0
RETRY_MILLISECONDS = 5


class Parent:
    """A running `cardbook.parent`: asked to import, to fork kernels, and for their exit status.

    `danger` says why it must not fork, "" while it may. `is_complete` is set when nothing more shall be
    imported: what an example lacks is then for its own kernel to import.
    """

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.danger, self.is_complete = "", False
        self._waiting: deque[asyncio.Future[dict[str, Any]]] = deque()
        self._begun = b""

    @property
    def is_busy(self) -> bool:
        """Whether it still owes a reply."""
        return bool(self._waiting)

    async def preload(self, statements: Collection[str], say: Callable[[str], None]) -> None:
        """Have it execute import statements; `say` why it must not fork after them, if so."""
        try:
            self.danger = (await self._ask({"imports": sorted(statements)}))["danger"]
        except BrokenPipeError as error:
            self.danger = str(error)
        if self.danger:
            say(f"From here on kernels are not forked, {self.danger}: each imports its libraries itself.")

    async def fork(self, request: Mapping[str, Any]) -> "ForkedProcess":
        """Have it fork a kernel. Raises BrokenPipeError when the parent is gone."""
        return ForkedProcess(self, (await self._ask(request))["pid"])

    async def status_of(self, pid: int) -> int | None:
        """Return the exit status of a kernel, None while it runs. Raises BrokenPipeError."""
        status: int | None = (await self._ask({"poll": pid}))["status"]
        return status

    async def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request and return the reply; replies come in the order of the requests."""
        loop, (requests, replies) = asyncio.get_running_loop(), self._pipes()
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

    def __init__(self, parent: Parent, pid: int) -> None:
        self.parent, self.pid = parent, pid
        self.returncode: int | None = None

    async def poll(self) -> int | None:
        """Return the exit status, None while the kernel runs."""
        if self.returncode is None and not runs(self.pid):
            try:
                self.returncode = await self.parent.status_of(self.pid)
            except BrokenPipeError:
                # Its keeper ends with the parent.
                self.returncode = -signal.SIGKILL
        return self.returncode

    def wait(self) -> int | None:
        """Return the exit status of a kernel that has ended."""
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel."""
        os.kill(self.pid, number)


class ForkProvisioner(LocalProvisioner):
    """Launches kernels by asking a parent to fork; all else is as jupyter_client does it."""

    forker: Parent | None = None
    log: str = os.devnull
    fence: str = ""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a kernel with the arguments, environment and folder that an ordinary one would get."""
        argv = cmd[cmd.index("-f") :]
        request = {"argv": argv, "env": kwargs["env"], "cwd": kwargs["cwd"], "log": self.log}
        if self.forker is not None and not self.forker.danger:
            # When the parent has ended, killed perhaps, an ordinary kernel will do.
            with suppress(BrokenPipeError):
                forked = await self.forker.fork(request | {"fence": self.fence})
                self.pid, self.process = forked.pid, cast("subprocess.Popen[Any]", forked)
                return self.connection_info
        command = [sys.executable, "-m", "cardbook.child", self.fence, *argv]
        with Path(self.log).open("ab") as stream:
            return await super().launch_kernel(command, stdout=stream, stderr=stream, **kwargs)

    async def poll(self) -> int | None:
        """Return the exit status, None while the kernel runs; 0 when there is none."""
        process: object = self.process
        return await process.poll() if isinstance(process, ForkedProcess) else await super().poll()

    async def kill(self, restart: bool = False) -> None:
        """End the kernel, and return when it has ended: jupyter_client itself looks ten times a second."""
        await super().kill(restart)
        if sys.platform.startswith("linux") and self.pid is not None:
            await wait_for_end(self.pid, END_SECONDS)

    async def send_signal(self, signum: int) -> None:
        """Send a signal to the keeper; what means the end reaches it as a request to end all it keeps."""
        if not sys.platform.startswith("linux"):
            await super().send_signal(signum)
        elif self.process:
            ending = signum in (signal.SIGKILL, signal.SIGTERM)
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGTERM if ending else signum)


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


class KernelClient(AsyncKernelClient):
    """Talks to a kernel as soon as it can be talked to."""

    def _context_default(self) -> zmq.asyncio.Context:
        context = super()._context_default()
        # Its sockets are there a tenth of a second later, which is when ZeroMQ would try again.
        context.setsockopt(zmq.RECONNECT_IVL, RETRY_MILLISECONDS)
        return context

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return when the kernel answers and what it publishes arrives. Raises RuntimeError.

        jupyter_client's own also waits for a silence of a fifth of a second, so that no earlier message is
        left. Here one does no harm: whoever reads messages looks at what each of them answers.
        """
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout)
        while time.monotonic() < deadline:
            self.kernel_info()
            with suppress(Empty):
                await self.get_shell_msg(timeout=ANSWER_SECONDS)
                await self.get_iopub_msg(timeout=ANSWER_SECONDS)
                return
            if not await cast(AsyncKernelManager, self.parent).is_alive():
                raise RuntimeError("it ended before it could be asked anything")
        raise RuntimeError(f"it has not answered for {timeout:g} seconds")


class KernelManager(AsyncKernelManager):
    """Starts kernels of this very interpreter, whatever kernel specs the machine has."""

    client_factory = Type(KernelClient)

    @property
    def kernel_spec(self) -> KernelSpec:
        """The specification of an ipykernel of this interpreter."""
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", *KERNEL_ARGUMENTS]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


def make_manager(folder: Path, forker: Parent | None, fence: Fence) -> KernelManager:
    """Return a manager whose kernel runs inside a fence, reached through sockets in `folder`."""
    if sys.platform == "win32":
        manager = KernelManager()
    else:
        connection = str(folder / "kernel.json")
        manager = KernelManager(transport="ipc", ip=str(folder / "kernel"), connection_file=connection)
    manager.kernel_id = str(uuid.uuid4())
    # Set beforehand: jupyter_client would look a provisioner up by name among installed entry points.
    provisioner = ForkProvisioner(
        kernel_id=manager.kernel_id, kernel_spec=manager.kernel_spec, parent=manager
    )
    provisioner.forker, provisioner.log = forker, str(folder / "kernel.log")
    provisioner.fence = write_fence(fence)
    manager.provisioner = provisioner
    return manager


@contextmanager
def start_parent(variables: Mapping[str, str], say: Callable[[str], None]) -> Iterator[Parent | None]:
    """Return a parent that has imported nothing but what every kernel needs, for as long as the block lasts.

    None, with a line to `say` that tells why, where forking is not available.
    """
    if not hasattr(os, "fork") or not sys.platform.startswith("linux"):
        say("Kernels cannot be forked on this platform: each imports its libraries itself.")
        yield None
        return
    process = subprocess.Popen(
        [sys.executable, "-m", "cardbook.parent"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # The debugger, which no example uses, would complain that modules of Python itself are frozen.
        env=dict(variables) | {"PYDEVD_DISABLE_FILE_VALIDATION": "1"},
        # Ctrl-C is for the runner, which ends the kernels in order.
        start_new_session=True,
    )
    parent = Parent(process)
    try:
        yield parent
    finally:
        if parent.is_busy:
            # It may go on importing for seconds; its keepers end with it.
            process.terminate()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()
        process.wait()
