"""Progress of a run: bars on a terminal, lines elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from cardbook.run.events import Event


@contextmanager
def show_progress() -> Iterator[Callable[[Event], None]]:
    """Return a function that shows a run's events to a person while the block lasts."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _print_line
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        tasks: dict[str, TaskID] = {}

        def show(event: Event) -> None:
            if event.kind == "note":
                progress.console.print(event.message, markup=False)
                return
            if event.kind == "started":
                tasks[event.name] = progress.add_task(event.name, total=event.total, note="starting")
            note = {"failed": "[red]failed", "done": "[green]done"}.get(
                event.kind, f"cell {event.done + 1} of {event.total}"
            )
            progress.update(tasks[event.name], completed=event.done, note=note)
            if event.kind in ("done", "failed"):
                progress.stop_task(tasks[event.name])
            if event.kind == "failed":
                progress.console.print(event.message, markup=False)

        yield show


def _print_line(event: Event) -> None:
    if event.kind != "cell":
        print(event.message, flush=True)
