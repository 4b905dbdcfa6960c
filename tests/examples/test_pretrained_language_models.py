"""What the example on pretrained models must show."""

from collections.abc import Callable

NAME = "pretrained_language_models"
Tables = Callable[[str], list[list[dict[str, str]]]]


def test_the_encoder_does_its_three_jobs(tables: Tables) -> None:
    """Classifying, clustering and searching are far better than guessing."""
    rows = {row["task"]: row for row in tables(NAME)[-1]}
    least = {"classify": 0.75, "cluster": 0.3, "search": 0.6}
    for task, score in least.items():
        assert float(rows[task]["score"]) >= score
        assert float(rows[task]["score"]) > float(rows[task]["by guessing"]) + 0.3


def test_scores_follow_from_what_is_shown(tables: Tables) -> None:
    """The scores in the summary are those of the tables above it."""
    wrong, groups, search, answers, summary = tables(NAME)
    scores = {row["task"]: float(row["score"]) for row in summary}
    assert abs(scores["classify"] - (1 - len(wrong) / 24)) < 0.01
    for task, rows in (("search", search), ("generate", answers)):
        right = [row["right"] == "True" for row in rows]
        assert abs(scores[task] - sum(right) / len(right)) < 0.01
    assert sum(int(row[f"group {n}"]) for row in groups for n in range(4)) == 24


def test_the_decoder_knows_a_few_things(tables: Tables) -> None:
    """Some of the eight questions are answered with the right word."""
    answers = tables(NAME)[3]
    assert len(answers) == 8
    assert all(row["answer"] for row in answers)
    assert sum(row["right"] == "True" for row in answers) >= 2
