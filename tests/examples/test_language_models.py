"""What the overview of language models must show."""

import re
from collections.abc import Callable

NAME = "language_models"
Printed = Callable[[str], str]
Tables = Callable[[str], list[list[dict[str, str]]]]


def right(tables: Tables, task: str, classifier: str) -> list[int]:
    """Return how many reviews each classifier of that name got right."""
    rows = [row for row in tables(NAME)[0] if row["task"] == task]
    return [int(row["right of 16"]) for row in rows if row["classifier"].startswith(classifier)]


def test_the_decoder_goes_on(printed: Printed) -> None:
    """The decoder repeats the start and adds several words to it."""
    found = re.search(r"^The soup was cold and the waiter (.*)", printed(NAME), re.M)
    assert found and len(found[1].split()) >= 5


def test_both_tell_films_from_food(printed: Printed, tables: Tables) -> None:
    """Both classify the two own reviews, and 13 of 16 or more with the best prompt; letters do not."""
    assert "topic -> film food" in printed(NAME)
    assert "['film', 'food']" in printed(NAME)
    (letters,), (encoder,) = (right(tables, "topic", name) for name in ("letters", "encoder"))
    prompts = right(tables, "topic", "decoder")
    assert letters <= 11
    assert encoder >= 13
    assert len(prompts) == 3
    assert max(prompts) >= 13
    assert max(prompts) - min(prompts) >= 3


def test_both_read_sentiment_better_than_letters(tables: Tables) -> None:
    """The encoder and the best prompt are well above the letters, and prompts differ."""
    (letters,), (encoder,) = (right(tables, "sentiment", name) for name in ("letters", "encoder"))
    prompts = right(tables, "sentiment", "decoder")
    assert len(prompts) == 4
    assert encoder >= letters + 3
    assert max(prompts) >= letters + 3
    assert max(prompts) - min(prompts) >= 3


def test_only_the_encoder_looks_ahead(printed: Printed) -> None:
    """The decoder gives later tokens no weight, the encoder a good part of it."""
    assert "decoder: 0% of the weight goes to later tokens" in printed(NAME)
    found = re.search(r"encoder: (\d+)% of the weight", printed(NAME))
    assert found and int(found[1]) >= 15


def test_a_later_clue_reaches_only_the_encoder(tables: Tables) -> None:
    """With the clue after the word, the decoder's vectors are equal; with it before, they differ."""
    after, before = tables(NAME)[1]
    assert after["the clue stands"] == "after"
    assert float(after["decoder"]) == 1
    assert float(after["encoder"]) < 0.95
    assert float(before["decoder"]) < 0.9
    assert float(before["encoder"]) < 0.9
