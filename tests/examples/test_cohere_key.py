"""What examples/cohere_key.py shows about Cohere's key, its endpoints, and OpenAI's beside them."""

import json
from collections.abc import Callable

NAME = "cohere_key"
Printed = Callable[[str], str]
Tables = Callable[[str], list[list[dict[str, str]]]]


def test_missing_key_is_named(printed: Printed) -> None:
    """Without a key the client names the variable it looked for."""
    assert "CO_API_KEY" in printed(NAME).splitlines()[0]


def test_one_key_serves_chat_and_embeddings(printed: Printed) -> None:
    """Both endpoints answer."""
    assert "chat:  Paris." in printed(NAME)
    assert "embed: [0.1, 0.2, 0.3]" in printed(NAME)


def test_the_requests_are_shown(printed: Printed) -> None:
    """The chat request holds messages, the embedding request says what the text is for."""
    lines = printed(NAME).splitlines()
    bodies = [json.loads(lines[index + 1]) for index, line in enumerate(lines) if line.startswith("POST ")]
    addresses = [line for line in lines if line.startswith("POST ")]
    assert addresses == ["POST https://api.cohere.com/v2/chat", "POST https://api.cohere.com/v2/embed"]
    assert bodies[0]["messages"] == [{"role": "user", "content": "What is the capital of France?"}]
    assert bodies[1]["input_type"] == "search_query"


def test_the_two_services_differ_in_names_only(tables: Tables) -> None:
    """Each client takes its own variable, sends it in the same header, and names a refusal in its own way."""
    (rows,) = tables(NAME)
    address, header, status, error = rows
    assert address["OpenAI"] == "api.openai.com/v1/responses"
    assert address["Cohere"] == "api.cohere.com/v2/chat"
    assert header["OpenAI"] == "Bearer wrong key in OPENAI_API_KEY"
    assert header["Cohere"] == "Bearer wrong key in CO_API_KEY"
    assert status["OpenAI"] == status["Cohere"] == "401"
    assert (error["OpenAI"], error["Cohere"]) == ("AuthenticationError", "UnauthorizedError")
