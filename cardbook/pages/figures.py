"""Figures: what a run drew, as files for a page in light and in dark colours."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cardbook.base.image_cache import Pictures, draw_once

MEANS = Path(__file__).with_name("dark_figures.py")


@dataclass(frozen=True)
class Figure:
    """A figure as WebP and, if the theme drew it, for dark pages too; sides in CSS pixels, 0 if unknown."""

    light: bytes
    dark: bytes | None
    width: int
    height: int


def figures_of(outputs: Iterable[Mapping[str, Any]], memory: Path) -> list[Figure]:
    """Return the figures among a cell's outputs, in order."""
    return [read_figure(output, memory) for output in outputs if is_figure(output)]


def is_figure(output: Mapping[str, Any]) -> bool:
    """Return whether an output is a figure."""
    return "image/png" in output.get("data", {})


def memory_of(root: Path) -> Path:
    """Return where the book in `root` remembers its figures."""
    return root / ".cardbook" / "figures"


def read_figure(output: Mapping[str, Any], memory: Path) -> Figure:
    """Return the figure that an output is; what was drawn once is remembered in the folder `memory`."""
    size = output.get("metadata", {}).get("image/png", {})
    png = base64.b64decode(output["data"]["image/png"])
    light, dark = draw_once(memory, MEANS, [png], lambda: _draw(png))
    assert light is not None
    return Figure(light, dark, size.get("width", 0), size.get("height", 0))


def figure_names(figure: Figure, label: str, number: int) -> tuple[str, str | None]:
    """Return the names of a figure's light and dark file: `NAME-CELL.webp`, with `-2` for a cell's second."""
    stem = label if number == 1 else f"{label}-{number}"
    return f"{stem}.webp", f"{stem}-dark.webp" if figure.dark else None


def _draw(png: bytes) -> Pictures:
    # Imported here: it takes long, and most figures were drawn before.
    from cardbook.pages.dark_figures import draw

    return draw(png)
