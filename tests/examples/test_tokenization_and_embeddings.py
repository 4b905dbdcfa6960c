"""What the example on tokens and embeddings must show."""

import re
from collections.abc import Callable

NAME = "tokenization_and_embeddings"
Printed = Callable[[str], str]
Tables = Callable[[str], list[list[dict[str, str]]]]


def test_the_training_text_decides(tables: Tables) -> None:
    """Trained on code, the same BPE needs far more tokens for Greek, but not for code."""
    wordpiece, bpe, code = tables(NAME)[0]
    assert [row["vocabulary"] for row in (wordpiece, bpe, code)] == ["30522", "49152", "8000"]
    assert int(code["Greek"]) >= int(bpe["Greek"]) + 8
    assert code["code"] == bpe["code"]


def test_only_bytes_keep_the_sentence(printed: Printed) -> None:
    """Byte-level BPE gives the sentence back; WordPiece loses case, accents and the emoji."""
    output = printed(NAME)
    assert "[CLS] zurich's cafes sell" in output or "[CLS] zurich ' s cafes sell" in output
    assert "[UNK]" in output
    assert "\nZürich's cafés sell ☕ and 🫠. \n" in output
    assert "[101, " in output


def test_the_layer_is_a_table(printed: Printed) -> None:
    """The layer gives a row of its table for each id of the sentence."""
    assert "Embedding(30522, 384, padding_idx=0)" in printed(NAME)
    assert "(7,) -> (7, 384)" in printed(NAME)
    assert "rows of the table: True" in printed(NAME)


def test_the_row_of_bank_is_about_money(printed: Printed) -> None:
    """Money words are closer to the row of bank than river words."""
    found = {word: float(value) for word, value in re.findall(r"^(\w+): (0\.\d+)$", printed(NAME), re.M)}
    assert min(found["money"], found["loan"]) > max(found["river"], found["shore"]) + 0.05


def test_layers_tell_the_two_banks_apart(tables: Tables) -> None:
    """Position decides before the first layer, the sense after the last; so for the full stop, almost."""
    first, *_, last = tables(NAME)[1]
    assert first["nearest bank right"] == "0 of 10"
    assert last["nearest bank right"] in {"9 of 10", "10 of 10"}
    assert int(last["nearest full stop right"].split()[0]) >= 7
    assert float(last["same sense"]) > float(last["other sense"]) + 0.3
