"""What the example on training an embedding model must show."""

import re
from collections.abc import Callable

NAME = "embedding_model_training"
Tables = Callable[[str], list[list[dict[str, str]]]]


def test_search_improves_on_modules_not_trained_on(tables: Tables) -> None:
    """Both measures of retrieval rise clearly, from a start that is far from perfect."""
    recall, reciprocal, _ = tables(NAME)[1]
    assert float(recall["before"]) < 0.6
    assert float(recall["after"]) >= float(recall["before"]) + 0.03
    assert float(reciprocal["after"]) >= float(reciprocal["before"]) + 0.03


def test_more_answers_are_repaired_than_spoiled(printed: Callable[[str], str]) -> None:
    """Training spoils some answers, but repairs at least half as many again."""
    found = re.search(r"newly right: (\d+), newly wrong: (\d+)", printed(NAME))
    assert found
    right, wrong = map(int, found.groups())
    assert right > 1.5 * wrong


def test_the_news_is_not_forgotten(tables: Tables) -> None:
    """Agreement with people about news stories falls by less than five hundredths."""
    news = tables(NAME)[1][2]
    assert float(news["before"]) > 0.4
    assert float(news["after"]) > float(news["before"]) - 0.05


def test_the_changes_shown_are_changes(tables: Tables) -> None:
    """In each shown row, exactly one of the two answers is the right name."""
    for row in tables(NAME)[2]:
        assert (row["before"] == row["name"]) != (row["after"] == row["name"])
