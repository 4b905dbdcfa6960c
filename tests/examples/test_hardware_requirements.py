import re
from collections.abc import Callable

Printed = Callable[[str], str]
Tables = Callable[[str], list[list[dict[str, str]]]]
NAME = "hardware_requirements"


def test_weights_take_their_number_times_their_bytes(printed: Printed) -> None:
    """Four bytes each in float32, two in bfloat16."""
    output = printed(NAME)
    assert re.search(r"float32: 134\.5 million weights, 538 MB, 4\.00 bytes each", output)
    assert re.search(r"bfloat16: 134\.5 million weights, 269 MB, 2\.00 bytes each", output)


def test_cache_formula_is_exact(printed: Printed) -> None:
    """The computed size of the KV cache is that of the tensors the model keeps."""
    (pair,) = re.findall(r"computed=([\d,]+) kept=([\d,]+)", printed(NAME))
    assert pair[0] == pair[1]


def test_reading_limits_speed_and_texts_share_it(tables: Tables) -> None:
    """One text is written slower than the weights are read; eight at once are written faster than one."""
    for row in tables(NAME)[0]:
        assert float(row["1 text"]) < float(row["reading only"])
        assert float(row["8 texts"]) > 1.5 * float(row["1 text"])


def test_price_rises_as_bits_fall(printed: Printed, tables: Tables, profile: str) -> None:
    """Eight bits cost little, four a lot; a scale per 32 weights costs less than one per row."""
    kl = {row["weights"]: float(row["KL divergence"]) for row in tables(NAME)[1]}
    assert kl["bfloat16"] <= kl["8 bits, scale per row"] < 0.02
    assert kl["4 bits, scale per row"] > 10 * kl["8 bits, scale per row"]
    assert kl["4 bits, scale per 32"] < 0.8 * kl["4 bits, scale per row"]
    values = re.search(r"values in a block of 32 weights: (\d+)", printed(NAME))
    assert values is not None
    # Offline, the weights come from a 4-bit file.
    assert int(values[1]) <= {"offline": 16, "hub": 32}[profile]


def test_sizes_are_decimal_and_recomputed(tables: Tables) -> None:
    """The needs in GB follow from published shapes: weights, cache of 8192 tokens, 1 GB."""
    need = {row["GB needed"]: row for row in tables(NAME)[2]}
    llama = need["Llama 3.1 8B"]
    cache = 2 * 32 * 8 * 128 * 8192 * 2 / 1e9
    for column, size in {"16 bits": 2, "8 bits": 1, "4 bits": 0.5625}.items():
        assert abs(float(llama[column]) - (8.03 * size + cache + 1)) < 0.06
    assert float(llama["16 bits"]) > 16 > float(llama["8 bits"])
    assert float(need["Qwen2.5 14B"]["4 bits"]) < 0.8 * 16 < float(need["Qwen2.5 32B"]["4 bits"])


def test_training_needs_sixteen_bytes_per_weight(printed: Printed) -> None:
    """Weight, gradient and two averages of four bytes each; adapters on 4 bits need a twentieth."""
    output = printed(NAME)
    assert "16 bytes per weight, before any activations" in output
    assert "16 GB: 1 or 22 billion weights" in output
