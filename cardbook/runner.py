"""Runs: every example in a process of its own, its outputs kept as a record."""

import asyncio
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode

from cardbook.environment import core_count, processor_name
from cardbook.example import Example, import_statements, imports_of, to_notebook
from cardbook.fingerprint import THEME
from cardbook.kernels import Parent, make_manager, start_parent
from cardbook.markup import clean_text
from cardbook.record import SCHEMA, Failure, Provenance, Record, hash_outputs
from cardbook.status import Plan, Status, Workplace, take_status

OUTPUT_LIMIT = 5_000_000
LINE_IN_CELL = re.compile(r"Cell In\s*\[(\d+)\], line (\d+)")

# What a process needs to work at all; nothing else of the caller's environment reaches an example.
INHERITED = re.compile(
    r"PATH|LANG|LC_.*|TZ|TMPDIR|TEMP|TMP|SYSTEMROOT|LD_LIBRARY_PATH|CUDA_.*|NVIDIA_.*|VIRTUAL_ENV"
)

# Asked of the kernel after the last cell, outside the notebook: what only its own torch can tell.
GPU_QUESTION = """__import__("json").dumps((lambda torch: (
    [torch.cuda.get_device_name(), torch.cuda.max_memory_allocated()]
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized() else None
))(__import__("sys").modules.get("torch")))"""


@dataclass(frozen=True)
class Event:
    """Something that happened to a run: note, started, cell, done or failed, with a message for a person."""

    kind: str
    name: str
    done: int
    total: int
    message: str


class Raised(Exception):
    """An example did not finish; the text names its file, cell, line and error."""


class TooMuchOutput(Exception):
    """An example has sent more than a page can show."""


class BoundedClient(NotebookClient):
    """Executes a notebook, taking at most OUTPUT_LIMIT characters of output from it."""

    received = 0

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> Any:  # noqa: ANN401
        """Take one message of the kernel. Raises TooMuchOutput."""
        content = msg["content"]
        self.received += len(content.get("text") or "")
        self.received += sum(len(str(value)) for value in (content.get("data") or {}).values())
        if self.received > OUTPUT_LIMIT:
            raise TooMuchOutput
        return super().process_message(msg, cell, cell_index)


def run_examples(
    workplace: Workplace,
    names: Sequence[str],
    jobs: int,
    force: bool,
    tell: Callable[[Event], None],
    parent: Parent | None = None,
) -> list[Status]:
    """Execute what is not fresh of these examples and keep the records.

    Longest first, `jobs` at a time. Returns the states afterwards, in the order of `names`. A `parent` that
    is given forks every kernel and is left running; without one, a parent is started where that pays.
    """
    before = [take_status(workplace, name) for name in names]
    waiting = [
        status for status in before if status.state != "skipped" and (force or status.state != "fresh")
    ]
    waiting.sort(key=_expected_seconds, reverse=True)
    plans = {status.name: workplace.plans[status.name] for status in waiting}
    threads = max(1, core_count() // jobs)
    with _parent_for(workplace, list(plans.values()), threads, tell, parent) as forker:
        asyncio.run(_run_all(workplace, list(plans.values()), jobs, threads, forker, tell))
    return [take_status(workplace, row.name) if row.name in plans else row for row in before]


def choose_shard(names: Sequence[str], seconds: Mapping[str, float], number: int, count: int) -> list[str]:
    """Return shard `number` (from 1) of `count`: each example in exactly one, sums of `seconds` about equal.

    The same on every machine that has the same durations; an example without one counts as an average one.
    """
    average = sum(seconds.values()) / len(seconds) if seconds else 1.0
    loads = [0.0] * count
    shards: list[set[str]] = [set() for _ in range(count)]
    for name in sorted(names, key=lambda name: (-seconds.get(name, average), name)):
        lightest = loads.index(min(loads))
        loads[lightest] += seconds.get(name, average)
        shards[lightest].add(name)
    return [name for name in names if name in shards[number - 1]]


def _expected_seconds(status: Status) -> float:
    return status.record.provenance.seconds if status.record else float("inf")


@contextmanager
def _parent_for(
    workplace: Workplace,
    plans: Sequence[Plan],
    threads: int,
    tell: Callable[[Event], None],
    given: Parent | None,
) -> Iterator[Parent | None]:
    """Return the parent given, else one that has imported what these examples import; None for one example."""
    if given is not None or len(plans) < 2:
        yield given
        return
    imports = sorted({statement for plan in plans for statement in import_statements(plan.example)})
    tell(Event("note", "", 0, 0, f"importing what {len(plans)} examples import, once"))
    with tempfile.TemporaryDirectory(prefix="cardbook-", ignore_cleanup_errors=True) as folder:
        variables = common_variables(workplace, threads, Path(folder))
        with start_parent(imports, variables, lambda text: tell(Event("note", "", 0, 0, text))) as parent:
            yield parent


async def _run_all(
    workplace: Workplace,
    plans: Sequence[Plan],
    jobs: int,
    threads: int,
    parent: Parent | None,
    tell: Callable[[Event], None],
) -> None:
    places = asyncio.Semaphore(jobs)

    async def run_in_turn(plan: Plan) -> None:
        async with places:
            await _run_one(workplace, plan, threads, parent, tell)

    async with asyncio.TaskGroup() as group:
        for plan in plans:
            group.create_task(run_in_turn(plan))


async def _run_one(
    workplace: Workplace,
    plan: Plan,
    threads: int,
    parent: Parent | None,
    tell: Callable[[Event], None],
) -> None:
    name, total = plan.example.name, len(plan.example.code_cells)
    tell(Event("started", name, 0, total, f"{name}: running"))
    started = _now()
    try:
        record = await execute_example(workplace, plan, threads, parent, tell)
    except Raised as error:
        failure = Failure(plan.fingerprint.digest, started, str(error))
        workplace.records.write_failure(name, failure)
        tell(Event("failed", name, total, total, str(error)))
    else:
        workplace.records.write(record)
        seconds = record.provenance.seconds
        tell(Event("done", name, total, total, f"{name}: done in {seconds:.1f} s"))


async def execute_example(
    workplace: Workplace,
    plan: Plan,
    threads: int,
    parent: Parent | None,
    tell: Callable[[Event], None],
) -> Record:
    """Execute one example in a kernel of its own and return its record, which is not kept. Raises Raised."""
    started = _now()
    notebook = to_notebook(plan.example)
    with tempfile.TemporaryDirectory(prefix="cardbook-", ignore_cleanup_errors=True) as name:
        folder, scratch = Path(name), Path(name) / "scratch"
        scratch.mkdir()
        manager = make_manager(folder, parent)
        client = BoundedClient(
            notebook, timeout=None, km=manager, coalesce_streams=True, shutdown_kernel="immediate"
        )
        variables = kernel_variables(workplace, plan, threads, folder)
        clock = time.perf_counter()
        try:
            async with client.async_setup_kernel(env=variables, cwd=str(scratch), cleanup_kc=True):
                await _execute_cells(client, plan, folder / "kernel.log", tell)
                seconds = time.perf_counter() - clock
                gpu = await _ask_gpu(client)
                peak = _peak_memory(client)
        finally:
            # A kernel that did not come up is not nbclient's to end.
            if manager.has_kernel:
                await manager.shutdown_kernel(now=True)
    return Record(notebook, _provenance(workplace, plan, notebook, started, seconds, peak, gpu))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def last_words(log: Path) -> str:
    """Return the last line that a kernel's process itself wrote, to be put behind a message; "" if none."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    # ipykernel itself tells how to connect to it, ending with a line that has this option.
    lines = text.rpartition("--existing ")[2].split("\n")[1:] if "--existing " in text else text.split("\n")
    spoken = [clean_text(line).strip() for line in lines if line.strip()]
    return f": {spoken[-1][:300]}" if spoken else ""


async def _execute_cells(
    client: NotebookClient, plan: Plan, log: Path, tell: Callable[[Event], None]
) -> None:
    example, total = plan.example, len(plan.example.code_cells)
    deadline = asyncio.get_running_loop().time() + plan.setting.seconds
    number = 0
    for index, cell in enumerate(client.nb.cells):
        if cell.cell_type != "code":
            continue
        number += 1
        place = f"{example.file}: cell {number}"
        limit = asyncio.timeout_at(deadline)
        try:
            async with limit:
                await client.async_execute_cell(cell, index)
        except CellExecutionError:
            raise Raised(_error_message(example, number, cell)) from None
        except TooMuchOutput:
            raise Raised(f"{place}: more than {OUTPUT_LIMIT / 1e6:g} MB of output: print less") from None
        except (DeadKernelError, TimeoutError):
            # nbclient takes any cancellation for a dead kernel: the limit's, and Ctrl-C's.
            if limit.expired():
                what = f"not finished after {plan.setting.seconds:g} s, the example's limit"
                raise Raised(f"{place}: {what}") from None
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise asyncio.CancelledError from None
            raise Raised(f"{place}: the process ended{last_words(log)}") from None
        cell.metadata.pop("execution", None)
        tell(Event("cell", example.name, number, total, f"{example.name}: cell {number} of {total}"))


def _error_message(example: Example, number: int, cell: NotebookNode) -> str:
    error = next(output for output in cell.outputs if output.output_type == "error")
    trace = clean_text("\n".join(error.traceback))
    places = [(int(cell_number), int(line)) for cell_number, line in LINE_IN_CELL.findall(trace)]
    here = [line for cell_number, line in places if cell_number == cell.execution_count]
    line = f", line {here[-1]}" if here else ""
    # The innermost frame comes last: it may be in a function that an earlier cell defined.
    inside = ""
    if places and places[-1][0] != cell.execution_count:
        inside = f" (raised in cell {places[-1][0]}, line {places[-1][1]})"
    summary = f"{error.ename}: {error.evalue}".splitlines()[0]
    return f"{example.file}: cell {number}{line}: {summary}{inside}"


async def _ask_gpu(client: NotebookClient) -> tuple[str, int] | None:
    """Return the GPU's name and the most memory torch held on it, in bytes; None without a GPU."""
    kernel: Any = client.kc
    message = kernel.execute("", silent=True, user_expressions={"gpu": GPU_QUESTION})
    while True:
        reply = await kernel.get_shell_msg(timeout=30)
        if reply["parent_header"].get("msg_id") == message:
            break
    text = reply["content"]["user_expressions"]["gpu"]["data"]["text/plain"]
    answer = json.loads(text.strip("'"))
    return (answer[0], answer[1]) if answer else None


def _peak_memory(client: NotebookClient) -> int:
    """Return the most memory the kernel's process held at once, in bytes."""
    manager: Any = client.km
    pid = manager.provisioner.pid
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        found = re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(), re.MULTILINE)
        if found:
            return int(found[1]) * 1024
    return int(psutil.Process(pid).memory_info().rss)


def kernel_variables(workplace: Workplace, plan: Plan, threads: int, folder: Path) -> dict[str, str]:
    """Return the environment variables an example sees: the common ones and those it declares."""
    declared = {name: os.environ[name] for name in plan.setting.environment if name in os.environ}
    return common_variables(workplace, threads, folder) | declared


def common_variables(workplace: Workplace, threads: int, folder: Path) -> dict[str, str]:
    """Return the environment variables every example sees: clean, offline, with its share of threads.

    Libraries read most of them when they are imported, so a parent of forked kernels has them too.
    """
    inherited = {name: value for name, value in os.environ.items() if INHERITED.fullmatch(name)}
    return inherited | {
        "HOME": str(folder),
        "IPYTHONDIR": str(folder / ".ipython"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": str(workplace.root / ".cardbook" / "matplotlib"),
        "MATPLOTLIBRC": str(THEME),
        "HF_HUB_CACHE": str(workplace.root / ".cardbook" / "hub"),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": str(threads),
        # Threads that wait by spinning take the cores from those that work.
        "OMP_WAIT_POLICY": "PASSIVE",
        # OpenBLAS starts its threads when NumPy is imported, which a parent must not do.
        "OPENBLAS_NUM_THREADS": "1",
        # So does the allocator inside pyarrow, which pandas imports.
        "JE_ARROW_MALLOC_CONF": "background_thread:false",
        "TOKENIZERS_PARALLELISM": "false",
        "TQDM_DISABLE": "1",
        # tqdm asks for Jupyter widgets even when it is told to show nothing.
        "PYTHONWARNINGS": "ignore:IProgress not found",
        "PYTHONHASHSEED": "0",
    }


def _provenance(
    workplace: Workplace,
    plan: Plan,
    notebook: NotebookNode,
    started: str,
    seconds: float,
    peak: int,
    gpu: tuple[str, int] | None,
) -> Provenance:
    parts: Mapping[str, Any] = plan.fingerprint.parts
    direct = workplace.environment.distributions(imports_of(plan.example))
    # Named even when only a layer above them is imported: they decide what a model answers.
    names = {*direct, *plan.setting.needs, *({"torch", "transformers"} & parts["packages"].keys())}
    packages = {name: parts["packages"][name] for name in sorted(names) if name in parts["packages"]}
    models = {
        model_id: {
            "revision": workplace.stored[model_id].revision,
            "source": workplace.stored[model_id].source,
            "note": workplace.stored[model_id].note,
            "licence": workplace.models[model_id].licence,
        }
        for model_id in parts["models"]
    }
    return Provenance(
        schema=SCHEMA,
        example=plan.example.name,
        fingerprint=plan.fingerprint.digest,
        parts=parts,
        started=started,
        seconds=round(seconds, 2),
        device=gpu[0] if gpu else processor_name(),
        peak_memory=peak,
        gpu_memory=gpu[1] if gpu else None,
        commit=workplace.commit,
        packages=packages,
        models=models,
        outputs=hash_outputs(notebook),
    )
