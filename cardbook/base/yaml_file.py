"""Reads YAML into a document that knows the line of every value. Only what JSON can hold is accepted."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml

from cardbook.base.document import Document, DocumentPath
from cardbook.base.errors import InputError, Problem
from cardbook.base.files import read_utf8

DEPTH = 50
# An alias repeats a value that may contain aliases: they may add at most this many values to a file.
ALIASED = 100_000
DIGITS = 18
FORBIDDEN_CHARACTER = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
TAGS = "tag:yaml.org,2002:"
# Dates stay text: the schema says which text is a date.
TEXTS = ("str", "timestamp")


def quote_yaml(text: str) -> str:
    """Return a text in double quotes; what YAML refuses, or takes for the end of a line, is escaped."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08X}" for char in quoted)


def read_yaml(path: Path, name: str) -> Document:
    """Read a YAML file, calling it `name` in errors. Raises InputError when it is not plain YAML."""
    try:
        text = read_utf8(path, name, "utf-8-sig")
    except FileNotFoundError:
        raise InputError([Problem(name, 0, "no such file", "write it, or name another --root")]) from None
    except OSError as error:
        raise InputError([Problem(name, 0, f"cannot be read: {error.strerror}", "make it a file")]) from None
    return parse_yaml(text, name)


def parse_yaml(text: str, name: str) -> Document:
    """Return the document in a text, calling it `name` in errors. Raises InputError."""
    if found := FORBIDDEN_CHARACTER.search(text):
        line = text.count("\n", 0, found.start()) + 1
        what = f"the character U+{ord(found[0]):04X} does not belong in YAML"
        raise InputError([Problem(name, line, what, "remove it")])
    document = Document(name, None, {(): 1})
    # Not yaml.compose: it follows any depth of nesting until the process crashes.
    loader = yaml.CSafeLoader(text)
    try:
        _Builder(loader, document, len(text) + ALIASED).build()
    except yaml.MarkedYAMLError as error:
        # The parser finds a missing bracket after the last line.
        line = min((error.problem_mark.line if error.problem_mark else 0), text.rstrip().count("\n")) + 1
        what = f"not valid YAML: {error.problem or error.context}"
        raise InputError([Problem(name, line, what, "fix the syntax")]) from None
    finally:
        loader.dispose()
    return document


@dataclass
class _Builder:
    """Builds the document's value from the events of a parser."""

    # The events and the resolver of PyYAML, which have no type annotations.
    loader: Any
    document: Document
    limit: int
    # The value of each anchor, and how many values it holds; None while it is being read.
    anchors: dict[str, tuple[object, int] | None] = field(default_factory=dict)

    def build(self) -> None:
        self.loader.get_event()
        if self.loader.check_event(yaml.StreamEndEvent):
            return
        self.loader.get_event()
        self.document.value = self._value((), 0)[0]
        self.loader.get_event()
        if not self.loader.check_event(yaml.StreamEndEvent):
            self._fail(self.loader.get_event(), "the file has a second document", "remove the line ---")

    def _value(self, where: DocumentPath, depth: int) -> tuple[object, int]:
        event: Any = self.loader.get_event()
        self.document.lines.setdefault(where, _line(event))
        if depth > DEPTH:
            self._fail(event, f"nested more than {DEPTH} levels deep", "nest less")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        found: tuple[object, int]
        if isinstance(event, yaml.ScalarEvent):
            found = self._scalar(event), 1
        elif isinstance(event, yaml.SequenceStartEvent):
            found = self._sequence(where, depth)
        else:
            found = self._mapping(where, depth)
        if found[1] > self.limit:
            self._fail(event, "its aliases repeat too much", "write it with fewer aliases")
        if event.anchor is not None:
            self.anchors[event.anchor] = found
        return found

    def _alias(self, event: Any) -> tuple[object, int]:  # noqa: ANN401
        if event.anchor not in self.anchors:
            self._fail(event, f"no anchor &{event.anchor} above", "define it above, or write the value out")
        found = self.anchors[event.anchor]
        if found is None:
            self._fail(event, f"*{event.anchor} is inside of &{event.anchor}", "write the value out")
        return found

    def _sequence(self, where: DocumentPath, depth: int) -> tuple[object, int]:
        items: list[object] = []
        total = 1
        while not self.loader.check_event(yaml.SequenceEndEvent):
            value, count = self._value((*where, len(items)), depth + 1)
            items.append(value)
            total += count
        self.loader.get_event()
        return items, total

    def _mapping(self, where: DocumentPath, depth: int) -> tuple[object, int]:
        mapping: dict[str, object] = {}
        total = 1
        while not self.loader.check_event(yaml.MappingEndEvent):
            event: Any = self.loader.get_event()
            if not isinstance(event, yaml.ScalarEvent):
                self._fail(event, "a key must be text", "write KEY: VALUE")
            key, line = str(event.value), _line(event)
            if key in mapping:
                problem = Problem(
                    self.document.file, line, f'"{key[:60]}" is there twice', "keep one of them"
                )
                self.document.problems.append(problem)
            self.document.lines[(*where, key)] = line
            mapping[key], count = self._value((*where, key), depth + 1)
            total += count
        self.loader.get_event()
        return mapping, total

    def _scalar(self, event: Any) -> object:  # noqa: ANN401
        tag = event.tag or self.loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        kind, text = str(tag).removeprefix(TAGS), str(event.value)
        if kind in TEXTS:
            return text
        if kind == "null":
            return None
        try:
            return self._literal(kind, text)
        except (ValueError, KeyError, OverflowError):
            what, remedy = (
                f'"{text[:60]}" is not a plain value',
                "write text in quotes, a number, true or false",
            )
            self._fail(event, what, remedy)

    def _literal(self, kind: str, text: str) -> object:
        node = yaml.ScalarNode(f"{TAGS}{kind}", text)
        constructor = yaml.constructor.SafeConstructor()
        if kind == "bool":
            return constructor.construct_yaml_bool(node)
        if kind == "int" and len(text) <= DIGITS:
            return constructor.construct_yaml_int(node)
        # Infinity and NaN are not JSON.
        if kind == "float" and (number := constructor.construct_yaml_float(node)) - number == 0:
            return number
        raise ValueError

    def _fail(self, event: Any, what: str, remedy: str) -> NoReturn:  # noqa: ANN401
        """Raise InputError with this problem and those found before."""
        problem = Problem(self.document.file, _line(event), what, remedy)
        raise InputError([*self.document.problems, problem])


def _line(event: Any) -> int:  # noqa: ANN401
    return int(event.start_mark.line) + 1
