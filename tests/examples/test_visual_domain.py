from collections.abc import Callable

import pytest

Printed = Callable[[str], str]
Tables = Callable[[str], list[list[dict[str, str]]]]
NAME = "visual_domain"


def test_vector_takes_the_place_of_a_word(printed: Printed) -> None:
    """A prompt whose gap holds the vector of " moon" is continued with a line about the moon."""
    assert "moon" in printed(NAME).split("|")[0]


def test_equal_texts_are_counted(tables: Tables, printed: Printed) -> None:
    """The count below the table is that of the equal texts in it."""
    rows = tables(NAME)[0]
    same = sum(row["from the piece"] == row["from the word"] for row in rows)
    assert f"the same in both columns: {same} of 6" in printed(NAME)


@pytest.mark.offline
def test_model_writes_about_the_pieces(tables: Tables) -> None:
    """From most pieces the model writes what it writes from the word; it takes the lake for sky."""
    rows = tables(NAME)[0]
    assert [row["A poem about"] for row in rows] == ["sky", "temple", "trees", "lake", "flower", "leaves"]
    assert sum(row["A poem about"] in row["from the piece"].lower() for row in rows) >= 5
    assert sum(row["from the piece"] == row["from the word"] for row in rows) >= 4
    assert rows[3]["from the piece"].startswith("The sky")


@pytest.mark.offline
def test_training_through_the_model_helps_and_beats_mean_colour(tables: Tables) -> None:
    """For every seed the frozen model names more pieces after the steps, and more than colour does."""
    *seeds, colour = tables(NAME)[1]
    assert len(seeds) == 3
    assert colour["named right"] == "mean colour"
    baseline = float(colour["before the steps"])
    assert colour["after 6 steps"] == ""
    assert float(seeds[0]["before the steps"]) < baseline
    assert 0.5 < baseline < 0.8
    for row in seeds:
        assert float(row["after 6 steps"]) > float(row["before the steps"])
        assert float(row["after 6 steps"]) > baseline + 0.05
    assert sum(float(row["after 6 steps"]) for row in seeds) / 3 >= 0.85
