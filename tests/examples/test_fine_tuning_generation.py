from collections.abc import Callable

Tables = Callable[[str], list[list[dict[str, str]]]]
NAME = "fine_tuning_generation"


def test_fine_tuning_teaches_the_new_task(tables: Tables) -> None:
    """From near nothing to most of the held-out inputs exactly right."""
    scores = {row["starting point"]: row for row in tables(NAME)[0]}
    assert float(scores["pretrained"]["before"]) <= 0.05
    assert float(scores["pretrained"]["after fine-tuning"]) >= 0.55


def test_earlier_training_is_worth_a_lot(tables: Tables) -> None:
    """The same training from random weights stays far behind."""
    scores = {row["starting point"]: row for row in tables(NAME)[0]}
    trained = float(scores["pretrained"]["after fine-tuning"])
    assert trained >= float(scores["random weights"]["after fine-tuning"]) + 0.3


def test_samples_are_judged_by_exact_match(tables: Tables) -> None:
    """Only an answer equal to the wanted text is called right; errors are shown too."""
    _, sample, errors = tables(NAME)
    for row in sample + errors:
        assert (row["right"] == "yes") == (row["after"] == row["wanted"])
    assert len(sample) == 8
    assert len(errors) >= 3
    assert {row["right"] for row in errors} == {"no"}


def test_pretrained_model_brings_digits(tables: Tables) -> None:
    """Before fine-tuning it writes plain digits, for most samples the right number."""
    sample = tables(NAME)[1]
    assert all(row["before"].isdigit() for row in sample)
    assert sum(row["before"] == row["wanted"][:-2] for row in sample) >= 4
