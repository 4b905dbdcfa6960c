"""Reports of drift, for a terminal, a pull request or a script. The text of outputs is not trusted."""

import html
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from cardbook.records.comparison import Difference, ImageDecodeError, Tolerance, open_image
from cardbook.records.drift import CellDrift, Drift
from cardbook.records.text import clean_text

# Of one difference; a comment on a pull request has at most 65,536 characters.
SHOWN_LINES = 40
SHOWN_CHARACTERS = 200
GAP = 24

Images = Mapping[tuple[str, int, int], str]


def count_drifted(drifts: Sequence[Drift]) -> str:
    """Return how many examples drifted, in words."""
    return f"{sum(drift.drifted for drift in drifts)} of {len(drifts)} examples drifted"


def to_text(drifts: Sequence[Drift]) -> str:
    """Return the report for a terminal."""
    lines = []
    for drift in filter(_is_reportable, drifts):
        lines.append(f"{drift.example}: {_state(drift)}{_ratios(drift)}")
        lines += [f"  {clean_text(cause)}" for cause in drift.causes]
        for cell in drift.cells:
            allowed = ", which may vary" if cell.allowed else ""
            lines.append(f"  cell {cell.number}{allowed}:")
            lines += [f"    {line}" for difference in cell.differences for line in _shown(difference)]
    return "\n".join([*lines, f"{count_drifted(drifts)}."])


def to_markdown(drifts: Sequence[Drift], tolerance: Tolerance, images: Images) -> str:
    """Return the report for a pull request; `images` are the addresses that `write_images` returned."""
    reported = list(filter(_is_reportable, drifts))
    blocks = [
        f"**{count_drifted(drifts)}**: beyond {tolerance.number:.2%} for decimal numbers, "
        f"beyond a score of {tolerance.figure:g} for figures."
    ]
    if reported:
        rows = [f"| {_code(drift.example)} | {_state(drift)} | {_kinds(drift)} |" for drift in reported]
        blocks.append("\n".join(["| example | | what differs |", "|:--|:--|:--|", *rows]))
    blocks += [_details(_code(drift.example), _body(drift, images)) for drift in reported]
    blocks.append(_details("Time and memory", _measures(drifts)))
    return "\n\n".join(blocks)


def to_object(drift: Drift) -> dict[str, Any]:
    """Return a drift as a JSON value, without its figures."""
    cells = [
        {
            "cell": cell.number,
            "allowed": cell.allowed,
            "differences": [{"kind": item.kind, "lines": list(item.lines)} for item in cell.differences],
        }
        for cell in drift.cells
    ]
    return {
        "example": drift.example,
        "drifted": drift.drifted,
        "problem": drift.problem,
        "causes": list(drift.causes),
        "seconds": drift.seconds,
        "memory": drift.memory,
        "cells": cells,
    }


def write_images(drifts: Sequence[Drift], folder: Path) -> dict[tuple[str, int, int], str]:
    """Write each pair of differing figures as one image, the earlier left, the later right.

    Returns their paths, by example, cell and position among the cell's differences.
    """
    written = {}
    for drift in drifts:
        for cell in drift.cells:
            for position, difference in enumerate(cell.differences):
                picture = _side_by_side(difference)
                if picture is None:
                    continue
                path = folder / f"{drift.example}-{cell.number}-{position + 1}.png"
                folder.mkdir(parents=True, exist_ok=True)
                picture.save(path)
                written[drift.example, cell.number, position] = path.as_posix()
    return written


def _side_by_side(difference: Difference) -> Image.Image | None:
    try:
        sides = [open_image(figure) if figure else None for figure in difference.figures]
    except ImageDecodeError:
        return None
    present = [image for image in sides if image]
    if not present:
        return None
    width, height = max(image.width for image in present), max(image.height for image in present)
    sheet = Image.new("RGB", (2 * width + GAP, height), "white")
    for image, left in zip(sides, (0, width + GAP), strict=True):
        if image:
            sheet.paste(image, (left, 0), image)
    return sheet


def _code(name: str) -> str:
    """Return a name, or any other text, as code in a table or a summary."""
    return f"<code>{html.escape(name).replace('|', '&#124;').replace('`', '&#96;')}</code>"


def _is_reportable(drift: Drift) -> bool:
    return bool(drift.problem or drift.new or drift.cells or drift.causes)


def _state(drift: Drift) -> str:
    if drift.problem:
        return drift.problem
    if drift.new:
        return "new"
    if drift.drifted:
        return "drifted"
    return "differs only where it may vary" if drift.cells else "the same outputs"


def _ratios(drift: Drift) -> str:
    return "" if drift.problem or drift.new else f" (time ×{drift.seconds:.2f}, memory ×{drift.memory:.2f})"


def _kinds(drift: Drift) -> str:
    found = Counter(item.kind for cell in drift.cells for item in cell.differences)
    return ", ".join(f"{count} × {kind}" for kind, count in found.items())


def _shown(difference: Difference) -> Iterator[str]:
    for line in difference.lines[:SHOWN_LINES]:
        yield line if len(line) <= SHOWN_CHARACTERS else f"{line[:SHOWN_CHARACTERS]}…"
    if len(difference.lines) > SHOWN_LINES:
        yield f"… {len(difference.lines) - SHOWN_LINES} more lines"


def _body(drift: Drift, images: Images) -> str:
    blocks = [_fence("", [clean_text(cause) for cause in drift.causes])] if drift.causes else []
    for cell in drift.cells:
        blocks += _cell_blocks(drift.example, cell, images)
    return "\n\n".join(blocks)


def _cell_blocks(example: str, cell: CellDrift, images: Images) -> Iterator[str]:
    yield f"Cell {cell.number}{', which may vary' if cell.allowed else ''}:"
    for position, difference in enumerate(cell.differences):
        yield _fence("diff", list(_shown(difference)))
        if path := images.get((example, cell.number, position)):
            yield f"![The figure before, left, and now, right](<{path}>)"


def _fence(language: str, lines: Sequence[str]) -> str:
    """Return lines as a code block that no line of theirs can end."""
    text = "\n".join(lines)
    fence = "`" * max(3, *(len(run) + 1 for run in ["", *re.findall(r"`+", text)]))
    return f"{fence}{language}\n{text}\n{fence}"


def _details(summary: str, body: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def _measures(drifts: Sequence[Drift]) -> str:
    rows = [
        f"| {_code(drift.example)} | ×{drift.seconds:.2f} | ×{drift.memory:.2f} |"
        for drift in drifts
        if not drift.problem and not drift.new
    ]
    return "\n".join(["| example | time | memory |", "|:--|--:|--:|", *rows])
