"""Dark versions of figures that were drawn in the light colours of figure.mplstyle."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# The background of figure.mplstyle and the colours of its lines and text, each with its dark counterpart.
PAPER, DARK_PAPER = "fdfcf9", "1c2028"
DARK = {
    "1b2430": "eceef2",
    "2b3340": "d5d8de",
    "4a5464": "aab2bf",
    "8a94a6": "76808f",
    "808080": "9aa0aa",
    "3d5a9e": "7c9cf5",
    "d9822b": "f0a860",
    "2a8c82": "5cc4b6",
    "b8436d": "ec86ab",
    "7a5fb5": "b7a0ee",
    "6f7f3a": "b3c56f",
    "4c9bd1": "9fdcf2",
    "8c6d4f": "c7a685",
}
# How far, in steps of a colour channel, a pixel may lie from a mixture of paper and one colour.
TOLERANCE = 4.0
# A pixel counts as such a mixture only if a square of this width around it contains paper.
REACH = 5

# In bytes. Only photographs are larger without loss; lossy, they have a fifth of that and look the same.
LOSSLESS_LIMIT = 400_000

Colours = NDArray[np.float64]


def draw(png: bytes) -> tuple[bytes, bytes | None]:
    """Return a PNG as WebP, and its dark version if its background is the theme's, otherwise None."""
    image = Image.open(io.BytesIO(png)).convert("RGBA")
    if image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
    dark = darken(image) if image.getpixel((0, 0)) == tuple(bytes.fromhex(PAPER)) else None
    return _write(image), _write(dark) if dark else None


def _write(image: Image.Image) -> bytes:
    content = io.BytesIO()
    # More effort takes ten times as long and saves a quarter.
    image.save(content, "WEBP", lossless=True, quality=20, method=1)
    if content.tell() > LOSSLESS_LIMIT:
        content = io.BytesIO()
        image.save(content, "WEBP", quality=90, method=4)
    return content.getvalue()


def darken(image: Image.Image) -> Image.Image:
    """Return a figure in the theme's dark colours; other colours stay.

    Along an edge a pixel is a mixture of the paper and one colour: it becomes the same mixture in the dark.
    """
    # One number for a pixel: red, green and blue in its lowest bytes, in this order.
    pixels = np.asarray(image.convert("RGBA")).view("<u4")[..., 0] & 0xFFFFFF
    present = np.zeros(1 << 24, dtype=bool)
    present[pixels] = True
    found = np.flatnonzero(present)
    places = np.empty(1 << 24, dtype=np.int32)
    places[found] = np.arange(len(found))
    colours = np.stack([found & 255, found >> 8 & 255, found >> 16], axis=-1)
    dark, pure = _darken_colours(colours.astype(float))
    anywhere = dark.astype("<u4") @ np.array([1, 1 << 8, 1 << 16], dtype="<u4")
    # Inside a heat map or a photograph, far from paper, a colour may look like a mixture by chance.
    near = _widen(pixels == int.from_bytes(bytes.fromhex(PAPER), "little"))
    changed = np.where(near, anywhere[places[pixels]], np.where(pure, anywhere, found)[places[pixels]])
    return Image.frombuffer("RGB", image.size, changed.astype("<u4").tobytes(), "raw", "RGBX", 0, 1)


def _widen(area: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels that have a pixel of the area in a square of REACH pixels around them."""
    for _ in range(2):
        # First along the rows; the transposed result is then widened along the columns.
        wider = area.copy()
        for step in range(1, REACH // 2 + 1):
            wider[step:] |= area[:-step]
            wider[:-step] |= area[step:]
        area = wider.T
    return area


def _darken_colours(colours: Colours) -> tuple[Colours, NDArray[np.bool_]]:
    """Return the dark version of each colour, and whether the colour is exactly one of the theme's."""
    result, nearest = colours.copy(), np.full(len(colours), TOLERANCE)
    pure = np.zeros(len(colours), dtype=bool)
    paper, dark_paper = _read(PAPER), _read(DARK_PAPER)
    for light, dark in DARK.items():
        step = _read(light) - paper
        share = np.clip((colours - paper) @ step / (step @ step), 0, 1)
        distance = np.linalg.norm(colours - paper - share[:, None] * step, axis=1)
        better = distance < nearest
        result[better] = (dark_paper + share[:, None] * (_read(dark) - dark_paper))[better].round()
        nearest[better] = distance[better]
        pure[better] = share[better] == 1
    return result, pure


def _read(colour: str) -> Colours:
    return np.array(list(bytes.fromhex(colour)), dtype=float)
