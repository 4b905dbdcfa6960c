"""YAML that no author means is refused with its line, and never ends in a traceback."""

from pathlib import Path

import pytest

from cardbook.base.errors import InputError
from cardbook.base.yaml_file import ALIASED, DEPTH, parse_yaml, read_yaml

HOSTILE = {
    "aliases": (
        "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40)),
        (16, "its aliases repeat too much"),
    ),
    "alias of itself": ("a: 1\nb: &b\n  - *b\n", (3, "*b is inside of &b")),
    "alias of nothing": ("a: 1\nb: *c\n", (2, "no anchor &c above")),
    "depth": ("a:\n " + "[" * 500 + "]" * 500, (2, f"nested more than {DEPTH} levels deep")),
    "depth in block style": ("\n".join(" " * i + "a:" for i in range(60)), (52, "nested more than")),
    "two documents": ("a: 1\n---\nb: 2\n", (2, "second document")),
    "NUL": ("a: 1\nb: \0\n", (2, "U+0000")),
    "a lone surrogate": ('a: 1\nb: "\\ud800"\n', (2, "not valid YAML")),
    "a wrong integer": ("a: 1\nb: !!int x\n", (2, '"x" is not a plain value')),
    "5,000 digits": (f"a: 1\nb: {'9' * 5000}\n", (2, "is not a plain value")),
    "30 digits": (f"a: 1\nb: {'9' * 30}\n", (2, "is not a plain value")),
    "no number": ("a: 1\nb: .nan\n", (2, '".nan" is not a plain value')),
    "infinity": ("a: 1\nb: -.inf\n", (2, '"-.inf" is not a plain value')),
    "a tag": ("a: 1\nb: !x y\n", (2, '"y" is not a plain value')),
    "binary": ("a: 1\nb: !!binary é\n", (2, '"é" is not a plain value')),
    "a key that is a list": ("a: 1\n[1, 2]: 3\n", (2, "a key must be text")),
    "no end": ("a: {", (1, "not valid YAML")),
    "a tab": ("a:\n\tb: 1\n", (2, "not valid YAML")),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_yaml_is_refused_with_its_line(case: str) -> None:
    text, (line, message) = HOSTILE[case]
    with pytest.raises(InputError) as caught:
        parse_yaml(text, "book.yml")
    problem = caught.value.problems[-1]
    assert (problem.file, problem.line) == ("book.yml", line) and message in problem.what


def test_values_have_their_lines_and_dates_stay_text() -> None:
    document = parse_yaml("a: &x\n  - 1\n  - true\nb: *x\nc: 2026-13-45\nd: 1.5\ne:\n", "a.yml")
    assert document.value == {"a": [1, True], "b": [1, True], "c": "2026-13-45", "d": 1.5, "e": None}
    assert [document.line(at) for at in (("a", 1), ("b",), ("b", 1), ("c",))] == [3, 4, 4, 5]


def test_many_values_are_no_aliases() -> None:
    value = parse_yaml("- 1\n" * (ALIASED + 1000), "a.yml").value
    assert isinstance(value, list) and len(value) == ALIASED + 1000


@pytest.mark.parametrize("content", [b"\xff\xfea", b"a: \xe9"])
def test_file_must_be_utf_8(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "book.yml").write_bytes(content)
    with pytest.raises(InputError, match="is not UTF-8"):
        read_yaml(tmp_path / "book.yml", "book.yml")


def test_folder_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: Is a directory: make it a file"):
        read_yaml(tmp_path, "book.yml")
