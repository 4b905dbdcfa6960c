"""What the example on tokens and embeddings must show."""

from collections.abc import Callable

NAME = "tokenization_and_embeddings"
Tables = Callable[[str], list[list[dict[str, str]]]]


def test_both_tokenizers_cut_the_sentence_their_own_way(tables: Tables) -> None:
    """WordPiece and byte-level BPE give different pieces with different numbers."""
    pieces = tables(NAME)[0]
    wordpiece = {row["WordPiece"]: row["WordPiece id"] for row in pieces}
    byte_level = {row["byte-level BPE"] for row in pieces}
    assert {"[CLS]", "##ization", "[UNK]", "[SEP]"} <= wordpiece.keys()
    assert wordpiece["[CLS]"] == "101"
    assert {"ization", "Ġcaf", "Ã©s"} <= byte_level
    assert "[UNK]" not in byte_level


def test_only_bytes_keep_the_sentence(printed: Callable[[str], str]) -> None:
    """Byte-level BPE gives the sentence back; WordPiece loses case and accents."""
    output = printed(NAME)
    assert "WordPiece: tokenization turns zurich" in output
    assert "BPE: Tokenization turns Zürich's cafés into numbers 🙂." in output
    assert output.count("unchanged: True") == 1
    assert output.count("unchanged: False") == 1


def test_the_layer_is_a_table(printed: Callable[[str], str]) -> None:
    """The looked-up row equals what the embedding layer returns."""
    assert "rows, columns: (30522, 384)" in printed(NAME)
    assert "same as the layer: True" in printed(NAME)


def test_layers_tell_the_two_banks_apart(tables: Tables) -> None:
    """Position decides before the first layer, meaning after the last."""
    first, *_, last = tables(NAME)[1]
    column = "nearest has same meaning"
    assert first[column] == "0 of 10"
    assert int(last[column].split()[0]) >= 9
    assert float(last["same meaning"]) > float(last["other meaning"]) + 0.04
