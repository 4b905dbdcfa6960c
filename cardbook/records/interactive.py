"""Interactive outputs: small JSON of a known kind, from which a page draws a control. It is data, never code.

An example displays it under the media type `application/vnd.cardbook.KIND+json`, with a line of plain text
for all other places. `interactive.schema.json` has the kinds.
"""

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from cardbook.base.schema import make_validator
from cardbook.records.schema import first_fault

SCHEMA_FILE = Path(__file__).with_name("interactive.schema.json")
# Of what examples display; only those of a kind in the schema are shown.
PREFIX = "application/vnd.cardbook."
MEDIA = re.compile(r"application/vnd\.cardbook\.([a-z]+)\+json")
# In bytes of JSON, for all interactive outputs of a cell.
CELL_BYTES = 100_000
# The longest text, in characters, that says what an interactive output has.
TEXT_LENGTH = 300


def interactive_media(data: Iterable[str]) -> list[str]:
    """Return which of these media types are interactive, of a known kind or not."""
    return [media for media in data if media.startswith(PREFIX)]


def kind_of(media: str) -> str:
    """Return the kind of an interactive media type: `sampling`; "" for an unknown kind."""
    found = MEDIA.fullmatch(media)
    return found[1] if found and found[1] in kinds() else ""


@cache
def kinds() -> tuple[str, ...]:
    """Return the kinds that a page can draw."""
    return tuple(_schema()["properties"])


def canonical_json(value: Any) -> str:  # noqa: ANN401
    """Return the JSON that is published, hashed and compared. Raises ValueError for NaN and infinity."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def find_fault(kind: str, value: Any) -> str:  # noqa: ANN401
    """Return what is wrong with the data of a known kind, which may be hostile; "" if nothing.

    The data are not quoted, because they are untrusted and may be long.
    """
    try:
        size = len(canonical_json(value).encode("utf-8", "surrogatepass"))
        if size > CELL_BYTES:
            return f"{size:,} bytes of JSON, more than {CELL_BYTES:,}"
        fault = first_fault(_validator(kind), value)
    except RecursionError:
        return "JSON that is nested too deeply"
    except ValueError:
        return "a number that is not finite"
    return f"data that break the schema of {kind}: {fault}" if fault else ""


def leaves(value: Any, place: str = "$") -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Yield the number or text at each place of a JSON value, as `$.logits[3]`."""
    if isinstance(value, dict):
        for key in sorted(value):
            yield from leaves(value[key], f"{place}.{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaves(item, f"{place}[{number}]")
    else:
        yield place, value


@cache
def _schema() -> Any:  # noqa: ANN401
    return json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


@cache
def _validator(kind: str) -> Draft202012Validator:
    schema = _schema()
    return make_validator({**schema["properties"][kind], "$defs": schema["$defs"]})
