"""What the example on clustering must show."""

import re
from collections.abc import Callable

NAME = "text_clustering"
Printed = Callable[[str], str]
Tables = Callable[[str], list[list[dict[str, str]]]]


def test_groups_have_the_words_of_one_subject(printed: Printed) -> None:
    """Every story is in one of eight groups, and three subjects of 2001 have a group each."""
    groups = re.findall(r"^(\d+) stories: (.*)$", printed(NAME), re.MULTILINE)
    assert len(groups) == 8
    assert sum(int(size) for size, _ in groups) == 293
    assert [int(size) for size, _ in groups] == sorted((int(size) for size, _ in groups), reverse=True)
    for subject in ({"afghanistan", "taliban"}, {"israeli", "palestinian"}, {"match", "cricket"}):
        assert sum(subject <= set(words.split(", ")) for _, words in groups) == 1


def test_two_stories_of_each_group_are_shown(printed: Printed) -> None:
    """Under its words each group has two different stories."""
    stories = re.findall(r"^   - (.+)$", printed(NAME), re.MULTILINE)
    assert len(stories) == len(set(stories)) == 16


def test_no_number_of_topics_stands_out(tables: Tables) -> None:
    """The silhouette is near 0 for all, and runs agree less on many topics than on few."""
    rows = tables(NAME)[0]
    assert [row["topics"] for row in rows] == ["2", "4", "8", "12", "16"]
    silhouettes = [float(row["silhouette"]) for row in rows]
    assert max(silhouettes) < 0.15
    assert max(silhouettes) - min(silhouettes) < 0.05
    agreement = [float(row["agreement"]) for row in rows]
    assert min(agreement[:2]) > max(agreement[2:]) + 0.1
    assert agreement[:4] == sorted(set(agreement[:4]), reverse=True)


def test_both_correlations_put_the_sentence_model_first(tables: Tables) -> None:
    """Pearson and Spearman differ about the two simple methods, and only about those."""
    words, word2vec, sentence = tables(NAME)[1]
    assert float(words["Pearson"]) > float(word2vec["Pearson"]) + 0.05
    assert float(words["Spearman"]) < float(word2vec["Spearman"]) - 0.05
    for measure in ("Pearson", "Spearman"):
        assert float(sentence[measure]) > max(float(words[measure]), float(word2vec[measure])) + 0.03


def test_counted_words_know_the_few_pairs_that_are_much_alike(printed: Printed) -> None:
    """Few pairs share many words, and people find those far more alike than the others."""
    found = re.search(
        r"(\d+) of 1225 pairs above 0.1\npeople find those (\S+) alike, the others (\S+)", printed(NAME)
    )
    assert found
    assert int(found[1]) < 80
    assert float(found[2]) > float(found[3]) + 0.2


def test_groups_of_counted_words_collapse(tables: Tables) -> None:
    """Counted words put nearly all of the fifty stories into one group (40 to 47 over five seeds)."""
    words, word2vec, sentence = (float(row["largest"]) for row in tables(NAME)[1])
    assert words > 38
    assert max(word2vec, sentence) < 30


def test_the_sentence_model_groups_no_better_than_word2vec(tables: Tables) -> None:
    """People find its groups as fitting as those of Word2Vec, and both better than those of counted words."""
    words, word2vec, sentence = (float(row["same - other"]) for row in tables(NAME)[1])
    assert abs(sentence - word2vec) < 0.03
    assert min(word2vec, sentence) > words + 0.04
