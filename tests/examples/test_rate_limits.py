"""What examples/rate_limits.py shows about being refused and trying again."""

from collections.abc import Callable

NAME = "rate_limits"
Tables = Callable[[str], list[list[dict[str, str]]]]


def test_requests_and_tokens_are_both_limited(tables: Tables) -> None:
    """With few tokens four requests pass; with many only two, the third refused with requests left."""
    rows = tables(NAME)[0]
    few = [row for row in rows if row["tokens"] == "100"]
    many = [row for row in rows if row["tokens"] == "900"]
    assert [row["status"] for row in few[:4]] == ["200"] * 4
    assert [row["status"] for row in many[:2]] == ["200"] * 2
    refused_few = next(row for row in few if row["status"] == "429")
    refused_many = next(row for row in many if row["status"] == "429")
    assert int(refused_few["remaining-requests"]) == 0
    assert int(refused_few["remaining-tokens"]) >= 1000
    assert int(refused_many["remaining-requests"]) >= 1
    assert int(refused_many["remaining-tokens"]) < 900


def test_only_a_refusal_says_when_to_come_back(tables: Tables) -> None:
    """The wait is part of a quarter of a second, since the limit is four in half a second."""
    for row in tables(NAME)[0]:
        if row["status"] == "200":
            assert row["retry-after-ms"] == ""
        else:
            assert 0 < int(row["retry-after-ms"]) < 250


def test_the_default_loses_documents_and_the_others_none(tables: Tables) -> None:
    """Two retries answer about half of twelve (6 in six runs)."""
    answered = {row["way"]: int(row["answered"]) for row in tables(NAME)[1]}
    assert all(int(row["answered"]) + int(row["failed"]) == 12 for row in tables(NAME)[1])
    assert 4 <= answered.pop("two retries") <= 9
    assert answered == {"ten retries": 12, "backoff": 12, "paced": 12}


def test_jitter_spares_refusals_and_pacing_has_none(tables: Tables) -> None:
    """Six runs: 36 refusals with ten retries, 20 or 21 with backoff, 0 when paced."""
    refused = {row["way"]: int(row["refusals"]) for row in tables(NAME)[1]}
    assert refused["ten retries"] >= refused["backoff"] + 5
    assert refused["backoff"] >= 8
    assert refused["paced"] == 0


def test_nobody_gets_past_the_limit(tables: Tables) -> None:
    """Twelve answers at four at once and eight a second take at least one second."""
    for row in tables(NAME)[1][1:]:
        assert 0.9 <= float(row["seconds"]) < 10
