import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import pytest

from cardbook.base.errors import InputError, Problem
from cardbook.kernel.fork_client import ForkServer
from cardbook.records.ingestion import IncomingRecords, read_incoming
from cardbook.records.status import Project, load_project
from cardbook.records.store import CorruptRecordError, RecordSet
from cardbook.run import record_check
from cardbook.run.events import Event
from cardbook.run.scheduler import choose_shard, make_ready, run_examples
from tests.conftest import ROOT, Cardbook, replace, write


def records_of(root: Path) -> RecordSet:
    return RecordSet(root / ".cardbook" / "records" / "offline")


def states_of(root: Path, cardbook: Cardbook) -> dict[str, tuple[str, str]]:
    outcome = cardbook("status", "--root", root, "--json")
    assert outcome.returncode == 0, outcome.stderr
    return {row["example"]: (row["state"], "; ".join(row["reasons"])) for row in json.loads(outcome.stdout)}


def test_run_leaves_records_with_outputs_and_provenance(ran: Path) -> None:
    record = records_of(ran).read("first")
    assert record is not None
    assert [output[0].text for output in record.outputs if output] == ["count 1\n", "done\n"]
    provenance = record.provenance
    assert provenance.example == "first"
    assert provenance.seconds > 0
    assert provenance.peak_memory > 10e6
    assert provenance.parts["python"] == sys.version.split()[0]
    assert provenance.started.endswith("+00:00")


def test_any_honest_output_is_taken_over_by_import(small: Path, tmp_path: Path, cardbook: Cardbook) -> None:
    code = """\
from IPython.display import HTML, Markdown, display
import pandas as pd

table = pd.DataFrame({"a": [1]})
display(table, HTML("<b>x</b>"), Markdown("*x*"))
table

# %%
1 + 1"""
    replace(small / "examples" / "first.py", 'print("done")', code)
    assert cardbook("run", "--root", small).returncode == 0
    record = records_of(small).read("first")
    assert record is not None
    shown = [output.data["text/plain"] for cell in record.outputs[2:] for output in cell]
    assert shown[0] == shown[3] == "   a\n0  1" and shown[4] == "2"
    outcome = cardbook(
        "import-records", records_of(small).folder, "--root", small, "--records", tmp_path / "new"
    )
    assert (outcome.returncode, outcome.stderr) == (0, "")
    outcome = cardbook("check", "--root", small, "--records", tmp_path / "new")
    assert (outcome.returncode, outcome.stderr) == (0, "")


@pytest.mark.parametrize("count", ['"evil"', "10**30", '{"a": 1}'])
def test_record_numbers_its_cells_whatever_a_kernel_says(small: Path, cardbook: Cardbook, count: str) -> None:
    code = f"""\
kernel = get_ipython().kernel
content = {{"code": "x", "execution_count": {count}}}
parent = kernel.get_parent("shell")
x = kernel.session.send(kernel.iopub_socket, "execute_input", content, parent=parent, ident=b"x")"""
    replace(small / "examples" / "first.py", 'print("done")', code)
    outcome = cardbook("run", "--root", small)
    assert outcome.returncode == 0, outcome.stderr
    record = records_of(small).read("first")
    assert record is not None
    numbers = [cell.execution_count for cell in record.notebook.cells if cell.cell_type == "code"]
    assert numbers == [1, 2, 3]
    assert cardbook("import-records", records_of(small).folder, "--root", small).returncode == 0


def test_record_that_import_would_refuse_fails_its_example_only(
    small: Path, cardbook: Cardbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_check, "read_incoming", refuse)
    project = load_project(small, "offline")
    states = run_examples(project, ["first", "second"], 1, lambda event: None)
    message = (
        "examples/first.py: import-records would refuse its record, which is not a notebook: "
        "change what it reads or shows"
    )
    assert [(status.state, *status.reasons) for status in states] == [("failed", message), ("fresh",)]


def refuse(project: Project, folders: Iterable[Path]) -> IncomingRecords:
    """Import records, but refuse that of the first example."""
    folders = list(folders)
    if any((folder / "first.ipynb").exists() for folder in folders):
        raise InputError([Problem("first.ipynb", 0, "is not a notebook", "")])
    return read_incoming(project, folders)


def test_no_output_is_lost_however_fast_it_comes(small: Path, cardbook: Cardbook) -> None:
    code = """\
from IPython.display import display

for number in range(1500):
    print(number, flush=True)
    display({"text/plain": str(number)}, raw=True)"""
    replace(small / "examples" / "first.py", 'print("done")', code)
    assert cardbook("run", "first", "--root", small).returncode == 0
    record = records_of(small).read("first")
    assert record is not None
    printed, *shown = record.outputs[2]
    assert (
        printed.text.split() == [output.data["text/plain"] for output in shown] == list(map(str, range(1500)))
    )


def test_second_run_executes_nothing(ran: Path, cardbook: Cardbook) -> None:
    before = {path: path.stat().st_mtime_ns for path in records_of(ran).folder.iterdir()}
    outcome = cardbook("run", "--root", ran)
    assert outcome.returncode == 0
    assert outcome.stdout == "2 of 2 examples are fresh.\n"
    assert {path: path.stat().st_mtime_ns for path in records_of(ran).folder.iterdir()} == before


def test_forced_run_executes_the_named_example_only(ran: Path, cardbook: Cardbook) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in records_of(ran).folder.iterdir()}
    assert cardbook("run", "second", "--force", "--root", ran).returncode == 0
    after = {path.name: path.stat().st_mtime_ns for path in records_of(ran).folder.iterdir()}
    assert after["second.ipynb"] > before["second.ipynb"]
    assert after["first.ipynb"] == before["first.ipynb"]


def test_every_example_has_a_process_of_its_own(small: Path, cardbook: Cardbook) -> None:
    write(small / "examples" / "first.py", "# %% [markdown]\n# # One\n\n# %%\nimport sys\nsys.leak = 1\n")
    second = '# %% [markdown]\n# # Two\n\n# %%\nimport sys\nprint(hasattr(sys, "leak"))\n'
    write(small / "examples" / "second.py", second)
    assert cardbook("run", "--jobs", "1", "--root", small).returncode == 0
    record = records_of(small).read("second")
    assert record is not None and record.outputs[0][0].text == "False\n"


def test_failure_names_file_cell_line_and_error_while_others_finish(small: Path, cardbook: Cardbook) -> None:
    replace(small / "examples" / "first.py", 'print("done")', "x = 1\nprint(y)")
    outcome = cardbook("run", "--root", small)
    assert outcome.returncode == 1
    assert "examples/first.py: cell 3, line 2: NameError: name 'y' is not defined" in outcome.stderr
    assert states_of(small, cardbook)["first"][0] == "failed"
    assert states_of(small, cardbook)["second"][0] == "fresh"


def test_failure_inside_a_function_names_both_cells(small: Path, cardbook: Cardbook) -> None:
    replace(small / "examples" / "first.py", 'print("count", count)', "def half(x):\n    return x / 0")
    replace(small / "examples" / "first.py", 'print("done")', "\nhalf(1)")
    outcome = cardbook("run", "first", "--root", small)
    message = (
        "examples/first.py: cell 3, line 1: ZeroDivisionError: division by zero (raised in cell 2, line 2)"
    )
    assert message in outcome.stderr


def test_process_that_ends_is_a_failure(small: Path, cardbook: Cardbook) -> None:
    replace(small / "examples" / "first.py", 'print("done")', "import os\nos._exit(3)")
    outcome = cardbook("run", "--root", small)
    assert outcome.returncode == 1
    assert "examples/first.py: cell 3: the process exited with status 3" in outcome.stderr
    assert states_of(small, cardbook)["second"][0] == "fresh"


def test_example_that_hangs_is_ended_with_its_children(small: Path, cardbook: Cardbook) -> None:
    code = "import subprocess, time\nprint(subprocess.Popen(['sleep', '301']).pid)\n\n# %%\ntime.sleep(300)"
    write(small / "examples" / "first.py", f"# %% [markdown]\n# # One\n\n# %%\n{code}\n")
    write(small / "book.yml", (small / "book.yml").read_text() + "examples:\n  first: {seconds: 3}\n")
    outcome = cardbook("run", "--root", small)
    assert outcome.returncode == 1
    assert "examples/first.py: cell 2: not finished after 3 s, the example's limit" in outcome.stderr
    assert states_of(small, cardbook)["second"][0] == "fresh"
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not any(command.startswith(b"sleep\x00301") for command in commands)


def test_example_that_floods_is_refused(small: Path, cardbook: Cardbook) -> None:
    replace(
        small / "examples" / "first.py", 'print("done")', 'for _ in range(1000):\n    print("x" * 10_000)'
    )
    outcome = cardbook("run", "--root", small)
    assert outcome.returncode == 1
    assert "examples/first.py: cell 3: more than 5 MB of output: print less" in outcome.stderr
    assert records_of(small).read("first") is None
    assert states_of(small, cardbook)["second"][0] == "fresh"


def test_shards_run_every_example_exactly_once(small: Path, cardbook: Cardbook) -> None:
    names = [f"n{i}" for i in range(20)]
    seconds = {name: float(i % 7) for i, name in enumerate(names)}
    shards = [choose_shard(names, seconds, number, 3) for number in (1, 2, 3)]
    assert sorted(name for shard in shards for name in shard) == sorted(names)
    loads = [sum(seconds[name] for name in shard) for shard in shards]
    assert max(loads) - min(loads) <= max(seconds.values())
    for number in ("1/2", "2/2"):
        assert cardbook("run", "--shard", number, "--root", small).returncode == 0
    assert set(states_of(small, cardbook).values()) == {("fresh", "")}
    assert cardbook("run", "--shard", "3/2", "--root", small).returncode == 2


def test_failed_run_keeps_the_record_and_check_refuses(ran: Path, cardbook: Cardbook) -> None:
    script = ran / "examples" / "first.py"
    good = script.read_text()
    replace(script, 'print("done")', "print(y)")
    assert cardbook("run", "--root", ran).returncode == 1
    assert records_of(ran).read("first") is not None
    for command in ("check", "pages"):
        outcome = cardbook(command, "--root", ran)
        assert outcome.returncode == 1, command
        assert "first: failed: examples/first.py: cell 3, line 1: NameError" in outcome.stderr
    assert not (ran / "docs" / "chapters").exists()
    script.write_text(good)
    assert cardbook("check", "--root", ran).returncode == 0


def test_check_refuses_missing_records(small: Path, cardbook: Cardbook) -> None:
    outcome = cardbook("check", "--root", small)
    assert outcome.returncode == 1
    assert "first: missing: it has never run" in outcome.stderr


def test_check_refuses_records_that_are_too_old(ran: Path, cardbook: Cardbook) -> None:
    records = records_of(ran)
    text = records.path("first").read_text()
    started = json.loads(text)["metadata"]["cardbook"]["started"]
    records.path("first").write_text(text.replace(started, "2026-01-01T00:00:00+00:00"))
    assert cardbook("check", "--root", ran).returncode == 0
    outcome = cardbook("check", "--max-age", "30", "--root", ran)
    assert outcome.returncode == 1
    assert "first: stale: its record is" in outcome.stderr and "30 are allowed" in outcome.stderr
    assert "second" not in outcome.stderr


def test_run_renews_the_records_that_are_too_old(ran: Path, cardbook: Cardbook) -> None:
    records = records_of(ran)
    for name, started in (("first", "2026-01-01T00:00:00+00:00"), ("second", "2999-01-01T00:00:00+00:00")):
        record = records.read(name)
        assert record is not None
        replace(records.path(name), record.provenance.started, started)
    assert cardbook("run", "--max-age", "400000", "first", "--root", ran).returncode == 0
    assert cardbook("check", "--max-age", "--root", ran).returncode == 1
    assert cardbook("run", "--root", ran).returncode == 0
    assert cardbook("check", "--max-age", "--root", ran).returncode == 0
    for name in ("first", "second"):
        record = records.read(name)
        assert record is not None and not record.provenance.started.startswith(("2026-01", "2999"))


def test_run_renews_all_records_and_calls_them_fresh(ran: Path, cardbook: Cardbook) -> None:
    outcome = cardbook("run", "--max-age", "0", "--root", ran)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert "2 of 2 examples are fresh." in outcome.stdout and "first: done in" in outcome.stdout


def test_changed_code_makes_just_its_example_stale(ran: Path, cardbook: Cardbook) -> None:
    replace(ran / "examples" / "first.py", 'print("done")', 'print("done!")')
    states = states_of(ran, cardbook)
    assert states["first"] == ("stale", "code of cell 3 changed")
    assert states["second"] == ("fresh", "")
    assert cardbook("check", "--root", ran).returncode == 1


def test_prose_cards_and_file_times_make_nothing_stale(ran: Path, cardbook: Cardbook) -> None:
    replace(ran / "examples" / "first.py", "It prints one.", "It prints the number one.")
    replace(ran / "flashcards" / "part-01.md", "One is `1`.", "One is one.")
    os.utime(ran / "examples" / "second.py", (1, 1))
    assert {state for state, _ in states_of(ran, cardbook).values()} == {"fresh"}


def test_hub_parameters_are_what_runs_and_what_the_record_shows(ran: Path, cardbook: Cardbook) -> None:
    write(ran / "book.yml", (ran / "book.yml").read_text() + "examples:\n  first:\n    hub: {count: 7}\n")
    assert states_of(ran, cardbook)["first"][0] == "fresh"
    assert cardbook("run", "--profile", "hub", "--root", ran).returncode == 0
    record = RecordSet(ran / ".cardbook" / "records" / "hub").read("first")
    assert record is not None
    assert record.notebook.cells[1].source == "count = 7"
    assert record.outputs[1][0].text == "count 7\n"


def test_unknown_name_is_bad_usage(small: Path, cardbook: Cardbook) -> None:
    outcome = cardbook("run", "secnd", "--root", small)
    assert outcome.returncode == 2
    assert 'no example "secnd": did you mean "second"?' in outcome.stderr


@pytest.mark.parametrize("name", ["first.ipynb", "first.failed.json"])
def test_folder_in_place_of_a_record_is_named(ran: Path, cardbook: Cardbook, name: str) -> None:
    (records_of(ran).folder / name).unlink(missing_ok=True)
    (records_of(ran).folder / name).mkdir()
    outcome = cardbook("check", "--root", ran)
    assert outcome.returncode == 1 and "first: " in outcome.stderr
    outcome = cardbook("run", "--root", ran)
    assert "Traceback" not in outcome.stderr + outcome.stdout


@pytest.mark.parametrize("damage", ["truncated", "garbage", "empty"])
def test_damaged_record_is_no_record(ran: Path, cardbook: Cardbook, damage: str) -> None:
    path = records_of(ran).path("first")
    text = path.read_text()
    path.write_text({"truncated": text[: len(text) // 2], "garbage": "garbage", "empty": "{}"}[damage])
    with pytest.raises(CorruptRecordError):
        records_of(ran).read("first")
    assert states_of(ran, cardbook)["first"][0] == "stale"
    assert cardbook("check", "--root", ran).returncode == 1
    assert cardbook("run", "--root", ran).returncode == 0
    assert cardbook("check", "--root", ran).returncode == 0


def test_edited_output_is_refused(ran: Path, cardbook: Cardbook) -> None:
    replace(records_of(ran).path("first"), "count 1", "count 2")
    outcome = cardbook("check", "--root", ran)
    assert outcome.returncode == 1
    assert "the record's outputs are not those of its run" in outcome.stderr


def test_secrets_of_the_caller_are_not_visible(small: Path, cardbook: Cardbook) -> None:
    code = '# %%\nimport os\nprint(os.environ.get("MY_TOKEN"), os.environ.get("DECLARED"), os.listdir())\n'
    write(small / "examples" / "first.py", f"# %% [markdown]\n# # One\n\n{code}")
    declared = "examples:\n  first:\n    environment: [DECLARED]\n"
    write(small / "book.yml", (small / "book.yml").read_text() + declared)
    assert cardbook("run", "first", "--root", small, MY_TOKEN="secret", DECLARED="yes").returncode == 0
    record = records_of(small).read("first")
    assert record is not None and record.outputs[0][0].text == "None yes []\n"


def test_interrupted_run_keeps_what_is_finished_and_ends_its_kernels(small: Path, cardbook: Cardbook) -> None:
    mark = f"cardbook-test-{os.getpid()}-{time.time_ns()}"
    slow = f'# %% [markdown]\n# # Two\n\n# %%\nimport time\nprint("{mark}")\ntime.sleep(120)\n'
    write(small / "examples" / "second.py", slow)
    command = [sys.executable, "-m", "cardbook", "run", "--jobs", "2", "--root", str(small)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not records_of(small).path("first").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Interrupted" in errors
    assert records_of(small).read("first") is not None
    assert records_of(small).read("second") is None
    assert records_of(small).read_failure("second") is None
    replace(small / "examples" / "second.py", "time.sleep(120)", "")
    assert cardbook("run", "--root", small).returncode == 0


class Preloading(ForkServer):
    """A parent that only notes what it should import."""

    def __init__(self, danger_in: str = "", is_complete: bool = False) -> None:
        self.fork_blocker, self.danger_in, self.is_complete = "", danger_in, is_complete
        self.asked: list[list[str]] = []

    async def preload(
        self, statements: Collection[str], log: Callable[[str], None], *, seconds: float = 60
    ) -> None:
        self.asked.append(sorted(statements))
        self.fork_blocker = self.danger_in if self.danger_in in "".join(statements) else ""


def order_of(root: Path, parent: ForkServer | None) -> list[str]:
    plans = list(load_project(root, "offline").plans.values())

    async def collect() -> list[str]:
        def on_event(event: Event) -> None:
            pass

        return [plans[number].example.name async for number in make_ready(plans, parent, on_event)]

    return asyncio.run(collect())


def test_example_is_ready_as_soon_as_what_it_imports_was_imported(small: Path) -> None:
    replace(
        small / "examples" / "first.py", "count = 1", "count = 1\nimport numpy.linalg, yaml\nimport numpy"
    )
    replace(small / "examples" / "second.py", "import math", "import math\nimport yaml")
    parent = Preloading()
    assert order_of(small, parent) == ["second", "first"]
    assert parent.asked == [["import yaml"], ["import numpy", "import numpy.linalg, yaml"]]
    assert order_of(small, None) == ["second", "first"]


def test_parent_imports_nothing_when_it_is_complete_or_must_not_fork(small: Path) -> None:
    replace(small / "examples" / "first.py", "count = 1", "count = 1\nimport numpy, yaml")
    replace(small / "examples" / "second.py", "import math", "import yaml")
    complete, dangerous = Preloading(is_complete=True), Preloading(danger_in="yaml")
    assert order_of(small, complete) == order_of(small, dangerous) == ["second", "first"]
    assert complete.asked == [] and dangerous.asked == [["import yaml"]]
