"""Drawn: pictures that earlier builds have made, kept by all that they were made from."""

import base64
import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from cardbook.base.files import write_whole
from cardbook.records.environment import version_of

Pictures = Sequence[bytes | None]


def draw_once(memory: Path, means: Path, parts: Iterable[bytes], draw: Callable[[], Pictures]) -> Pictures:
    """Return the pictures that `draw` makes of these parts, from the folder `memory` where they are there.

    `means` is the module that draws them: what another version of it made is not used.
    """
    key = hashlib.sha256(f"pillow {version_of('pillow')}\n".encode())
    for part in (means.read_bytes(), *parts):
        key.update(len(part).to_bytes(8, "big") + part)
    place = memory / f"{key.hexdigest()}.json"
    if (kept := _recall(place)) is not None:
        return kept
    pictures = draw()
    texts = [base64.b64encode(picture).decode() if picture else None for picture in pictures]
    # A folder that cannot be written only costs the next reader time.
    with contextlib.suppress(OSError):
        write_whole(place, json.dumps(texts))
    return pictures


def _recall(place: Path) -> Pictures | None:
    try:
        texts = json.loads(place.read_text(encoding="utf-8"))
        return [base64.b64decode(text) if text else None for text in texts]
    except (OSError, ValueError, TypeError):
        return None
