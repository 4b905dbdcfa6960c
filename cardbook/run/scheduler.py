"""Executes what is not fresh, several examples at a time, and stores the records."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from traceback import extract_tb

from cardbook.kernel.fork_client import ForkServer, start_fork_server_for
from cardbook.models.store import ModelStore
from cardbook.records.environment import core_count
from cardbook.records.status import PlannedRun, Project, Status, status_of
from cardbook.records.store import Record
from cardbook.records.text import one_line
from cardbook.run.events import Event, ExampleError
from cardbook.run.executor import execute_example
from cardbook.source.example import import_statements, imports_of, strings_of

OnEvent = Callable[[Event], None]


def run_examples(
    project: Project,
    names: Sequence[str],
    jobs: int,
    on_event: OnEvent,
    *,
    force: bool = False,
    fork_server: ForkServer | None = None,
) -> list[Status]:
    """Execute what is not fresh of these examples, or all with `force`, and store the records.

    Longest first, `jobs` at a time; waits for another run that uses the same records. Returns the states
    afterwards, in the order of `names`. `fork_server` forks every kernel and is not stopped; without one, one
    is started.
    """
    before = [status_of(project, name) for name in names]
    if not _waiting(before, force=force):
        return before
    with project.records.lock(partial(_note, on_event)):
        # Another run may have done some of them meanwhile.
        waiting = _waiting([status_of(project, name) for name in names], force=force)
        faults = _run_all(project, [project.plans[name] for name in waiting], jobs, on_event, fork_server)
    return [_state_after(project, name, faults.get(name, "")) for name in names]


def _waiting(states: Sequence[Status], *, force: bool) -> list[str]:
    """Return the examples to execute, longest first."""
    waiting = [row for row in states if row.state != "skipped" and (force or row.state != "fresh")]
    waiting.sort(key=lambda row: row.record.provenance.seconds if row.record else float("inf"), reverse=True)
    return [row.name for row in waiting]


def _state_after(project: Project, name: str, fault: str) -> Status:
    status = status_of(project, name)
    # If not even the failure could be stored, the stored record or failure is of an earlier run.
    return replace(status, state="failed", reasons=(fault,)) if fault else status


def choose_shard(names: Sequence[str], seconds: Mapping[str, float], number: int, count: int) -> list[str]:
    """Return shard `number` (from 1) of `count`: each example in exactly one, sums of `seconds` about equal.

    The result is the same on every machine with the same `seconds`; an example without a duration counts as
    average.
    """
    average = sum(seconds.values()) / len(seconds) if seconds else 1.0
    loads = [0.0] * count
    shards: list[set[str]] = [set() for _ in range(count)]
    for name in sorted(names, key=lambda name: (-seconds.get(name, average), name)):
        lightest = loads.index(min(loads))
        loads[lightest] += seconds.get(name, average)
        shards[lightest].add(name)
    return [name for name in names if name in shards[number - 1]]


def _run_all(
    project: Project, plans: Sequence[PlannedRun], jobs: int, on_event: OnEvent, given: ForkServer | None
) -> dict[str, str]:
    """Run these examples; return why one failed, by name."""
    if plans and not (given and given.is_complete):
        whose = (
            f"{len(plans)} examples import, once" if len(plans) > 1 else f"{plans[0].example.name} imports"
        )
        _note(on_event, f"importing what {whose}")
    threads = max(1, core_count() // jobs)
    starting = start_fork_server_for(project.root, threads, partial(_note, on_event))
    with nullcontext(given) if given or not plans else starting as fork_server:
        return asyncio.run(_run_side_by_side(project, plans, jobs, threads, fork_server, on_event))


def _note(on_event: OnEvent, text: str) -> None:
    on_event(Event("note", "", 0, 0, text))


async def _run_side_by_side(
    project: Project,
    plans: Sequence[PlannedRun],
    jobs: int,
    threads: int,
    fork_server: ForkServer | None,
    on_event: OnEvent,
) -> dict[str, str]:
    """Run the examples, `jobs` at a time, in the order in which they become ready, longest first."""
    ready: asyncio.PriorityQueue[int] = asyncio.PriorityQueue()
    faults: dict[str, str] = {}
    async with asyncio.TaskGroup() as group:
        used = {model_id for plan in plans for model_id in plan.fingerprint.parts["models"]}
        models = {model_id: group.create_task(_examine(project, model_id)) for model_id in sorted(used)}

        async def run_in_turn() -> None:
            while (number := await ready.get()) < len(plans):
                if fault := await _run_one(project, plans[number], threads, fork_server, models, on_event):
                    faults[plans[number].example.name] = fault

        for _ in range(jobs):
            group.create_task(run_in_turn())
        async for number in make_ready(plans, fork_server, on_event):
            ready.put_nowait(number)
        for _ in range(jobs):
            ready.put_nowait(len(plans))
    return faults


async def make_ready(
    plans: Sequence[PlannedRun], fork_server: ForkServer | None, on_event: OnEvent
) -> AsyncIterator[int]:
    """Yield the number of each example as soon as the fork server has imported what it imports.

    Next is the example that needs the fewest additional libraries, so that it runs while others are prepared.
    """
    waiting = {number: plan.example for number, plan in enumerate(plans)}
    imported: frozenset[str] = frozenset()
    modules: frozenset[str] = frozenset()
    while waiting:
        number = min(waiting, key=lambda number: (len(imports_of(waiting[number]) - modules), number))
        example = waiting.pop(number)
        statements = import_statements(example) - imported
        if statements and fork_server and not fork_server.fork_blocker and not fork_server.is_complete:
            await fork_server.preload(statements, partial(_note, on_event))
        imported, modules = imported | statements, modules | imports_of(example)
        yield number


async def _examine(project: Project, model_id: str) -> str:
    """Hash the files of a stored model in another thread; return what is wrong with it, "" if nothing."""
    store = ModelStore(project.root)
    return await asyncio.to_thread(store.fault, project.models[model_id])


async def _run_one(
    project: Project,
    plan: PlannedRun,
    threads: int,
    fork_server: ForkServer | None,
    models: Mapping[str, "asyncio.Task[str]"],
    on_event: OnEvent,
) -> str:
    """Run one example and store its record or failure; return why it failed, "" if it did not."""
    name, total = plan.example.name, len(plan.example.code_cells)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    on_event(Event("started", name, 0, total, f"{name}: running"))
    result = _absent_models(project, plan) or await _execute(project, plan, threads, fork_server, on_event)
    # A broken model is the more useful error message.
    result = await _broken_models(plan, models) or result
    try:
        if isinstance(result, Record):
            project.records.write(result)
        else:
            project.records.write_failure(name, plan.fingerprint.digest, started, result)
    except OSError as error:
        if isinstance(result, Record):
            result = f"{plan.example.file}: its record could not be written: {error.strerror}"
    if isinstance(result, Record):
        on_event(Event("done", name, total, total, f"{name}: done in {result.provenance.seconds:.1f} s"))
        return ""
    on_event(Event("failed", name, total, total, result))
    return result


async def _execute(
    project: Project, plan: PlannedRun, threads: int, fork_server: ForkServer | None, on_event: OnEvent
) -> Record | str:
    """Execute one example; return its record, or in one short line why there is none."""
    running = execute_example(project, plan, threads, fork_server, on_event)
    # An error that a hostile example causes in a library fails only this example.
    (result,) = await asyncio.gather(running, return_exceptions=True)
    return result if isinstance(result, Record) else describe_failure(plan.example.file, result)


def describe_failure(file: str, error: BaseException) -> str:
    """Return in one short line why the script `file` has no record; re-raise what is not an Exception."""
    if isinstance(error, ExampleError):
        return one_line(str(error))
    if not isinstance(error, Exception):
        raise error
    frame = extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}, line {frame.lineno}"
    return one_line(f"{file}: what it sent cannot be read: {type(error).__name__} in {place}: {error}")


def _absent_models(project: Project, plan: PlannedRun) -> str:
    for model_id in sorted(project.models.keys() & strings_of(plan.example) - project.stored.keys()):
        fault = ModelStore(project.root).fault(project.models[model_id])
        return f"{plan.example.file}: {model_id} {fault}: cardbook models"
    return ""


async def _broken_models(plan: PlannedRun, models: Mapping[str, "asyncio.Task[str]"]) -> str:
    for model_id in plan.fingerprint.parts["models"]:
        if fault := await models[model_id]:
            return f"{plan.example.file}: {model_id} {fault}: cardbook models"
    return ""
