"""What the example on fine-tuning a generation model must show."""

from collections.abc import Callable

import pytest

NAME = "fine_tuning_generation"
Tables = Callable[[str], list[list[dict[str, str]]]]


def rows(tables: Tables) -> dict[str, dict[str, str]]:
    """Give the row of each way to ask the model."""
    return {row["model"]: row for row in tables(NAME)[0]}


def test_fine_tuning_teaches_rows(tables: Tables) -> None:
    """Each of three seeds is right more often than the untrained model without examples."""
    found = rows(tables)
    tuned = [int(row["right of 32"]) for name, row in found.items() if name.startswith("fine-tuned")]
    assert len(tuned) == 3
    assert int(found["zero-shot"]["right of 32"]) < min(tuned)


@pytest.mark.offline
def test_prompt_is_more_often_right_than_any_seed(tables: Tables) -> None:
    """The prompt gets most requests right, and at least two more than each fine-tuned model."""
    found = rows(tables)
    tuned = [int(row["right of 32"]) for name, row in found.items() if name.startswith("fine-tuned")]
    assert int(found["few-shot"]["right of 32"]) >= 22
    assert max(tuned) + 2 <= int(found["few-shot"]["right of 32"])


def test_fine_tuning_shortens_the_prompt(tables: Tables) -> None:
    """A request to the fine-tuned model costs 9 tokens, the few-shot prompt 59."""
    found = rows(tables)
    assert int(found["few-shot"]["prompt tokens"]) == 59
    assert int(found["fine-tuned, seed 0"]["prompt tokens"]) == 9


@pytest.mark.offline
def test_training_spoils_other_text(tables: Tables) -> None:
    """The perplexity of news becomes at least two and a half times as high at every seed."""
    found = rows(tables)
    before = int(found["zero-shot"]["news perplexity"])
    for seed in range(3):
        assert int(found[f"fine-tuned, seed {seed}"]["news perplexity"]) > 2.5 * before


@pytest.mark.offline
def test_another_question_is_still_answered(printed: Callable[[str], str]) -> None:
    """The model names the capital of France before training and after it."""
    before, after = (line for line in printed(NAME).splitlines() if "capital of France" in line)
    assert before.startswith("before:")
    assert after.startswith("after:")
    assert "Paris" in before
    assert "Paris" in after
