from pathlib import Path

from tests.conftest import Cardbook, replace
from tests.run.test_runner import records_of


def test_examples_that_repeat_themselves_pass(small: Path, cardbook: Cardbook) -> None:
    outcome = cardbook("run", "--repeat", "2", "--root", small)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert "2 of 2 examples are fresh.\n" in outcome.stdout


def test_undeclared_variation_names_file_cell_and_lines(small: Path, cardbook: Cardbook) -> None:
    replace(small / "examples" / "first.py", 'print("done")', "import time\n\nprint(time.time_ns())")
    outcome = cardbook("run", "--repeat", "2", "--root", small)
    assert outcome.returncode == 1
    record = records_of(small).read("first")
    assert record is not None
    message, *lines = outcome.stderr.splitlines()
    assert message.startswith("examples/first.py: cell 3: its output differs in a repeated run")
    assert f"  -{record.outputs[2][0].text.strip()}" in lines
    assert "cell 2" not in outcome.stderr and "second" not in outcome.stderr


def test_last_digit_counts(small: Path, cardbook: Cardbook) -> None:
    code = "import time\n\nprint(1 + (time.time_ns() % 1_000_000) * 1e-12)"
    replace(small / "examples" / "first.py", 'print("done")', code)
    assert cardbook("run", "first", "--repeat", "3", "--root", small).returncode == 1


def test_declared_variation_passes(small: Path, cardbook: Cardbook) -> None:
    code = '# %%\nprint("done")'
    replace(
        small / "examples" / "first.py", code, '# %% tags=["varies"]\nimport time\n\nprint(time.time_ns())'
    )
    outcome = cardbook("run", "--repeat", "2", "--root", small)
    assert (outcome.returncode, outcome.stderr) == (0, "")


def test_example_that_fails_when_it_is_run_again_is_named(small: Path, cardbook: Cardbook) -> None:
    record = records_of(small).path("first")
    code = f"from pathlib import Path\n\nassert not Path({str(record)!r}).exists()"
    replace(small / "examples" / "first.py", 'print("done")', code)
    outcome = cardbook("run", "first", "--repeat", "2", "--root", small)
    assert outcome.returncode == 1
    assert "examples/first.py: cell 3, line 3: AssertionError" in outcome.stderr
    assert "(only in a repeated run)" in outcome.stderr
    assert records_of(small).read_failure("first") is None, "the record stays as the first run left it"
