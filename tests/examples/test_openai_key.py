"""What examples/openai_key.py shows about keys."""

from collections.abc import Callable

NAME = "openai_key"
Printed = Callable[[str], str]


def test_missing_key_is_named_before_any_request(printed: Printed) -> None:
    """Without a key the client names the variable it looked for."""
    set_line, problem = printed(NAME).splitlines()[:2]
    assert set_line == "OPENAI_API_KEY is set: False"
    assert problem.startswith("OpenAIError - ")
    assert "OPENAI_API_KEY" in problem


def test_right_key_gets_the_right_answer(printed: Printed) -> None:
    """With the issued key the model answers the question."""
    assert "says: " in printed(NAME)
    assert "Paris" in printed(NAME).split("says: ")[1].splitlines()[0]


def test_wrong_key_is_unauthorized(printed: Printed) -> None:
    """A wrong key is refused with status 401."""
    assert printed(NAME).endswith("AuthenticationError - status 401\n")


def test_no_key_is_printed(printed: Printed) -> None:
    """No key stands in the output, not even the made-up ones."""
    assert "sk-" not in printed(NAME)
    assert "Bearer" not in printed(NAME)
