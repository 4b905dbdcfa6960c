"""Compares two outputs of one cell; decimal numbers and figures may differ within a tolerance.

The decimals of an interactive output may differ by a share of its largest one: what it draws shows no more.
"""

import base64
import difflib
import io
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
from nbformat import NotebookNode
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image

from cardbook.base.errors import CardbookError
from cardbook.records.interactive import canonical_json, interactive_media, leaves
from cardbook.records.outputs import DECODE_ERRORS, OutputError, check_size
from cardbook.records.text import Table, clean_text, split_tables

# A number with a point or an exponent. Integers, dates and versions are compared as words.
DECIMAL = re.compile(r"(?<![\w.])-?(?:\d+\.\d+(?:e[+-]?\d+)?|\d+e[+-]?\d+)(?!\.?\w)", re.IGNORECASE)
ALIGNED_LINES = 2_000
# Figures are compared after averaging, so that the longer side has this many pixels.
THUMBNAIL = 64
# Linear sRGB to CIE XYZ, divided by the white point D65 (IEC 61966-2-1).
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = TO_XYZ.sum(axis=1)

Pixels = NDArray[np.float64]


@dataclass(frozen=True)
class Tolerance:
    """How much outputs may differ: decimals as a share of the larger, figures by `score_figures`.

    In an interactive output, decimals may differ by the same share of its largest decimal.
    """

    number: float = 1e-3
    # Scaling to half and compressing scored up to 5.5 on the book's figures, a new dot of 6 points 11.
    figure: float = 6.0


EXACT = Tolerance(0.0, 0.0)


@dataclass(frozen=True)
class Outputs:
    """The outputs of a cell: printed lines, lines of warnings, printed tables, figures as image files.

    `interactive` has the canonical JSON of each interactive output.
    """

    lines: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[bytes, ...] = ()
    interactive: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """One difference: its kind (text, warnings, table, figure or data), and lines that describe it.

    `figures` are a figure before and now, None if absent; `score` is what `score_figures` returns for them.
    """

    kind: str
    lines: tuple[str, ...]
    score: float = 0.0
    figures: tuple[bytes | None, bytes | None] = (None, None)


class ImageDecodeError(CardbookError):
    """A figure that cannot be read as an image."""


def outputs_of_cell(outputs: Sequence[NotebookNode]) -> Outputs:
    """Return what the outputs of a code cell show."""
    printed = "".join(output.text for output in outputs if output.get("name") == "stdout")
    warned = "".join(output.text for output in outputs if output.get("name") == "stderr")
    data = [output.data for output in outputs if "data" in output]
    shown = [item["text/plain"] for item in data if "image/png" not in item and "text/plain" in item]
    figures = [_decode(item["image/png"]) for item in data if "image/png" in item]
    interactive = [canonical_json(item[media]) for item in data for media in interactive_media(item)]
    return read_outputs("\n".join([printed, *shown]), warned, figures, interactive)


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        # It is not an image either, which the comparison reports.
        return text.encode()


def read_outputs(
    printed: str, warned: str, figures: Sequence[bytes], interactive: Sequence[str] = ()
) -> Outputs:
    """Return printed text, warnings and other outputs as they are compared: without blank lines."""
    parts = list(split_tables(clean_text(printed)))
    return Outputs(
        tuple(line for part in parts if isinstance(part, str) for line in _nonblank_lines(part)),
        tuple(_nonblank_lines(clean_text(warned))),
        tuple(part for part in parts if isinstance(part, Table)),
        tuple(figures),
        tuple(interactive),
    )


def _nonblank_lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def compare_outputs(before: Outputs, now: Outputs, tolerance: Tolerance) -> list[Difference]:
    """Return everything that differs by more than the tolerance."""
    found = []
    for kind, old, new in (("text", before.lines, now.lines), ("warnings", before.warnings, now.warnings)):
        if lines := compare_lines(old, new, tolerance):
            found.append(Difference(kind, tuple(lines)))
    for number, pair in enumerate(zip_longest(before.tables, now.tables), 1):
        if lines := _compare_tables(*pair, tolerance):
            found.append(Difference("table", (f"table {number}:", *lines)))
    for number, images in enumerate(zip_longest(before.figures, now.figures), 1):
        what, score = _compare_figures(*images, tolerance)
        if what:
            found.append(Difference("figure", (f"figure {number} {what}",), score, images))
    for number, (earlier, later) in enumerate(zip_longest(before.interactive, now.interactive), 1):
        if lines := _compare_interactive(earlier, later, tolerance):
            found.append(Difference("data", (f"interactive output {number}:", *lines)))
    return found


def _compare_interactive(before: str | None, now: str | None, tolerance: Tolerance) -> list[str]:
    """Return what differs in two interactive outputs, given as JSON: each place, before and now."""
    if before is None or now is None:
        return ["is new" if before is None else "is gone"]
    old, new = dict(leaves(json.loads(before))), dict(leaves(json.loads(now)))
    largest = max((abs(value) for value in old.values() if isinstance(value, float)), default=0.0)
    allowed = tolerance.number * largest
    return [
        f"{place}: {_shown(old.get(place))} → {_shown(new.get(place))}"
        for place in {**old, **new}
        if place not in old or place not in new or not _same_value(old[place], new[place], allowed)
    ]


def _same_value(before: Any, now: Any, allowed: float) -> bool:  # noqa: ANN401
    if isinstance(before, float) and isinstance(now, float):
        return abs(before - now) <= allowed
    return bool(before == now)


def _shown(value: Any) -> str:  # noqa: ANN401
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def compare_lines(before: Sequence[str], now: Sequence[str], tolerance: Tolerance) -> list[str]:
    """Return a unified diff without its header; empty if every difference is within the tolerance.

    Of more than ALIGNED_LINES lines, those at the same position are compared, because aligning n lines that
    are equal to each other takes time proportional to n².
    """
    if max(len(before), len(now)) > ALIGNED_LINES:
        return _compare_by_position(before, now, tolerance)
    now = list(now)
    matcher = difflib.SequenceMatcher(
        None, [_words(line) for line in before], [_words(line) for line in now], autojunk=False
    )
    for block in matcher.get_matching_blocks():
        for i in range(block.size):
            if same_text(before[block.a + i], now[block.b + i], tolerance):
                # The diff shows no change where the difference is within the tolerance.
                now[block.b + i] = before[block.a + i]
    return list(difflib.unified_diff(before, now, lineterm="", n=1))[2:]


def _compare_by_position(before: Sequence[str], now: Sequence[str], tolerance: Tolerance) -> list[str]:
    found = []
    for number, (old, new) in enumerate(zip_longest(before, now), 1):
        if old is None or new is None or not same_text(old, new, tolerance):
            found.append(f"@@ line {number} @@")
            found += [sign + line for sign, line in (("-", old), ("+", new)) if line is not None]
    return found


def same_text(before: str, now: str, tolerance: Tolerance) -> bool:
    """Return whether two lines are equal, apart from decimals that differ within the tolerance."""
    if before == now:
        return True
    if not tolerance.number:
        return False
    old, new = DECIMAL.findall(before), DECIMAL.findall(now)
    # Padding follows the width of the numbers, so blanks count only where no number differs.
    return old != new and _words(before) == _words(now) and _close(old, new, tolerance.number)


def _words(line: str) -> str:
    return " ".join(DECIMAL.sub("#", line).split())


def _close(before: Sequence[str], now: Sequence[str], share: float) -> bool:
    pairs = zip(before, now, strict=True)
    return all(math.isclose(float(a), float(b), rel_tol=share, abs_tol=share * 1e-6) for a, b in pairs)


def _compare_tables(before: Table | None, now: Table | None, tolerance: Tolerance) -> list[str]:
    if before is None or now is None or _shape(before) != _shape(now):
        return compare_lines(_table_lines(before), _table_lines(now), tolerance)
    return [
        f'row {number} "{old[0]}", column "{column}": {a} → {b}'
        for number, (old, new) in enumerate(zip(before.rows, now.rows, strict=True), 1)
        for column, a, b in zip(before.header, old, new, strict=True)
        if not same_text(a, b, tolerance)
    ]


def _shape(table: Table) -> tuple[tuple[str, ...], int]:
    return table.header, len(table.rows)


def _table_lines(table: Table | None) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (table.header, *table.rows)] if table else []


def _compare_figures(before: bytes | None, now: bytes | None, tolerance: Tolerance) -> tuple[str, float]:
    if before is None or now is None:
        return ("is new" if before is None else "is gone"), math.inf
    if before == now:
        return "", 0.0
    try:
        score = score_figures(before, now)
        if not tolerance.figure:
            return ("" if open_image(before) == open_image(now) else "has other pixels"), score
    except ImageDecodeError as error:
        return str(error), math.inf
    return (
        f"differs by {score:.1f} (at most {tolerance.figure:g})" if score > tolerance.figure else ""
    ), score


def score_figures(before: bytes, now: bytes) -> float:
    """Return the largest difference of two images, as a colour distance (CIELAB, ΔE 1976).

    0 is the same, 100 black instead of white. Both are first averaged to small images of one size, and a
    shift of less than one of their pixels does not count. Raises ImageDecodeError.
    """
    first, second = open_image(before), open_image(now)
    scale = THUMBNAIL / max(first.size)
    size = (max(1, round(first.width * scale)), max(1, round(first.height * scale)))
    colours = _lab(first, size), _lab(second, size)
    return max(_farthest(*colours), _farthest(*reversed(colours)))


def _farthest(image: Pixels, other: Pixels) -> float:
    """Return the largest distance of a pixel from the colours at and around it in the other image."""
    padded = np.pad(other, ((1, 1), (1, 1), (0, 0)), mode="edge")
    near = sliding_window_view(padded, (3, 3), axis=(0, 1))
    nearest = np.clip(image, near.min(axis=(3, 4)), near.max(axis=(3, 4)))
    return float(np.linalg.norm(image - nearest, axis=2).max())


def open_image(content: bytes) -> Image.Image:
    """Return a PNG or WebP file as an image with its transparency. Raises ImageDecodeError."""
    try:
        image = Image.open(io.BytesIO(content), formats=("PNG", "WEBP"))
        check_size(image)
        return image.convert("RGBA")
    except OutputError as error:
        raise ImageDecodeError(f"is {error}") from None
    except DECODE_ERRORS:
        raise ImageDecodeError("cannot be read as an image") from None


def _lab(image: Image.Image, size: tuple[int, int]) -> Pixels:
    """Return the image on white, averaged to this size, in CIELAB."""
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    value = np.asarray(white.convert("RGB"), dtype=np.float64) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    bands = [
        Image.fromarray(linear[:, :, i].astype(np.float32)).resize(size, Image.Resampling.BOX)
        for i in range(3)
    ]
    xyz = np.stack([np.asarray(band, dtype=np.float64) for band in bands], axis=2) @ TO_XYZ.T / WHITE
    root = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = root[:, :, 0], root[:, :, 1], root[:, :, 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=2)
