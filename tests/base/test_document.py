"""The schemas of the package: editors complete by them, and each way to break one has its message."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cardbook.base.cache import Cache
from cardbook.base.document import LIMITS, Document, describe_path, read_schema, shorten
from cardbook.base.files import PACKAGE
from tests.conftest import ROOT

SCHEMAS = sorted(PACKAGE.rglob("*.schema.json"))
OWN = {"book", "card-ids", "card-dates", "models"}
WRITTEN_BY_RUNS = {"provenance", "interactive"}
# Keywords that cannot be broken by themselves, and those that have a message of their own.
SILENT = {"$schema", "$defs", "$ref", "title", "description", "default", "errorMessage", "x-fault"}
SILENT |= {"properties", "items", "dependentSchemas"}
WORDED = {"type", "pattern", "format", "not", "oneOf", "required", "additionalProperties"}
WORDED |= {"propertyNames", "dependentRequired"}


def schemas_in(schema: object) -> Iterator[dict[str, Any]]:
    """Return each schema of a schema, but not those that are conditions."""
    if not isinstance(schema, dict):
        return
    yield schema
    for key, value in schema.items():
        if key in ("properties", "$defs", "dependentSchemas"):
            for inner in value.values():
                yield from schemas_in(inner)
        elif key in ("items", "additionalProperties", "propertyNames"):
            yield from schemas_in(value)
        elif key == "oneOf":
            for inner in value:
                yield from schemas_in(inner)


def read(path: Path) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def test_each_file_that_an_author_writes_has_its_schema() -> None:
    assert {path.name.removesuffix(".schema.json") for path in SCHEMAS} == OWN | WRITTEN_BY_RUNS


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_schema_is_one(path: Path) -> None:
    Draft202012Validator.check_schema(read(path))


@pytest.mark.parametrize("path", [path for path in SCHEMAS if path.name.split(".")[0] in OWN])
def test_each_keyword_has_its_message(path: Path) -> None:
    used = {key for schema in schemas_in(read(path)) for key in schema}
    assert used <= SILENT | WORDED | LIMITS.keys()


@pytest.mark.parametrize("name", ["book", "models"])
def test_editors_show_what_each_key_means(name: str) -> None:
    schema = read(next(path for path in SCHEMAS if path.name == f"{name}.schema.json"))
    for part in schemas_in(schema):
        for key, value in part.get("properties", {}).items():
            definition = schema["$defs"].get(value.get("$ref", "").rpartition("/")[2], {})
            # Without a type or reference, it only adds to what is described elsewhere.
            described = value.get("description") or definition.get("description")
            assert described or not {"type", "$ref"} & value.keys(), key


@pytest.mark.parametrize(
    ("file", "sign"), [("book.yml", "# yaml-language-server: $schema="), ("models.toml", "#:schema ")]
)
def test_file_names_its_schema_for_editors(file: str, sign: str) -> None:
    line = (ROOT / file).read_text(encoding="utf-8").split("\n")[0]
    assert line.startswith(sign) and (ROOT / line.removeprefix(sign)) in SCHEMAS


def test_schemas_are_in_the_wheel() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for path in SCHEMAS:
        package = ".".join(path.relative_to(PACKAGE.parent).parent.parts)
        assert f'"{package}" = ["*.schema.json"]' in text


def test_problem_has_the_line_of_the_nearest_part() -> None:
    document = Document("a.yml", {"a": [{"b": 1}]}, {(): 1, ("a",): 2, ("a", 0): 3})
    document.report(("a", 0, "b", "c"), "is wrong", "correct it")
    assert str(document.problems[0]) == "a.yml:3: is wrong: correct it"
    assert describe_path(("a", 0, "b")) == "a, item 1, b"


def test_value_is_shown_on_one_short_line() -> None:
    assert shorten("a\nb\x1b") == "a b "
    assert shorten("x" * 100_000) == "x" * 60 + "…"
    assert shorten([1, {"a": None}]) == '[1, {"a": null}]'


def test_valid_value_is_checked_once_and_an_invalid_one_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema, cache = tmp_path / "schema.json", Cache(tmp_path / "cache")
    schema.write_text('{"maximum": 2}')
    checked: list[Path] = []

    def watch(path: Path) -> Draft202012Validator:
        checked.append(path)
        return read_schema(path)

    monkeypatch.setattr("cardbook.base.document.read_schema", watch)
    for value, problems in ((1, 0), (1, 0), (3, 1), (3, 1), (2, 0)):
        document = Document("book.yml", value, {(): 1})
        document.check(schema, cache)
        assert len(document.problems) == problems
    assert len(checked) == 4
    schema.write_text('{"type": "object"}')
    read_schema.cache_clear()
    document = Document("book.yml", 1, {(): 1})
    document.check(schema, cache)
    assert len(document.problems) == 1
