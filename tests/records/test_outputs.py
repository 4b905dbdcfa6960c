"""What a run keeps of outputs, and what `import` accepts, is one rule."""

import base64
import struct
import zlib
from io import BytesIO
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from PIL import Image

from cardbook.records.comparison import ImageDecodeError, open_image
from cardbook.records.outputs import OutputError, check_figure, check_outputs, reduce_outputs

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, pixels: bytes, *more: bytes, colour: int = 0, palette: bytes = b"") -> bytes:
    """A file with right checksums, whatever it says about itself."""
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    start = SIGNATURE + chunk(b"IHDR", header) + palette
    return start + chunk(b"IDAT", pixels) + b"".join(more) + chunk(b"IEND", b"")


def draw(size: tuple[int, int]) -> bytes:
    stream = BytesIO()
    Image.new("1", size).save(stream, "PNG")
    return stream.getvalue()


def display(**data: str) -> NotebookNode:
    media = {key.replace("_", "/"): value for key, value in data.items()}
    return nbformat.v4.new_output("display_data", media)


BOMB = zlib.compress(bytes(100_000_000), 9)
BROKEN = {
    "pixels that are rubbish": png(2, 2, b"rubbish"),
    "too few pixels": png(200, 200, zlib.compress(bytes(10))),
    "compressed text after the pixels": png(2, 2, zlib.compress(bytes(6)), chunk(b"zTXt", b"k\0\0" + BOMB)),
    "international text after the pixels": png(
        2, 2, zlib.compress(bytes(6)), chunk(b"iTXt", b"k\0\1\0\0\0" + BOMB)
    ),
    "no pixels": png(0, 0, b""),
    "a wrong checksum": png(2, 2, zlib.compress(bytes(6)))[:-20] + b"x" * 20,
    "an empty profile after the pixels": png(2, 2, zlib.compress(bytes(6)), chunk(b"iCCP", b"")),
    "no chunk of pixels": png(2, 2, b"")[:33] + chunk(b"IEND", b""),
    "more transparent colours than a palette can have": png(
        1,
        1,
        zlib.compress(bytes(2)),
        colour=3,
        palette=chunk(b"PLTE", b"\1\2\3") + chunk(b"tRNS", bytes(300)),
    ),
    "no image": b"<script>",
}


@pytest.mark.parametrize("case", BROKEN)
def test_png_is_decoded_to_its_last_pixel(case: str) -> None:
    assert check_figure(base64.b64encode(draw((20, 30))).decode()) == 600
    with pytest.raises(OutputError, match="is not a PNG"):
        check_figure(base64.b64encode(BROKEN[case]).decode())


@pytest.mark.parametrize("size", [(39_000_000, 1), (16_384, 2), (2_000, 2_001), (10_000, 5_000)])
def test_figure_too_large_to_show_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    found = png(*size, b"these pixels are never looked at")
    message = f"{size[0]} × {size[1]} pixels"
    with pytest.raises(OutputError, match=message):
        check_figure(base64.b64encode(found).decode())
    with pytest.raises(ImageDecodeError, match=message):
        open_image(found)


def test_figures_of_an_example_are_bounded_together() -> None:
    figure = display(image_png=base64.b64encode(draw((2_000, 2_000))).decode())
    check_outputs([[figure], [figure] * 4])
    with pytest.raises(OutputError, match="20 million pixels in all"):
        check_outputs([[figure], [figure] * 5])


def test_figure_beyond_the_limit_is_not_decoded() -> None:
    figure = display(image_png=base64.b64encode(draw((2_000, 2_000))).decode())
    undecoded = display(image_png=base64.b64encode(png(2_000, 2_000, b"rubbish")).decode())
    with pytest.raises(OutputError, match="20 million pixels in all") as caught:
        check_outputs([[], [figure] * 2, [figure] * 3 + [undecoded] * 1_900])
    assert caught.value.cell == 3


def test_outputs_are_counted_before_they_are_decoded() -> None:
    undecoded = display(image_png=base64.b64encode(png(2_000, 2_000, b"rubbish")).decode())
    with pytest.raises(OutputError, match="more than 2000 outputs") as caught:
        check_outputs([[undecoded] * 1_000, [undecoded] * 1_001])
    assert caught.value.cell == 0


def test_outputs_of_an_example_are_counted_together() -> None:
    printed = nbformat.v4.new_output("stream", name="stdout", text="x")
    check_outputs([[printed] * 1_000, [printed] * 1_000])
    with pytest.raises(OutputError, match="more than 2000 outputs"):
        check_outputs([[printed] * 1_000, [printed] * 1_001])


def test_only_what_a_page_shows_is_kept() -> None:
    size = {"width": 2, "height": 3}
    png_text = base64.b64encode(draw((2, 3))).decode()
    kept = {"image/png": png_text, "text/plain": "<Figure>"}
    figure: dict[str, Any] = {**kept, "image/svg+xml": "<svg/>"}
    metadata = {"image/png": size, "text/plain": {"x": 1}, "more": 1}
    outputs = [
        nbformat.v4.new_output("execute_result", {"text/plain": "2"}, execution_count=3),
        nbformat.v4.new_output("display_data", {"text/plain": "a  b", "text/html": "<table>"}),
        nbformat.v4.new_output("display_data", figure, metadata=metadata),
        nbformat.v4.new_output("display_data", {"text/html": "<script>"}),
        nbformat.v4.new_output("display_data", kept, metadata={"image/png": {"width": "x"}}),
        nbformat.v4.new_output("stream", name="stdout", text="x"),
    ]
    assert reduce_outputs(outputs) == [
        display(text_plain="2"),
        display(text_plain="a  b"),
        nbformat.v4.new_output("display_data", kept, metadata={"image/png": size}),
        nbformat.v4.new_output("display_data", kept),
        nbformat.v4.new_output("stream", name="stdout", text="x"),
    ]
    check_outputs([reduce_outputs(outputs)])
    with pytest.raises(OutputError):
        check_outputs([outputs])
