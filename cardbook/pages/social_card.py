"""Social images: what a link to a chapter shows elsewhere, its title on an index card."""

from pathlib import Path

from cardbook.base.image_cache import draw_once
from cardbook.records.environment import version_of

MEANS = Path(__file__).with_name("lettering.py")


def make_social(book: str, title: str, memory: Path) -> bytes:
    """Return the image of a chapter, a PNG; what was drawn once is remembered in the folder `memory`."""

    def draw() -> list[bytes]:
        # Imported here: it takes long, and most images were drawn before.
        from cardbook.pages.lettering import draw_social

        return [draw_social(book, title)]

    # The typefaces are Matplotlib's.
    parts = [book, title, version_of("matplotlib")]
    image = draw_once(memory, MEANS, [part.encode() for part in parts], draw)[0]
    assert image is not None
    return image
