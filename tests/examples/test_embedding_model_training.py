"""What the example on training an embedding model must show."""

import re
from collections.abc import Callable

import pytest

NAME = "embedding_model_training"
Tables = Callable[[str], list[list[dict[str, str]]]]
Printed = Callable[[str], str]


def recalls(tables: Tables) -> dict[str, float]:
    """Give the recall at 1 of each model on held-out phrases."""
    return {row["model"]: float(row["recall at 1"]) for row in tables(NAME)[0]}


def test_letters_are_no_help(tables: Tables) -> None:
    """Phrase and time share no letter: spelling finds hardly more than a guess among 72."""
    assert recalls(tables)["letters"] <= 0.05


def test_every_seed_beats_the_frozen_model_and_the_linear_map(tables: Tables) -> None:
    """Training gains more than a linear map on the same pairs, at each of three seeds."""
    recall = recalls(tables)
    trained = [value for name, value in recall.items() if name.startswith("trained")]
    assert len(trained) == 3
    assert recall["frozen model"] <= 0.5
    assert min(trained) >= recall["frozen model"] + 0.12
    assert min(trained) > recall["frozen model, linear map"]


@pytest.mark.offline
def test_one_query_is_answered_and_the_other_misses_the_hour(printed: Printed) -> None:
    """After training, ten to eight finds the right minutes of another hour first, its own time second."""
    after = printed(NAME).partition("After training")[2]
    eight = re.search(r"ten to eight: (\S+) (\S+)", after)
    nine = re.search(r"twenty past nine: (\S+)", after)
    assert eight and nine
    assert nine.group(1) == "9:20"
    assert eight.group(1) != eight.group(2) == "7:50"
    assert eight.group(1).endswith(":50")


def test_two_queries_and_22_others_are_held_out(printed: Printed) -> None:
    """A third of the 72 times is held out."""
    assert "48 pairs to train on, 24 held out" in printed(NAME)


def test_errors_left_are_counted(printed: Printed, tables: Tables) -> None:
    """The count of errors is that of seed 0, and hour errors are part of them."""
    found = re.search(r"(\d+) wrong, (\d+) of them only in the hour", printed(NAME))
    assert found
    wrong, in_hour = map(int, found.groups())
    held_out = re.search(r"(\d+) held out", printed(NAME))
    assert held_out
    share = 1 - wrong / int(held_out.group(1))
    assert abs(share - recalls(tables)["trained, seed 0"]) < 0.01
    assert in_hour <= wrong


def test_training_costs_agreement_about_news(printed: Printed) -> None:
    """Agreement with people about news falls, and does not vanish."""
    before, after = map(float, re.findall(r"about news, \w+: (0\.\d+)", printed(NAME)))
    assert before > 0.4
    assert 0.2 < after < before
