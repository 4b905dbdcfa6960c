"""What an example must not be able to do, tried: to the machine, to the run, to other examples."""

import os
import platform
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cardbook.base.files import temporary_folder
from cardbook.kernel.restrictions import (
    AUDIT_NUMBERS,
    CALLS,
    DEVICES_SINCE,
    SIGNALS_SINCE,
    landlock_version,
    make_filter,
)
from cardbook.records.store import RecordSet
from tests.conftest import ROOT, Cardbook, replace, write, write_small

# Each line of ATTEMPTS is tried by itself; what it is expected to end with is in ENDINGS.
PRELUDE = """\
import ctypes
import fcntl
import os
import resource
import signal
import socket
import struct
import subprocess
import termios

import psutil

C = ctypes.CDLL(None, use_errno=True)
keeper = psutil.Process(os.getppid())
server = keeper.parent()
runner = server.parent()


def call(name, *arguments):
    if getattr(C, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)
    return "done"


def set_terminal():
    terminal = os.open(TERMINAL, os.O_RDONLY | os.O_NOCTTY)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, bytes(8))
    return "done"


def victim():
    return C.open(VICTIM, os.O_RDONLY)


def shell(command):
    subprocess.run(["sh", "-c", command], check=True, capture_output=True)
    return "done"
"""
KEY = CALLS["add_key"][list(AUDIT_NUMBERS).index(platform.machine())]
ATTEMPTS = {
    "limit the runner": "resource.prlimit(runner.pid, resource.RLIMIT_NOFILE, (0, 0))",
    "limit the subreaper": "resource.prlimit(keeper.pid, resource.RLIMIT_NOFILE, (0, 0))",
    "limit itself": "len(resource.prlimit(0, resource.RLIMIT_NOFILE, (500, 500)))",
    "read a limit": "resource.prlimit(runner.pid, resource.RLIMIT_NOFILE)[0] > 0",
    "raise its own limit": "resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))",
    "slow the runner": "os.setpriority(os.PRIO_PROCESS, runner.pid, 19)",
    "slow the subreaper's group": "os.setpriority(os.PRIO_PGRP, os.getpgid(keeper.pid), 19)",
    "slow itself": "min(os.nice(0) + 1, 19) == os.nice(1)",
    "pin the runner": "os.sched_setaffinity(runner.pid, {0})",
    "pin itself": "os.sched_setaffinity(0, os.sched_getaffinity(0))",
    "idle the runner": "os.sched_setscheduler(runner.pid, os.SCHED_IDLE, os.sched_param(0))",
    "idle the runner's disk": "psutil.Process(runner.pid).ionice(psutil.IOPRIO_CLASS_IDLE)",
    "offer the runner to the killer": "shell(f'echo 1000 > /proc/{runner.pid}/oom_score_adj')",
    "offer the subreaper to the killer": "open(f'/proc/{keeper.pid}/oom_score_adj', 'w')",
    "name its own thread": "open('/proc/self/comm', 'w').write('example') > 0",
    "change Linux": "shell('cat /proc/sys/vm/swappiness > /proc/sys/vm/swappiness')",
    "write to the log of Linux": "shell('echo > /dev/kmsg')",
    "read the runner's environment": "open(f'/proc/{runner.pid}/environ').read()[:0] + 'done'",
    "read it as another program": "shell(f'cat /proc/{runner.pid}/environ')",
    "read the runner's memory": "shell(f'head -c 1 /proc/{runner.pid}/mem')",
    "change the root folder": "os.chroot('.')",
    "mount": "call('mount', b'none', b'.', b'tmpfs', 0, 0)",
    "leave shared memory": "call('shmget', 0, 4096, 0o1600)",
    "leave a message queue": "call('mq_open', b'/name', 0o102, 0o600, 0)",
    "leave a key": f"call('syscall', {KEY}, b'user', b'name', b'x', 1, -3)",
    "open an abstract socket": "socket.socket(socket.AF_UNIX).connect(ABSTRACT)",
    "find another's key": "shell(f'cat {os.environ[\"HOME\"]}/../../*/kernel.json')",
    "see its own key": "[name for name in os.environ if 'CONNECTION' in name]",
    "remove its list of reads": "os.unlink(f'{os.environ[\"HOME\"]}/../read.log')",
    "replace its list of reads": "shell('rm $HOME/../read.log')",
    "add a style to figures of others": "shell('mkdir ROOT/.cardbook/matplotlib/stylelib')",
    "write a file as large as memory": "os.truncate(os.open('large', os.O_CREAT | os.O_RDWR), 10**9)",
    "write to the terminal of others": "shell('for t in /dev/pts/[0-9]*; do : > $t && exit 0; done; exit 1')",
    "change the terminal of others": "set_terminal()",
    "change permissions by descriptor": "os.chmod(victim(), 0o602)",
    "change permissions by fchmod": "os.fchmod(victim(), 0o602)",
    "change the time by descriptor": "os.utime(victim(), (0, 0))",
    "change the owner by descriptor": "os.chown(victim(), os.getuid(), -1)",
    "change an attribute by descriptor": "os.setxattr(victim(), 'user.name', b'x')",
    "change a file of its own by descriptor": "os.chmod(os.open('own', os.O_CREAT | os.O_RDWR), 0o640)",
    "change a file in memory": "os.fchmod(os.memfd_create('name'), 0o600)",
    "change flags by descriptor": "fcntl.ioctl(victim(), 0x40086602, struct.pack('l', 0x40))",
    "change extended flags": "call('ioctl', victim(), 0x401c5820, bytes(28))",
    "change flags by path": "call('syscall', 469, -100, VICTIM, bytes(24), 24, 0)",
    "use another request": "len(fcntl.ioctl(victim(), termios.FIONREAD, bytes(4)))",
}
PROGRAM, REFUSED, FORBIDDEN = "CalledProcessError", "PermissionError 13", "PermissionError 1"
ENDINGS = dict.fromkeys(ATTEMPTS, FORBIDDEN) | {
    "limit itself": "2",
    "read a limit": "True",
    "raise its own limit": "ValueError None",
    "slow itself": "True",
    "pin itself": "None",
    "idle the runner's disk": "AccessDenied None",
    "offer the runner to the killer": PROGRAM,
    "offer the subreaper to the killer": REFUSED,
    "name its own thread": "True",
    "change Linux": PROGRAM,
    "write to the log of Linux": PROGRAM,
    "read the runner's environment": REFUSED,
    "read it as another program": PROGRAM,
    "read the runner's memory": PROGRAM,
    "find another's key": PROGRAM,
    "see its own key": "[]",
    "remove its list of reads": REFUSED,
    "replace its list of reads": PROGRAM,
    "add a style to figures of others": PROGRAM,
    "write a file as large as memory": "OSError 27",
    "write to the terminal of others": PROGRAM,
    **dict.fromkeys([name for name in ATTEMPTS if name.endswith(" by descriptor")], REFUSED),
    "change permissions by fchmod": REFUSED,
    "change a file of its own by descriptor": "None",
    "change a file in memory": "None",
    "change flags by descriptor": FORBIDDEN,
    "use another request": "4",
    "change the terminal of others": REFUSED if landlock_version() >= DEVICES_SINCE else "done",
}


@pytest.fixture(scope="module")
def abstract() -> Iterator[str]:
    """The name of an abstract socket that somebody else listens on."""
    with socket.socket(socket.AF_UNIX) as listening:
        name = f"\0cardbook-test-{os.getpid()}"
        listening.bind(name)
        listening.listen()
        yield name


@pytest.fixture(scope="module")
def terminal() -> Iterator[str]:
    """The path of a terminal of somebody else."""
    pty = pytest.importorskip("pty")
    controller, device = pty.openpty()
    yield os.ttyname(device)
    os.close(device)
    os.close(controller)


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file outside, of the user who runs the example."""
    path = tmp_path_factory.mktemp("outside") / "victim"
    write(path, "text")
    os.utime(path, (1, 1))
    path.chmod(0o604)
    return path


@pytest.fixture(scope="module")
def tried(
    tmp_path_factory: pytest.TempPathFactory, cardbook: Cardbook, abstract: str, terminal: str, victim: Path
) -> dict[str, str]:
    """How each attempt ended, in a forked kernel."""
    root = write_small(tmp_path_factory.mktemp("hostile"))
    lines = [line.replace("ROOT", str(root)) for line in ATTEMPTS.values()]
    code = f"""\
{PRELUDE}
ABSTRACT = {abstract!r}
TERMINAL = {terminal!r}
VICTIM = {os.fsencode(victim)!r}
for line in {lines!r}:
    try:
        print(repr(str(eval(line))))
    except Exception as error:
        print(repr(f"{{type(error).__name__}} {{getattr(error, 'errno', None)}}"))
"""
    write(root / "examples" / "first.py", "# %% [markdown]\n# # One\n\n# %%\n" + code)
    write(root / "book.yml", (root / "book.yml").read_text() + "examples:\n  first: {memory: 0.5}\n")
    outcome = cardbook("run", "--root", root, "--jobs", "2")
    assert outcome.returncode == 0, outcome.stderr
    record = RecordSet(root / ".cardbook" / "records" / "offline").read("first")
    assert record is not None
    printed = [line.strip("'\"") for line in record.outputs[0][0].text.splitlines()]
    return dict(zip(ATTEMPTS, printed, strict=True))


@pytest.mark.skipif(landlock_version() < SIGNALS_SINCE, reason="this machine's Linux cannot refuse all")
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_attempt_ends_as_it_must(tried: dict[str, str], attempt: str) -> None:
    assert tried[attempt].removesuffix(" None" if ENDINGS[attempt] == PROGRAM else "") == ENDINGS[attempt]


def test_file_outside_stays_as_it_was(tried: dict[str, str], victim: Path) -> None:
    found = victim.stat()
    assert (found.st_mtime, found.st_mode & 0o777, os.listxattr(victim)) == (1, 0o604, [])


def test_filter_of_system_calls_is_made_for_both_architectures() -> None:
    for machine in ("x86_64", "aarch64"):
        program = make_filter(machine)
        assert len(program) < 256
        # No jump leaves the program.
        for at, (_, yes, no, _) in enumerate(program):
            assert at + 1 + max(yes, no) < len(program) or (yes, no) == (0, 0)


def test_deep_folders_are_removed() -> None:
    with temporary_folder() as folder:
        descriptor = os.open(folder, os.O_RDONLY)
        for _ in range(3000):
            os.mkdir("d", 0o500 if _ == 2999 else 0o700, dir_fd=descriptor)
            inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        os.close(descriptor)
        (folder / "link").symlink_to("/etc")
    assert not folder.exists() and Path("/etc").exists()


def test_style_that_an_example_leaves_for_others_is_not_found(small: Path, cardbook: Cardbook) -> None:
    poison = (
        "import os\n\nplace = os.path.join(os.environ['MPLCONFIGDIR'], 'stylelib')\nos.makedirs(place)\n"
        "x = open(os.path.join(place, 'ggplot.mplstyle'), 'w').write('figure.facecolor: red')"
    )
    replace(small / "examples" / "first.py", 'print("done")', poison)
    look = (
        "import matplotlib.style\n\nmatplotlib.style.use('ggplot')\n"
        "print(matplotlib.rcParams['figure.facecolor'])"
    )
    write(small / "examples" / "second.py", f"# %% [markdown]\n# # Two\n\n# %%\n{look}\n")
    for _ in range(2):
        outcome = cardbook("run", "--force", "--root", small, "--jobs", "1")
        assert outcome.returncode == 0, outcome.stderr
        record = RecordSet(small / ".cardbook" / "records" / "offline").read("second")
        assert record is not None and record.outputs[0][0].text == "white\n"


def test_module_beside_the_book_is_not_imported(small: Path) -> None:
    write(small / "evilmod.py", "import math\nmath.sqrt = lambda x: 'POISONED'\n")
    replace(small / "examples" / "first.py", "count = 1", "count = 1\nimport evilmod")
    command = [sys.executable, "-m", "cardbook", "run"]
    variables = os.environ | {"PYTHONPATH": str(ROOT)}
    outcome = subprocess.run(command, cwd=small, env=variables, capture_output=True, text=True)
    message = "cell 1, line 2: ModuleNotFoundError: No module named 'evilmod'"
    assert message in outcome.stderr
    record = RecordSet(small / ".cardbook" / "records" / "offline").read("second")
    assert record is not None and record.outputs[0][0].text == "2.0\n"


def test_data_are_noted_whichever_way_they_are_reached(small: Path, cardbook: Cardbook) -> None:
    for name in ("one", "two", "three", "four", "five"):
        write(small / "data" / f"{name}.txt", name)
    code = f"""\
import os
import sqlite3

os.symlink("{small}/data/one.txt", "link")
x = open("link").read()
x = open("/proc/self/root{small}/data/two.txt").read()
x = open("/usr/../{small}/data/three.txt").read()
sqlite3.connect("file:{small}/data/four.txt?mode=ro", uri=True).close()
os.chdir("{small}/data")
x = open("/proc/self/cwd/five.txt").read()"""
    replace(small / "examples" / "first.py", 'print("done")', code)
    assert cardbook("run", "first", "--root", small).returncode == 0
    record = RecordSet(small / ".cardbook" / "records" / "offline").read("first")
    assert record is not None
    names = {"one", "two", "three", "four", "five"}
    assert set(record.provenance.parts["data"]) == {f"data/{name}.txt" for name in names}


def test_kernel_that_runs_code_has_no_sockets_for_others(small: Path, cardbook: Cardbook) -> None:
    """Connections would use up its descriptors. Until it runs code, what arrives is dropped without a key."""
    look = """\
# %% [markdown]
# # One

# %%
import glob
import os
import time

others = os.path.dirname(os.path.dirname(os.environ["HOME"]))
while not glob.glob(f"{others}/*/home/scratch/runs"):
    time.sleep(0.05)
print(len(glob.glob(f"{others}/*/home/*/")), glob.glob(f"{others}/*/home/kernel-*"))
"""
    run = """\
# %% [markdown]
# # Two

# %%
import time

x = open("runs", "w").close()
time.sleep(3)
print("undisturbed")
"""
    write(small / "examples" / "first.py", look)
    write(small / "examples" / "second.py", run)
    outcome = cardbook("run", "--root", small, "--jobs", "2")
    assert outcome.returncode == 0, outcome.stderr
    records = RecordSet(small / ".cardbook" / "records" / "offline")
    first, second = (records.read(name) for name in ("first", "second"))
    assert first is not None and re.fullmatch(r"[1-9]\d* \[\]\n", first.outputs[0][0].text)
    assert second is not None and [output.text for output in second.outputs[0]] == ["undisturbed\n"]
