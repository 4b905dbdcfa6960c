"""What parsing left: the cells of each script as last parsed, kept so that reading a book needs no parser."""

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

from cardbook.base.files import write_whole
from cardbook.records.environment import version_of

FORM = 1

Values = list[dict[str, Any]]


def recall(memory: Path, text: str) -> Values | None:
    """Return the cells remembered for exactly this text and parser; None when there are none."""
    try:
        kept = json.loads(memory.read_text(encoding="utf-8"))
        return kept["cells"] if kept["key"] == _key(text) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(memory: Path, text: str, cells: Values) -> None:
    """Keep the cells of this text. A folder that cannot be written only costs the next reader time."""
    with contextlib.suppress(OSError):
        write_whole(memory, json.dumps({"key": _key(text), "cells": cells}, ensure_ascii=False))


def _key(text: str) -> str:
    parser = f"{FORM} jupytext {version_of('jupytext')}"
    return hashlib.sha256(f"{parser}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()
