"""What examples/typographical_conventions.py shows about the four looks."""

from collections.abc import Callable

NAME = "typographical_conventions"


def test_every_kind_of_text_has_the_look_the_card_names(printed: Callable[[str], str]) -> None:
    """Family, style and weight of each marked piece, as the parser finds them."""
    looks = {line[:16].strip(): line[17:] for line in printed(NAME).splitlines()}
    assert looks == {
        "embedding": "serif italic normal",
        "chapter2.md": "serif italic normal",
        "encode()": "monospace normal normal",
        "ids": "monospace normal normal",
        "python --version": "monospace normal bold",
        "MODEL_NAME": "monospace italic normal",
    }
