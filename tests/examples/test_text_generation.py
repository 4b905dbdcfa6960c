"""What the example on text generation must show."""

import re
from collections.abc import Callable

NAME = "text_generation"
Printed = Callable[[str], str]
Tables = Callable[[str], list[list[dict[str, str]]]]


def test_every_token_has_a_share_of_one(printed: Printed) -> None:
    """The next-token probabilities sum to one, and "blue" has a place among them."""
    total = re.search(r"their sum: (\S+)", printed(NAME))
    blue = re.search(r"rank of “ blue”: (\d+), probability (\S+)", printed(NAME))
    assert total and abs(float(total[1]) - 1) < 0.001
    assert blue and 1 <= int(blue[1]) <= 1000 and 0 < float(blue[2]) < 1


def test_the_greedy_loop_is_generate(printed: Printed) -> None:
    """Appending the best token by hand gives what generate gives."""
    assert "generate agrees: True" in printed(NAME)


def test_temperature_flattens_and_top_p_cuts(tables: Tables) -> None:
    """Uncertainty grows with the temperature and shrinks with a smaller top-p."""
    rows = tables(NAME)[0]
    spread = {(float(row["temperature"]), float(row["top_p"])): float(row["equal choices"]) for row in rows}
    assert spread[0.3, 1] < spread[1, 1] < spread[1.5, 1]
    assert spread[1, 0.5] < spread[1, 1] / 2
    assert spread[1.5, 0.5] < spread[1.5, 1] / 2


def test_samples_differ_but_can_be_repeated(printed: Printed, tables: Tables) -> None:
    """Two texts for each setting, several different, and the same seed repeats them."""
    texts = [row["text"] for row in tables(NAME)[1]]
    assert len(texts) == 10
    assert all(text.startswith("The sky is") for text in texts)
    assert len(set(texts)) >= 6
    assert "same seed, same text: True" in printed(NAME)


def test_the_chat_template_gets_an_answer(printed: Printed) -> None:
    """The wrapped question about France is answered with its capital."""
    assert "<|im_start|>assistant" in printed(NAME)
    assert re.search(r"^\* .*\bParis\b", printed(NAME), re.MULTILINE)
