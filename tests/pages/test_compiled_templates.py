"""Compiled templates come from the cache, if it has those of the same source and packages."""

from pathlib import Path
from types import CodeType

import jinja2
import pytest

from cardbook.base.cache import Cache
from cardbook.pages.compiled_templates import CompiledTemplates


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the templates that are compiled."""
    names: list[str] = []
    compile_template = jinja2.Environment.compile

    def note(env: jinja2.Environment, source: str, name: str, filename: str | None) -> CodeType:
        names.append(name)
        return compile_template(env, source, name, filename)

    monkeypatch.setattr(jinja2.Environment, "compile", note)
    return names


def render(folder: Path, source: str, *distributions: str) -> str:
    """Return what a template makes of the name Ada in a new process's environment."""
    cache = CompiledTemplates(Cache(folder), distributions)
    env = jinja2.Environment(loader=jinja2.DictLoader({"greeting": source}), bytecode_cache=cache)
    return env.get_template("greeting").render(name="Ada")


def test_template_is_compiled_once(tmp_path: Path, compiled: list[str]) -> None:
    texts = [render(tmp_path, "Hello, {{ name | upper }}!") for _ in range(3)]
    assert texts == ["Hello, ADA!"] * 3
    assert compiled == ["greeting"]


def test_other_source_or_package_makes_it_compiled_again(tmp_path: Path, compiled: list[str]) -> None:
    assert render(tmp_path, "Hello, {{ name }}!") == "Hello, Ada!"
    assert render(tmp_path, "Goodbye, {{ name }}!") == "Goodbye, Ada!"
    assert render(tmp_path, "Hello, {{ name }}!", "mkdocs") == "Hello, Ada!"
    assert compiled == ["greeting"] * 3


def test_damaged_code_is_not_loaded(tmp_path: Path, compiled: list[str]) -> None:
    render(tmp_path, "Hello, {{ name }}!")
    (path,) = tmp_path.iterdir()
    path.write_text(path.read_text().replace("A", "B"))
    assert render(tmp_path, "Hello, {{ name }}!") == "Hello, Ada!"
    assert compiled == ["greeting"] * 2
