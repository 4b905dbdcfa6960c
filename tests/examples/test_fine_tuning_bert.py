"""What the example on fine-tuning BERT must show."""

import re
from collections.abc import Callable

import pytest

NAME = "fine_tuning_bert"
Tables = Callable[[str], list[list[dict[str, str]]]]
Printed = Callable[[str], str]


def rows(tables: Tables, task: str) -> list[dict[str, str]]:
    """Give the rows of a task, one for each seed."""
    return [row for row in tables(NAME)[1] if row["task"] == task]


def frozen(tables: Tables, task: str) -> dict[str, float]:
    """Give what letters and the layers of the frozen model reach on a task."""
    row = next(row for row in tables(NAME)[0] if row["task"] == task)
    return {column: float(value) for column, value in row.items() if column != "task"}


def test_only_the_head_is_new(printed: Printed) -> None:
    """The checkpoint gives all weights but those of the classifier."""
    assert "new weights: classifier.bias classifier.weight\n" in printed(NAME)


@pytest.mark.offline
def test_an_earlier_layer_knows_more_of_the_order(tables: Tables) -> None:
    """On scrambled words the layer chosen by cross-validation beats the last one, and letters."""
    scrambled = frozen(tables, "scrambled words")
    assert scrambled["its average"] > scrambled["letters"]
    # Another checkpoint than the sentence embedder may know most in its last layer.
    if scrambled["its average"] != scrambled["last layer"]:
        assert scrambled["its average"] >= scrambled["last layer"] + 0.06


@pytest.mark.offline
def test_letters_tell_the_library(tables: Tables) -> None:
    """On the easy task letters do nearly as well as the frozen model."""
    library = frozen(tables, "pandas or SciPy")
    assert library["letters"] >= library["its average"] - 0.08


def test_the_frozen_model_of_the_pairs_is_that_of_the_best_layer(tables: Tables) -> None:
    for task in ("pandas or SciPy", "scrambled words"):
        assert {float(row["frozen"]) for row in rows(tables, task)} == {frozen(tables, task)["its average"]}


@pytest.mark.offline
def test_fine_tuning_sees_the_order_of_words(tables: Tables) -> None:
    """At each of three seeds it beats the best frozen layer."""
    scrambled = rows(tables, "scrambled words")
    assert len(scrambled) == 3
    gains = [float(row["fine-tuned"]) - float(row["frozen"]) for row in scrambled]
    assert min(gains) > 0


@pytest.mark.offline
def test_a_frozen_model_tells_the_library(tables: Tables) -> None:
    """It is mostly right, and no seed differs from it by more than chance would."""
    library = rows(tables, "pandas or SciPy")
    assert len(library) == 3
    assert all(float(row["frozen"]) >= 0.8 for row in library)
    assert all(float(row["p"]) > 0.05 for row in library)


def test_gains_and_losses_add_up(tables: Tables) -> None:
    """The difference of the accuracies is that of the texts only one model gets right."""
    for task, held_out in [("pandas or SciPy", 140), ("scrambled words", 180)]:
        for row in rows(tables, task):
            difference = float(row["fine-tuned"]) - float(row["frozen"])
            assert abs(difference - (int(row["gained"]) - int(row["lost"])) / held_out) < 0.011


@pytest.mark.offline
def test_the_tuned_model_is_used(printed: Printed) -> None:
    """The last two lines tell a sentence in order from the same one scrambled, surer than at first."""
    answers = re.findall(r"LABEL_(\d) (\d\.\d+) Return", printed(NAME))
    assert len(answers) == 4
    assert [label for label, _ in answers[2:]] == ["0", "1"]
    assert min(float(score) for _, score in answers[2:]) > max(float(score) for _, score in answers[:2])
