import os
import sys
import time
import zipfile
from pathlib import Path

import pytest

from cardbook.kernel.restrictions import landlock_version
from cardbook.verify.environments import (
    Installed,
    InstallLineError,
    install_environment,
    link_environment,
    read_install_line,
    required_distributions,
)
from cardbook.verify.replay import BlockResult, ReplayLimits, _excess, run_blocks
from tests.conftest import write

PYTHON = Path(sys.executable)


def paste(*blocks: str, python: Path = PYTHON, seconds: float = 60, memory: float = 2) -> list[BlockResult]:
    limits = ReplayLimits(seconds, memory)
    return run_blocks(python, blocks, lambda _: {"PATH": os.environ["PATH"]}, limits)


def test_blocks_share_one_interpreter_in_an_empty_folder() -> None:
    first, second = paste("import os\n\nnumber = 7", "print(number, os.listdir(), __name__)\nnumber + 1")
    assert first.error == second.error == ""
    assert second.outputs.lines == ("7 [] __main__", "8")


def test_modules_beside_the_session_cannot_be_imported() -> None:
    (ran,) = paste("import problem")
    assert ran.error == "line 1: ModuleNotFoundError: No module named 'problem'"


def test_what_is_printed_by_any_means_is_taken_even_if_it_is_no_text() -> None:
    code = r"""
import os, sys, subprocess
print("one \ud800")
subprocess.run(["echo", "two"])
os.write(1, b"three \xff\n")
print("four", file=sys.stderr)
"""
    (ran,) = paste(code)
    assert ran.error == ""
    assert ran.outputs.lines == ("one \N{REPLACEMENT CHARACTER}", "two", "three \N{REPLACEMENT CHARACTER}")
    assert ran.outputs.warnings == ("four",)


def test_figure_is_taken_where_it_is_shown_or_else_at_the_end_of_its_block() -> None:
    draw = "from matplotlib import pyplot as plt\n\nplt.plot([1, 2])\nplt.show()\nline = plt.plot([2, 1])"
    first, second = paste(draw, "plt.show()")
    assert first.error == second.error == ""
    assert (len(first.outputs.figures), len(second.outputs.figures)) == (2, 0)
    assert first.outputs.figures[0] != first.outputs.figures[1]


INTERACTIVE = """
class Shown(dict):
    def __repr__(self):
        return "It has numbers."

    def _repr_mimebundle_(self, **_):
        return {"application/vnd.cardbook.kind+json": dict(self), "text/html": "<b>"}

"""


def test_interactive_output_is_taken_with_its_text() -> None:
    first, second = paste(f"{INTERACTIVE}print('one')\nShown(b=[1.5], a='é')", "print(Shown())\nShown()")
    assert first.error == second.error == ""
    assert first.outputs.lines == ("one", "It has numbers.")
    assert first.outputs.interactive == ('{"a":"é","b":[1.5]}',)
    assert second.outputs.interactive == ("{}",)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("float('nan')", "an interactive output that has NaN, which is not JSON"),
        ("'x' * 200_000", "an interactive output that is larger than 0.1 MB"),
        ("object()", "line 9: TypeError: Object of type object is not JSON serializable"),
    ],
)
def test_interactive_output_that_no_page_can_show_is_an_error(value: str, error: str) -> None:
    (ran,) = paste(f"{INTERACTIVE}Shown(a={value})")
    assert ran.error == error


def test_process_that_ends_itself_is_an_error_of_its_block() -> None:
    first, second, third = paste("print(1)", "import os\nos._exit(0)", "print(3)")
    assert (first.error, second.error) == ("", "the process ended")
    assert third.error == "not run, because of an error before it"


def test_child_of_a_session_does_not_outlive_it() -> None:
    (ran,) = paste("import subprocess\nprint(subprocess.Popen(['sleep', '300']).pid)")
    # The kernel takes a moment to end what was killed.
    deadline = time.monotonic() + 30
    while is_alive(ran.outputs.lines[0]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(ran.outputs.lines[0])


def is_alive(pid: str) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def add_distribution(folder: Path, name: str, needs: str = "") -> None:
    """Install a distribution by hand, with a module in a folder that others share."""
    write(folder / "together" / f"{name}.py", f"name = {name!r}\n")
    information = f"{name}-1.0.dist-info"
    write(folder / information / "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{needs}")
    write(folder / information / "RECORD", f"together/{name}.py,,\n{information}/METADATA,,\n")


def test_linked_environment_has_what_is_needed_and_nothing_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    extra = "Provides-Extra: more\nRequires-Dist: fourth; extra == 'more'\n"
    add_distribution(
        here, "first", 'Requires-Dist: second[more]\nRequires-Dist: third; sys_platform == "none"\n'
    )
    add_distribution(here, "second", extra)
    add_distribution(here, "third")
    add_distribution(here, "fourth")
    monkeypatch.syspath_prepend(str(here))
    installed = Installed()
    names = required_distributions(read_install_line('pip install "first==1.0"'), installed)
    assert names == {"first", "second", "fourth"}
    python = link_environment(tmp_path / "environment", names, installed)
    *passed, bad = paste(
        *(f"import together.{name}" for name in ("first", "second", "fourth", "third")), python=python
    )
    assert [ran.error for ran in passed] == ["", "", ""]
    assert bad.error == "line 1: ModuleNotFoundError: No module named 'together.third'"


def test_pip_installs_what_the_line_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    information = "tiny-1.0.dist-info"
    with zipfile.ZipFile(tmp_path / "tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.py", "size = 1\n")
        wheel.writestr(f"{information}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        wheel.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
        wheel.writestr(f"{information}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    python = install_environment(tmp_path / "one", read_install_line('pip install "tiny==1.0"'))
    (ran,) = paste("import tiny\n\nprint(tiny.size)", python=python)
    assert (ran.error, ran.outputs.lines) == ("", ("1",))
    with pytest.raises(InstallLineError, match=r"pip failed: .*tiny==2\.0"):
        install_environment(tmp_path / "two", read_install_line('pip install "tiny==2.0"'))


@pytest.mark.skipif(not landlock_version(), reason="this machine's Linux has no Landlock")
def test_copied_code_reaches_nothing_outside_its_folder(tmp_path: Path) -> None:
    record = tmp_path / "record.ipynb"
    record.write_text("good")
    code = f"""
import os, subprocess, sys

def attempt(command):
    return subprocess.run(["sh", "-c", command], capture_output=True).returncode

commands = "echo forged > {record}", "echo > {tmp_path}/new", "cat /proc/{os.getpid()}/environ"
print(*map(attempt, commands))
try:
    open({str(record)!r}, "w")
except PermissionError:
    print("refused")
"""
    (ran,) = paste(code)
    assert (ran.error, ran.outputs.lines[-1]) == ("", "refused")
    assert "0" not in ran.outputs.lines[0].split()
    assert record.read_text() == "good" and not (tmp_path / "new").exists()


def test_daemon_of_copied_code_does_not_outlive_it() -> None:
    code = "import subprocess\nsubprocess.run(['sh', '-c', 'setsid sleep 300 & echo $!'])"
    (ran,) = paste(code)
    assert ran.error == "" and not is_alive(ran.outputs.lines[0])


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (
            "import time\nx = b'1' * 900_000_000\ntime.sleep(60)",
            "more than 0.5 GB of memory, the example's limit",
        ),
        ("while True:\n    print('x' * 10_000)", "more than 10 MB of output"),
        ("import time\ntime.sleep(60)", "not finished after 5 s, the example's limit"),
    ],
    ids=["memory", "output", "time"],
)
def test_copied_code_keeps_within_limits(code: str, error: str) -> None:
    (ran,) = paste(code, seconds=5, memory=0.5)
    assert ran.error == error


SESSION = """
import os, pathlib, shutil
session = pathlib.Path(os.readlink("/proc/self/fd/1")).parent
"""


@pytest.mark.parametrize(
    "code",
    [
        "for name in ('1.out', '1-1.png', '1-x.png', '1.err'):\n"
        "    (session / name).unlink(missing_ok=True)\n    os.mkfifo(session / name)",
        "(session / '1.out').unlink()\n(session / '1.out').mkdir()",
        "(session / '1.out').unlink()\n(session / '1.out').symlink_to('/etc/passwd')",
        "shutil.rmtree(session)",
        "shutil.rmtree(session)\nsession.symlink_to('/etc')",
    ],
    ids=["pipes", "folder", "link", "nothing", "link to a folder"],
)
def test_session_that_replaces_its_outputs_hangs_nobody_and_shows_nothing(code: str) -> None:
    (ran,) = paste(SESSION + code)
    assert ran.outputs.lines == ()


def test_files_that_come_and_go_while_they_are_counted_end_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").write_bytes(bytes(10_000_001))
    monkeypatch.setattr(
        "cardbook.verify.replay._session_files", lambda _: [tmp_path / "gone", tmp_path / "there"]
    )
    error = _excess(os.getpid(), time.monotonic() + 1_000, ReplayLimits(1_000, 1_000), tmp_path)
    assert error == "more than 10 MB of output"


def test_figures_put_in_place_at_the_end_are_read_within_one_budget() -> None:
    # Reading them all would take 4 GB.
    code = """
new = session.parent / "new"
new.mkdir()
for number in range(400):
    with open(new / f"1-{number}.png", "wb") as file:
        file.truncate(9_999_999)
session.rename(session.parent / "old")
new.rename(session)
os._exit(0)
"""
    first, second = paste(SESSION + code, "print(2)")
    assert first.error == "more than 10 MB of output"
    assert first.outputs.figures == ()
    assert second.error == "not run, because of an error before it"
