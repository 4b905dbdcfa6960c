"""What the example on supervised classification must show."""

import re
from collections.abc import Callable

NAME = "supervised_classification"
Printed = Callable[[str], str]
Tables = Callable[[str], list[list[dict[str, str]]]]


def test_held_out_accuracy_beats_the_baseline(tables: Tables) -> None:
    """With vectors, even the lower end of the interval is above one half."""
    guess, words, vectors = tables(NAME)[0]
    assert guess["right of 60"] == "30"
    assert float(vectors["95 % from"]) > 0.5
    assert int(vectors["right of 60"]) > int(words["right of 60"])


def test_the_margin_holds_over_many_splits(tables: Tables, printed: Printed) -> None:
    """Over fifty splits vectors are clearly better than words and than guessing."""
    guess, words, vectors = (float(row["mean accuracy"]) for row in tables(NAME)[1])
    assert guess == 0.5
    assert vectors > words + 0.1
    assert vectors > guess + 0.15
    wins = re.search(r"beat words in (\d+) of 50 splits", printed(NAME))
    assert wins and int(wins[1]) >= 40


def test_three_labels_beat_the_most_frequent(printed: Printed) -> None:
    """With a neutral label, too, the classifier is well above its baseline."""
    found = re.search(r"right: (\S+), .* label: (\S+)", printed(NAME))
    assert found and float(found[1]) > float(found[2]) + 0.2


def test_neutral_is_seldom_given_to_an_opinion(tables: Tables) -> None:
    """Praise and blame are confused with each other more than with neutral."""
    rows = {row["true label"]: row for row in tables(NAME)[2]}
    mixed = int(rows["neg"]["pos"]) + int(rows["pos"]["neg"])
    neutral = int(rows["neg"]["neutral"]) + int(rows["pos"]["neutral"])
    assert sum(int(row[label]) for row in rows.values() for label in rows) == 240
    assert mixed > neutral + 10
