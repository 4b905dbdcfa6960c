"""What the example on fine-tuning BERT must show."""

import re
from collections.abc import Callable

NAME = "fine_tuning_bert"
Tables = Callable[[str], list[list[dict[str, str]]]]
Printed = Callable[[str], str]


def rows(tables: Tables, task: str) -> list[dict[str, str]]:
    """Give the rows of a task, one for each seed."""
    return [row for row in tables(NAME)[0] if row["task"] == task]


def test_only_the_head_is_new(printed: Printed) -> None:
    """The checkpoint gives all weights but those of the classifier."""
    assert "new weights: classifier.bias classifier.weight\n" in printed(NAME)


def test_fine_tuning_sees_the_order_of_words(tables: Tables) -> None:
    """At each of three seeds it beats the frozen model, on average clearly, and mostly not by chance."""
    scrambled = rows(tables, "scrambled words")
    assert len(scrambled) == 3
    gains = [float(row["fine-tuned"]) - float(row["frozen"]) for row in scrambled]
    assert min(gains) >= 0.05
    assert sum(gains) / 3 >= 0.1
    assert sum(float(row["p"]) < 0.05 for row in scrambled) >= 2


def test_a_frozen_model_tells_the_library(tables: Tables) -> None:
    """It is mostly right, and no seed differs from it by more than chance would."""
    library = rows(tables, "pandas or SciPy")
    assert len(library) == 3
    assert all(float(row["frozen"]) >= 0.8 for row in library)
    assert all(float(row["p"]) > 0.05 for row in library)


def test_gains_and_losses_add_up(tables: Tables) -> None:
    """The difference of the accuracies is that of the texts only one model gets right."""
    for task, held_out in [("pandas or SciPy", 50), ("scrambled words", 100)]:
        for row in rows(tables, task):
            difference = float(row["fine-tuned"]) - float(row["frozen"])
            assert abs(difference - (int(row["gained"]) - int(row["lost"])) / held_out) < 0.011


def test_the_tuned_model_is_used(printed: Printed) -> None:
    """The last two lines tell a sentence in order from the same one scrambled, surer than at first."""
    answers = re.findall(r"LABEL_(\d) (\d\.\d+) Return", printed(NAME))
    assert len(answers) == 4
    assert [label for label, _ in answers[2:]] == ["0", "1"]
    assert min(float(score) for _, score in answers[2:]) > max(float(score) for _, score in answers[:2])
