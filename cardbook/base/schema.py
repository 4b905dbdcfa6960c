"""JSON Schema, with patterns as the standard prescribes them."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend

DOLLAR = re.compile(r"(\\.)|\$", re.DOTALL)


def make_validator(schema: Mapping[str, Any], formats: FormatChecker | None = None) -> Draft202012Validator:
    """Return the validator of a schema; `formats` checks the keyword `format`, which nothing does without."""
    validator: Draft202012Validator = _validators()(schema, format_checker=formats)
    return validator


@cache
def _validators() -> Any:  # noqa: ANN401
    return extend(Draft202012Validator, {"pattern": _check_pattern})


def _check_pattern(_: object, pattern: str, value: object, __: object) -> Iterator[ValidationError]:
    # In ECMA-262, `$` is the end of the text; Python's is also the place before a last line break.
    expression = DOLLAR.sub(lambda found: found[1] or r"\Z", pattern)
    if isinstance(value, str) and not re.search(expression, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")
