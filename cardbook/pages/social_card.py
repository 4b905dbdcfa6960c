"""Images with titles: social images, which other sites show for a link to a chapter, and the EPUB's cover."""

import base64
from pathlib import Path

from cardbook.base.cache import Cache, cache_key

RENDERER_FILE = Path(__file__).with_name("lettering.py")


def make_social(book: str, title: str, cache: Cache) -> bytes:
    """Return the image of a chapter, a PNG, for the titles of the book and the chapter."""
    return _draw([book, title], cache)


def make_cover(title: str, cache: Cache) -> bytes:
    """Return the cover of the EPUB, a PNG, for the title of the book."""
    return _draw([title], cache)


def _draw(titles: list[str], cache: Cache) -> bytes:
    # The fonts are Matplotlib's.
    key = cache_key(
        ["pillow", "matplotlib"], [RENDERER_FILE.read_bytes(), *(title.encode() for title in titles)]
    )
    text = cache.get(key)
    if text is None:
        # Imported here: its import is slow, and most images are in the cache.
        from cardbook.pages.lettering import draw_cover, draw_social

        image = draw_social(*titles) if len(titles) == 2 else draw_cover(*titles)
        text = base64.b64encode(image).decode()
        cache.put(key, text)
    return base64.b64decode(text)
