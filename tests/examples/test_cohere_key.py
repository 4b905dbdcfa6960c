"""What examples/cohere_key.py shows about Cohere's keys and its two endpoints."""

from collections.abc import Callable

NAME = "cohere_key"
Printed = Callable[[str], str]
Tables = Callable[[str], list[list[dict[str, str]]]]


def test_missing_key_is_named(printed: Printed) -> None:
    """Without a key the client names the variable it looked for."""
    set_line, problem = printed(NAME).splitlines()[:2]
    assert set_line == "CO_API_KEY is set: False"
    assert problem.startswith("ApiError - ")
    assert "CO_API_KEY" in problem


def test_chat_answers(printed: Printed) -> None:
    """The chat endpoint gives the right answer."""
    assert "Paris" in printed(NAME).split("says: ")[1].splitlines()[0]


def test_embeddings_find_the_answer(tables: Tables) -> None:
    """The sentence about keys is clearly the closest to the question."""
    (rows,) = tables(NAME)
    scores = [float(row["similarity"]) for row in rows]
    assert "secret key" in rows[0]["sentence"]
    assert scores[0] > max(scores[1:]) + 0.15


def test_wrong_key_is_unauthorized(printed: Printed) -> None:
    """A wrong key is refused with status 401."""
    assert printed(NAME).endswith("UnauthorizedError - status 401\n")
