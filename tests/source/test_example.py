import sys
from pathlib import Path

import pytest

from cardbook.base.errors import InputError
from cardbook.source.example import (
    parse_example,
    read_example,
    script_of,
    select_prose,
    set_parameters,
    to_notebook,
)
from tests.conftest import FIRST, replace


def problems_of(root: Path, name: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_example(root, name)
    return [str(problem) for problem in caught.value.problems]


def test_cells_know_kind_line_and_tags() -> None:
    example = parse_example("first", FIRST)
    assert [cell.kind for cell in example.cells] == ["markdown", "code", "code", "code"]
    assert example.title == "One"
    assert example.code_cells[0].tags == {"parameters"}
    assert FIRST.split("\n")[example.code_cells[1].line - 1] == example.code_cells[1].source


def test_parameters_are_written_into_their_cell_and_the_script() -> None:
    cell = 'name = "a"  # why\nsteps = 3\nrate = 1e-3'
    source = f'# %% [markdown]\n# # T\n\n# %% tags=["parameters"]\n{cell}\n\n# %%\nprint(name)\n'
    example = set_parameters(parse_example("t", source), {"name": 'b"ü', "steps": 40})
    assert example.code_cells[0].source == 'name = "b\\"ü"  # why\nsteps = 40\nrate = 1e-3'
    assert script_of(example) == source.replace('"a"', '"b\\"ü"').replace("3\n", "40\n", 1)
    assert to_notebook(example).cells[1].source == example.code_cells[0].source


def test_unknown_parameter_is_refused() -> None:
    with pytest.raises(InputError, match='no parameter "cuont"'):
        set_parameters(parse_example("first", FIRST), {"cuont": 2})


def test_parameters_without_a_cell_are_refused() -> None:
    with pytest.raises(InputError, match="no parameters cell"):
        set_parameters(parse_example("t", "# %%\nprint(1)\n"), {"count": 2})


PROFILES = """\
# %% [markdown]
# # T

# %% tags=["parameters"]
count = 1

# %% [markdown] tags=["offline"]
# One.
#
# And only one.

# %% [markdown] tags=["hub"]
# Two.

# %%
print(count)
"""


@pytest.mark.parametrize(
    ("profile", "prose", "left_out"),
    [
        ("offline", "One.\n\nAnd only one.", '# %% [markdown] tags=["hub"]\n# Two.\n\n'),
        (
            "hub",
            "Two.",
            '# %% [markdown] tags=["offline"]\n# One.\n#\n# And only one.\n\n',
        ),
    ],
)
def test_a_profile_has_its_own_prose(profile: str, prose: str, left_out: str) -> None:
    example = select_prose(set_parameters(parse_example("t", PROFILES), {"count": 2}), profile)
    assert [cell.source for cell in example.cells] == ["# T", "count = 2", prose, "print(count)"]
    assert script_of(example) == PROFILES.replace(left_out, "").replace("count = 1", "count = 2")
    assert PROFILES.split("\n")[example.cells[-1].line - 1] == "print(count)"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('print("done")', "print(", "syntax error"),
        ('print("done")', "if True:\n\tprint()", "a tab character"),
        ('print("done")', "# /// script\n# dependencies = []\n# ///", "a block of script metadata (PEP 723)"),
        ("# It prints one.", "# /// script\n# ///", "a block of script metadata (PEP 723)"),
        ("# # One\n#\n# It prints one.", "# It prints one.", "the example has no title"),
        ('# %%\nprint("done")', '# %% tags=["parameters"]\nx = 1', "a second parameters cell"),
        ('# %%\nprint("done")', '# %% tags=["hidden"]\nx = 1', 'a code cell has the tag "hidden"'),
        ('# %%\nprint("done")', '# %% tags=["offline"]\nx = 1', 'a code cell has the tag "offline"'),
        (
            '# %%\nprint("done")',
            '# %% [markdown] tags=["varies"]\n# x',
            'a markdown cell has the tag "varies"',
        ),
    ],
)
def test_mistakes_are_named_with_their_line(small: Path, before: str, after: str, message: str) -> None:
    path = small / "examples" / "first.py"
    replace(path, before, after)
    found = problems_of(small, "first")
    assert any(problem.startswith("examples/first.py:") and message in problem for problem in found)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = '\0'", "examples/first.py:13: the control character U+0000"),
        ("x = '\x1b'", "examples/first.py:13: the control character U+001B"),
        ("x = " + "9" * 5000, "examples/first.py:13: "),
        ("x = " + "(" * 5000 + ")" * 5000, "examples/first.py:13: "),
        ("x = " + "-" * 100_000 + "1", "examples/first.py:13: "),
    ],
)
def test_code_that_python_cannot_read_is_named_with_its_line(small: Path, code: str, message: str) -> None:
    replace(small / "examples" / "first.py", 'print("done")', code)
    assert any(problem.startswith(message) for problem in problems_of(small, "first"))


def test_script_must_be_utf_8(small: Path) -> None:
    (small / "examples" / "first.py").write_bytes("# é".encode("latin-1"))
    assert problems_of(small, "first") == ["examples/first.py: is not UTF-8: save it as UTF-8"]


def test_notebook_is_the_same_every_time() -> None:
    example = parse_example("first", FIRST)
    assert to_notebook(example) == to_notebook(example)


def test_script_parsed_before_is_read_without_the_parser(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = read_example(small, "first")
    monkeypatch.setitem(sys.modules, "jupytext", None)
    assert read_example(small, "first") == parsed


def test_changed_script_and_damaged_cache_are_parsed_anew(small: Path) -> None:
    script = small / "examples" / "first.py"
    before = read_example(small, "first")
    (entry,) = (small / ".cardbook" / "cache").iterdir()
    for damage in ("", "{", "[]", entry.read_text().replace("done", "gone")):
        entry.write_text(damage)
        assert read_example(small, "first") == before
    replace(script, 'print("done")', 'print("well done")')
    assert read_example(small, "first").code_cells[-1].source == 'print("well done")'
