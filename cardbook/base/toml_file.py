"""Reads TOML into a document that knows the line of its tables and keys."""

import re
import tomllib
from pathlib import Path

from cardbook.base.document import Document, DocumentPath
from cardbook.base.errors import InputError, Problem
from cardbook.base.files import read_utf8

KEY = re.compile(r"""\s*("[^"]*"|'[^']*'|[\w-]+)\s*=""")
ERROR_LINE = re.compile(r"\(at line (\d+), column \d+\)")


def read_toml(path: Path, name: str) -> Document:
    """Read a TOML file, calling it `name` in errors. Raises InputError when it is not TOML."""
    try:
        text = read_utf8(path, name, "utf-8-sig")
        value = tomllib.loads(text)
    except OSError as error:
        raise InputError([Problem(name, 0, f"cannot be read: {error.strerror}", "make it a file")]) from None
    except RecursionError:
        raise InputError([Problem(name, 0, "nested too deeply", "nest less")]) from None
    except tomllib.TOMLDecodeError as error:
        found = ERROR_LINE.search(str(error))
        line = int(found[1]) if found else 0
        what = f"not valid TOML: {ERROR_LINE.sub('', str(error)).strip()[:200]}"
        raise InputError([Problem(name, line, what, "fix the syntax")]) from None
    except ValueError:
        # tomllib does not wrap this error of int().
        raise InputError([Problem(name, 0, "a number has too many digits", "shorten it")]) from None
    return Document(name, value, find_lines(text), sign=" =")


def find_lines(text: str) -> dict[DocumentPath, int]:
    """Return the line of each table header and each key of a TOML text; a key within a value has none."""
    lines: dict[DocumentPath, int] = {(): 1}
    table: DocumentPath = ()
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("["):
            table = _path(line) or table
            lines.setdefault(table[:1], number)
            lines.setdefault(table, number)
        elif found := KEY.match(line):
            lines.setdefault((*table, *_path(f"{found[1]} = 0")), number)
    return lines


def _path(line: str) -> DocumentPath:
    """Return the keys that a header, or a key with the value 0, names."""
    try:
        value: object = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return ()
    steps: list[str] = []
    while isinstance(value, dict) and value:
        key, value = next(iter(value.items()))
        steps.append(key)
    return tuple(steps)
