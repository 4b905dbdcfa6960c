"""Kernels: ipykernels of this interpreter, forked from one parent where that is possible."""

import os
import signal
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any, cast

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Type

from cardbook.kernel.fork_client import ForkedProcess, ForkError, ForkServer, wait_for_end
from cardbook.kernel.sandbox import SandboxPolicy, dump_policy

KERNEL_ARGUMENTS = (
    "--InlineBackend.figure_formats=retina",
    "--HistoryManager.enabled=False",
    "--IPKernelApp.outstream_class=cardbook.kernel.streams.Stream",
)
# How long a kernel may take to answer before it is asked again, and to end before it is given up.
ANSWER_SECONDS, END_SECONDS = 1.0, 5.0
RETRY_MILLISECONDS = 5


class ForkProvisioner(LocalProvisioner):
    """Launches kernels by asking a parent to fork; all else is as jupyter_client does it."""

    fork_server: ForkServer | None = None
    log: str = os.devnull
    policy: str = ""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a kernel with the arguments, environment and folder that an ordinary one would get."""
        argv = cmd[cmd.index("-f") :]
        request = {"argv": argv, "env": kwargs["env"], "cwd": kwargs["cwd"], "log": self.log}
        if self.fork_server is not None and not self.fork_server.fork_blocker:
            # Where it cannot, because it has ended perhaps, an ordinary kernel will do.
            with suppress(ForkError):
                forked = await self.fork_server.fork(request | {"fence": self.policy})
                self.pid, self.process = forked.pid, cast("subprocess.Popen[Any]", forked)
                return self.connection_info
        command = [sys.executable, "-m", "cardbook.kernel.launcher", self.policy, *argv]
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
        """Send a signal to the subreaper; what means the end reaches it as a request to end all it keeps."""
        if not sys.platform.startswith("linux"):
            await super().send_signal(signum)
        elif self.process:
            ending = signum in (signal.SIGKILL, signal.SIGTERM)
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGTERM if ending else signum)


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


def make_manager(folder: Path, fork_server: ForkServer | None, policy: SandboxPolicy) -> KernelManager:
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
    provisioner.fork_server, provisioner.log = fork_server, str(folder / "kernel.log")
    provisioner.policy = dump_policy(policy)
    manager.provisioner = provisioner
    return manager
