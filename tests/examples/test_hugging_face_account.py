"""What examples/hugging_face_account.py shows about a gated model."""

from collections.abc import Callable

NAME = "hugging_face_account"
Printed = Callable[[str], str]


def test_a_token_alone_is_not_enough(printed: Printed) -> None:
    """No token: 401. A token: 403. The same token with access: the file."""
    outcomes = [line.split(":", 1) for line in printed(NAME).splitlines()[:3]]
    assert [(who, what.strip()) for who, what in outcomes] == [
        ("no token", "GatedRepoError, status 401"),
        ("a token", "GatedRepoError, status 403"),
        ("a token, access granted", "downloaded"),
    ]


def test_one_can_ask_first(printed: Printed) -> None:
    """The model's description says that it is gated, and auth_check accepts the token with access."""
    assert printed(NAME).splitlines()[3:] == [
        "gated: manual",
        "auth_check raised nothing: this token has access",
    ]


def test_the_token_is_not_printed(printed: Printed) -> None:
    """The token does not stand in the output."""
    assert "hf_" not in printed(NAME)
