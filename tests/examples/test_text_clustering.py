"""What the example on clustering must show."""

from collections.abc import Callable

NAME = "text_clustering"
Tables = Callable[[str], list[list[dict[str, str]]]]


def test_the_sentence_model_agrees_best_with_people(tables: Tables) -> None:
    """Its rank correlation is the highest, and far above that of counted words."""
    words, word2vec, sentence = (float(row["rank correlation"]) for row in tables(NAME)[0])
    assert sentence > word2vec + 0.03
    assert sentence > words + 0.15
    assert sentence > 0.4


def test_people_find_stories_of_one_cluster_more_alike(tables: Tables) -> None:
    """In both clusterings by vectors, pairs within a cluster score higher than pairs across."""
    for row in tables(NAME)[0][1:]:
        assert float(row["same cluster"]) > float(row["different clusters"]) + 0.03


def test_topics_have_the_words_of_one_subject(tables: Tables) -> None:
    """Every story is in one of eight topics, and three subjects of 2001 have a topic each."""
    topics = tables(NAME)[1]
    assert len(topics) == 8
    assert sum(int(row["stories"]) for row in topics) == 293
    for subject in ({"afghanistan", "taliban"}, {"israeli", "palestinian"}, {"match", "cricket"}):
        assert sum(subject <= set(row["words"].split(", ")) for row in topics) == 1
