"""What examples/openai_key.py shows about keys."""

import re
from collections.abc import Callable

NAME = "openai_key"
Printed = Callable[[str], str]
Tables = Callable[[str], list[list[dict[str, str]]]]


def test_missing_key_is_named_before_any_request(printed: Printed) -> None:
    """Without a key the client names the variable it looked for."""
    problem = printed(NAME).splitlines()[0]
    assert problem.startswith("OpenAIError: ")
    assert "OPENAI_API_KEY" in problem


def test_both_apis_give_the_answer(printed: Printed) -> None:
    """The same question and answer through Responses and Chat Completions."""
    assert re.findall(r"^(.+?): +Paris\.$", printed(NAME), re.MULTILINE) == ["Responses", "Chat Completions"]


def test_the_key_is_a_line_of_the_header(printed: Printed) -> None:
    """Both requests go to OpenAI's address, with the key as a bearer token and the question in the body."""
    lines = printed(NAME).splitlines()
    sent = [index for index, line in enumerate(lines) if line.startswith("POST ")]
    paths = [lines[index].removeprefix("POST https://api.openai.com/v1/") for index in sent]
    assert paths == ["responses", "chat/completions"]
    for index in sent:
        assert lines[index + 1].startswith("Authorization: Bearer sk-")
        assert "What is the capital of France?" in lines[index + 2]


def test_a_wrong_key_and_an_empty_account_are_told_apart(tables: Tables) -> None:
    """One is refused once, with 401; the other has the status of a rate limit and is tried three times."""
    (rows,) = tables(NAME)
    assert [row["status"] for row in rows] == ["200", "401", "429"]
    assert [row["error"] for row in rows] == ["", "AuthenticationError", "RateLimitError"]
    assert [row["code"] for row in rows] == ["", "invalid_api_key", "insufficient_quota"]
    assert [row["requests sent"] for row in rows] == ["1", "1", "3"]


def test_no_whole_key_is_printed(printed: Printed) -> None:
    """Five characters of a key stand in the output, not more."""
    assert set(re.findall(r"sk-[\w-]*", printed(NAME))) == {"sk-pr"}
