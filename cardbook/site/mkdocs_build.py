"""Runs MkDocs in this process."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cardbook.base.errors import InputError, Problem
from cardbook.base.files import read_utf8

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig


def read_settings(root: Path, target: Path, address: str | None = None) -> "MkDocsConfig":
    """Return the settings with which MkDocs builds the site of `root` into the folder `target`.

    With an address, the site is a preview that is served there, and warnings are not errors. Raises
    InputError when MkDocs rejects mkdocs.yml, or a required setting is missing.
    """
    if not (root / "mkdocs.yml").exists():
        remedy = "write site_name: TITLE, theme: material, plugins: [search, cardbook], a line each"
        raise InputError([Problem("mkdocs.yml", 0, "no such file", remedy)])
    read_utf8(root / "mkdocs.yml", "mkdocs.yml")
    # Imported here: its import is slow, and most commands do not need it.
    from mkdocs.config import load_config

    with mkdocs_errors():
        config = load_config(str(root / "mkdocs.yml"), site_dir=str(target), strict=address is None)
    check_settings(config)
    config.site_url = address or config.site_url
    return config


def build_site(config: "MkDocsConfig") -> list[str]:
    """Build a site with these settings; return the warnings of MkDocs.

    Raises InputError when MkDocs fails; if the site is not a preview, each warning is an error.
    """
    from mkdocs.commands.build import build

    with mkdocs_errors() as warnings:
        config.plugins.on_startup(command="build" if config.strict else "serve", dirty=False)
        try:
            build(config)
        finally:
            config.plugins.on_shutdown()
    return warnings


def check_settings(config: "MkDocsConfig") -> None:
    """Raise InputError when mkdocs.yml lacks a required setting."""
    problems = []
    if config.theme.name != "material":
        what = f'the theme is "{config.theme.name}", but pages are made for Material for MkDocs'
        problems.append(Problem("mkdocs.yml", 0, what, "write theme: material"))
    if "cardbook" not in config.plugins:
        what = "the plugin cardbook is missing: without it the pages have no style and no scripts"
        problems.append(Problem("mkdocs.yml", 0, what, "write plugins: [search, cardbook]"))
    if problems:
        raise InputError(problems)


class WarningList(logging.Handler):
    """Collects the warnings of MkDocs."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message, on one line."""
        self.messages.append(" ".join(record.getMessage().split()))


@contextmanager
def mkdocs_errors() -> Iterator[list[str]]:
    """Collect the warnings of MkDocs in this block; raise InputError with all of them when it fails."""
    from mkdocs.exceptions import Abort, MkDocsException, PluginError

    warnings, logger = WarningList(), logging.getLogger("mkdocs")
    logger.addHandler(warnings)
    try:
        yield warnings.messages
    except (Abort, MkDocsException) as error:
        if isinstance(error.__context__, PluginError) and isinstance(error.__context__.__cause__, InputError):
            # The plugin cardbook names file and remedy itself.
            raise error.__context__.__cause__ from None
        messages = [*warnings.messages, " ".join(str(error).split())]
        remedy = "fix what MkDocs names, or its settings"
        raise InputError(Problem("mkdocs.yml", 0, what, remedy) for what in messages) from None
    finally:
        logger.removeHandler(warnings)
