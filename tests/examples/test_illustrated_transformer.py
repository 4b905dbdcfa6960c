"""What the example on the inside of a transformer must show."""

from collections.abc import Callable

NAME = "illustrated_transformer"
Tables = Callable[[str], list[list[dict[str, str]]]]


def number(text: str) -> int:
    """Read a whole number printed with commas."""
    return int(text.replace(",", ""))


def test_rebuilt_parts_equal_the_library(printed: Callable[[str], str]) -> None:
    """Attention agrees to 1e-6, and every one of the six layers to 1e-4."""
    output = printed(NAME)
    assert "PyTorch's attention below 1e-6: True" in output
    assert output.count("difference below 1e-4: True") == 6
    assert ": False" not in output


def test_near_positions_are_alike(tables: Tables) -> None:
    """In both tables of positions, similarity falls with distance, down to almost none."""
    positions, *_ = tables(NAME)
    for column in ("Sinusoidal", "Learned by the model"):
        values = [float(row[column]) for row in positions]
        assert values == sorted(values, reverse=True)
        assert values[0] > 0.7
        assert abs(values[-1]) < 0.2


def test_two_heads_look_where_they_should(tables: Tables) -> None:
    """One head looks almost only at the token before, one mostly at the same word."""
    before, same = tables(NAME)[1]
    assert float(before["mean weight"]) > 0.95
    assert float(same["mean weight"]) > 0.5
    assert float(before["if spread evenly"]) < 0.1


def test_feed_forward_is_the_larger_part_of_a_layer(tables: Tables) -> None:
    """Feed-forward holds about twice the parameters of attention, and the parts add up."""
    parts = {row["part"]: row for row in tables(NAME)[2]}
    feed_forward = number(parts["feed-forward"]["parameters each"])
    assert 1.8 < feed_forward / number(parts["attention"]["parameters each"]) < 2.2
    assert sum(number(row["together"]) for row in parts.values()) == 22_713_216
