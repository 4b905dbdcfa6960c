"""What the example on semantic search must show."""

from collections.abc import Callable

NAME = "semantic_search"
Tables = Callable[[str], list[list[dict[str, str]]]]


def test_meaning_finds_a_card_without_its_words(tables: Tables) -> None:
    """A question about graphics cards finds the card on hardware first."""
    hits, *_ = tables(NAME)
    assert "hardware requirements" in hits[0]["card"]
    assert float(hits[0]["cosine"]) > float(hits[1]["cosine"])


def test_every_rank_is_possible(tables: Tables) -> None:
    """There are 21 queries, and every right card has a rank from 1 to 21."""
    ranks = tables(NAME)[1]
    assert len(ranks) == 21
    for row in ranks:
        assert 1 <= float(row["rank by meaning"]) <= 21
        assert 1 <= float(row["rank by words"]) <= 21


def test_meaning_beats_words(tables: Tables) -> None:
    """By meaning, far more right cards come first, and the mean rank is better."""
    meaning, words = tables(NAME)[2]
    assert int(meaning["hits at 1"]) >= int(words["hits at 1"]) + 4
    rank = "mean reciprocal rank"
    assert float(meaning[rank]) > float(words[rank]) + 0.2


def test_the_misses_are_shown(tables: Tables) -> None:
    """Every query that meaning did not answer first is listed with what came first."""
    _, ranks, (meaning, _), misses = tables(NAME)
    missed = {row["query"] for row in ranks if float(row["rank by meaning"]) > 1}
    assert {row["query"] for row in misses} == missed
    assert len(missed) == 21 - int(meaning["hits at 1"])
