"""What the example on fine-tuning BERT must show."""

from collections.abc import Callable

NAME = "fine_tuning_bert"
Tables = Callable[[str], list[list[dict[str, str]]]]


def accuracies(tables: Tables) -> dict[str, float]:
    """Give the accuracy of each classifier on the held-out sentences."""
    return {row["classifier"]: float(row["accuracy"]) for row in tables(NAME)[0]}


def test_only_the_head_is_new(printed: Callable[[str], str]) -> None:
    """The checkpoint gives all weights but those of the classifier."""
    assert "new weights: classifier.bias classifier.weight\n" in printed(NAME)


def test_fine_tuning_beats_a_constant_answer(tables: Tables) -> None:
    """At the higher rate, accuracy is clearly above the half that a constant answer gets."""
    accuracy = accuracies(tables)
    assert accuracy["always the same"] == 0.5
    assert accuracy["fine-tuned, higher rate"] >= 0.6


def test_the_higher_rate_learns_more(tables: Tables) -> None:
    """In so few steps the default rate does not reach what the higher one does."""
    accuracy = accuracies(tables)
    assert accuracy["fine-tuned, higher rate"] > accuracy["fine-tuned, default rate"]


def test_the_frozen_model_is_hard_to_beat(tables: Tables) -> None:
    """The frozen baseline is well above chance, and fine-tuning is not far from its interval."""
    accuracy = accuracies(tables)
    assert accuracy["frozen BERT"] >= 0.6
    rows = {row["classifier"]: row["95% interval"] for row in tables(NAME)[0]}
    low, high = (int(bound) / 100 for bound in rows["frozen BERT"].replace("%", "").split(" to "))
    assert low - 0.05 <= accuracy["fine-tuned, higher rate"] <= high + 0.05
