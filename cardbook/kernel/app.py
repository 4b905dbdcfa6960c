"""The application that a kernel's process runs: ipykernel's own, but for its connection and its output."""

import json
import os
from typing import Any

import zmq
from ipykernel.iostream import OutStream
from ipykernel.kernelapp import IPKernelApp

from cardbook.kernel.variables import CONNECTION


class Stream(OutStream):
    """Refuses, as the output of a plain script does, what cannot be written as UTF-8.

    ipykernel would lose it, with everything printed at about the same time.
    """

    def write(self, string: str) -> int:
        """Write a text; return its length. Raises UnicodeEncodeError."""
        string.encode("utf-8")
        super().write(string)
        return len(string)


class KernelApp(IPKernelApp):
    """Gets its connection from the environment: a file with the key would let other examples send it code."""

    def init_connection_file(self) -> None:
        """Take the connection from the environment, and leave nothing of it there."""
        if connection := os.environ.pop(CONNECTION, ""):
            self.load_connection_info(json.loads(connection))
        else:
            super().init_connection_file()  # type: ignore[no-untyped-call]

    def init_iopub(self, context: zmq.Context[Any]) -> None:
        """Queue all that is published: ZeroMQ drops what comes after a thousand messages not yet read."""
        context.setsockopt(zmq.SNDHWM, 0)
        super().init_iopub(context)  # type: ignore[no-untyped-call]

    def write_connection_file(self, **_: object) -> None:
        """Write nothing: no other process is to connect."""
