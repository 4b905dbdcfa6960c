"""Reads JSON from other machines strictly: all parsers agree on its value and can represent it."""

import json
import math
import os
import re
import stat
from pathlib import Path
from typing import Any, NoReturn

from cardbook.base.errors import UntrustedInputError

DEPTH = 100
DIGITS = 20
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def read_json(path: Path, limit: int) -> Any:  # noqa: ANN401
    """Return the JSON in a regular file of at most `limit` bytes. Raises UntrustedInputError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        raise UntrustedInputError("is not a regular file") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UntrustedInputError("is not a regular file")
    with os.fdopen(descriptor, "rb") as stream:
        return parse_json(stream.read(limit + 1), limit)


def parse_json(content: bytes, limit: int) -> Any:  # noqa: ANN401
    """Return the JSON in at most `limit` bytes. Raises UntrustedInputError."""
    check_size(content, limit)
    try:
        value = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_no_key_twice,
            parse_constant=_no_constant,
            parse_int=_integer,
            parse_float=_float,
        )
    except UnicodeDecodeError:
        raise UntrustedInputError("is not UTF-8") from None
    except json.JSONDecodeError:
        raise UntrustedInputError("is not JSON") from None
    except RecursionError:
        raise UntrustedInputError("is nested too deeply") from None
    _check_depth(value)
    if SURROGATE.search(content):
        _check_characters(value)
    return value


def check_size(content: bytes | bytearray, limit: int) -> None:
    """Check that content has at most `limit` bytes. Raises UntrustedInputError."""
    if len(content) > limit:
        raise UntrustedInputError(f"is larger than {limit / 1e6:g} MB")


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Two readers could otherwise see two different values in one file.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UntrustedInputError("has a key twice")
    return found


def _no_constant(text: str) -> NoReturn:
    raise UntrustedInputError(f"has {text}, which is not JSON")


def _integer(text: str) -> int:
    if len(text) > DIGITS:
        raise UntrustedInputError(f"has an integer of {len(text)} digits")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise UntrustedInputError("has a number that is too large")
    return number


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise UntrustedInputError("is nested too deeply")


def _check_characters(value: object) -> None:
    """Refuse lone surrogates, which UTF-8 cannot encode; a pair of them makes a character."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise UntrustedInputError("has half of a character") from None
