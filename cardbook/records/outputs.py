"""What a record may contain as outputs: printed text, plain values, PNG figures, interactive outputs.

A run stores nothing else, and `import-records` accepts nothing else: both call `check_outputs`.
"""

import base64
import struct
import zlib
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any

from nbformat import NotebookNode
from PIL import Image

from cardbook.base.errors import CardbookError
from cardbook.records import interactive
from cardbook.records.interactive import canonical_json, interactive_media, kind_of, kinds
from cardbook.records.text import one_line

STREAMS = ("stdout", "stderr")
# HTML, SVG, JavaScript and widgets could act in a reader's browser.
SHOWN = ("image/png", "text/plain")
# In one figure, and in all of an example. Redrawing one for dark pages takes 200 bytes a pixel.
FIGURE_PIXELS, EXAMPLE_PIXELS = 4_000_000, 20_000_000
# In all of an example, whose cells have one output for each stream: a page takes a millisecond for each.
OUTPUTS = 2_000
# The longest side that the WebP of a page can have.
SIDE = 16_383
LESS = "show fewer numbers and shorter texts, as cardbook/records/interactive.schema.json describes"
# What Pillow raises for a damaged image: SyntaxError for a broken chunk, LookupError for a short one, and
# others.
DECODE_ERRORS = (
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, OSError, SyntaxError, EOFError),
    *(struct.error, zlib.error, Image.DecompressionBombError),
)


class OutputError(CardbookError):
    """An output that no page can show; the text says why, `remedy` what an author does about it, if known.

    `cell` is the number of the code cell, from 1; 0 if all together are too many.
    """

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.remedy = remedy
        self.cell = 0


def reduce_outputs(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """Return the parts of a cell's outputs that a page shows: no HTML or other formats; results as displays.

    Interactive outputs are kept whatever their kind, so that `check_cell` refuses what is unknown.

    An output that has nothing of all this is left out.
    """
    return [reduced for output in outputs if (reduced := _reduce(output)) is not None]


def _reduce(output: NotebookNode) -> NotebookNode | None:
    if "data" not in output:
        return output
    shown = [*interactive_media(output.data), *SHOWN]
    data = {media: output.data[media] for media in shown if media in output.data}
    size = output.get("metadata", {}).get("image/png") if "image/png" in data else None
    metadata = {"image/png": size} if is_size(size) else {}
    return NotebookNode(output_type="display_data", data=data, metadata=metadata) if data else None


def check_outputs(cells: Sequence[Sequence[NotebookNode]]) -> None:
    """Check the outputs of each code cell of an example, which may be hostile. Raises OutputError.

    No more is decoded than an example may show, whatever it contains.
    """
    if sum(map(len, cells)) > OUTPUTS:
        raise OutputError(f"more than {OUTPUTS} outputs, of which what is printed in a cell is one")
    left = EXAMPLE_PIXELS
    for number, outputs in enumerate(cells, 1):
        try:
            left -= _check_cell(outputs, left)
        except OutputError as error:
            error.cell = number
            raise


def _check_cell(outputs: Iterable[NotebookNode], left: int) -> int:
    """Check the outputs of one code cell; return how many pixels its figures have, of those `left`."""
    pixels = size = 0
    for output in outputs:
        pixels += _check_output(output, left - pixels)
        for media in interactive_media(output.get("data", {})):
            size += len(canonical_json(output.data[media]))
    if size > interactive.CELL_BYTES:
        raise OutputError(f"more than {interactive.CELL_BYTES:,} bytes of interactive outputs", LESS)
    return pixels


def _check_output(output: NotebookNode, left: int) -> int:
    if output.output_type == "stream" and output.name in STREAMS:
        return 0
    if output.output_type != "display_data":
        raise OutputError(f"an output of a kind that pages do not show: {output.output_type}")
    if not output.data:
        raise OutputError("an output without content")
    if media_types := interactive_media(output.data):
        _check_interactive(output, media_types[0])
        return 0
    for media in output.data:
        if media not in SHOWN:
            raise OutputError(f"an output that could act in a reader's browser: {media}")
    if any(media != "image/png" or not is_size(size) for media, size in output.metadata.items()):
        raise OutputError("an output with metadata that no figure has")
    return check_figure(output.data["image/png"], left) if "image/png" in output.data else 0


def _check_interactive(output: NotebookNode, media: str) -> None:
    if not kind_of(media):
        what = f"an interactive output of an unknown kind: {one_line(media)[:100]}"
        raise OutputError(what, f"use one of {', '.join(kinds())}")
    text = output.data.get("text/plain")
    if output.data.keys() != {media, "text/plain"} or output.metadata:
        raise OutputError("an interactive output that is not just its data and text/plain", "add plain text")
    if not isinstance(text, str) or "\n" in text or not 0 < len(text) <= interactive.TEXT_LENGTH:
        what = (
            f"an interactive output whose text is not one line of 1 to {interactive.TEXT_LENGTH} characters"
        )
        raise OutputError(what, "say in one line what it has: __repr__ returns it")
    if fault := interactive.find_fault(kind_of(media), output.data[media]):
        raise OutputError(f"an interactive output with {fault}", LESS)


def is_size(value: Any) -> bool:  # noqa: ANN401
    """Return whether a value is the metadata of a figure: its width and height in CSS pixels."""
    return (
        isinstance(value, dict)
        and value.keys() == {"width", "height"}
        and all(type(length) is int and 0 < length < 10_000 for length in value.values())
    )


def check_figure(content: str, left: int = EXAMPLE_PIXELS) -> int:
    """Decode a PNG, given in base64, to its last pixel; return how many it has. Raises OutputError.

    `left` is how many pixels the example may still show: a figure with more is not decoded. Pixels are also
    converted to the colours in which a page draws them: a palette may lack some.
    """
    try:
        png = base64.b64decode(content, validate=True)
        with Image.open(BytesIO(png), formats=["PNG"]) as image:
            check_size(image)
            if image.width * image.height > left:
                raise OutputError(f"figures of more than {EXAMPLE_PIXELS / 1e6:g} million pixels in all")
            # `verify` compares each checksum, `convert` decodes the pixels; each needs a new file.
            image.verify()
        with Image.open(BytesIO(png), formats=["PNG"]) as image:
            image.convert("RGBA")
            return image.width * image.height
    except DECODE_ERRORS:
        raise OutputError("a figure that is not a PNG") from None


def check_size(image: Image.Image) -> None:
    """Check the size of an image before it is decoded. Raises OutputError."""
    if image.width * image.height > FIGURE_PIXELS or max(image.size) > SIDE:
        raise OutputError(f"a figure of {image.width} × {image.height} pixels")
