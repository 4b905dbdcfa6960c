"""What examples/local_alternatives.py shows about one request to two places."""

from collections.abc import Callable

import pytest

NAME = "local_alternatives"
Tables = Callable[[str], list[list[dict[str, str]]]]


def test_both_places_give_the_same_right_answers(tables: Tables) -> None:
    """The same model behind two addresses answers alike, and rightly."""
    answers = tables(NAME)[0]
    assert all(row["service"] == row["local"] for row in answers)
    for row, word in zip(answers, ["Paris", "Tokyo", "7"], strict=True):
        assert word in row["local"]


def test_cost_follows_from_tokens_and_price(tables: Tables) -> None:
    """Dollars are tokens times price; the local side has no bill."""
    service, local = tables(NAME)[1]
    column = "dollars for a million such requests"
    dollars = 0.10 * int(service["tokens in"]) + 0.50 * int(service["tokens out"])
    assert float(service[column]) == pytest.approx(dollars / 3, abs=0.006)
    assert float(local[column]) == 0
    assert service["tokens in"] == local["tokens in"]


def test_the_delay_is_in_the_measured_time(tables: Tables) -> None:
    """No answer from the stand-in comes sooner than the added half second."""
    seconds = tables(NAME)[2]
    assert len(seconds) == 3
    assert all(float(row["service"]) >= 0.5 for row in seconds)
    assert all(float(row["local"]) > 0 for row in seconds)
