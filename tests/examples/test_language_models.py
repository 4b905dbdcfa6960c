"""What the overview of language models must show."""

import re
from collections.abc import Callable

NAME = "language_models"
Printed = Callable[[str], str]
Tables = Callable[[str], list[list[dict[str, str]]]]


def test_the_encoder_finds_the_related_sentence(tables: Tables) -> None:
    """The kitten by the window is nearest, by far; interest rates are farthest."""
    near = tables(NAME)[0]
    assert "kitten" in near[0]["sentence"]
    assert "Interest rates" in near[-1]["sentence"]
    assert float(near[0]["cosine"]) > float(near[1]["cosine"]) + 0.2


def test_the_decoder_goes_on(printed: Printed) -> None:
    """The decoder repeats the sentence and adds several words to it."""
    found = re.search(r"^The cat sat on the warm windowsill and (.*)", printed(NAME), re.M)
    assert found and len(found[1].split()) >= 3


def test_only_the_encoder_looks_ahead(tables: Tables) -> None:
    """The decoder gives later tokens no weight, so reading on changes nothing."""
    encoder, decoder = tables(NAME)[1]
    share, same = "share of weight on later tokens", "cosine of the two vectors of cat"
    assert float(decoder[share]) == 0
    assert float(decoder[same]) == 1
    assert float(encoder[share]) > 0.1
    assert float(encoder[same]) < 0.99
