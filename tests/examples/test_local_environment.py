import re
from collections.abc import Callable

from tests.conftest import ROOT

Printed = Callable[[str], str]
Tables = Callable[[str], list[list[dict[str, str]]]]
NAME = "local_environment"


def test_new_environment_is_empty(printed: Printed) -> None:
    """The environment is really made: a Python of its own, and no package of this one."""
    output = printed(NAME)
    assert "environment: thellmbook\npackages: 0\ntorch found: False" in output


def test_wanted_versions_are_those_the_book_installs(printed: Printed) -> None:
    """The inline list says what requirements.txt pins, and nothing installed differs from it."""
    pins = set((ROOT / "requirements.txt").read_text().splitlines())
    source = (ROOT / "examples" / f"{NAME}.py").read_text()
    wanted = re.findall(r'^    "([\w-]+==[\d.]+)",$', source, re.MULTILINE)
    assert len(wanted) == 9
    assert set(wanted) <= pins
    assert "9 wanted, 0 different" in printed(NAME)


def test_differences_are_found(tables: Tables) -> None:
    """The pins of the book's repository differ from what is installed, and are listed."""
    rows = tables(NAME)[1]
    assert [row["package"] for row in rows] == ["numpy", "torch", "transformers"]
    assert all(row["wanted"] != row["found"] for row in rows)


def test_python_versions_refused_and_named(tables: Tables) -> None:
    """3.10 is refused, 3.11 to 3.14 are refused by none and named by all, 3.15 not by all."""
    rows = {row["Python"]: row for row in tables(NAME)[0]}
    assert list(rows) == ["3.10", "3.11", "3.12", "3.13", "3.14", "3.15"]
    assert {"numpy", "transformers"} <= set(rows["3.10"]["refused by"].split(", "))
    for python in ("3.11", "3.12", "3.13", "3.14"):
        assert rows[python]["refused by"] == rows[python]["not named by"] == "none"
    assert rows["3.15"]["refused by"] == "none"
    assert "numpy" in rows["3.15"]["not named by"]


def test_models_run(printed: Printed) -> None:
    """One pass through each model gives what it should."""
    output = printed(NAME)
    assert "The capital of France is Paris" in output
    assert "384 numbers, of length 1.000" in output
