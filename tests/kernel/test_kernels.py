import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from cardbook.kernel.fork_client import ForkedProcess, ForkError, start_fork_server, wait_for_end
from cardbook.kernel.provisioner import KernelClient, make_manager
from cardbook.kernel.restrictions import landlock_version
from cardbook.kernel.sandbox import SandboxPolicy
from cardbook.kernel.variables import common_variables
from cardbook.records.status import load_project
from cardbook.records.store import RecordSet
from cardbook.run.scheduler import run_examples
from tests.conftest import ROOT, Cardbook, replace, write
from tests.run.test_faults import sleepers, wait_until


def variables(tmp_path: Path) -> dict[str, str]:
    return common_variables(ROOT, 1, tmp_path)


def preload(statements: list[str], environment: dict[str, str], messages: list[str]) -> str:
    """Return why a parent that has executed these statements must not fork."""
    with start_fork_server(environment, messages.append, Path(environment["HOME"])) as parent:
        assert parent is not None
        asyncio.run(parent.preload(statements, messages.append))
        return parent.fork_blocker


def test_parent_with_threads_is_not_forked_and_says_why(tmp_path: Path) -> None:
    module = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    write(tmp_path / "threadful.py", module)
    messages: list[str] = []
    environment = variables(tmp_path) | {"PYTHONPATH": str(tmp_path)}
    assert preload(["import threadful"], environment, messages) == "an import started 1 threads"
    assert "no longer forked, an import started 1 threads" in messages[0]


def test_parent_with_threads_refuses_to_fork_whoever_asks(tmp_path: Path) -> None:
    module = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    write(tmp_path / "threadful.py", module)
    with start_fork_server(variables(tmp_path) | {"PYTHONPATH": str(tmp_path)}, print, tmp_path) as parent:
        assert parent is not None

        async def ask() -> None:
            await parent.preload(["import threadful"], print)
            await parent.fork({"argv": [], "env": {}, "cwd": str(tmp_path), "log": os.devnull})

        with pytest.raises(ForkError, match="an import started 1 threads"):
            asyncio.run(ask())


def test_platform_without_fork_gets_ordinary_kernels_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "fork")
    messages: list[str] = []
    with start_fork_server({}, messages.append, tmp_path) as parent:
        assert parent is None
    assert messages == ["Kernels cannot be forked on this platform: each imports its libraries itself."]


def test_module_that_is_not_there_is_left_to_its_example(tmp_path: Path) -> None:
    messages: list[str] = []
    assert preload(["import no_such_module_here"], variables(tmp_path), messages) == ""
    assert messages == []


def test_parent_that_ends_while_it_imports_is_no_danger_to_the_examples(tmp_path: Path) -> None:
    messages: list[str] = []
    write(tmp_path / "deadly.py", "import os\nos._exit(3)\n")
    environment = variables(tmp_path) | {"PYTHONPATH": str(tmp_path)}
    assert preload(["import deadly"], environment, messages) == "the fork server has ended"
    assert len(messages) == 1


def test_forked_examples_share_imports_but_nothing_else(small: Path, cardbook: Cardbook) -> None:
    code = """\
        # %% [markdown]
        # # Title

        # %%
        import os

        import numpy as np
        import psutil

        print(psutil.Process(os.getppid()).ppid())
        print(np.random.random())
        np.set_printoptions(precision=1)
        print(np.float64(1 / 3), np.array([1 / 3]))
        """
    write(small / "examples" / "first.py", code)
    write(small / "examples" / "second.py", code)
    assert cardbook("run", "--jobs", "1", "--root", small).returncode == 0
    records = RecordSet(small / ".cardbook" / "records" / "offline")
    first, second = (records.read(name) for name in ("first", "second"))
    assert first is not None and second is not None
    lines = [record.outputs[0][0].text.splitlines() for record in (first, second)]
    assert lines[0][0] == lines[1][0], "the keepers of both are children of one parent"
    assert lines[0][1] != lines[1][1], "an unseeded draw differs"
    assert lines[0][2] == lines[1][2]


def test_forked_kernel_prints_what_a_plain_script_prints(small: Path, cardbook: Cardbook) -> None:
    code = """\
        # %% [markdown]
        # # Title

        # %%
        import os
        import sys

        import pandas as pd
        from matplotlib import pyplot as plt

        print(__name__, len(sys.argv), os.listdir(), sys.path[0] in ("", os.getcwd()))
        print(pd.Series([1, 2]).sum(), plt.rcParams["figure.dpi"] > 0)
        """
    write(small / "examples" / "first.py", code)
    assert cardbook("run", "--root", small).returncode == 0
    record = RecordSet(small / ".cardbook" / "records" / "offline").read("first")
    assert record is not None
    folder = small / "empty"
    folder.mkdir()
    script = small / "examples" / "first.py"
    plain = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, cwd=folder)
    shown = record.outputs[0][0].text
    assert shown.split()[0] == "__main__" and "[]" in shown
    assert shown.splitlines()[1] == plain.stdout.splitlines()[1]


def test_killed_kernel_is_named_and_leaves_the_others_alone(small: Path, cardbook: Cardbook) -> None:
    kill = f"import os\nos.kill(os.getpid(), {int(signal.SIGKILL)})"
    write(small / "examples" / "first.py", f"# %% [markdown]\n# # One\n\n# %%\n{kill}\n")
    outcome = cardbook("run", "--root", small)
    assert outcome.returncode == 1
    assert "examples/first.py: cell 1: the process was killed (SIGKILL)" in outcome.stderr
    assert RecordSet(small / ".cardbook" / "records" / "offline").read("second") is not None


def test_child_of_an_example_does_not_outlive_it(small: Path, cardbook: Cardbook) -> None:
    code = "import subprocess\nprint(subprocess.Popen(['sleep', '300']).pid)"
    write(small / "examples" / "first.py", f"# %% [markdown]\n# # One\n\n# %%\n{code}\n")
    assert cardbook("run", "--root", small).returncode == 0
    record = RecordSet(small / ".cardbook" / "records" / "offline").read("first")
    assert record is not None
    status = Path(f"/proc/{record.outputs[0][0].text.strip()}/status")
    assert not status.exists() or "zombie" in status.read_text()


def test_single_example_is_forked_too_and_collects_its_garbage(small: Path) -> None:
    look = (
        'import gc\nimport sys\n\nprint("tabulate" in sys.modules, gc.isenabled())\n\n# %%\nimport tabulate\n'
    )
    replace(small / "examples" / "first.py", 'print("done")', look)
    project = load_project(small, "offline")
    assert run_examples(project, ["first"], 1, lambda event: None)[0].state == "fresh"
    record = project.records.read("first")
    assert record is not None and record.outputs[2][0].text == "True True\n"


def test_end_of_any_process_is_noticed(tmp_path: Path) -> None:
    # A grandchild: nobody but the shell in between may wait for it.
    command = "sleep 60 & echo $!; wait"
    with subprocess.Popen(["sh", "-c", command], stdout=subprocess.PIPE, text=True) as shell:
        assert shell.stdout is not None
        pid = int(shell.stdout.readline())

        async def look() -> bool:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(wait_for_end(pid, 60), 0.2)
            os.kill(pid, signal.SIGKILL)
            await asyncio.wait_for(wait_for_end(pid, 60), 30)
            return True

        assert asyncio.run(look())
    # It is gone altogether now, and a process that never ends is given up.
    asyncio.run(asyncio.wait_for(wait_for_end(pid, 60), 30))
    asyncio.run(asyncio.wait_for(wait_for_end(os.getpid(), 0.01), 30))


def test_kernel_that_has_ended_or_stays_silent_is_not_waited_for(tmp_path: Path) -> None:
    manager = make_manager(tmp_path, None, SandboxPolicy(str(tmp_path), str(tmp_path), (), "", 10**9))

    async def ask(timeout: float, alive: bool) -> None:
        async def is_alive() -> bool:
            return alive

        object.__setattr__(manager, "is_alive", is_alive)
        client = manager.client()
        assert isinstance(client, KernelClient)
        client.start_channels(hb=False)
        try:
            await client.wait_for_ready(timeout)
        finally:
            client.stop_channels()

    manager.write_connection_file()
    with pytest.raises(RuntimeError, match="ended before"):
        asyncio.run(ask(60, alive=False))
    with pytest.raises(RuntimeError, match="not answered for 0"):
        asyncio.run(ask(0.1, alive=True))


def test_import_that_never_ends_is_given_up(tmp_path: Path) -> None:
    write(tmp_path / "endless.py", "import time\ntime.sleep(1000)\n")
    messages: list[str] = []
    environment = variables(tmp_path) | {"PYTHONPATH": str(tmp_path)}
    with start_fork_server(environment, messages.append, tmp_path) as server:
        assert server is not None
        asyncio.run(server.preload(["import endless"], messages.append, seconds=2))
        assert server.fork_blocker == "an import has not ended after 2 s"
        # Kernels that it has forked go on, and their end is seen although it cannot report it.
        assert server.process.poll() is None
        with subprocess.Popen(["true"]) as ended:
            ended.wait()
        assert asyncio.run(ForkedProcess(server, ended.pid).poll()) == 1
    assert server.process.returncode == -signal.SIGTERM
    assert "each imports its libraries itself" in messages[0]


def test_import_cannot_write_outside(tmp_path: Path) -> None:
    own, outside = tmp_path / "own", tmp_path / "outside"
    own.mkdir()
    write(tmp_path / "writer.py", f"open({str(own / 'x')!r}, 'w')\nopen({str(outside)!r}, 'w')\n")
    environment = variables(own) | {"PYTHONPATH": str(tmp_path)}
    with start_fork_server(environment, print, own) as server:
        assert server is not None
        asyncio.run(server.preload(["import writer"], print, seconds=60))
    assert (own / "x").exists() and outside.exists() == (landlock_version() == 0)


RUNNER = """
import asyncio, sys, threading
from pathlib import Path
from cardbook.kernel.fork_client import start_fork_server

with start_fork_server({"PYTHONPATH": sys.argv[1]}, print, Path(sys.argv[1])) as server:
    print(server.process.pid, flush=True)
    asyncio.run(server.preload(["import endless"], print))
"""


def test_fork_server_that_hangs_in_an_import_ends_with_its_runner(tmp_path: Path) -> None:
    write(tmp_path / "endless.py", "open('began', 'w')\nimport time\ntime.sleep(1000)\n")
    command = [sys.executable, "-c", RUNNER, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        while not (tmp_path / "began").exists():
            time.sleep(0.05)
        process.kill()
    asyncio.run(asyncio.wait_for(wait_for_end(pid, 60), 30))


def test_killed_subreaper_leaves_no_process(small: Path, cardbook: Cardbook) -> None:
    mark = 40_000_000 + time.monotonic_ns() % 10_000_000
    code = f"import subprocess, time\nsubprocess.run(['sh', '-c', 'setsid sleep {mark} &'])\ntime.sleep(100)"
    replace(small / "examples" / "first.py", 'print("done")', code)
    command = [sys.executable, "-m", "cardbook", "run", "first", "--root", str(small)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: sleepers(mark) != [])
    server = psutil.Process(process.pid).children()[0]
    server.children()[0].kill()
    _, errors = process.communicate(timeout=60)
    assert "examples/first.py: cell 3: the process was killed (SIGKILL)" in errors
    assert sleepers(mark) == []


def test_path_too_long_for_sockets_is_named_with_a_remedy(small: Path, cardbook: Cardbook) -> None:
    folder = small / ("x" * 60) / ("y" * 60)
    folder.mkdir(parents=True)
    outcome = cardbook("run", "first", "--root", small, TMPDIR=str(folder))
    assert outcome.returncode == 1
    assert "is too long a path for a socket: set TMPDIR to a shorter one" in outcome.stderr
    assert "Traceback" not in outcome.stderr
