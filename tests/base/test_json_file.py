"""JSON from elsewhere is read strictly."""

import os
from pathlib import Path

import pytest

from cardbook.base.errors import UntrustedInputError
from cardbook.base.json_file import DEPTH, parse_json, read_json

HOSTILE = {
    "nothing": (b"", "is not JSON"),
    "a page": (b"<html>404</html>", "is not JSON"),
    "no JSON": (b"{", "is not JSON"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "is not JSON"),
    "UTF-16": ("{}".encode("utf-16"), "is not UTF-8"),
    "no UTF-8": (b'"\xe9"', "is not UTF-8"),
    "a key twice": (b'{"a": 1, "a": 2}', "has a key twice"),
    "a key twice, escaped": (b'{"a": {"c": 1, "\\u0063": 2}}', "has a key twice"),
    "NaN": (b'{"a": NaN}', "has NaN, which is not JSON"),
    "infinity": (b"[-Infinity]", "has -Infinity"),
    "a number that becomes infinite": (b"[1e999]", "number that is too large"),
    "5,000 digits": (b"[" + b"1" * 5000 + b"]", "has an integer of 5000 digits"),
    "depth": (b"[" * 100_000, "nested too deeply"),
    "a little depth": (b"[" * (DEPTH + 1) + b"]" * (DEPTH + 1), "nested too deeply"),
    "half a character": (b'{"a": ["\\ud83d"]}', "has half of a character"),
    "half a character in a key": (b'{"\\uD83D": 1}', "has half of a character"),
    "size": (b'"' + b"x" * 1000 + b'"', "is larger than 0.001 MB"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_json_is_refused(case: str) -> None:
    content, message = HOSTILE[case]
    limit = 1000 if case == "size" else 1_000_000
    with pytest.raises(UntrustedInputError, match=message):
        parse_json(content, limit)


def test_plain_json_is_read() -> None:
    content = b'{"a": [1, 2.5, true, null, "\\ud83d\\ude00", 18446744073709551615]}'
    assert parse_json(content, 1000) == {"a": [1, 2.5, True, None, "\U0001f600", 2**64 - 1]}
    deepest = b"[" * DEPTH + b"]" * DEPTH
    assert parse_json(deepest, 1000) is not None


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("1", encoding="utf-8")
    assert read_json(tmp_path / "file", 10) == 1
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "link", tmp_path / "pipe", tmp_path / "none", Path("/dev/zero")):
        with pytest.raises(UntrustedInputError, match="is not a regular file"):
            read_json(path, 10)
