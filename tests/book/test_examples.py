"""The examples of this book, as files: whole, on their own, short, and safe to be forked."""

import io
import re
import statistics
import tokenize
from pathlib import Path

import pytest

from cardbook.models.manifest import read_models
from cardbook.source.book import read_book
from cardbook.source.example import (
    PROFILES,
    Example,
    import_statements,
    imports_of,
    read_example,
    script_of,
    strings_of,
)
from tests.conftest import ROOT
from tests.kernel.test_kernels import preload, variables

NAMES = read_book(ROOT).examples

# An example has at most so many lines of code, and half of the book's cells at most so many.
LINES, CELL = 90, 12
# Those that have more lines: how many at most, and why.
LONGER: dict[str, tuple[int, str]] = {
    "language_models": (150, "24 lines are reviews; two models classify, then their attention is drawn"),
    "tokenization_and_embeddings": (
        140,
        "three tokenizers drawn in colour and handed on with ids, then vectors before and after layers",
    ),
    "illustrated_transformer": (
        160,
        "the code is the lesson: attention is drawn and handed on, a Transformer is rebuilt and compared",
    ),
    "pretrained_language_models": (
        150,
        "45 lines are headlines, requests and capitals; four jobs on one page",
    ),
    "supervised_classification": (130, "24 lines are sentences; predictions, mistakes and a learning curve"),
    "text_clustering": (
        120,
        "topics are named, drawn, handed on, varied and compared with people's judgements",
    ),
    "semantic_search": (150, "33 lines are requests; search by words is written out as the rival"),
    "text_generation": (130, "the generation loop is written out, each sampling rule measured and drawn"),
    "visual_domain": (170, "the code is the lesson: encoder, projector, gap, and training through the model"),
    "embedding_model_training": (120, "data of its own, two baselines, training, and what it cost elsewhere"),
    "training_and_fine_tuning": (110, "two learning rates and a start from random weights, three seeds each"),
    "fine_tuning_bert": (180, "the code is the lesson: the card's training, with what the card leaves out"),
    "fine_tuning_generation": (
        120,
        "the code is the lesson: data, labels, adapters and training written out",
    ),
    "hardware_requirements": (
        130,
        "four things are measured: memory, speed, precision and what training needs",
    ),
    "rate_limits": (120, "32 lines are the service that refuses; four ways to send, and their figure"),
}
NOT_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def lines_of_code(source: str) -> int:
    """Count the lines that are neither blank nor a comment; a text over several lines counts in full."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = (range(t.start[0], t.end[0] + 1) for t in tokens if t.type not in NOT_CODE)
    return len({line for each in lines for line in each})


def counts_of(name: str) -> list[int]:
    return [lines_of_code(cell.source) for cell in read_example(ROOT, name).code_cells]


def test_lines_of_code_are_those_with_code() -> None:
    assert lines_of_code('# no\n\nx = (\n    1,  # yes\n\n)\ny = """a\n\nb"""\n') == 6


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_short_or_says_why_not(name: str) -> None:
    count = sum(counts_of(name))
    most, reason = LONGER.get(name, (LINES, ""))
    assert count <= most
    assert name not in LONGER or (reason and count > LINES)


def test_cells_are_short() -> None:
    assert statistics.median(count for name in NAMES for count in counts_of(name)) <= CELL


def claims_of_one_profile(name: str) -> set[str]:
    test = (ROOT / "tests" / "examples" / f"test_{name}.py").read_text(encoding="utf-8")
    return set(re.findall(r"^@pytest\.mark\.(\w+)$", test, re.MULTILINE)) & PROFILES


def prose_of_one_profile(example: Example) -> set[str]:
    return {tag for cell in example.cells if cell.kind == "markdown" for tag in cell.tags}


@pytest.mark.parametrize("name", NAMES)
def test_what_only_the_offline_profile_says_is_tested_there(name: str) -> None:
    prose = prose_of_one_profile(read_example(ROOT, name))
    claims = claims_of_one_profile(name)
    assert claims <= prose
    assert "offline" not in prose or "offline" in claims


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
    messages: list[str] = []
    assert preload(imports, variables(tmp_path), messages) == ""
    assert messages == []
