import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from cardbook.base.cache import Cache
from cardbook.kernel.variables import THEME
from cardbook.pages.dark_figures import DARK, DARK_PAPER, PAPER
from cardbook.pages.figures import Figure, read_figures
from cardbook.records.comparison import Tolerance, score_figures

INK = "1b2430"


def figures_of(outputs: list[dict[str, object]], folder: Path) -> list[Figure]:
    return read_figures("a", [outputs], Cache(folder))[0]


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour))


def drawing(ground: str) -> Image.Image:
    image = Image.new("RGB", (40, 20), f"#{ground}")
    pencil = ImageDraw.Draw(image)
    pencil.rectangle((10, 0, 14, 19), f"#{INK}")
    pencil.rectangle((20, 0, 24, 19), "#ff0000")
    pencil.rectangle((30, 0, 34, 19), "#ffffff")
    pencil.point((9, 5), tuple((a + b) // 2 for a, b in zip(rgb(PAPER), rgb(INK), strict=True)))
    return image


def output(image: Image.Image) -> dict[str, object]:
    content = io.BytesIO()
    # As matplotlib writes them: with an alpha channel that says nothing.
    image.convert("RGBA").save(content, "PNG")
    data = {"image/png": base64.b64encode(content.getvalue()).decode()}
    return {
        "output_type": "display_data",
        "data": data,
        "metadata": {"image/png": {"width": 20, "height": 10}},
    }


def read(content: bytes | None) -> Image.Image:
    assert content is not None
    return Image.open(io.BytesIO(content)).convert("RGB")


def test_figure_of_the_theme_has_a_light_file_without_loss_and_a_dark_one(tmp_path: Path) -> None:
    (found,) = figures_of([{"output_type": "stream", "text": "x"}, output(drawing(PAPER))], tmp_path)
    assert read(found.light).tobytes() == drawing(PAPER).tobytes()
    dark = read(found.dark)
    assert dark.getpixel((0, 0)) == rgb(DARK_PAPER) and dark.getpixel((12, 5)) == rgb(DARK[INK])
    assert dark.getpixel((22, 5)) == (255, 0, 0) and dark.getpixel((32, 5)) == (255, 255, 255)
    edge = dark.getpixel((9, 5))
    assert isinstance(edge, tuple) and all(
        abs(is_now - (a + b) / 2) < 3
        for is_now, a, b in zip(edge, rgb(DARK_PAPER), rgb(DARK[INK]), strict=True)
    )
    assert (found.width, found.height) == (20, 10)
    assert list(found.files) == ["a-1.webp", "a-1-dark.webp"]
    assert found.addresses == ["a-1.webp#only-light", "a-1-dark.webp#only-dark"]


def test_shade_inside_a_picture_is_no_mixture_with_paper(tmp_path: Path) -> None:
    image = drawing(PAPER)
    shade = tuple((3 * a + b) // 4 for a, b in zip(rgb(PAPER), rgb(INK), strict=True))
    ImageDraw.Draw(image).rectangle((2, 2, 9, 19), "#ff0000")
    image.putpixel((6, 10), shade)
    (found,) = figures_of([output(image)], tmp_path)
    assert read(found.dark).getpixel((6, 10)) == shade


def test_picture_that_the_theme_did_not_draw_stays_as_it_is(tmp_path: Path) -> None:
    (found,) = figures_of([output(drawing("ffffff"))], tmp_path)
    assert found.dark is None and found.addresses == ["a-1.webp"]


def test_photograph_is_compressed_and_still_passes_as_the_same(tmp_path: Path) -> None:
    grain = np.random.default_rng(0).normal(0, 6, (900, 900, 3))
    light = np.linspace(40, 200, 900)[:, None, None] + np.linspace(0, 50, 900)[None, :, None]
    photograph = Image.fromarray(np.clip(light + grain, 0, 255).astype(np.uint8))
    (found,) = figures_of([output(photograph)], tmp_path)
    assert len(found.light) < 400_000
    before = base64.b64decode(str(output(photograph)["data"]["image/png"]))  # type: ignore[index]
    assert len(before) > 1_000_000
    assert score_figures(before, found.light) < Tolerance().figure


def test_second_figure_of_a_cell_has_files_of_its_own(tmp_path: Path) -> None:
    found = figures_of([output(drawing(PAPER)), output(drawing("ffffff"))], tmp_path)
    assert [name for figure in found for name in figure.files] == ["a-1.webp", "a-1-dark.webp", "a-1-2.webp"]


def test_figure_is_drawn_once_and_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = figures_of([output(drawing(PAPER))], tmp_path)
    monkeypatch.delattr("cardbook.pages.dark_figures.draw")
    assert figures_of([output(drawing(PAPER))], tmp_path) == first
    with pytest.raises(ImportError):
        figures_of([output(drawing("ffffff"))], tmp_path)


def test_damaged_cache_entry_is_drawn_anew(tmp_path: Path) -> None:
    first = figures_of([output(drawing(PAPER))], tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_text(kept.read_text().replace("U", "V", 1))
    assert figures_of([output(drawing(PAPER))], tmp_path) == first


def test_every_colour_of_the_theme_has_a_dark_one() -> None:
    theme = THEME.read_text(encoding="utf-8")
    assert {*re.findall(r"\b[0-9a-f]{6}\b", theme), "808080"} == {*DARK, PAPER}
