"""A structured file with the line of every value, and its check against a JSON Schema."""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cardbook.base.cache import Cache, cache_key
from cardbook.base.errors import Problem
from cardbook.base.files import digest_of

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

DocumentPath = tuple[str | int, ...]

TYPES = {
    "string": "text",
    "object": "a mapping",
    "array": "a list",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
FORMATS = {"date": "a date", "date-time": "a time with its zone"}
# By keyword: what is wrong, from the limit that the schema sets, and what to do.
LIMITS = {
    "minimum": ("must be at least {}", "write a larger number"),
    "exclusiveMinimum": ("must be more than {}", "write a larger number"),
    "maximum": ("must be at most {}", "write a smaller number"),
    "minLength": ("must be text", "write some text"),
    "maxLength": ("is longer than {} characters", "shorten it"),
    "minItems": ("must have at least {} item", "add one"),
    "minProperties": ("must have at least {} keys", "add one"),
}
NOT_BLANK = r"\S"
SHOWN = 60


@dataclass
class Document:
    """A file's value (as of JSON), the line of each part of it, and the problems found so far."""

    file: str
    value: object
    lines: dict[DocumentPath, int]
    problems: list[Problem] = field(default_factory=list)
    # The sign between a key and its value.
    sign: str = ":"

    def report(self, where: DocumentPath, what: str, remedy: str) -> None:
        """Add a problem at the line of `where`, or of the nearest part around it."""
        self.problems.append(Problem(self.file, self.line(where), what, remedy))

    def line(self, where: DocumentPath) -> int:
        """Return the line of the part at `where`, or of the nearest part around it."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)

    def at(self, where: DocumentPath) -> object:
        """Return the value at `where`; None when there is none."""
        value = self.value
        for step in where:
            if isinstance(value, Mapping):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    def text(self, where: DocumentPath) -> str:
        """Return the text at `where` without space around it; "" when there is none."""
        return as_text(self.at(where))

    def items(self, where: DocumentPath) -> Iterator[DocumentPath]:
        """Return the path of each item of the list at `where`; none when there is no list."""
        value = self.at(where)
        return iter([(*where, i) for i in range(len(value))] if isinstance(value, list) else [])

    def check(self, schema: Path, cache: Cache | None = None) -> None:
        """Report each part that breaks the JSON Schema in a file; with a cache, check equal values once.

        Besides the standard keywords, a schema may have the text of an error: `x-fault` says what is wrong,
        `errorMessage`, which editors show too, what to do.
        """
        reported = set()
        key = self._validity_key(schema) if cache else ""
        if cache and cache.get(key):
            return
        for error in read_schema(schema).iter_errors(self.value):
            for where, what, remedy in _explain(error, self.sign):
                if (where, what) not in reported:
                    reported.add((where, what))
                    self.report(where, what, remedy)
        if cache and not reported:
            cache.put(key, value=True)

    def _validity_key(self, schema: Path) -> str:
        """Return a hash of everything that determines whether the document is valid."""
        checker = digest_of(Path(__file__).parent).encode()
        return cache_key(["jsonschema"], [checker, schema.read_bytes(), json.dumps(self.value).encode()])


def as_text(value: object) -> str:
    """Return a text without space around it; "" for any other value."""
    return value.strip() if isinstance(value, str) else ""


def describe_path(where: DocumentPath) -> str:
    """Return words for a place in a document: `chapters, item 2, title`."""
    steps = [shorten(step) if isinstance(step, str) else f"item {step + 1}" for step in where]
    return ", ".join(steps) or "the file"


def shorten(value: object) -> str:
    """Return a value on one line of at most 60 characters."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    shown = "".join(char if char.isprintable() else " " for char in text[: SHOWN + 1])
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"


def closest(name: str, known: Sequence[str]) -> str:
    """Return the known name most similar to `name`; "" when none is similar."""
    # The comparison takes quadratic time: a name this long is not a typing error.
    close = difflib.get_close_matches(name, known, 1) if len(name) <= 200 else []
    return close[0] if close else ""


def did_you_mean(name: str, known: Sequence[str], otherwise: str) -> str:
    """Return a question that suggests the most similar known name; `otherwise` when none is similar."""
    close = closest(name, known)
    return f'did you mean "{close}"?' if close else otherwise


@cache
def read_schema(path: Path) -> "Draft202012Validator":
    """Return the validator of a JSON Schema file of this package."""
    from jsonschema import FormatChecker

    from cardbook.base.schema import make_validator

    formats = FormatChecker(())
    formats.checks("date", ValueError)(_is_date)
    formats.checks("date-time", ValueError)(_is_time)
    return make_validator(json.loads(path.read_text(encoding="utf-8")), formats)


def _is_date(value: object) -> bool:
    return not isinstance(value, str) or (len(value) == 10 and date.fromisoformat(value) is not None)


def _is_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def _explain(error: "ValidationError", sign: str) -> Iterator[tuple[DocumentPath, str, str]]:
    """Return each place where a schema is broken, what is wrong, and what to do."""
    where: DocumentPath = tuple(error.absolute_path)
    schema, value, keyword, limit = error.schema, error.instance, error.validator, error.validator_value
    path = describe_path(where)
    if "propertyNames" in error.schema_path:
        # The instance is the key itself.
        schema = limit if keyword == "not" else schema
        what = f"{describe_path((*where, value))} {schema.get('x-fault', 'is malformed')}"
        yield (*where, value), what, schema.get("errorMessage", "correct it")
    elif keyword == "required":
        for key in limit:
            if key not in value:
                yield where, f'{path} has no "{key}"', f"add {key}{sign}"
    elif keyword == "additionalProperties":
        known = list(schema["properties"])
        for key in value:
            if key not in known:
                remedy = did_you_mean(key, known, f"use one of {', '.join(known)}")
                yield (*where, key), f'unknown key "{shorten(key)}"', remedy
    elif keyword == "dependentRequired":
        for key in (key for present, keys in limit.items() if present in value for key in keys):
            if key not in value:
                yield where, f'{path} has no "{key}"', f"add {key}{sign}"
    else:
        what, remedy = _explain_value(error, where, sign)
        yield where, what, remedy


def _explain_value(error: "ValidationError", where: DocumentPath, sign: str) -> tuple[str, str]:
    """Return what is wrong with a value that has the wrong type or breaks a limit, and what to do."""
    schema, value, keyword, limit = error.schema, error.instance, error.validator, error.validator_value
    path, name = describe_path(where), str(next((step for step in where[::-1] if isinstance(step, str)), ""))
    if keyword == "type" or (keyword == "pattern" and limit == NOT_BLANK):
        names = ["string"] if keyword == "pattern" else [limit] if isinstance(limit, str) else limit
        kinds = [TYPES[name] for name in names if name in TYPES]
        what = f"{path} must be {' or '.join(kinds)}"
        return what, schema.get("errorMessage") or _type_remedy(where, schema, kinds, sign)
    if keyword in ("pattern", "format"):
        fault = f"must be {FORMATS[limit]}" if keyword == "format" else schema.get("x-fault", "is malformed")
        subject = path if keyword == "format" else f'{name} "{shorten(value)}"'
        return f"{subject} {fault}", schema.get("errorMessage", "correct it")
    if keyword == "not":
        return f"{path} {limit['x-fault']}", limit["errorMessage"]
    if keyword == "oneOf":
        return f"{path} {schema['x-fault']}", schema["errorMessage"]
    what, remedy = LIMITS[keyword]
    return f"{path} {what.format(shorten(limit))}", schema.get("errorMessage", remedy)


def _type_remedy(where: DocumentPath, schema: Mapping[str, Any], kinds: Sequence[str], sign: str) -> str:
    if kinds == ["a mapping"]:
        keys = schema.get("required") or schema.get("properties")
        return f"give it the keys {', '.join(keys)}" if keys else f"write KEY{sign} VALUE"
    if kinds == ["a list"]:
        return "begin each item with a dash"
    key = f"{where[-1]}{sign} and " if where and isinstance(where[-1], str) else ""
    return f"write {key}{'some text' if kinds == ['text'] else ' or '.join(kinds)}"
