"""What the example on training from two starts must show."""

from collections.abc import Callable

NAME = "training_and_fine_tuning"
Tables = Callable[[str], list[list[dict[str, str]]]]


def perplexities(tables: Tables) -> dict[str, tuple[float, float]]:
    """Give the perplexity before and after training for each start."""
    return {
        row["start"]: (
            float(row["perplexity before"].replace(",", "")),
            float(row["perplexity after"].replace(",", "")),
        )
        for row in tables(NAME)[0]
    }


def test_random_weights_know_nothing(tables: Tables) -> None:
    """Before training, the model from scratch is as unsure as the vocabulary is large."""
    before, _ = perplexities(tables)["from scratch"]
    assert 0.8 * 49_152 < before < 1.5 * 49_152


def test_both_learn_from_the_same_steps(tables: Tables) -> None:
    """On held-out stories, both end with a clearly lower perplexity than they began."""
    starts = perplexities(tables)
    assert starts["from scratch"][1] < 0.4 * starts["from scratch"][0]
    assert starts["pretrained"][1] < 0.95 * starts["pretrained"][0]


def test_the_start_decides(tables: Tables) -> None:
    """The pretrained model is better before its first step than the other after its last."""
    starts = perplexities(tables)
    assert starts["pretrained"][0] < starts["from scratch"][1] / 10
