"""The schema of provenance, and how untrusted values break it or another schema."""

import json
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator

from cardbook.base.schema import make_validator
from cardbook.records.text import one_line

SCHEMA_FILE = Path(__file__).with_name("provenance.schema.json")


@cache
def _validator(definition: str) -> Draft202012Validator:
    """Return the validator of the whole schema of provenance, or of one of its definitions."""
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    part = {"$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]} if definition else schema
    return make_validator(part)


def first_fault(validator: Draft202012Validator, value: object) -> str:
    """Return where and how a value breaks a schema, "" if it does not.

    The value is not quoted, because it is untrusted and may be long.
    """
    error = next(validator.iter_errors(value), None)
    return f"{one_line(error.json_path)[:200]}: {error.validator}" if error else ""


def find_fault(value: object, definition: str = "") -> str:
    """Return where and how a value breaks the schema of provenance, "" if it does not.

    The value is a whole provenance.json or, with `definition`, a value of that definition of the schema.
    """
    return first_fault(_validator(definition), value)
