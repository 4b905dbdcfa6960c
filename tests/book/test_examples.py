"""The examples of this book, as files: whole, on their own, and safe to be forked."""

from pathlib import Path

import pytest

from cardbook.models.manifest import read_models
from cardbook.source.book import read_book
from cardbook.source.example import import_statements, imports_of, read_example, script_of, strings_of
from tests.conftest import ROOT
from tests.kernel.test_kernels import preload, variables

NAMES = read_book(ROOT).examples


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_stands_in_the_script_byte_for_byte(name: str) -> None:
    example = read_example(ROOT, name)
    lines = example.text.split("\n")
    for cell in example.code_cells:
        count = len(cell.source.split("\n"))
        assert "\n".join(lines[cell.line - 1 : cell.line - 1 + count]) == cell.source
    assert script_of(example) == example.text


@pytest.mark.parametrize("name", NAMES)
def test_examples_stand_alone(name: str) -> None:
    example = read_example(ROOT, name)
    assert not imports_of(example) & {"cardbook", "tests"}
    assert example.title
    if ".to_markdown(" in example.text:
        assert "tabulate" in read_book(ROOT).options(name).needs


@pytest.mark.parametrize("name", NAMES)
def test_models_are_named_with_their_pinned_revision(name: str) -> None:
    strings = strings_of(read_example(ROOT, name))
    for model in read_models(ROOT).values():
        assert model.id not in strings or model.revision in strings


def test_parent_is_safe_after_everything_the_examples_import(tmp_path: Path) -> None:
    names = read_book(ROOT).examples
    imports = sorted({line for name in names for line in import_statements(read_example(ROOT, name))})
    assert any("torch" in line for line in imports)
    said: list[str] = []
    assert preload(imports, variables(tmp_path), said) == ""
    assert said == []
