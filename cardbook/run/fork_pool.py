"""A warm parent: one that outlives runs, and is replaced when something else should be imported."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event, Thread

from cardbook.kernel.fork_client import ForkServer, start_fork_server_for
from cardbook.records.status import Project
from cardbook.source.example import import_statements


@dataclass(frozen=True)
class PreloadSpec:
    """What a parent should have: the import statements of all examples, and which versions they import."""

    imports: frozenset[str]
    versions: Mapping[str, str]

    @staticmethod
    def by(project: Project) -> "PreloadSpec":
        """Return what the examples of a book want today."""
        plans = project.plans.values()
        imports = frozenset().union(*(import_statements(plan.example) for plan in plans))
        return PreloadSpec(imports, project.environment.versions)


class ServerThread(Thread):
    """Starts one parent and keeps it until told to let go; `parent` is None before, or where none can be."""

    def __init__(self, project: Project, spec: PreloadSpec, say: Callable[[str], None]) -> None:
        super().__init__(daemon=True)
        self.project, self.spec, self.say = project, spec, say
        self.fork_server: ForkServer | None = None
        self.ready, self.over = Event(), Event()

    def run(self) -> None:
        """Start the parent, and end it when told so."""
        try:
            # As many threads for each kernel as a run of all examples would give it.
            with start_fork_server_for(self.project.root, 1, self.say) as fork_server:
                if fork_server is not None:
                    asyncio.run(fork_server.preload(self.spec.imports, self.say))
                    fork_server.is_complete = True
                self.fork_server = fork_server
                self.ready.set()
                self.over.wait()
        finally:
            self.ready.set()

    @property
    def is_over(self) -> bool:
        """Return whether its parent has ended by itself, killed perhaps."""
        return self.fork_server is not None and self.fork_server.process.poll() is not None

    def stop(self) -> None:
        """End the parent, and with it every kernel it has forked."""
        self.over.set()
        self.join()


class ForkServerPool:
    """The parent of the moment. A new one is started in the background, while the old one still serves."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._current: ServerThread | None = None
        self._next: ServerThread | None = None

    def take(self, project: Project) -> ForkServer | None:
        """Return a parent with today's versions of what the examples import, None while there is none."""
        self._adopt()
        spec = PreloadSpec.by(project)
        newest = self._next or self._current
        if newest is None or newest.spec != spec or newest.is_over:
            if self._next:
                self._next.stop()
            self._next = ServerThread(project, spec, self._say)
            self._next.start()
        # An import that it lacks is a kernel's to do; a version that it has cannot be undone there.
        present = self._current
        if present and present.spec.versions == spec.versions and not present.is_over:
            return present.fork_server
        return None

    def wait(self) -> None:
        """Return when the parent that is being started is ready."""
        if self._next:
            self._next.ready.wait()

    def close(self) -> None:
        """End every parent."""
        for keeping in (self._current, self._next):
            if keeping:
                keeping.stop()

    def _adopt(self) -> None:
        if self._next and self._next.ready.is_set():
            if self._current:
                self._current.stop()
            self._current, self._next = self._next, None
