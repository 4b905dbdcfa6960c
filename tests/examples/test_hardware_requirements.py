import re
from collections.abc import Callable

Tables = Callable[[str], list[list[dict[str, str]]]]
NAME = "hardware_requirements"


def test_weights_take_their_number_times_their_bytes(tables: Tables) -> None:
    """Four bytes, two bytes, and between one and two where embeddings stay at two."""
    size, measured = tables(NAME)[:2]
    each = {row["precision"]: float(row["bytes per weight"]) for row in size}
    assert each["float32"] == 4
    assert each["bfloat16"] == 2
    assert 1 < each["int8"] < 1.5
    for row in measured:
        share = float(row["MB freed"]) / float(row["MB of weights"])
        assert 0.7 < share < 1.5


def test_cache_formula_is_exact(printed: Callable[[str], str]) -> None:
    """The computed size of the KV cache is that of the tensors the model keeps."""
    pairs = re.findall(r"computed=([\d,]+) kept=([\d,]+)", printed(NAME))
    assert len(pairs) == 2
    assert all(computed == kept for computed, kept in pairs)


def test_price_rises_as_bits_fall(tables: Tables) -> None:
    """Eight bits cost little; four bits with one scale per row cost a lot."""
    price = {row["precision"]: row for row in tables(NAME)[2]}
    kl = {name: float(row["KL divergence"]) for name, row in price.items()}
    assert kl["float32"] == 0
    assert kl["bfloat16"] < kl["int8"] < 0.02
    assert kl["4 bits"] > 10 * kl["int8"]
    assert float(price["int8"]["agreement"]) > 0.85
    assert float(price["4 bits"]["agreement"]) < 0.75


def test_sixteen_gigabytes_hold_more_at_lower_precision(tables: Tables) -> None:
    """The largest model that fits grows from 3B over 8B to 14B."""
    fits = {}
    for name in ("float32", "bfloat16", "int8", "4 bits"):
        rows = [row["GiB"] for row in tables(NAME)[3] if float(row[name]) <= 16]
        fits[name] = rows[-1]
    assert fits == {"float32": "3B", "bfloat16": "3B", "int8": "8B", "4 bits": "14B"}


def test_training_needs_sixteen_bytes_per_weight(printed: Callable[[str], str]) -> None:
    """Weight, gradient and two averages of four bytes each."""
    assert "16 bytes per weight, before any activations" in printed(NAME)
