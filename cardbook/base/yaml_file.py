"""YAML whose every value knows the line it stands on, so that errors can name it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from cardbook.base.errors import InputError, Problem

YamlPath = tuple[str | int, ...]


@dataclass
class YamlDocument:
    """A YAML document: its plain value, the line of every part, and the problems found so far."""

    file: str
    value: object
    lines: dict[YamlPath, int]
    problems: list[Problem] = field(default_factory=list)

    def report(self, where: YamlPath, what: str, remedy: str) -> None:
        """Note a problem at the line of `where`, or of the nearest part around it."""
        while where and where not in self.lines:
            where = where[:-1]
        self.problems.append(Problem(self.file, self.lines.get(where, 1), what, remedy))

    def at(self, where: YamlPath) -> object:
        """Return the value at `where`; `None` when there is none."""
        value = self.value
        for step in where:
            if isinstance(value, Mapping):
                value = value.get(step)
            elif isinstance(value, Sequence) and isinstance(step, int):
                value = value[step]
            else:
                return None
        return value

    def text(self, where: YamlPath, *, required: bool = True) -> str:
        """Return the non-empty text at `where`; report it and return "" when it is something else."""
        value = self.at(where)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if value is not None or required:
            self.report(where, f"{describe_path(where)} must be text", f"write {where[-1]}: and some text")
        return ""

    def keys(self, where: YamlPath, required: Sequence[str] = (), optional: Sequence[str] = ()) -> bool:
        """Return whether `where` is a mapping; report unknown and absent keys of it."""
        value = self.at(where)
        if not isinstance(value, Mapping):
            wanted = ", ".join([*required, *optional])
            self.report(where, f"{describe_path(where)} must be a mapping", f"give it the keys {wanted}")
            return False
        for key in value:
            if key not in required and key not in optional:
                known = ", ".join([*required, *optional])
                self.report((*where, key), f'unknown key "{key}"', f"use one of {known}")
        for key in required:
            if key not in value:
                self.report(where, f'{describe_path(where)} has no "{key}"', f"add {key}:")
        return True

    def items(self, where: YamlPath) -> range:
        """Return the positions of the list at `where`; report it when it is no list."""
        value = self.at(where)
        if value is None:
            return range(0)
        if not isinstance(value, list):
            self.report(where, f"{describe_path(where)} must be a list", "begin each item with a dash")
            return range(0)
        return range(len(value))


def describe_path(where: YamlPath) -> str:
    """Return words for a place in a document: `chapters, item 2, title`."""
    steps = [step if isinstance(step, str) else f"item {step + 1}" for step in where]
    return ", ".join(steps) or "the file"


def read_yaml(path: Path, name: str) -> YamlDocument:
    """Read a YAML file, calling it `name` in errors. Raises InputError when it is no YAML."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except FileNotFoundError:
        raise InputError([Problem(name, 0, "no such file", "write it, or name another --root")]) from None
    except UnicodeDecodeError:
        raise InputError([Problem(name, 0, "is not UTF-8", "save it as UTF-8")]) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        what = f"not valid YAML: {error.problem or error.context}"
        raise InputError([Problem(name, line, what, "mend the syntax")]) from None
    document = YamlDocument(name, None, {(): 1})
    if root is not None:
        document.value = _construct(root, (), document)
    return document


def _construct(node: yaml.Node, where: YamlPath, document: YamlDocument) -> object:
    document.lines.setdefault(where, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_construct(child, (*where, i), document) for i, child in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _construct_mapping(node, where, document)
    return yaml.constructor.SafeConstructor().construct_object(node)


def _construct_mapping(node: yaml.MappingNode, where: YamlPath, document: YamlDocument) -> dict[str, object]:
    mapping: dict[str, object] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        line = key_node.start_mark.line + 1
        if key in mapping:
            document.problems.append(
                Problem(document.file, line, f'"{key}" stands twice', "keep one of them")
            )
        document.lines[(*where, key)] = line
        mapping[key] = _construct(value_node, (*where, key), document)
    return mapping
