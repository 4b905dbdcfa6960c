"""The Jupyter provisioner: ipykernels of this interpreter, forked from the fork server where possible."""

import json
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
from jupyter_client.connect import KernelConnectionInfo, port_names
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Type

from cardbook.kernel.fork_client import ForkedProcess, ForkError, ForkServer, wait_for_end
from cardbook.kernel.launcher import launch_command
from cardbook.kernel.sandbox import SandboxPolicy, dump_policy
from cardbook.kernel.variables import CONNECTION

KERNEL_ARGUMENTS = (
    "--InlineBackend.figure_formats=retina",
    "--HistoryManager.enabled=False",
    "--IPKernelApp.outstream_class=cardbook.kernel.app.Stream",
)
# How long to wait for an answer of a kernel before asking again, and for its end: a driver may take seconds
# to free the memory of a GPU, which the next example needs.
ANSWER_SECONDS, END_SECONDS = 1.0, 30.0
RETRY_MILLISECONDS = 5


class ForkProvisioner(LocalProvisioner):
    """Has a fork server fork the kernels; the rest is jupyter_client's own."""

    fork_server: ForkServer | None = None
    log: str = os.devnull
    policy: str = ""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a kernel with the arguments, environment and folder that an ordinary one would get."""
        argv = cmd[cmd.index("-f") :]
        if cast(AsyncKernelManager, self.parent).transport == "ipc":
            info = {key: _as_text(value) for key, value in self.connection_info.items()}
            kwargs["env"] = kwargs["env"] | {CONNECTION: json.dumps(info)}
        request = {"argv": argv, "env": kwargs["env"], "cwd": kwargs["cwd"], "log": self.log}
        if self.fork_server is not None and not self.fork_server.fork_blocker:
            # If it cannot fork, for example because it has ended, an ordinary kernel is launched.
            with suppress(ForkError):
                forked = await self.fork_server.fork(request | {"policy": self.policy})
                self.pid, self.process = forked.pid, cast("subprocess.Popen[Any]", forked)
                return self.connection_info
        command = launch_command(self.policy, argv)
        with Path(self.log).open("ab") as stream:
            return await super().launch_kernel(command, stdout=stream, stderr=stream, **kwargs)

    async def poll(self) -> int | None:
        """Return the exit status, None while the kernel runs; 0 when there is none."""
        process: object = self.process
        return await process.poll() if isinstance(process, ForkedProcess) else await super().poll()

    async def kill(self, restart: bool = False) -> None:
        """End the kernel, and return when it has ended; jupyter_client itself polls every 0.1 s."""
        await super().kill(restart)
        if sys.platform.startswith("linux") and self.pid is not None:
            await wait_for_end(self.pid, END_SECONDS)

    async def send_signal(self, signum: int) -> None:
        """Send a signal to the subreaper; SIGKILL becomes SIGTERM, on which it kills all its descendants."""
        if not sys.platform.startswith("linux"):
            await super().send_signal(signum)
        elif self.process:
            ending = signum in (signal.SIGKILL, signal.SIGTERM)
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGTERM if ending else signum)


def _as_text(value: object) -> object:
    return value.decode() if isinstance(value, bytes) else value


class KernelClient(AsyncKernelClient):
    """A client that connects as soon as the kernel answers."""

    def _context_default(self) -> zmq.asyncio.Context:
        context = super()._context_default()
        # The kernel opens its sockets after 0.1 s; by default, ZeroMQ retries later.
        context.setsockopt(zmq.RECONNECT_IVL, RETRY_MILLISECONDS)
        return context

    def start_channels(
        self,
        shell: bool = True,
        iopub: bool = True,
        stdin: bool = False,
        hb: bool = False,
        control: bool = False,
    ) -> None:
        """Start the channels of requests and outputs.

        Nobody answers a request for input, and a heartbeat, which takes a thread, is not needed: whether the
        process runs is asked of the operating system.
        """
        super().start_channels(shell, iopub, stdin, hb, control)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return when the kernel answers and its published messages arrive. Raises RuntimeError.

        jupyter_client's own also waits for 0.2 s without messages, to drop earlier ones. That is not needed
        here: each message is matched with its request.
        """
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout)
        while time.monotonic() < deadline:
            self.kernel_info()
            with suppress(Empty):
                await self.get_shell_msg(timeout=ANSWER_SECONDS)
                await self.get_iopub_msg(timeout=ANSWER_SECONDS)
                self._remove_sockets()
                return
            if not await cast(AsyncKernelManager, self.parent).is_alive():
                raise RuntimeError("it ended before it answered")
        raise RuntimeError(f"it has not answered for {timeout:g} seconds")

    def _remove_sockets(self) -> None:
        """Remove the paths of the sockets, which stay connected, so that no other example can connect."""
        for number in range(1, len(port_names) + 1) if self.transport == "ipc" else ():
            Path(f"{self.ip}-{number}").unlink(missing_ok=True)


class KernelManager(AsyncKernelManager):
    """Starts kernels of this interpreter, independent of the machine's kernel specs."""

    client_factory = Type(KernelClient)

    @property
    def kernel_spec(self) -> KernelSpec:
        """The specification of an ipykernel of this interpreter."""
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", *KERNEL_ARGUMENTS]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")

    def write_connection_file(self, **kwargs: Any) -> None:
        """Number the sockets; write a file with the key only where IPC sockets are not supported."""
        if self.transport != "ipc":
            super().write_connection_file(**kwargs)
        for number, name in enumerate(port_names if self.transport == "ipc" else (), 1):
            setattr(self, name, number)


def make_manager(folder: Path, fork_server: ForkServer | None, policy: SandboxPolicy) -> KernelManager:
    """Return a manager of one kernel; its log is written into `folder`, which the kernel cannot change.

    `fork_server` forks it; without one, an interpreter is started. `policy` is that of its sandbox;
    its sockets are in the policy's folder. Raises OSError when their path is too long for sockets.
    """
    if sys.platform == "win32":
        manager = KernelManager()
    else:
        sockets = os.path.join(policy.folder, "kernel")  # noqa: PTH118
        if len(os.fsencode(f"{sockets}-{len(port_names)}")) > zmq.IPC_PATH_MAX_LEN:
            raise OSError(f"{sockets} is too long a path for a socket: set TMPDIR to a shorter one")
        manager = KernelManager(transport="ipc", ip=sockets, connection_file=str(folder / "kernel.json"))
        if zmq.has("curve"):
            # Other examples can reach the sockets, but cannot send anything there without the public key.
            manager.curve_publickey, manager.curve_secretkey = zmq.curve_keypair()
    manager.kernel_id = str(uuid.uuid4())
    # Set here, because jupyter_client would search the installed entry points for a provisioner.
    provisioner = ForkProvisioner(
        kernel_id=manager.kernel_id, kernel_spec=manager.kernel_spec, parent=manager
    )
    provisioner.fork_server, provisioner.log = fork_server, str(folder / "kernel.log")
    provisioner.policy = dump_policy(policy)
    manager.provisioner = provisioner
    return manager
