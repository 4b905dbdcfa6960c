"""What examples/local_alternatives.py shows when the service refuses or is gone."""

import re
from collections.abc import Callable

NAME = "local_alternatives"
Printed = Callable[[str], str]
Tables = Callable[[str], list[list[dict[str, str]]]]


def test_the_local_model_answers_first(printed: Printed) -> None:
    """The model on this computer knows the capital of France."""
    assert "Paris" in printed(NAME).splitlines()[0]


def test_the_local_model_takes_over(tables: Tables) -> None:
    """Three answers of the service, a refusal, and no connection: the local model answers the last three."""
    (rows,) = tables(NAME)
    assert [row["service"] for row in rows] == ["answers"] * 3 + ["RateLimitError"] + [
        "APIConnectionError"
    ] * 2
    assert [row["by"] for row in rows] == ["service"] * 3 + ["local model"] * 3
    for row, capital in zip(rows[3:], ["Cairo", "Nairobi", "Lima"], strict=True):
        assert capital in row["answer"]


def test_only_the_service_has_a_limit(printed: Printed) -> None:
    """Eighteen requests in a row: three answers against eighteen."""
    assert re.findall(r"(\d+) answers to (\d+) requests", printed(NAME)) == [("3", "18"), ("18", "18")]


def test_most_local_answers_are_right_and_the_wrong_ones_shown(printed: Printed, profile: str) -> None:
    """16 of 18 with the small model; what is wrong is printed."""
    output = printed(NAME)
    found = re.search(r"^right: (\d+) of 18$", output, re.MULTILINE)
    assert found is not None
    right = int(found[1])
    assert right >= {"offline": 13, "hub": 16}[profile]
    wrong = output[: found.start()].split("local model: 18 answers to 18 requests\n")[1].splitlines()
    assert len(wrong) == 18 - right


def test_the_speed_is_measured(printed: Printed) -> None:
    """A capital takes several tokens, and they take time."""
    found = re.search(r"^(\d+) tokens, (\d+) a second$", printed(NAME), re.MULTILINE)
    assert found is not None
    assert 90 <= int(found[1]) <= 360
    assert int(found[2]) > 0
