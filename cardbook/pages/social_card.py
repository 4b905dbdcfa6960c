"""Social images, which other sites show for a link to a chapter."""

import base64
from pathlib import Path

from cardbook.base.cache import Cache, cache_key

RENDERER_FILE = Path(__file__).with_name("lettering.py")


def make_social(book: str, title: str, cache: Cache) -> bytes:
    """Return the image of a chapter, a PNG, for the titles of the book and the chapter."""
    # The fonts are Matplotlib's.
    parts = [RENDERER_FILE.read_bytes(), book.encode(), title.encode()]
    key = cache_key(["pillow", "matplotlib"], parts)
    text = cache.get(key)
    if text is None:
        # Imported here: its import is slow, and most images are in the cache.
        from cardbook.pages.lettering import draw_social

        text = base64.b64encode(draw_social(book, title)).decode()
        cache.put(key, text)
    return base64.b64decode(text)
