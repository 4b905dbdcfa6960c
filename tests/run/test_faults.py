"""Faults, injected one by one: each is named with its cause, the others are unaffected, and all heals."""

import asyncio
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from cardbook.base.files import hash_file
from cardbook.kernel.restrictions import SIGNALS_SINCE, landlock_version
from cardbook.kernel.sandbox import REFUSAL
from cardbook.models.manifest import Model
from cardbook.models.store import ModelStore
from cardbook.records.status import load_project, status_of
from cardbook.records.store import RecordSet
from cardbook.run.executor import BoundedClient
from cardbook.run.outputs import join_streams
from cardbook.run.scheduler import run_examples
from tests.conftest import ROOT, SECOND, Cardbook, replace, write, write_small

MODEL = "org/tiny"
REVISION = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True)
class Fault:
    """What the third cell of an example does, its settings in book.yml, and the words that name it."""

    name: str
    code: str
    words: str
    options: str = ""


# The descriptor by which the audit hook writes down what is read.
LOG = (
    "import os\n"
    "names = {os.readlink(f'/proc/self/fd/{n}'): int(n) for n in os.listdir('/proc/self/fd') if int(n) > 2 "
    "and os.path.exists(f'/proc/self/fd/{n}')}\n"
    "log = next(n for name, n in names.items() if name.endswith('read.log'))\n"
)
FAULTS = [
    Fault("raises", "x = 1\nx / 0", "cell 3, line 2: ZeroDivisionError: division by zero"),
    Fault("leaves", "import sys\nsys.exit(3)", "cell 3: SystemExit: 3"),
    Fault("exits", "import os\nos._exit(3)", "cell 3: the process exited with status 3"),
    Fault("is killed", "import os\nos.kill(os.getpid(), 9)", "cell 3: the process was killed (SIGKILL)"),
    Fault("crashes", "import ctypes\nctypes.string_at(0)", "cell 3: the process was killed (SIGSEGV)"),
    Fault("hangs", "import time\ntime.sleep(300)", "cell 3: not finished after 4 s", "seconds: 4"),
    Fault(
        "takes memory",
        "import time\nx = bytearray(1_000_000_000)\nx[::4096] = b'1' * len(x[::4096])\ntime.sleep(300)",
        "cell 3: more than 0.5 GB of memory, the example's limit",
        "memory: 0.5",
    ),
    Fault(
        "takes memory in a child",
        "import subprocess, sys\n"
        'code = \'x = bytes(1_000_000_000).replace(b"a", b"b") + b"1"; import time; time.sleep(300)\'\n'
        "subprocess.run([sys.executable, '-c', code])",
        "cell 3: more than 0.5 GB of memory, the example's limit",
        "memory: 0.5",
    ),
    Fault("prints 100 MB", "print('x' * 100_000_000)", "cell 3: more than 5 MB of output: print less"),
    Fault("prints empty lines", "print('\\n' * 2_500_000)", ": a record of more than 20 MB: print less"),
    Fault("prints without end", "while True:\n    print('x' * 1000)", "cell 3: more than 5 MB of output"),
    Fault("prints half a character", "print('a\\ud800')", "cell 3, line 1: UnicodeEncodeError: 'utf-8'"),
    Fault(
        "draws 50 MB",
        "import os\nfrom IPython.display import Image, display\n"
        "display(Image(b'\\x89PNG\\r\\n\\x1a\\n' + os.urandom(50_000_000), format='png'))",
        "cell 3: more than 5 MB of output: draw smaller figures",
    ),
    Fault(
        "waits for a network that hangs",
        "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:PORT')",
        "cell 3: not finished after 4 s, the example's limit",
        "seconds: 4",
    ),
    Fault(
        "writes outside its folder",
        "open('ROOT/new.txt', 'w')",
        f"cell 3, line 1: PermissionError: [Errno 13] {REFUSAL}: 'ROOT/new.txt'",
    ),
    Fault(
        "changes another example",
        "import os\nos.rename('ROOT/examples/second.py', 'ROOT/examples/third.py')",
        f"PermissionError: [Errno 13] {REFUSAL}: 'ROOT/examples/",
    ),
    Fault(
        "changes another example's data by a link",
        "import os\nos.symlink('ROOT/examples', 'near')\nopen('near/second.py', 'a')",
        f"PermissionError: [Errno 13] {REFUSAL}: 'ROOT/examples/second.py'",
    ),
]
FAULTS += [
    Fault(
        "names an endless file as read",
        LOG + "x = os.write(log, b'[\"/dev/zero\", 0, %d]\\n' % os.stat('/dev/zero').st_mtime_ns)",
        "data file /dev/zero",
    ),
    Fault(
        "damages the list of files read",
        LOG + "x = os.write(log, b'x\\n')",
        "the list of the files that it read is damaged",
    ),
    Fault(
        "says in the list what is no file",
        LOG + "x = os.write(log, b'[1, [], \"\"]\\n')",
        "the list of the files that it read is damaged",
    ),
    Fault(
        "replaces a function of Python",
        "import json\njson.dumps = lambda *a, **k: 'x'",
        "its memory cannot be measured: do not replace functions of Python's own modules",
    ),
    Fault(
        "raises a message of a megabyte",
        "raise ValueError('[/no markup]\\x1b]52;c;evil\\x07 ' + 'x' * 1_000_000)",
        "cell 3, line 1: ValueError: [/no markup] xxx",
    ),
    Fault(
        "sends a message that is none",
        "kernel = get_ipython().kernel\n"
        "kernel.session.send(kernel.iopub_socket, 'stream', 'no content', parent=kernel.get_parent())",
        "what it sent cannot be read: JSONDecodeError in ",
    ),
    Fault(
        "shows an endless display",
        "from IPython.display import display\n"
        "while True:\n    display({}, metadata={'x': 'y' * 100_000}, raw=True)",
        "cell 3: more than 5 MB of output",
    ),
    Fault(
        "sends messages that contain nothing",
        # Nearly all that may be printed first: 40,000 of these messages take 20 s of CPU.
        "kernel = get_ipython().kernel\nprint('x' * 4_900_000, flush=True)\n"
        "while True:\n    kernel.session.send(kernel.iopub_socket, 'stream', {'name': 'stdout', 'text': ''}, "
        "parent=kernel.get_parent())",
        "cell 3: more than 5 MB of output",
    ),
    Fault(
        "updates many displays at once",
        "from IPython.display import display\n"
        "for _ in range(300):\n    display({'text/plain': ''}, raw=True, display_id='same')\n"
        "display({'text/plain': 'x' * 1_000_000}, raw=True, display_id='same', update=True)",
        ": more than 10 MB of output: update fewer displays",
    ),
    Fault(
        "shows a picture that is none",
        "from IPython.display import Image, display\n"
        "display(Image(b'\\x89PNG\\r\\n\\x1a\\n' + bytes(100), format='png'))",
        ":11: cell 3: it shows a figure that is not a PNG: show text, or PNG figures of at most 4 million",
    ),
    Fault(
        "draws a huge figure",
        "from io import BytesIO\nfrom IPython.display import Image as Shown, display\nfrom PIL import Image\n"
        "stream = BytesIO()\nImage.new('1', (20_000, 10)).save(stream, 'PNG')\n"
        "display(Shown(stream.getvalue(), format='png'))",
        ":11: cell 3: it shows a figure of 20000 × 10 pixels",
    ),
    Fault(
        "shows interactive data of an unknown kind",
        "from IPython.display import display\n"
        "display({'application/vnd.cardbook.page+json': {}, 'text/plain': 'x'}, raw=True)",
        ":11: cell 3: it shows an interactive output of an unknown kind: application/vnd.cardbook.page+json:"
        " use one of ",
    ),
    Fault(
        "shows interactive data that are not numbers",
        "from IPython.display import display\n"
        "data = {'prompt': 'x', 'tokens': ['x'], 'logits': [float('nan')], 'groups': []}\n"
        "display({'application/vnd.cardbook.sampling+json': data, 'text/plain': 'x'}, raw=True)",
        ":11: cell 3: it shows an interactive output with data that break the schema of sampling:"
        " $.logits[0]: type: show fewer numbers",
    ),
    Fault(
        "reads a file outside the book",
        "x = open('OUTSIDE').read()",
        "it reads OUTSIDE, which is outside the book: copy it into data/",
    ),
    Fault(
        "reads a link to a file outside the book",
        "x = open('ROOT/data/link.txt').read()",
        "it reads data/link.txt, which leads outside the book: copy it into data/",
    ),
    Fault(
        "reads a file that has a tabulator in its name",
        "x = open('ROOT/data/a\\tb.txt').read()",
        "it reads data/a b.txt, whose name no record can have: rename it",
    ),
    Fault(
        "reads more files than a record can name",
        "from pathlib import Path\nx = [path.read_text() for path in Path('ROOT/data/many').iterdir()]",
        "it reads 10,001 data files, too many for a record: pack them",
    ),
    Fault(
        "runs out of the memory of a GPU",
        "class OutOfMemoryError(RuntimeError):\n    pass\n\n\n"
        "raise OutOfMemoryError('CUDA out of memory. Tried to allocate 2 GiB.\\nGPU 0 has')",
        "OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB.: end other programs on the GPU",
    ),
]
if landlock_version():
    FAULTS.append(
        Fault(
            "has a child that writes outside its folder",
            "import subprocess\n"
            "subprocess.run(['sh', '-c', 'echo x >> ROOT/examples/second.py'], check=True)",
            "cell 3, line 2: CalledProcessError",
        )
    )
if landlock_version() >= SIGNALS_SINCE:
    FAULTS.append(
        Fault(
            "kills another process",
            "import os\nos.kill(PROCESS, 9)",
            "cell 3, line 2: PermissionError: [Errno 1] Operation not permitted",
        )
    )


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def records_of(root: Path) -> RecordSet:
    return RecordSet(root / ".cardbook" / "records" / "offline")


def state_of(root: Path, name: str) -> str:
    return status_of(load_project(root, "offline"), name).state


def drafts_of(root: Path) -> list[str]:
    kept = (".ipynb", ".failed.json", ".lock")
    return [path.name for path in records_of(root).folder.iterdir() if not path.name.endswith(kept)]


def sleepers(mark: int) -> list[int]:
    """The processes whose command is `sleep MARK`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == b"sleep\0%d\0" % mark:
                found.append(int(path.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def faulty(
    tmp_path_factory: pytest.TempPathFactory, cardbook: Cardbook
) -> Iterator[tuple[Path, "subprocess.CompletedProcess[str]"]]:
    """A book with an example for each fault, run once, with what the run printed."""
    root = write_small(tmp_path_factory.mktemp("faults") / "book")
    write_data(root)
    names = {fault: f"fault_{number}" for number, fault in enumerate(FAULTS)}
    book, deck, ids = ((root / name) for name in ("book.yml", "flashcards/part-01.md", "card-ids.yml"))
    card = "\n---\n\n#### {0}\n:p What?\n??x\nThat.\nx??\n"
    write(deck, deck.read_text() + "".join(card.format(name) for name in names.values()))
    write(ids, ids.read_text() + "".join(f'{n.replace("_", "-")}: "{n}"\n' for n in names.values()))
    lines = [f"      - {{id: {n.replace('_', '-')}, card: {n}, example: {n}}}\n" for n in names.values()]
    options = [f"  {name}: {{{fault.options or 'seconds: 300'}}}\n" for fault, name in names.items()]
    write(book, book.read_text() + "".join(lines) + "examples:\n" + "".join(options))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for fault, name in names.items():
            code = fill(fault.code, root).replace("PORT", str(silent.getsockname()[1]))
            write(root / "examples" / f"{name}.py", HEALED.replace("pass", code))
        # More at a time than cores: some wait until their time is over.
        yield root, cardbook("run", "--jobs", "4", "--root", root)


HEALED = "# %% [markdown]\n# # Fault\n\n# %%\nx = 1\n\n# %%\ny = 1\n\n# %%\npass\n"


def fill(text: str, root: Path) -> str:
    return (
        text.replace("OUTSIDE", str(outside_of(root)))
        .replace("ROOT", str(root))
        .replace("PROCESS", str(os.getpid()))
    )


def outside_of(root: Path) -> Path:
    return root.with_name("outside.txt")


def write_data(root: Path) -> None:
    """Write the files that no record can name."""
    write(outside_of(root), "x")
    write(root / "data" / "a\tb.txt", "x")
    (root / "data" / "link.txt").symlink_to(outside_of(root))
    for number in range(10_001):
        write(root / "data" / "many" / f"{number}.txt", "")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_example_that(fault: Fault, faulty: tuple[Path, "subprocess.CompletedProcess[str]"]) -> None:
    root, outcome = faulty
    name = f"fault_{FAULTS.index(fault)}"
    message = next(line for line in outcome.stderr.splitlines() if f"failed: examples/{name}.py" in line)
    assert fill(fault.words, root) in message
    assert records_of(root).read(name) is None
    assert state_of(root, name) == "failed"


def test_others_finish_and_what_is_repaired_heals(
    faulty: tuple[Path, "subprocess.CompletedProcess[str]"], cardbook: Cardbook
) -> None:
    root, outcome = faulty
    assert outcome.returncode == 1
    assert "Traceback" not in outcome.stderr
    assert f"2 of {len(FAULTS) + 2} examples are fresh." in outcome.stdout
    assert drafts_of(root) == []
    assert cardbook("status", "--root", root).returncode == 0
    assert "\x1b" not in outcome.stderr + outcome.stdout
    assert (root / "examples" / "second.py").read_text() == SECOND
    assert not (root / "new.txt").exists()
    for number in range(len(FAULTS)):
        write(root / "examples" / f"fault_{number}.py", HEALED)
    count = len(FAULTS) + 2
    outcome = cardbook("run", "--jobs", "4", "--root", root)
    last = outcome.stdout.splitlines()[-1]
    assert (outcome.returncode, last) == (0, f"{count} of {count} examples are fresh.")


@pytest.mark.parametrize("names", [(), ("first",)], ids=["forked", "ordinary"])
@pytest.mark.parametrize("ending", ["pass", "os._exit(3)", "os.kill(os.getpid(), 9)"])
def test_no_child_outlives_its_example(
    small: Path, cardbook: Cardbook, names: tuple[str, ...], ending: str
) -> None:
    """Not even one in a session of its own, whose parent has ended already."""
    mark = 10_000_000 + time.monotonic_ns() % 10_000_000
    daemon = f"subprocess.run(['sh', '-c', 'sleep {mark} &'], start_new_session=True)"
    code = f"import os, subprocess\n{daemon}\n{ending}"
    replace(small / "examples" / "first.py", 'print("done")', code)
    write(small / "examples" / "first.py", (small / "examples" / "first.py").read_text() + "\n# %%\nx = 1\n")
    outcome = cardbook("run", *names, "--root", small)
    assert outcome.returncode == (0 if ending == "pass" else 1), outcome.stderr
    assert sleepers(mark) == []


def test_cell_that_is_told_to_stop_when_it_has_just_ended_stops_the_next() -> None:
    async def execute() -> None:
        client = BoundedClient(new_notebook())
        client.stop("too much memory")
        client.task_poll_for_reply = asyncio.ensure_future(asyncio.sleep(2))
        client.process_message({"content": {}}, new_code_cell(), 0)
        await client.task_poll_for_reply

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(execute())


def test_streams_are_joined_as_a_terminal_would_leave_them() -> None:
    def printed(*pieces: tuple[str, str]) -> list[tuple[str, str]]:
        outputs = [new_output("stream", name=name, text=text) for name, text in pieces]
        return [(output.name, output.text) for output in join_streams(outputs)]

    assert printed(("stdout", "a"), ("stdout", "b\n")) == [("stdout", "ab\n")]
    assert printed(("stderr", "x"), ("stdout", "y"), ("stderr", "z")) == [("stdout", "y"), ("stderr", "xz")]
    assert printed(("stdout", "1 %\r2 %\r"), ("stdout", "3 %\r\nend")) == [("stdout", "3 %\r\nend")]
    figure = new_output("display_data", data={"image/png": ""})
    assert join_streams([figure]) == [figure]


def test_long_line_is_printed_whole(small: Path, cardbook: Cardbook) -> None:
    """nbclient would take an hour to look for carriage returns in it."""
    replace(small / "examples" / "first.py", 'print("done")', 'print("x" * 4_000_000)')
    assert cardbook("run", "first", "--root", small).returncode == 0
    record = records_of(small).read("first")
    assert record is not None and record.outputs[2][0].text == "x" * 4_000_000 + "\n"


def test_printed_bytes_that_are_no_text_leave_a_record_that_can_be_read(
    small: Path, cardbook: Cardbook
) -> None:
    code = (
        "import os\nprint('b\\x00c\\x1b[31md\\x07')\n"
        "x = os.write(1, b'raw \\xff\\xfe\\n')\nx = os.write(2, b'\\x80\\n')"
    )
    replace(small / "examples" / "first.py", 'print("done")', code)
    assert cardbook("run", "--root", small).returncode == 0
    assert cardbook("check", "--root", small).returncode == 0
    record = records_of(small).read("first")
    assert record is not None
    texts = {output.name: output.text for output in record.outputs[2]}
    assert texts["stdout"].startswith("b�c\x1b[31md�\n")
    assert "raw ��\n" in texts["stdout"]
    assert texts["stderr"] == "�\n"


def test_record_that_does_not_fit_on_the_disk(ran: Path, cardbook: Cardbook) -> None:
    before = records_of(ran).path("first").read_bytes()
    replace(ran / "examples" / "first.py", 'print("done")', 'print("done " * 50_000)')
    replace(ran / "examples" / "second.py", "math.sqrt(4)", "math.sqrt(9)")
    command = [sys.executable, "-m", "cardbook", "run", "--root", str(ran)]

    def fill_disk() -> None:
        # A file that grows beyond this is refused as on a disk that is full.
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    outcome = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, preexec_fn=fill_disk)
    assert outcome.returncode == 1
    assert "failed: examples/first.py: its record could not be written: File too large" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert records_of(ran).path("first").read_bytes() == before
    assert drafts_of(ran) == []
    assert (state_of(ran, "first"), state_of(ran, "second")) == ("failed", "fresh")
    assert cardbook("run", "--root", ran).returncode == 0


def test_forced_run_whose_record_cannot_be_written_does_not_pass_for_fresh(
    ran: Path, cardbook: Cardbook, monkeypatch: pytest.MonkeyPatch
) -> None:

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cardbook.records.store.write_whole", refuse)
    states = run_examples(load_project(ran, "offline"), ["first"], 1, lambda _: None, force=True)
    message = "examples/first.py: its record could not be written: No space left on device"
    assert [(row.state, row.reasons) for row in states] == [("failed", (message,))]


def test_two_runs_at_once_share_the_work(small: Path) -> None:
    gate = small / "gate"
    code = f"import os, time\nwhile not os.path.exists({str(gate)!r}):\n    time.sleep(0.05)"
    replace(small / "examples" / "first.py", 'print("done")', code)
    command = [sys.executable, "-m", "cardbook", "run", "--root", str(small)]
    first = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE)
    wait_until(lambda: (records_of(small).folder / ".holder").exists())
    second = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE)
    assert second.stdout
    waits = f"Another run (process {first.pid}) is using these records: waiting for it.\n"
    assert second.stdout.readline() == waits
    gate.touch()
    outputs = [first.communicate()[0], second.communicate()[0]]
    assert (first.returncode, second.returncode) == (0, 0)
    assert "first: running" in outputs[0] and "running" not in outputs[1]
    assert outputs[1].splitlines()[-1] == "2 of 2 examples are fresh."


@pytest.mark.parametrize("names", [(), ("first",)], ids=["forked", "ordinary"])
def test_run_that_was_killed_blocks_nobody_and_leaves_no_process(
    small: Path, cardbook: Cardbook, names: tuple[str, ...]
) -> None:
    mark = 20_000_000 + time.monotonic_ns() % 10_000_000
    good = (small / "examples" / "first.py").read_text()
    code = f"import subprocess\nsubprocess.run(['sleep', '{mark}'])"
    replace(small / "examples" / "first.py", 'print("done")', code)
    command = [sys.executable, "-m", "cardbook", "run", *names, "--root", str(small)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: sleepers(mark) != [])
    (records_of(small).folder / ".first.ipynb-draft").write_text("half")
    process.kill()
    process.wait()
    wait_until(lambda: sleepers(mark) == [])
    (small / "examples" / "first.py").write_text(good)
    outcome = cardbook("run", "--root", small)
    assert outcome.returncode == 0 and "waiting" not in outcome.stdout
    assert drafts_of(small) == []


@pytest.mark.parametrize("moment", ["at once", "importing", "locked", "starting an example", "in an example"])
def test_interrupted_at_any_moment_it_can_be_run_again(small: Path, cardbook: Cardbook, moment: str) -> None:
    mark = 30_000_000 + time.monotonic_ns() % 10_000_000
    code = f"import subprocess\nsubprocess.run(['sleep', '{mark}'], timeout=60)"
    replace(small / "examples" / "first.py", 'print("done")', "import pandas\n" + code)
    command = [sys.executable, "-u", "-m", "cardbook", "run", "--root", str(small)]
    with (small / "printed").open("wb") as printed:
        process = subprocess.Popen(command, cwd=ROOT, stdout=printed, stderr=subprocess.PIPE, text=True)
    conditions: dict[str, Callable[[], bool]] = {
        "at once": lambda: True,
        # It has loaded a package that is not pure Python.
        "importing": lambda: "site-packages" in Path(f"/proc/{process.pid}/maps").read_text(),
        "locked": lambda: (records_of(small).folder / ".holder").exists(),
        "starting an example": lambda: b": running" in (small / "printed").read_bytes(),
        "in an example": lambda: sleepers(mark) != [],
    }
    wait_until(conditions[moment])
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    # Before the command begins, the signal itself ends the process; a shell says 130 of that, too.
    assert process.returncode in (130, -signal.SIGINT), errors
    wait_until(lambda: sleepers(mark) == [])
    replace(small / "examples" / "first.py", code, 'print("done")')
    assert cardbook("run", "--root", small).returncode == 0


@pytest.fixture
def modelled(small: Path) -> tuple[Path, ModelStore, Model]:
    """A small book whose first example reads a model of the store."""
    fetched = small / "fetched" / "models--org--tiny"
    snapshot = fetched / "snapshots" / REVISION
    write(snapshot / "model.safetensors", "weights")
    digest = hash_file(snapshot / "model.safetensors")
    write(
        small / "models.toml",
        f'["{MODEL}"]\nrevision = "{REVISION}"\nlicence = "MIT"\n'
        f'files = {{"model.safetensors" = "{digest}"}}\n',
    )
    store, model = ModelStore(small), Model(MODEL, REVISION, "MIT", {"model.safetensors": digest}, None)
    store.put(model, fetched, "hub", "")
    replace(
        small / "examples" / "first.py", "count = 1", f'count = 1\nname, revision = "{MODEL}", "{REVISION}"'
    )
    return small, store, model


@pytest.mark.parametrize("damage", ["same size and time", "other size", "gone", "no model"])
def test_model_that_is_not_what_came_in(
    modelled: tuple[Path, ModelStore, Model], cardbook: Cardbook, damage: str
) -> None:
    root, store, model = modelled
    assert cardbook("run", "--root", root).returncode == 0
    weights = store.snapshot(model) / "model.safetensors"
    kept, times = weights.read_bytes(), weights.stat().st_mtime_ns
    if damage == "same size and time":
        weights.write_bytes(b"Weights")
        os.utime(weights, ns=(times, times))
    elif damage == "other size":
        weights.write_bytes(b"x")
    elif damage == "gone":
        weights.unlink()
    else:
        store.receipt(model).rename(root / "receipt")
    outcome = cardbook("run", "--force", "--root", root)
    assert outcome.returncode == 1
    words = {"gone": "has lost model.safetensors", "no model": "is not in the model store"}
    what = words.get(damage, "is damaged in the model store (model.safetensors is not what was stored)")
    assert f"failed: examples/first.py: {MODEL} {what}" in outcome.stderr
    assert outcome.stderr.rstrip().endswith(": cardbook models")
    assert state_of(root, "second") == "fresh"
    weights.write_bytes(kept)
    if damage == "no model":
        (root / "receipt").rename(store.receipt(model))
    assert cardbook("run", "--root", root).returncode == 0


def test_hub_that_hangs_is_given_up(
    modelled: tuple[Path, ModelStore, Model], cardbook: Cardbook, silent_port: int
) -> None:
    root, store, model = modelled
    store.receipt(model).unlink()
    online = {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": f"http://127.0.0.1:{silent_port}"}
    outcome = cardbook("models", "--profile", "hub", "--root", root, **online)
    assert outcome.returncode == 1
    assert f"{MODEL}: only the Hub has it, and the Hub does not answer" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_record_of_the_future_is_no_young_record(ran: Path, cardbook: Cardbook) -> None:
    record = records_of(ran).read("first")
    assert record is not None
    replace(records_of(ran).path("first"), record.provenance.started, "2999-01-01T00:00:00+00:00")
    assert cardbook("status", "--root", ran).returncode == 0
    outcome = cardbook("check", "--max-age", "30", "--root", ran)
    assert outcome.returncode == 1
    assert "first: stale: its record is of 2999-01-01T00:00:00+00:00, and it is 20" in outcome.stderr
    assert "set the clock, or run it again" in outcome.stderr and "second" not in outcome.stderr
    assert cardbook("run", "--root", ran).returncode == 0
    assert cardbook("check", "--max-age", "30", "--root", ran).returncode == 0


def test_failure_counts_even_when_the_clock_was_set_back(ran: Path, cardbook: Cardbook) -> None:
    record = records_of(ran).read("first")
    assert record is not None
    replace(records_of(ran).path("first"), record.provenance.started, "2999-01-01T00:00:00+00:00")
    digest = load_project(ran, "offline").plans["first"].fingerprint.digest
    records_of(ran).write_failure("first", digest, "2026-01-01T00:00:00+00:00", "it failed")
    assert state_of(ran, "first") == "failed"


def test_record_sets_merge_by_copying(small: Path, cardbook: Cardbook, tmp_path: Path) -> None:
    """Three shards on three machines, one of which still has the failure of an older run."""
    folders = [tmp_path / f"records-{number}" for number in (1, 2, 3)]
    digest = load_project(small, "offline").plans["first"].fingerprint.digest
    for number, folder in enumerate(folders, 1):
        folder.mkdir()
        RecordSet(folder).write_failure("first", digest, "2026-01-01T00:00:00+00:00", "an old failure")
        outcome = cardbook("run", "--shard", f"{number}/3", "--records", folder, "--root", small)
        assert outcome.returncode == 0, outcome.stderr
    merged = tmp_path / "merged"
    for folder in folders:
        shutil.copytree(folder, merged, dirs_exist_ok=True)
    assert (merged / "first.failed.json").exists()
    outcome = cardbook("check", "--records", merged, "--root", small)
    assert outcome.returncode == 0, outcome.stderr
    RecordSet(merged).write_failure("first", digest, "2999-01-01T00:00:00+00:00", "a newer failure")
    outcome = cardbook("check", "--records", merged, "--root", small)
    assert outcome.returncode == 1
    assert "first: failed: a newer failure" in outcome.stderr
