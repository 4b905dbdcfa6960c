"""Figures of a record, as files for pages in light and dark colours."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cardbook.base.cache import Cache, cache_key

# The code that renders the files is part of their cache key.
RENDERER_FILE = Path(__file__).with_name("dark_figures.py")


@dataclass(frozen=True)
class Figure:
    """A figure of a cell as WebP and, if it has the theme's colours, a dark version.

    `stem` begins the names of its files; width and height are CSS pixels, 0 if unknown.
    """

    stem: str
    light: bytes
    dark: bytes | None
    width: int
    height: int

    @property
    def files(self) -> dict[str, bytes]:
        """The content of each of its files by name, the light one first."""
        return {f"{self.stem}.webp": self.light} | (
            {f"{self.stem}-dark.webp": self.dark} if self.dark else {}
        )

    @property
    def addresses(self) -> list[str]:
        """The file names as a page refers to them: each shown in its own colour scheme only."""
        if not self.dark:
            return list(self.files)
        return [f"{name}#only-{scheme}" for name, scheme in zip(self.files, ("light", "dark"), strict=True)]


def read_figures(
    name: str, outputs: Iterable[Sequence[Mapping[str, Any]]], cache: Cache
) -> list[list[Figure]]:
    """Return the figures of each code cell of the example `name`, given the outputs of each.

    Files are named `NAME-CELL.webp`, with `-2` for a cell's second figure.
    """
    return [
        [
            _read_figure(output, f"{name}-{number}" + (f"-{count}" if count > 1 else ""), cache)
            for count, output in enumerate(filter(is_figure, cell), 1)
        ]
        for number, cell in enumerate(outputs, 1)
    ]


def is_figure(output: Mapping[str, Any]) -> bool:
    """Return whether an output is a figure."""
    return "image/png" in output.get("data", {})


def _read_figure(output: Mapping[str, Any], stem: str, cache: Cache) -> Figure:
    size = output.get("metadata", {}).get("image/png", {})
    png = base64.b64decode(output["data"]["image/png"])
    key = cache_key(["pillow"], [RENDERER_FILE.read_bytes(), png])
    texts = cache.get(key)
    if texts is None:
        # Imported here: its import is slow, and most figures are in the cache.
        from cardbook.pages.dark_figures import draw

        texts = [base64.b64encode(file).decode() if file else None for file in draw(png)]
        cache.put(key, texts)
    light, dark = (base64.b64decode(text) if text else None for text in texts)
    assert light is not None
    return Figure(stem, light, dark, size.get("width", 0), size.get("height", 0))
