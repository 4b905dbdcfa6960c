"""MkDocs, run in this process: the very site that it builds by itself, without doing the same work twice."""

import importlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from jinja2 import Environment, FileSystemBytecodeCache
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File

from cardbook.base.files import PACKAGE
from cardbook.records.environment import version_of
from cardbook.base.errors import InputError, Problem
from cardbook.base.files import digest_of, hash_parts

# Slow to import, and needed only for a notebook that was never converted before.
DEFERRED = ("jupytext", "mkdocs_jupyter.convert")
# What decides how a notebook is converted, and a template compiled.
CONVERTERS = (
    "mkdocs-jupyter",
    "nbconvert",
    "jinja2",
    "mistune",
    "pygments",
    "markdown",
    "mkdocs-material",
    "beautifulsoup4",
)
NOTEBOOKS = "mkdocs-jupyter"
# What the book's own hook does to a notebook that was converted: slow, and of no effect beyond its result.
LIGHTEN = "lighten_notebook"

Convert = Callable[..., str]


class Deferred(ModuleType):
    """Stands in for a module until something of it is used, and gives way to it then."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.after: Callable[[], None] = lambda: None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        """Return what the module itself has by this name."""
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.give_way(), name)

    def give_way(self) -> ModuleType:
        """Return the module itself, imported by now."""
        if sys.modules.get(self.__name__) is not self:
            return importlib.import_module(self.__name__)
        del sys.modules[self.__name__]
        module = importlib.import_module(self.__name__)
        self.after()
        return module


class Shelf:
    """What earlier builds left and this one may use again: converted notebooks, compiled templates.

    A shelf is for the versions that filled it. One that a build was interrupted over is emptied. MkDocs takes
    it for a plugin: it calls the methods that are named after its events.
    """

    def __init__(self, root: Path) -> None:
        versions = [f"{name} {version_of(name)}" for name in CONVERTERS]
        parts = [sys.version, *versions, digest_of(PACKAGE)]
        self.folder = root / ".cardbook" / "rendered" / hash_parts(parts)[:16]
        self.mark = self.folder.parent / "unfinished"
        self.used: set[Path] = set()

    def open(self) -> None:
        """Make it ready, and mark it as in use."""
        others = self.folder.parent.iterdir() if self.folder.parent.exists() else ()
        for path in list(others):
            if path.is_dir() and (self.mark.exists() or path != self.folder):
                shutil.rmtree(path)
        for name in ("templates", "pages"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.mark.touch()

    def tidy(self) -> None:
        """Throw away what was not used."""
        for path in (self.folder / "pages").iterdir():
            if path not in self.used:
                path.unlink()

    def close(self) -> None:
        """Say that nothing is half-written."""
        self.mark.unlink()

    def remember(self, convert: Convert) -> Convert:
        """Return the same conversion of a notebook's markup, done only where no earlier build has done it."""

        def recall(markup: str, name: str, notebook: dict[str, Any], *rest: Path) -> str:
            key = hash_parts([markup, name, json.dumps(notebook)])
            kept = self.folder / "pages" / f"{key}.html"
            if not kept.exists():
                kept.write_text(convert(markup, name, notebook, *rest), encoding="utf-8")
            self.used.add(kept)
            return kept.read_text(encoding="utf-8")

        return recall

    @property
    def compiled(self) -> FileSystemBytecodeCache:
        """The templates compiled before."""
        return FileSystemBytecodeCache(str(self.folder / "templates"))

    def on_env(self, env: Environment, **_: object) -> Environment:
        """Keep the theme's templates compiled."""
        env.bytecode_cache = self.compiled
        return env

    def keep_templates(self) -> None:
        """Keep nbconvert's templates compiled: to compile them anew for each notebook is half its work."""
        exporter = importlib.import_module("nbconvert.exporters.templateexporter")
        vars(exporter)["Environment"] = partial(Environment, bytecode_cache=self.compiled)


def load_converters() -> None:
    """Import what a build with a notebook that was never converted needs."""
    load_mkdocs()
    for name in DEFERRED:
        if isinstance(stand_in := sys.modules[name], Deferred):
            stand_in.give_way()


def load_mkdocs() -> None:
    """Import what a build needs, without what only an unknown notebook needs."""
    # To define its program, nbconvert would load every exporter there is, for the names in its help.
    os.environ["NBCONVERT_DISABLE_CONFIG_EXPORTERS"] = "1"
    for name in DEFERRED:
        sys.modules.setdefault(name, Deferred(name))
    importlib.import_module("mkdocs.commands.build")
    package = importlib.import_module("mkdocs_jupyter")
    vars(package).setdefault("convert", sys.modules["mkdocs_jupyter.convert"])
    importlib.import_module("mkdocs_jupyter.plugin")


def build_site(root: Path, target: Path, address: str | None = None) -> None:
    """Build the site of `root` into the folder `target`: strictly, or leniently as a preview at an address.

    Raises BadInput when MkDocs has anything to complain of; it has then told the log what.
    """
    load_mkdocs()
    from mkdocs.commands.build import build

    shelf = Shelf(root)
    with mkdocs_errors():
        config = load_settings(root, target, shelf, address)
        shelf.open()
        config.plugins.on_startup(command="serve" if address else "build", dirty=False)
        try:
            build(config)
        finally:
            config.plugins.on_shutdown()
        shelf.tidy()
        shelf.close()


@contextmanager
def mkdocs_errors() -> Iterator[None]:
    """Raise BadInput when MkDocs gives up in this block."""
    from mkdocs.exceptions import Abort, MkDocsException

    try:
        yield
    except (Abort, MkDocsException) as error:
        what = " ".join(str(error).split())
        raise InputError([Problem("mkdocs.yml", 0, what, "mend what MkDocs names, or its settings")]) from None


def load_settings(root: Path, target: Path, shelf: Shelf, address: str | None) -> MkDocsConfig:
    """Return the settings of mkdocs.yml for a build into `target` that uses the shelf."""
    from mkdocs.config import load_config

    config = load_config(str(root / "mkdocs.yml"), site_dir=str(target), strict=address is None)
    config.site_url = address or config.site_url
    plugins: dict[str, Any] = config.plugins
    plugins["cardbook"] = shelf
    if plugin := plugins.get(NOTEBOOKS):
        # Its key is the notebook alone, so that each set of versions needs a folder of its own.
        plugin.config.update(cache=True, cache_dir=str(shelf.folder))
        plugin.should_include = is_notebook
        if isinstance(converter := sys.modules["mkdocs_jupyter.convert"], Deferred):
            converter.after = shelf.keep_templates
        else:
            shelf.keep_templates()
    hooks: dict[str, ModuleType] = config["hooks"]
    for hook in hooks.values():
        if hasattr(hook, LIGHTEN):
            setattr(hook, LIGHTEN, shelf.remember(getattr(hook, LIGHTEN)))
    return config


def is_notebook(file: File) -> bool:
    """Return whether mkdocs-jupyter shows this file; it would itself parse every Markdown file to see."""
    return file.src_uri.endswith(".ipynb") and file.src_uri.startswith("notebooks/")
