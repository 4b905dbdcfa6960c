"""Memory is measured whatever a process does to its name, its threads and its number."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from cardbook.kernel import memory
from cardbook.kernel.memory import MemoryWatch, exceeds, first_child, peak_memory

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

BYTES = 80_000_000
HOLD = f"held = bytearray({BYTES}); held[::4096] = b'x' * len(held[::4096]); print('ready', flush=True)"
RENAMED = f"import ctypes, time; ctypes.CDLL(None).prctl(15, {{}}); {HOLD}; time.sleep(60)"
# SYS_exit ends the first thread alone.
ABANDONED = f"""
import ctypes, platform, threading, time
def hold():
    {HOLD}
    time.sleep(60)
threading.Thread(target=hold).start()
ctypes.CDLL(None).syscall(60 if platform.machine() == "x86_64" else 93, 0)
"""


@contextmanager
def child_of_a_process(code: str) -> Iterator[int]:
    """Run Python code as the child of another process, whose number is returned when it says it is ready."""
    command = ["sh", "-c", '"$0" -c "$1"; true', sys.executable, code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == "ready\n"
            yield process.pid
        finally:
            for child in psutil.Process(process.pid).children():
                child.kill()


@pytest.mark.parametrize("name", [b"\xff", b"\rVmHWM: 9 kB", b"a) S 1 1"], ids=["bytes", "line", "bracket"])
def test_name_of_a_process_does_not_hide_its_memory(name: bytes) -> None:
    with child_of_a_process(RENAMED.format(name)) as pid:
        assert peak_memory(first_child(pid)) > BYTES
        assert exceeds(pid, BYTES / 2)


def test_process_whose_first_thread_has_ended_is_measured() -> None:
    with child_of_a_process(ABANDONED) as pid:
        assert exceeds(pid, BYTES / 2)
        assert not exceeds(pid, BYTES * 4)
        assert peak_memory(first_child(pid)) > BYTES


def test_long_look_does_not_stop_other_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    others_run = threading.Event()
    looks: list[bool] = []

    def look_long(*_: object) -> bool:
        looks.append(others_run.wait(5))
        return True

    monkeypatch.setattr(memory, "exceeds", look_long)
    monkeypatch.setattr(MemoryWatch, "look", lambda _: None)

    async def run() -> list[str]:
        stopped: list[str] = []
        watching = asyncio.create_task(MemoryWatch(1).watch(1, stopped.append))
        await asyncio.sleep(0.05)
        others_run.set()
        await watching
        return stopped

    assert asyncio.run(run()) == ["more than 1 GB of memory, the example's limit"]
    assert looks == [True]
