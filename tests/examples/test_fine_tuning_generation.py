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
    tuned = [int(row["right of 16"]) for name, row in found.items() if name.startswith("fine-tuned")]
    assert len(tuned) == 3
    assert int(found["zero-shot"]["right of 16"]) == 0
    assert min(tuned) >= 5


def test_fine_tuning_shortens_the_prompt(tables: Tables) -> None:
    """A request to the fine-tuned model costs less than a third of the few-shot prompt."""
    found = rows(tables)
    few_shot = int(found["few-shot"]["prompt tokens"])
    assert int(found["fine-tuned, seed 0"]["prompt tokens"]) * 3 < few_shot


def test_training_spoils_other_text(tables: Tables) -> None:
    """The perplexity of news rises at every seed."""
    found = rows(tables)
    before = int(found["zero-shot"]["news perplexity"])
    for seed in range(3):
        assert int(found[f"fine-tuned, seed {seed}"]["news perplexity"]) > before


def test_another_question_is_answered_in_the_new_form(printed: Callable[[str], str]) -> None:
    """Before training the model names the capital of France; after it, it writes something else."""
    before, after = (line for line in printed(NAME).splitlines() if "capital of France" in line)
    assert before.startswith("before:")
    assert "Paris" in before
    assert "Paris" not in after
