"""A fork server that serves several runs, and is replaced when the imports of the examples change."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event, Thread

from cardbook.kernel.fork_client import ForkServer, start_fork_server_for
from cardbook.records.status import Project
from cardbook.source.example import import_statements


@dataclass(frozen=True)
class PreloadSpec:
    """What a fork server should import: the statements of all examples, and the versions of packages."""

    imports: frozenset[str]
    versions: Mapping[str, str]

    @staticmethod
    def by(project: Project) -> "PreloadSpec":
        """Return what the examples of a project import today."""
        plans = project.plans.values()
        imports = frozenset().union(*(import_statements(plan.example) for plan in plans))
        return PreloadSpec(imports, project.environment.versions)


class ServerThread(Thread):
    """Starts one fork server and runs it until `stop`.

    `fork_server` is None before `ready` is set, and where forking is not supported.
    """

    def __init__(self, project: Project, spec: PreloadSpec, log: Callable[[str], None]) -> None:
        super().__init__(daemon=True)
        self.project, self.spec, self.log = project, spec, log
        self.fork_server: ForkServer | None = None
        self.ready, self.over = Event(), Event()

    def run(self) -> None:
        """Start the fork server, and end it after `stop`."""
        try:
            # One thread for each kernel, as in a run of all examples.
            with start_fork_server_for(self.project.root, 1, self.log) as fork_server:
                if fork_server is not None:
                    asyncio.run(fork_server.preload(self.spec.imports, self.log))
                    fork_server.is_complete = True
                self.fork_server = fork_server
                self.ready.set()
                self.over.wait()
        finally:
            self.ready.set()

    @property
    def is_over(self) -> bool:
        """Whether the fork server has ended by itself, or was killed."""
        return self.fork_server is not None and self.fork_server.process.poll() is not None

    def stop(self) -> None:
        """End the fork server, and with it every kernel it has forked."""
        self.over.set()
        self.join()


class ForkServerPool:
    """The current fork server. A new one is started in the background, while the old one still serves.

    `log` gets a line when kernels cannot be forked.
    """

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._current: ServerThread | None = None
        self._next: ServerThread | None = None

    def take(self, project: Project) -> ForkServer | None:
        """Return a fork server with today's versions of what the examples import, None if none is ready."""
        self._replace_current()
        spec = PreloadSpec.by(project)
        newest = self._next or self._current
        if newest is None or newest.spec != spec or newest.is_over:
            if self._next:
                self._next.stop()
            self._next = ServerThread(project, spec, self._log)
            self._next.start()
        # A kernel can import what the server lacks, but cannot replace an imported version.
        current = self._current
        if current and current.spec.versions == spec.versions and not current.is_over:
            return current.fork_server
        return None

    def wait(self) -> None:
        """Return when the fork server that is being started is ready."""
        if self._next:
            self._next.ready.wait()

    def close(self) -> None:
        """End every fork server."""
        for thread in (self._current, self._next):
            if thread:
                thread.stop()

    def _replace_current(self) -> None:
        if self._next and self._next.ready.is_set():
            if self._current:
                self._current.stop()
            self._current, self._next = self._next, None
