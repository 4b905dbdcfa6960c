"""Draws titles on an index card: social images of chapters, and the cover of the EPUB."""

import io
import textwrap
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIZE = (1200, 630)
PAPER, SHEET, INK, QUIET, RED, LINE = "#fbf9f4", "#ffffff", "#22252c", "#5b6270", "#b8361d", "#e3ddcf"
CARD = (80, 80, 1120, 550)
COVER = (1200, 1800)


def draw_social(book: str, title: str) -> bytes:
    """Return a PNG of 1200 × 630 pixels: the title of the book above a red line, the chapter's below."""
    image = Image.new("RGB", SIZE, PAPER)
    canvas = ImageDraw.Draw(image)
    canvas.rectangle(CARD, SHEET, LINE, 2)
    canvas.text((CARD[0] + 50, CARD[1] + 42), book, QUIET, _font("DejaVuSans", 30))
    canvas.rectangle((CARD[0], CARD[1] + 110, CARD[2], CARD[1] + 114), RED)
    canvas.multiline_text(
        (CARD[0] + 50, CARD[1] + 150),
        textwrap.fill(title, 22),
        INK,
        _font("DejaVuSerif-Bold", 58),
        spacing=16,
    )
    content = io.BytesIO()
    image.quantize(32).save(content, "PNG", optimize=True)
    return content.getvalue()


def draw_cover(title: str) -> bytes:
    """Return a PNG of 1200 × 1800 pixels: the title of the book below a red line."""
    image = Image.new("RGB", COVER, PAPER)
    canvas = ImageDraw.Draw(image)
    canvas.rectangle((80, 80, 1120, 1720), SHEET, LINE, 2)
    canvas.rectangle((80, 300, 1120, 306), RED)
    canvas.multiline_text(
        (140, 400), textwrap.fill(title, 15), INK, _font("DejaVuSerif-Bold", 92), spacing=30
    )
    content = io.BytesIO()
    image.quantize(32).save(content, "PNG", optimize=True)
    return content.getvalue()


def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """Return a font that Matplotlib ships, without importing Matplotlib; `size` is in pixels."""
    found = find_spec("matplotlib")
    assert found is not None and found.origin is not None
    return ImageFont.truetype(Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / f"{name}.ttf", size)
