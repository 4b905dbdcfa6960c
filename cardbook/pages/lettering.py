"""Lettering: the title of a chapter on an index card, as a picture."""

import io
import textwrap
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIZE = (1200, 630)
PAPER, SHEET, INK, QUIET, RED, LINE = "#fbf9f4", "#ffffff", "#22252c", "#5b6270", "#b8361d", "#e3ddcf"
CARD = (80, 80, 1120, 550)


def draw_social(book: str, title: str) -> bytes:
    """Return a PNG of 1200 × 630 pixels the book's title above a red line, the chapter's below."""
    image = Image.new("RGB", SIZE, PAPER)
    pencil = ImageDraw.Draw(image)
    pencil.rectangle(CARD, SHEET, LINE, 2)
    pencil.text((CARD[0] + 50, CARD[1] + 42), book, QUIET, _face("DejaVuSans", 30))
    pencil.rectangle((CARD[0], CARD[1] + 110, CARD[2], CARD[1] + 114), RED)
    pencil.multiline_text(
        (CARD[0] + 50, CARD[1] + 150),
        textwrap.fill(title, 22),
        INK,
        _face("DejaVuSerif-Bold", 58),
        spacing=16,
    )
    content = io.BytesIO()
    image.quantize(32).save(content, "PNG", optimize=True)
    return content.getvalue()


def _face(name: str, size: int) -> ImageFont.FreeTypeFont:
    """Return a typeface that Matplotlib ships, without importing it."""
    found = find_spec("matplotlib")
    assert found is not None and found.origin is not None
    return ImageFont.truetype(Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / f"{name}.ttf", size)
