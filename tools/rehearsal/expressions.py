"""The expressions of GitHub Actions, as far as this repository's workflows use them."""

import re
from collections.abc import Callable, Mapping
from typing import Any

TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>\d+)|(?P<sign>&&|\|\||==|!=|!|[(),])|(?P<name>[\w-]+(?:\.[\w-]+)*))"
)
PYTHON = {"&&": " and ", "||": " or ", "!": " not ", "true": "True", "false": "False", "null": "None"}
Functions = Mapping[str, Callable[..., Any]]


def evaluate(expression: str, context: Mapping[str, Any], functions: Functions) -> Any:  # noqa: ANN401
    """Return the value of an expression without its `${{ }}`. Raises ValueError if it cannot be read."""
    parts, position, text = [], 0, expression.strip()
    while position < len(text):
        token = TOKEN.match(text, position)
        if token is None:
            raise ValueError(f"cannot read the expression {expression!r}")
        position = token.end()
        if token["text"]:
            parts.append(repr(token["text"][1:-1].replace("''", "'")))
        elif token["name"] and token["name"] not in PYTHON:
            called = text[position:].startswith("(")
            parts.append(token["name"] if called else f"look_up({token['name']!r})")
        else:
            parts.append(PYTHON.get(token[0].strip(), token[0]))
    names = {**functions, "look_up": lambda path: look_up(path, context), "__builtins__": {}}
    return eval("".join(parts).strip(), names)


def look_up(path: str, context: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return the value of `a.b.c` in a context, None if it is undefined, as GitHub does."""
    found: Any = context
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def fill(value: Any, context: Mapping[str, Any], functions: Functions) -> Any:  # noqa: ANN401
    """Return a value of the workflow file with every `${{ }}` in it replaced."""
    if isinstance(value, dict):
        return {key: fill(item, context, functions) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, context, functions) for item in value]
    if not isinstance(value, str):
        return value
    if whole := re.fullmatch(r"\$\{\{((?:(?!\}\}).)*)\}\}", value.strip()):
        return evaluate(whole[1], context, functions)
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: to_text(evaluate(found[1], context, functions)), value)


def to_text(value: object) -> str:
    """Return a value as GitHub writes it into a text."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
