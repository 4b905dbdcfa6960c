"""What the example on training from two starts must show."""

import re
from collections.abc import Callable

import pytest

NAME = "training_and_fine_tuning"
Tables = Callable[[str], list[list[dict[str, str]]]]
Printed = Callable[[str], str]


def perplexities(tables: Tables, training: str, kind: str) -> list[list[float]]:
    """Give the perplexities of each seed at first, after a third of the steps, and at the end."""
    runs = [
        [float(value.replace(",", "")) for column, value in row.items() if column.startswith("step ")]
        for row in tables(NAME)[0]
        if row["training"] == training and row["perplexity of"] == kind
    ]
    assert len(runs) == 3
    return runs


def continued(printed: Printed, opening: str) -> list[str]:
    """Give what follows an opening before training, and after each way of training."""
    lines = [line for line in printed(NAME).splitlines() if line.startswith(opening)]
    assert len(lines) == 4
    return lines


def test_few_weights_are_trained(printed: Printed) -> None:
    """LoRA trains less than a thirtieth of the weights, training from scratch all of them."""
    found = re.findall(r"learning rate \S+: (\S+) of (\S+) trained", printed(NAME))
    shares = [int(part.replace(",", "")) / int(whole.replace(",", "")) for part, whole in found]
    assert len(shares) == 3
    assert max(shares[:2]) < 1 / 30
    assert shares[2] == 1


@pytest.mark.offline
def test_moderate_rate_halves_the_perplexity_of_reviews(tables: Tables) -> None:
    """At each of three seeds; news becomes easier too, but by less."""
    for first, _, end in perplexities(tables, "moderate rate", "film reviews"):
        assert 0.4 * first < end < 0.6 * first
    for first, _, end in perplexities(tables, "moderate rate", "news (control)"):
        assert 0.65 * first < end < first


@pytest.mark.offline
def test_high_rate_forgets(tables: Tables) -> None:
    """At each of three seeds, news gets easier in the first steps, then clearly harder than before."""
    for first, early, end in perplexities(tables, "high rate", "news (control)"):
        assert early < first
        assert end > 1.1 * first


def test_random_weights_learn_little_from_the_same_steps(tables: Tables) -> None:
    """From near the size of the vocabulary they stay far above the pretrained model's first value."""
    pretrained_before = perplexities(tables, "moderate rate", "film reviews")[0][0]
    for first, _, end in perplexities(tables, "from scratch", "film reviews"):
        assert 0.8 * 49_152 < first < 1.5 * 49_152
        assert 3 * pretrained_before < end < first


def test_the_text_changes(printed: Printed) -> None:
    """The same openings are continued in another way after each training."""
    for opening in ("This film is", "The minister said"):
        assert len(set(continued(printed, opening))) == 4
