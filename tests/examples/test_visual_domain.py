from collections.abc import Callable

Tables = Callable[[str], list[list[dict[str, str]]]]
NAME = "visual_domain"


def test_captions_find_pictures_of_unseen_pairs(tables: Tables) -> None:
    """In the shared space most captions find their picture, seen pair or not."""
    found = {row["colour and shape"]: float(row["picture found"]) for row in tables(NAME)[0]}
    assert found["seen together"] >= 0.9
    assert found["never seen together"] >= 0.75
    assert found["chance"] < 0.01


def test_decoder_describes_pairs_it_was_trained_on(tables: Tables) -> None:
    """On new drawings of seen pairs nearly every caption is right as a whole."""
    scores = {row["part"]: float(row["seen together"]) for row in tables(NAME)[1]}
    assert scores["whole caption"] >= 0.9


def test_decoder_reads_unseen_pairs_in_part(tables: Tables) -> None:
    """Colour, size and place carry over to unseen pairs; shape only in part."""
    scores = {row["part"]: row for row in tables(NAME)[1]}
    for part in ("size", "colour", "place"):
        assert float(scores[part]["never seen together"]) >= 0.9
    shape = scores["shape"]
    assert float(shape["never seen together"]) >= float(shape["chance"]) + 0.1
    assert float(shape["never seen together"]) <= float(shape["seen together"]) - 0.1


def test_pretrained_models_are_left_to_the_hub_profile(
    printed: Callable[[str], str],
) -> None:
    """Without a checkpoint the page says so instead of showing nothing."""
    output = printed(NAME)
    assert "A pretrained captioner runs only in the hub profile." in output
    assert "A pretrained CLIP runs only in the hub profile." in output
