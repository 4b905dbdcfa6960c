"""What the example on the inside of a transformer must show."""

import re
from collections.abc import Callable

NAME = "illustrated_transformer"
Printed = Callable[[str], str]
Tables = Callable[[str], list[list[dict[str, str]]]]


def test_it_looks_at_the_animal(printed: Printed) -> None:
    """In the article's sentence, a head takes far more from "animal", wrongly with "wide"."""
    found = re.search(r"too tired\. animal (\S+), street (\S+)", printed(NAME))
    assert found and float(found[1]) > 0.5 and float(found[2]) < 0.2
    wide = re.search(r"too wide\. animal (\S+), street (\S+)", printed(NAME))
    assert wide and float(wide[1]) > float(wide[2]) + 0.05


def test_the_head_for_bank_joins_other_repeated_words(tables: Tables) -> None:
    """Picked on "bank", it is first of all 72 heads for six other words, second for one, 25th for "the"."""
    picked, *others = tables(NAME)[0]
    assert picked["repeated word"] == "bank" and picked["rank"] == "1"
    assert sorted(int(row["rank"]) for row in others) == [1] * 6 + [2, 25]
    nouns = [row for row in others if row["repeated word"] not in ("in", "the")]
    assert all(float(row["its weight"]) > 4 * float(row["mean of all heads"]) for row in nouns)
    assert float(others[-1]["its weight"]) < 0.2


def test_rebuilt_parts_equal_the_library(printed: Printed) -> None:
    """The embeddings, and each of the six layers after them, agree."""
    assert "same as the library: True" in printed(NAME)
    assert "6 layers, largest difference 0.0000" in printed(NAME)


def test_only_the_sinusoid_falls_steadily(printed: Printed) -> None:
    """The sinusoidal similarity falls over the first distances, the learned one goes up again."""
    curves = {
        name: [float(value) for value in values.split()]
        for name, values in re.findall(r"^(\w+), distance 1 to 8: (.*)$", printed(NAME), re.M)
    }
    assert curves["sinusoidal"] == sorted(curves["sinusoidal"], reverse=True)
    learned = curves["learned"]
    assert learned[0] > 0.7
    assert max(learned[3:7]) > learned[2] + 0.1


def test_where_the_parameters_are(printed: Printed) -> None:
    """Word embeddings hold about half, feed-forward twice as many as attention."""
    shares = {name: int(part) for name, part in re.findall(r"^([\w -]+) (\d+)%$", printed(NAME), re.M)}
    assert shares["word embeddings"] > 45
    assert 1.8 < shares["feed-forward"] / shares["attention"] < 2.2


def test_a_layer_of_today(printed: Printed) -> None:
    """SmolLM2 shares key-value heads and normalises by RMS."""
    output = printed(NAME)
    assert "9 query heads\n3 key-value heads" in output
    assert "RMSNorm" in output
