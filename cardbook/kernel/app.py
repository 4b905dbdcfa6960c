"""The application of a kernel's process: ipykernel's own, with another connection and output stream."""

import json
import os
from typing import Any

import zmq
from ipykernel.iostream import OutStream
from ipykernel.kernelapp import IPKernelApp

from cardbook.kernel.variables import CONNECTION


class Stream(OutStream):
    """Refuses text that UTF-8 cannot encode, like the output of a plain script.

    ipykernel would lose it, and everything printed at about the same time.
    """

    def write(self, string: str) -> int:
        """Write a text; return its length. Raises UnicodeEncodeError."""
        string.encode("utf-8")
        super().write(string)
        return len(string)


class KernelApp(IPKernelApp):
    """Gets its connection from the environment: a file with the key would let other examples send it code."""

    def init_connection_file(self) -> None:
        """Read the connection from the environment, and remove it there."""
        if connection := os.environ.pop(CONNECTION, ""):
            self.load_connection_info(json.loads(connection))
        else:
            super().init_connection_file()  # type: ignore[no-untyped-call]

    def init_iopub(self, context: zmq.Context[Any]) -> None:
        """Queue every message: by default, ZeroMQ drops messages while 1,000 are unread."""
        context.setsockopt(zmq.SNDHWM, 0)
        super().init_iopub(context)  # type: ignore[no-untyped-call]

    def write_connection_file(self, **_: object) -> None:
        """Write nothing, so that no other process can connect."""
