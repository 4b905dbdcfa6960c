"""The rehearsal carries out the workflows, and fails where GitHub would."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import write
from tools.rehearsal.actions import ActionError, Stage, use
from tools.rehearsal.expressions import Functions, evaluate, fill
from tools.rehearsal.workflow import Attempt, run_workflow
from tools.rehearse import SCENARIOS, rehearse

CONTEXT = {"github": {"event_name": "push", "run_attempt": 2}, "vars": {}, "matrix": {"shard": "1/2"}}
FUNCTIONS: Functions = {"fromJSON": json.loads, "cancelled": lambda: False}

WORKFLOW = """\
on: push
env: {{WORD: hello}}
jobs:
  make:
    permissions: {{contents: read}}
    strategy: {{matrix: {{shard: [a, b]}}}}
    steps:
      - run: echo "$WORD" > word.txt; test {condition}
      - uses: actions/upload-artifact@1
        if: "!cancelled()"
        with: {{name: "word-${{{{ matrix.shard }}}}", path: word.txt, if-no-files-found: error}}
  use:
    needs: make
    permissions: {{}}
    outputs: {{found: "${{{{ steps.look.outputs.none }}}}"}}
    steps:
      - uses: actions/download-artifact@1
        with: {{pattern: word-*, path: words}}
      - run: diff words/word-a/word.txt words/word-b/word.txt
      - uses: actions/attest@1
        with: {{subject-path: words/word-a/word.txt}}
  after:
    needs: use
    permissions: {{}}
    steps: [run: "true"]
  report:
    if: failure()
    needs: [make, use]
    permissions: {{}}
    steps: [run: "test -z \\"$WORD2\\""]
"""

RIGHTS = "    needs: make\n    permissions: "
GRANTED = {f"{RIGHTS}{{}}": f"{RIGHTS}{{attestations: write, id-token: write}}"}


@pytest.mark.slow
def test_first_publication_ends_as_it_should(tmp_path: Path) -> None:
    log: list[str] = []
    assert rehearse("first", tmp_path / "rehearsal", log.append) == [], "\n".join(log)


def test_scenarios_are_explained() -> None:
    assert all(scenario.__doc__ for scenario in SCENARIOS.values())


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("github.event_name == 'push' && 'yes' || 'no'", "yes"),
        ("vars.BOOK_RUNNER && 'cuda' || 'cpu'", "cpu"),
        ("fromJSON(vars.BOOK_SHARDS || '[\"1/2\"]')", ["1/2"]),
        ("!cancelled() && github.run_attempt != 1", True),
        ("github.head_ref", None),
        ("'it''s'", "it's"),
    ],
)
def test_expressions_have_the_value_that_github_gives_them(expression: str, value: object) -> None:
    assert evaluate(expression, CONTEXT, FUNCTIONS) == value


def test_texts_are_filled() -> None:
    assert fill({"a": ["${{ matrix.shard }} of ${{ github.none }}!"]}, CONTEXT, FUNCTIONS) == {
        "a": ["1/2 of !"]
    }
    with pytest.raises(ValueError, match="cannot read"):
        evaluate("github.event_name ? 1", CONTEXT, FUNCTIONS)


def run(tmp_path: Path, condition: str, **change: str) -> tuple[dict[str, str], str]:
    text = WORKFLOW.format(condition=condition)
    for before, after in change.items():
        assert before in text
        text = text.replace(before, after)
    write(tmp_path / "workflow.yml", text)
    for name in ("artifacts", "caches"):
        (tmp_path / name).mkdir()
    log: list[str] = []
    github: dict[str, Any] = {"run_attempt": 1, "run_id": 1, "sha": "a"}
    return run_workflow(
        tmp_path / "workflow.yml", Attempt(github, {}, {}, tmp_path, "", log.append)
    ), "\n".join(log)


def test_failure_skips_what_needs_the_job_and_is_reported(tmp_path: Path) -> None:
    results, log = run(tmp_path, '"${{ matrix.shard }}" = a')
    assert results == {"make": "failure", "use": "skipped", "after": "skipped", "report": "success"}
    assert "exit status 1" in log


def test_action_without_its_permission_fails(tmp_path: Path) -> None:
    results, log = run(tmp_path, "1 = 1")
    assert results == {"make": "success", "use": "failure", "after": "skipped", "report": "success"}
    assert "attest: the job lacks the permissions attestations, id-token" in log


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("path: word.txt", "path: other.txt", "other.txt: no files to upload"),
        ("${{ matrix.shard }}", "x", "an artifact word-x is already there"),
        ("word-a/word.txt}", "none.txt}", "none.txt: no such file"),
        ("pattern: word-*", "name: word", "no artifact word"),
        ("pattern: word-*", "artifact-ids: 1", "no artifact of ID 1"),
    ],
)
def test_inputs_of_actions_are_checked(tmp_path: Path, before: str, after: str, reason: str) -> None:
    results, log = run(tmp_path, "1 = 1", **GRANTED, **{before: after})
    assert "failure" in results.values() and reason in log


def test_workflow_without_faults_succeeds(tmp_path: Path) -> None:
    results, _ = run(tmp_path, "1 = 1", **GRANTED)
    assert results == {"make": "success", "use": "success", "after": "success", "report": "skipped"}


def test_replaced_artifact_has_another_id(tmp_path: Path) -> None:
    stage = Stage(tmp_path, tmp_path / "work")
    write(stage.work / "word.txt", "hello")
    inputs = {"name": "word", "path": "word.txt", "overwrite": True}
    _, first = use(stage, "actions/upload-artifact@1", inputs, {"permissions": {}})
    wanted = {"artifact-ids": first["artifact-id"], "path": "here"}
    use(stage, "actions/download-artifact@1", wanted, {"permissions": {}})
    assert (stage.work / "here" / "word.txt").read_text(encoding="utf-8") == "hello"
    use(stage, "actions/upload-artifact@1", inputs, {"permissions": {}})
    with pytest.raises(ActionError, match="no artifact of ID"):
        use(stage, "actions/download-artifact@1", wanted, {"permissions": {}})
