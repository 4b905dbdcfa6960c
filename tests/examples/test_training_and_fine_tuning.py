"""What the example on training from two starts must show."""

from collections.abc import Callable

NAME = "training_and_fine_tuning"
Tables = Callable[[str], list[list[dict[str, str]]]]


def perplexities(tables: Tables, start: str, kind: str) -> list[list[float]]:
    """Give the perplexities of each seed at first, after a third of the steps, and at the end."""
    return [
        [float(value.replace(",", "")) for column, value in row.items() if column.startswith("step ")]
        for row in tables(NAME)[0]
        if row["start"] == start and row["perplexity of"] == kind
    ]


def test_few_weights_are_trained(printed: Callable[[str], str]) -> None:
    """LoRA trains less than a thirtieth of the weights."""
    line = next(line for line in printed(NAME).splitlines() if line.startswith("fine_tuned: "))
    trained, count = (int(word.replace(",", "")) for word in line.split()[1:4:2])
    assert trained < count / 30


def test_fine_tuning_learns_reviews(tables: Tables) -> None:
    """At each of three seeds, perplexity on reviews about halves, from and to what the prose says."""
    runs = perplexities(tables, "fine_tuned", "film reviews")
    assert len(runs) == 3
    assert all(0.4 * first < end < 0.55 * first for first, _, end in runs)
    assert all(625 <= first < 640 and 255 <= end <= 350 for first, _, end in runs)


def test_control_falls_before_it_rises(tables: Tables) -> None:
    """At each of three seeds, news gets easier in the first steps, then harder than before."""
    runs = perplexities(tables, "fine_tuned", "news (control)")
    assert len(runs) == 3
    assert all(early < first < end for first, early, end in runs)
    assert all(185 <= first < 196 and 140 <= early < 160 and end < 390 for first, early, end in runs)


def test_random_weights_learn_little_from_the_same_steps(tables: Tables) -> None:
    """From near the size of the vocabulary they stay far above the pretrained model's first value."""
    runs = perplexities(tables, "from_scratch", "film reviews")
    assert len(runs) == 3
    pretrained_before = perplexities(tables, "fine_tuned", "film reviews")[0][0]
    for first, _, end in runs:
        assert 0.8 * 49_152 < first < 1.5 * 49_152
        assert 3 * pretrained_before < end < first


def test_the_text_changes(printed: Callable[[str], str]) -> None:
    """The same opening is continued in another way after fine-tuning."""
    lines = [line for line in printed(NAME).splitlines() if line.startswith("This film is")]
    assert len(lines) == 3
    assert len(set(lines)) == 3


def test_the_fine_tuned_model_repeats_itself(printed: Callable[[str], str]) -> None:
    """Before training, no three words come twice in what follows the film opening; after it, some do."""

    def repeats(line: str) -> bool:
        words = line.split()
        triples = list(zip(words, words[1:], words[2:], strict=False))
        return len(set(triples)) < len(triples)

    before, after, _ = (line for line in printed(NAME).splitlines() if line.startswith("This film is"))
    assert not repeats(before)
    assert repeats(after)
