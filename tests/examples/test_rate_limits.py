"""What examples/rate_limits.py shows about being refused and trying again."""

from collections.abc import Callable

NAME = "rate_limits"
Printed = Callable[[str], str]
Tables = Callable[[str], list[list[dict[str, str]]]]


def test_only_patience_gets_all_answers(printed: Printed) -> None:
    """Trying once loses requests, waiting and trying again loses none."""
    assert "careless lost at least one request: True" in printed(NAME)
    assert "patient got all its answers: True" in printed(NAME)


def test_the_attempts_add_up(tables: Tables) -> None:
    """Careless sends 12 requests; patient gets exactly 12 answers, with refusals."""
    (rows,) = tables(NAME)
    careless, patient = rows
    assert (careless["client"], patient["client"]) == ("careless", "patient")
    assert int(careless["attempts"]) == 12
    assert int(patient["attempts"]) - int(patient["refused"]) == 12
    assert int(patient["refused"]) > 0


def test_nobody_gets_past_the_limit(tables: Tables) -> None:
    """Twelve answers at four a second take two seconds, and not much longer."""
    (rows,) = tables(NAME)
    assert 2.0 <= float(rows[1]["seconds"]) < 15.0


def test_the_client_library_does_it_by_itself(printed: Printed) -> None:
    """The openai client fails without retries and gets everything with them."""
    assert "max_retries=0, all answered: False" in printed(NAME)
    assert "max_retries=8, all answered: True" in printed(NAME)
