"""What a run does around the kernel of one example: its folder and its memory."""

import asyncio
import threading
from pathlib import Path

import pytest
from nbformat import NotebookNode

from cardbook.kernel import memory
from cardbook.records.status import load_project
from cardbook.run import executor
from cardbook.run.outputs import finish_outputs
from cardbook.run.scheduler import run_examples
from cardbook.source.example import Example


def test_other_examples_go_on_while_a_folder_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others_went_on = threading.Event()
    seen = []
    monkeypatch.setattr(executor, "remove_folder", lambda _: seen.append(others_went_on.wait(20)))

    async def other() -> None:
        others_went_on.set()

    async def run() -> None:
        async with executor.working_folder(tmp_path) as folder:
            assert folder.parent == tmp_path
            task = asyncio.create_task(other())
        await task

    asyncio.run(run())
    assert seen == [True]


def test_other_examples_go_on_while_figures_are_decoded(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loops = []

    def finish(notebook: NotebookNode, example: Example) -> None:
        loops.append(asyncio._get_running_loop())
        finish_outputs(notebook, example)

    monkeypatch.setattr(executor, "finish_outputs", finish)
    done = run_examples(load_project(small, "offline"), ["first"], 1, lambda _: None)
    assert [status.state for status in done] == ["fresh"]
    # In a thread without the loop.
    assert loops == [None]


def test_memory_that_was_seen_counts_although_the_process_resets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    peaks = iter([100, 900, 300])
    monkeypatch.setattr(memory, "peak_memory", lambda _: next(peaks))
    monkeypatch.setattr(memory, "first_child", lambda pid: pid)
    monkeypatch.setattr(memory, "POLL_SECONDS", 0)
    exceeded = iter([False, False, True])
    monkeypatch.setattr(memory, "exceeds", lambda *_: next(exceeded))
    stopped: list[str] = []
    watch = memory.MemoryWatch(1)
    asyncio.run(watch.watch(2, stopped.append))
    assert watch.peak == 900
    assert stopped == ["more than 2 GB of memory, the example's limit"]
