import io

import pytest
from PIL import Image, ImageDraw

from cardbook.records.comparison import (
    ALIGNED_LINES,
    EXACT,
    Outputs,
    Tolerance,
    compare_lines,
    compare_outputs,
    read_outputs,
    same_text,
    score_figures,
)

TABLE = "| name | score |\n|:--|--:|\n| one | {} |\n| two | 0.75 |"


def draw(dot: tuple[int, int] | None = None, width: int = 600, file_format: str = "PNG") -> bytes:
    image = Image.new("RGB", (1200, 700), "white")
    pen = ImageDraw.Draw(image)
    pen.line([(100, 600), (1100, 120)], fill="navy", width=4)
    if dot:
        pen.ellipse((*dot, dot[0] + 12, dot[1] + 12), fill="red")
    buffer = io.BytesIO()
    image.resize((width, width * 700 // 1200)).save(buffer, file_format)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("loss 0.5000", "loss 0.5004"),
        ("loss 9.996, next", "loss 10.001, next"),
        ("x  9.9990 y", "x 10.0010 y"),
        ("1e-05 of it", "1.0005e-05 of it"),
        ("zero is 0.00000", "zero is -0.00000"),
        ("about 93.50%.", "about 93.51%."),
    ],
)
def test_decimals_within_the_tolerance_are_equal_unless_all_must_be(before: str, now: str) -> None:
    assert same_text(before, now, Tolerance())
    assert not same_text(before, now, EXACT)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("loss 0.500", "loss 0.502"),
        ("of 10000 words", "of 10001 words"),
        ("on 2026-11-22", "on 2026-11-23"),
        ("torch 2.13.1", "torch 2.13.2"),
        ("loss 0.5", "less 0.5"),
        ("a  b 0.5", "a b 0.5"),
        ("one 0.5", "one 0.5 0.5"),
        ("v1.000", "v1.0004"),
    ],
)
def test_integers_words_and_versions_are_equal_or_not(before: str, now: str) -> None:
    assert not same_text(before, now, Tolerance())


def test_diff_shows_only_what_is_beyond_the_tolerance() -> None:
    before = ["epoch 1 loss 0.70000", "epoch 2 loss 0.50000", "done"]
    now = ["epoch 1 loss 0.70001", "epoch 2 loss 0.60000", "done"]
    diff = compare_lines(before, now, Tolerance())
    assert [line for line in diff if line[0] in "+-"] == ["-epoch 2 loss 0.50000", "+epoch 2 loss 0.60000"]
    assert compare_lines(before, [now[0], before[1], "done"], Tolerance()) == []


def test_lines_too_many_to_align_are_compared_in_order() -> None:
    before = ["same 0.50000"] * ALIGNED_LINES + ["end"]
    close, far = (["same 0.50001", *before[1:]], [*before[:-2], "other", "end", "more"])
    assert compare_lines(before, close, Tolerance()) == []
    assert compare_lines(before, far, Tolerance()) == [
        f"@@ line {ALIGNED_LINES} @@",
        "-same 0.50000",
        "+other",
        f"@@ line {ALIGNED_LINES + 2} @@",
        "+more",
    ]


def test_tables_are_compared_cell_by_cell() -> None:
    before, close, far = (read_outputs(TABLE.format(score), "", []) for score in ("0.5", "0.50001", "0.6"))
    assert compare_outputs(before, close, Tolerance()) == []
    (difference,) = compare_outputs(before, far, Tolerance())
    assert difference.kind == "table"
    assert difference.lines == ("table 1:", 'row 1 "one", column "score": 0.5 → 0.6')


def test_table_of_another_shape_is_shown_as_lines() -> None:
    before = read_outputs(TABLE.format("0.5"), "", [])
    (difference,) = compare_outputs(
        before, read_outputs(TABLE.format("0.5") + "\n| three | 1 |", "", []), Tolerance()
    )
    assert "+| three | 1 |" in difference.lines
    (gone,) = compare_outputs(before, Outputs(), Tolerance())
    assert "-| one | 0.5 |" in gone.lines


def test_figure_compressed_or_scaled_is_the_same_and_a_new_dot_is_not() -> None:
    figure = draw(width=1200)
    assert score_figures(figure, draw(width=1200, file_format="WEBP")) < Tolerance().figure
    assert score_figures(figure, draw(width=600)) < Tolerance().figure
    assert score_figures(figure, draw((400, 200), width=1200)) > Tolerance().figure
    assert score_figures(figure, figure) == 0


def test_figure_shifted_by_a_few_pixels_is_the_same_and_by_many_is_not() -> None:
    def square(left: int) -> bytes:
        image = Image.new("RGB", (1200, 700), "white")
        ImageDraw.Draw(image).rectangle((left, 200, left + 300, 500), fill="black")
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        return buffer.getvalue()

    assert score_figures(square(400), square(405)) < Tolerance().figure
    assert score_figures(square(400), square(450)) > Tolerance().figure


def test_repeated_figure_must_have_the_same_pixels() -> None:
    figure, moved = Outputs(figures=(draw((400, 200)),)), Outputs(figures=(draw((402, 200)),))
    assert compare_outputs(figure, moved, Tolerance()) == []
    (difference,) = compare_outputs(figure, moved, EXACT)
    assert difference.lines == ("figure 1 has other pixels",)


def test_figure_that_is_new_gone_or_no_image_is_a_difference() -> None:
    figure = draw()
    for before, now, words in (
        ((), (figure,), "figure 1 is new"),
        ((figure,), (), "figure 1 is gone"),
        ((figure,), (b"<svg onload=alert(1)>",), "figure 1 cannot be read as an image"),
    ):
        (difference,) = compare_outputs(Outputs(figures=before), Outputs(figures=now), Tolerance())
        assert difference.lines == (words,)


def test_warnings_are_compared_apart_from_what_is_printed() -> None:
    before, now = read_outputs("one\n", "", []), read_outputs("one\n", "careful\n", [])
    (difference,) = compare_outputs(before, now, Tolerance())
    assert (difference.kind, difference.lines[-1]) == ("warnings", "+careful")
