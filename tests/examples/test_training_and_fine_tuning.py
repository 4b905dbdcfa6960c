"""What the example on training from two starts must show."""

from collections.abc import Callable

NAME = "training_and_fine_tuning"
Tables = Callable[[str], list[list[dict[str, str]]]]
MEASURES = ("reviews before", "news before", "reviews after", "news after")


def perplexities(tables: Tables, start: str) -> list[list[float]]:
    """Give the four perplexities of each seed of a start."""
    return [
        [float(row[measure].replace(",", "")) for measure in MEASURES]
        for row in tables(NAME)[0]
        if row["start"] == start
    ]


def test_few_weights_are_trained(printed: Callable[[str], str]) -> None:
    """LoRA trains less than a thirtieth of the weights."""
    line = next(line for line in printed(NAME).splitlines() if line.startswith("LoRA: "))
    trained, count = (int(word.replace(",", "")) for word in line.split()[1:4:2])
    assert trained < count / 30


def test_fine_tuning_learns_reviews_and_forgets_news(tables: Tables) -> None:
    """At each of three seeds, perplexity falls on reviews and ends higher on news."""
    runs = perplexities(tables, "fine-tuned")
    assert len(runs) == 3
    for reviews_before, news_before, reviews_after, news_after in runs:
        assert reviews_after < 0.7 * reviews_before
        assert news_after > news_before


def test_control_falls_before_it_rises(tables: Tables) -> None:
    """On the mean of the seeds, news gets easier in the first steps, then harder than before."""
    news = [float(row["news (control)"]) for row in tables(NAME)[1]]
    assert news[1] < news[0] < news[-1]


def test_random_weights_learn_little_from_the_same_steps(tables: Tables) -> None:
    """From near the size of the vocabulary they stay far above the pretrained model's first value."""
    runs = perplexities(tables, "from scratch")
    assert len(runs) == 3
    pretrained_before = perplexities(tables, "fine-tuned")[0][0]
    for reviews_before, _, reviews_after, _ in runs:
        assert 0.8 * 49_152 < reviews_before < 1.5 * 49_152
        assert reviews_after < reviews_before
        assert reviews_after > 3 * pretrained_before


def test_the_text_changes(printed: Callable[[str], str]) -> None:
    """The same opening is continued in another way after fine-tuning."""
    lines = [line for line in printed(NAME).splitlines() if line.startswith("This film is")]
    assert len(lines) == 3
    assert len(set(lines)) == 3
