"""What the example on fine-tuning a generation model must show."""

from collections.abc import Callable

NAME = "fine_tuning_generation"
Tables = Callable[[str], list[list[dict[str, str]]]]


def rows(tables: Tables) -> dict[str, dict[str, str]]:
    """Give the row of each way to ask the model."""
    return {row["model"]: row for row in tables(NAME)[0]}


def test_fine_tuning_teaches_rows(tables: Tables) -> None:
    """Without examples in the prompt the model writes no right row; each of three seeds learns to."""
    found = rows(tables)
    tuned = [int(row["right of 32"]) for name, row in found.items() if name.startswith("fine-tuned")]
    assert len(tuned) == 3
    assert int(found["zero-shot"]["right of 32"]) == 0
    assert min(tuned) > 0


def test_prompt_is_more_often_right_than_any_seed(tables: Tables) -> None:
    """The prompt gets 28 of 32 right, each fine-tuned model about half to two thirds."""
    found = rows(tables)
    tuned = [int(row["right of 32"]) for name, row in found.items() if name.startswith("fine-tuned")]
    assert int(found["few-shot"]["right of 32"]) == 28
    assert min(tuned) >= 14
    assert max(tuned) <= 22


def test_fine_tuning_shortens_the_prompt(tables: Tables) -> None:
    """A request to the fine-tuned model costs 9 tokens, the few-shot prompt 59."""
    found = rows(tables)
    assert int(found["few-shot"]["prompt tokens"]) == 59
    assert int(found["fine-tuned, seed 0"]["prompt tokens"]) == 9


def test_training_spoils_other_text(tables: Tables) -> None:
    """The perplexity of news rises from 73 to more than 250 at every seed."""
    found = rows(tables)
    assert int(found["zero-shot"]["news perplexity"]) == 73
    for seed in range(3):
        assert int(found[f"fine-tuned, seed {seed}"]["news perplexity"]) > 250


def test_another_question_is_still_answered(printed: Callable[[str], str]) -> None:
    """The model names the capital of France before training and after it."""
    before, after = (line for line in printed(NAME).splitlines() if "capital of France" in line)
    assert before.startswith("before:")
    assert after.startswith("after:")
    assert "Paris" in before
    assert "Paris" in after
