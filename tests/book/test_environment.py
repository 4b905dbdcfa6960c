"""The environment that this book wants, and what its example about environments says of it."""

import ast
import json

from cardbook.cli.doctor import read_pins
from cardbook.records.environment import canonical
from cardbook.source.example import read_example
from tests.conftest import ROOT, Cardbook


def test_this_environment_is_as_the_book_wants_it(cardbook: Cardbook) -> None:
    outcome = cardbook("doctor", "--json", "--root", ROOT)
    findings = json.loads(outcome.stdout)
    assert [finding for finding in findings if not finding["passed"]] == []
    assert outcome.returncode == 0
    assert {"Python", "torch", "device", "sentence-transformers/all-MiniLM-L6-v2"} <= {
        f["what"] for f in findings
    }


def test_example_wants_the_versions_that_requirements_pin() -> None:
    example = read_example(ROOT, "local_environment")
    assigned = {
        node.targets[0].id: node.value
        for cell in example.code_cells
        for node in ast.parse(cell.source).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    wanted = dict(line.split("==") for line in ast.literal_eval(assigned["requirements"]))
    pins = read_pins(ROOT)
    assert {canonical(name): version for name, version in wanted.items()}.items() <= pins.items()
    assert "requirements.txt" in example.text and "-m venv" in example.text


def test_commands_of_the_page_are_those_that_ci_runs() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for command in ("-m venv", "requirements.txt"):
        assert command in makefile and command in read_example(ROOT, "local_environment").text
    assert "make test" in (ROOT / ".ci" / "run").read_text()
