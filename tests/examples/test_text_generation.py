"""What the example on text generation must show."""

import re
from collections.abc import Callable

import pytest

NAME = "text_generation"
Printed = Callable[[str], str]
Tables = Callable[[str], list[list[dict[str, str]]]]


def test_it_continues_both_prompts(printed: Printed) -> None:
    """The model acts first: it goes on from both prompts, and knows Paris."""
    assert re.search(r"^\* The sky is (\S+ ){5}", printed(NAME), re.M)
    assert re.search(r"^\* The capital of France is .*Paris", printed(NAME), re.M)


def test_every_token_has_a_share_of_one(printed: Printed) -> None:
    """The next-token probabilities sum to one, and "blue" has a place among them."""
    total = re.search(r"probabilities, their sum (\S+)", printed(NAME))
    blue = re.search(r"rank of “ blue”: (\d+), probability (\S+)", printed(NAME))
    assert total and abs(float(total[1]) - 1) < 0.001
    assert blue and 1 <= int(blue[1]) <= 1000 and 0 < float(blue[2]) < 1


@pytest.mark.offline
def test_the_sky_is_more_open_than_the_capital(printed: Printed) -> None:
    """The perplexity of the open prompt is several times that of the closed one."""
    sky, capital = map(float, re.findall(r"…: perplexity (\S+)", printed(NAME)))
    assert sky > 2 * capital > 2


def test_the_greedy_loop_is_generate(printed: Printed) -> None:
    """Appending the best token by hand, with a cache, gives what generate gives."""
    assert "same as generate: True" in printed(NAME)


def test_temperature_flattens_and_cutting_sharpens(tables: Tables) -> None:
    """Perplexity grows with the temperature; top-k and top-p cut it down again."""
    low, one, high, top_k, top_p = tables(NAME)[0]
    assert float(low["perplexity"]) < float(one["perplexity"]) < float(high["perplexity"])
    assert top_k["tokens left"] == "5"
    assert float(top_k["perplexity"]) <= 5
    assert int(top_p["tokens left"]) < int(high["tokens left"]) / 2
    assert float(top_p["perplexity"]) < float(high["perplexity"]) / 2


def test_samples_differ(tables: Tables) -> None:
    """Two texts for each setting; several are different."""
    texts = [row["text"] for row in tables(NAME)[1]]
    assert len(texts) == 10
    assert all(text.startswith("The sky is") for text in texts)
    assert len(set(texts)) >= 6


def test_the_chat_template_gets_an_answer(printed: Printed) -> None:
    """The wrapped question about France is answered with its capital."""
    assert "<|im_start|>assistant" in printed(NAME)
    answers = re.findall(r"^\* (.*)", printed(NAME), re.MULTILINE)
    assert "Paris" in answers[2]
