"""Executes one example in its own kernel; returns its outputs and measurements as a record."""

import asyncio
import json
import re
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode

from cardbook.base.files import make_temporary_folder, remove_folder
from cardbook.base.paths import ProjectPaths
from cardbook.kernel.fork_client import ForkServer
from cardbook.kernel.memory import GIGABYTE, MemoryWatch
from cardbook.kernel.provisioner import KernelManager, make_manager
from cardbook.kernel.sandbox import SandboxPolicy
from cardbook.kernel.variables import kernel_variables, make_home
from cardbook.records.environment import cpu_name, driver_version, gpu_names
from cardbook.records.fingerprint import Fingerprint
from cardbook.records.inputs import DataChangedError, collect_inputs
from cardbook.records.status import PlannedRun, Project
from cardbook.records.store import SCHEMA, Provenance, Record, hash_outputs
from cardbook.records.text import clean_text, one_line
from cardbook.run.events import Event, ExampleError
from cardbook.run.outputs import OUTPUT_LIMIT, finish_outputs, size_of
from cardbook.run.record_check import check_data, check_record
from cardbook.source.example import Example, to_notebook

# Practically unlimited: the example's own limit applies to all its cells together.
UNBOUNDED_SECONDS = 10**9
# Counted for each message in addition to its content: an empty output takes memory, too.
MESSAGE_SIZE = 100
# How long a kernel may take to answer USAGE_PROBE, and how much of its log is read.
PROBE_SECONDS, LOG_BYTES = 30.0, 100_000
LINE_IN_CELL = re.compile(r"Cell In\s*\[(\d+)\], line (\d+)")
# Evaluated in the kernel after the last cell, outside the notebook: only that process knows this.
USAGE_PROBE = """__import__("json").dumps((lambda torch: (
    [torch.cuda.get_device_name(), torch.cuda.max_memory_allocated()]
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized() else ["", None]
))(__import__("sys").modules.get("torch")))"""
# torch's error when the memory of the GPU is exhausted.
OUT_OF_MEMORY = re.compile(r"^(torch\.|torch\.cuda\.)?OutOfMemoryError: CUDA|: CUDA error: out of memory")


@dataclass(frozen=True)
class ResourceUsage:
    """What a run used: wall time in seconds, the kernel's peak memory in bytes, the GPU ("" if none).

    `gpu_memory` is the peak memory on the GPU in bytes, None without a GPU.
    """

    seconds: float
    memory: int
    gpu: str
    gpu_memory: int | None


class BoundedClient(NotebookClient):
    """Executes a notebook until `stop` is called, and receives at most OUTPUT_LIMIT characters."""

    received = 0
    stopped = ""

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> Any:  # noqa: ANN401
        """Process one untrusted message of the kernel, unless stopped."""
        content = msg["content"]
        figures = size_of(content.get("data"))
        self.received += MESSAGE_SIZE + figures
        self.received += sum(size_of(content[key]) for key in content.keys() - {"data"})
        if self.received > OUTPUT_LIMIT:
            remedy = "draw smaller figures" if figures > OUTPUT_LIMIT / 2 else "print less"
            self.stop(f"more than {OUTPUT_LIMIT / 1e6:g} MB of output: {remedy}")
        if self.stopped:
            # The cell that was stopped may have ended meanwhile, and this may be the next.
            self.stop(self.stopped)
            return None
        return super().process_message(msg, cell, cell_index)

    def stop(self, why: str) -> None:
        """Stop waiting for the current cell; `why` becomes the error message."""
        self.stopped = self.stopped or why
        if self.task_poll_for_reply is not None:
            # nbclient's own way to leave a cell whose kernel is dead.
            self.task_poll_for_reply.cancel()


async def execute_example(
    project: Project,
    plan: PlannedRun,
    threads: int,
    fork_server: ForkServer | None,
    on_event: Callable[[Event], None],
) -> Record:
    """Execute one example in its own kernel and return its record, without storing it.

    `threads` is how many its libraries may use. `fork_server` forks the kernel; without one, an interpreter
    is started. Raises ExampleError, or any error of a library that parses messages of a hostile example.
    """
    started = datetime.now(UTC).isoformat(timespec="seconds")
    file, notebook = plan.example.file, to_notebook(plan.example)
    try:
        async with working_folder(fork_server.folder if fork_server else None) as folder:
            policy = make_policy(project, plan, folder)
            make_home(project.root, Path(policy.folder))
            # By default, nbclient drops outputs that arrive more than 4 s after their cell.
            client = BoundedClient(notebook, timeout=None, iopub_timeout=UNBOUNDED_SECONDS)
            variables = kernel_variables(project.root, plan.options.environment, threads, Path(policy.folder))
            log = folder / "kernel.log"
            clock = time.perf_counter()
            manager = make_manager(folder, fork_server, policy)
            async with _running(client, manager, plan, variables, log) as watch:
                await _execute_cells(client, plan, log, on_event)
                seconds = time.perf_counter() - clock
                usage = await _measure_usage(client, watch, seconds, project.environment.device, file)
            # In a thread, because large files take long to hash, and the limits of other examples go on.
            data = await asyncio.to_thread(collect_inputs, project.root, Path(policy.log), plan.options.data)
    except DataChangedError as error:
        raise ExampleError(f"{file}: {error}") from None
    except OSError as error:
        raise ExampleError(f"{file}: it could not be run: {error}") from None
    await asyncio.to_thread(finish_outputs, notebook, plan.example)
    check_data(project.root, file, data)
    fingerprint = plan.fingerprint.with_data(data)
    record = Record(notebook, _provenance(project, plan, notebook, started, usage, fingerprint))
    await asyncio.to_thread(check_record, project, file, record)
    return record


@asynccontextmanager
async def working_folder(parent: Path | None) -> AsyncIterator[Path]:
    """Return a new folder in `parent`; remove it after the block, in a thread: it may have many files."""
    folder = make_temporary_folder(parent)
    try:
        yield folder
    finally:
        await asyncio.to_thread(remove_folder, folder)


def make_policy(project: Project, plan: PlannedRun, folder: Path) -> SandboxPolicy:
    """Return the policy of an example that writes in the folder `home` of its `folder`."""
    paths = ProjectPaths(project.root)
    # The model store may be a link to one that several books share.
    ignored = (str(paths.state), str(paths.hub))
    largest_file = int(plan.options.memory * GIGABYTE)
    return SandboxPolicy(
        str(folder / "home"), str(project.root), ignored, str(folder / "read.log"), largest_file
    )


@asynccontextmanager
async def _running(
    client: BoundedClient, manager: KernelManager, plan: PlannedRun, variables: dict[str, str], log: Path
) -> AsyncIterator[MemoryWatch]:
    """Run the client's kernel, within its memory limit, while the block lasts; return its watch."""
    client.km = manager
    watching = None
    try:
        try:
            await client.async_start_new_kernel(env=variables, cwd=str(Path(variables["HOME"]) / "scratch"))
            await client.async_start_new_kernel_client()
        except RuntimeError as error:
            reason = log_tail(log) or f": {error}"
            raise ExampleError(f"{plan.example.file}: its process did not start{reason}") from None
        pid = manager.provisioner.pid  # type: ignore[union-attr]
        watch = MemoryWatch(pid)
        watching = asyncio.create_task(watch.watch(plan.options.memory, client.stop))
        yield watch
    finally:
        if watching is not None:
            watching.cancel()
        if client.kc is not None:
            client.kc.stop_channels()
        # A kernel that did not start needs no shutdown.
        if manager.has_kernel:
            await manager.shutdown_kernel(now=True)


async def _execute_cells(
    client: BoundedClient, plan: PlannedRun, log: Path, on_event: Callable[[Event], None]
) -> None:
    example, total = plan.example, len(plan.example.code_cells)
    deadline = asyncio.get_running_loop().time() + plan.options.seconds
    number = 0
    for index, cell in enumerate(client.nb.cells):
        if cell.cell_type != "code":
            continue
        number += 1
        limit = asyncio.timeout_at(deadline)
        try:
            async with limit:
                await client.async_execute_cell(cell, index)
        except CellExecutionError:
            raise ExampleError(_error_message(example, number, cell)) from None
        except (DeadKernelError, TimeoutError):
            # nbclient treats every cancellation as a dead kernel: by a limit, and by Ctrl-C.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise asyncio.CancelledError from None
            what = client.stopped
            if limit.expired():
                what = f"not finished after {plan.options.seconds:g} s, the example's limit"
            what = what or await _describe_end(client, log)
            raise ExampleError(f"{example.file}: cell {number}: {what}") from None
        cell.metadata.pop("execution", None)
        on_event(Event("cell", example.name, number, total, f"{example.name}: cell {number} of {total}"))


async def _describe_end(client: BoundedClient, log: Path) -> str:
    """Return a description of how the kernel's process ended, with the last line of its log."""
    manager: Any = client.km
    status = await manager.provisioner.poll()
    if status == -signal.SIGKILL:
        what = "was killed (SIGKILL); the machine may be out of memory"
    elif status is not None and status < 0:
        what = f"was killed ({signal.Signals(-status).name})"
    else:
        what = f"exited with status {status}"
    return f"the process {what}{log_tail(log)}"


def log_tail(log: Path) -> str:
    """Return the last line that a kernel's process itself wrote, with a colon before it; "" if none."""
    if not log.is_file():
        return ""
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - LOG_BYTES))
        text = stream.read(LOG_BYTES).decode("utf-8", errors="replace")
    # ipykernel itself prints how to connect to it; the last of these lines has this option.
    lines = text.rpartition("--existing ")[2].split("\n")[1:] if "--existing " in text else text.split("\n")
    written = [clean_text(line).strip() for line in lines if line.strip()]
    return f": {written[-1][:300]}" if written else ""


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
    summary = one_line(f"{error.ename}: {error.evalue}".splitlines()[0])
    if OUT_OF_MEMORY.search(summary):
        inside += ": end other programs on the GPU, or use smaller batches or models"
    return f"{example.file}: cell {number}{line}: {summary}{inside}"


async def _measure_usage(
    client: BoundedClient, watch: MemoryWatch, seconds: float, device: str, file: str
) -> ResourceUsage:
    """Return what the run used; `device` is the kind of device of this machine. Raises ExampleError.

    Only the kernel knows whether it used the GPU, and how much of its memory. An example that changes its own
    process can falsify that, and nothing else but what `MemoryWatch` names.
    """
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            claimed, gpu_memory = json.loads(await _ask_kernel(client, USAGE_PROBE))
    except (TimeoutError, Empty):
        raise ExampleError(f"{file}: the process ended after its last cell") from None
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise ExampleError(
            f"{file}: its memory cannot be measured: do not replace functions of Python's own modules"
        ) from None
    watch.look()
    memory = watch.peak
    if not device.startswith("cuda") or not claimed:
        return ResourceUsage(seconds, memory, "", None)
    names = gpu_names()
    gpu = claimed if claimed in names or not names else names[0]
    return ResourceUsage(seconds, memory, one_line(str(gpu)), max(0, int(gpu_memory)))


async def _ask_kernel(client: BoundedClient, expression: str) -> str:
    """Return the value of an expression in the kernel: a string that contains no quotes."""
    kernel: Any = client.kc
    message = kernel.execute("", silent=True, user_expressions={"value": expression})
    while True:
        reply = await kernel.get_shell_msg(timeout=PROBE_SECONDS)
        if reply["parent_header"].get("msg_id") == message:
            text: str = reply["content"]["user_expressions"]["value"]["data"]["text/plain"]
            return text.strip("'")


def _provenance(
    project: Project,
    plan: PlannedRun,
    notebook: NotebookNode,
    started: str,
    usage: ResourceUsage,
    fingerprint: Fingerprint,
) -> Provenance:
    parts = fingerprint.parts
    return Provenance(
        schema=SCHEMA,
        example=plan.example.name,
        fingerprint=fingerprint.digest,
        parts=parts,
        started=started,
        seconds=round(usage.seconds, 2),
        device=usage.gpu or cpu_name(),
        peak_memory=usage.memory,
        gpu_memory=usage.gpu_memory,
        commit=project.commit,
        packages=project.name_packages(plan),
        models=project.describe_models(parts["models"]),
        outputs=hash_outputs(notebook),
        driver=driver_version() if usage.gpu else "",
    )
