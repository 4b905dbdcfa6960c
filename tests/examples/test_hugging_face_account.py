"""What examples/hugging_face_account.py shows about a gated model."""

from collections.abc import Callable

NAME = "hugging_face_account"
Printed = Callable[[str], str]


def test_a_token_alone_is_not_enough(printed: Printed) -> None:
    """No token: 401. A token: 403. The same token and an accepted licence: the file."""
    assert printed(NAME).splitlines()[:3] == [
        "GatedRepoError - status 401",
        "GatedRepoError - status 403",
        "Downloaded.",
    ]


def test_the_secret_file_is_private(printed: Printed) -> None:
    """Only its owner may read or write the file."""
    assert printed(NAME).splitlines()[3] == "-rw-------"


def test_the_token_is_not_printed(printed: Printed) -> None:
    """The token does not stand in the output."""
    assert "hf_" not in printed(NAME)
