"""A warm parent: one that outlives runs, and is replaced when something else should be imported."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event, Thread

from cardbook.example import import_statements
from cardbook.forking import Parent, start_parent_for
from cardbook.status import Workplace


@dataclass(frozen=True)
class Wanted:
    """What a parent should have: the import statements of all examples, and which versions they import."""

    imports: frozenset[str]
    versions: Mapping[str, str]

    @staticmethod
    def by(workplace: Workplace) -> "Wanted":
        """Return what the examples of a book want today."""
        plans = workplace.plans.values()
        imports = frozenset().union(*(import_statements(plan.example) for plan in plans))
        return Wanted(imports, workplace.environment.versions)


class Keeping(Thread):
    """Starts one parent and keeps it until told to let go; `parent` is None before, or where none can be."""

    def __init__(self, workplace: Workplace, wanted: Wanted, say: Callable[[str], None]) -> None:
        super().__init__(daemon=True)
        self.workplace, self.wanted, self.say = workplace, wanted, say
        self.parent: Parent | None = None
        self.ready, self.over = Event(), Event()

    def run(self) -> None:
        """Start the parent, and end it when told so."""
        try:
            # As many threads for each kernel as a run of all examples would give it.
            with start_parent_for(self.workplace.root, 1, self.say) as parent:
                if parent is not None:
                    asyncio.run(parent.preload(self.wanted.imports, self.say))
                    parent.is_complete = True
                self.parent = parent
                self.ready.set()
                self.over.wait()
        finally:
            self.ready.set()

    @property
    def is_over(self) -> bool:
        """Return whether its parent has ended by itself, killed perhaps."""
        return self.parent is not None and self.parent.process.poll() is not None

    def let_go(self) -> None:
        """End the parent, and with it every kernel it has forked."""
        self.over.set()
        self.join()


class WarmParent:
    """The parent of the moment. A new one is started in the background, while the old one still serves."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._present: Keeping | None = None
        self._coming: Keeping | None = None

    def take(self, workplace: Workplace) -> Parent | None:
        """Return a parent with today's versions of what the examples import, None while there is none."""
        self._adopt()
        wanted = Wanted.by(workplace)
        newest = self._coming or self._present
        if newest is None or newest.wanted != wanted or newest.is_over:
            if self._coming:
                self._coming.let_go()
            self._coming = Keeping(workplace, wanted, self._say)
            self._coming.start()
        # An import that it lacks is a kernel's to do; a version that it has cannot be undone there.
        present = self._present
        if present and present.wanted.versions == wanted.versions and not present.is_over:
            return present.parent
        return None

    def wait(self) -> None:
        """Return when the parent that is being started is ready."""
        if self._coming:
            self._coming.ready.wait()

    def close(self) -> None:
        """End every parent."""
        for keeping in (self._present, self._coming):
            if keeping:
                keeping.let_go()

    def _adopt(self) -> None:
        if self._coming and self._coming.ready.is_set():
            if self._present:
                self._present.let_go()
            self._present, self._coming = self._coming, None
