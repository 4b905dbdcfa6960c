"""Runs MkDocs in this process."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cardbook.base.errors import InputError, Problem

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig


def build_site(root: Path, target: Path, address: str | None = None) -> None:
    """Build the site of `root` into the folder `target`: strictly, or leniently as a preview at an address.

    Raises InputError when MkDocs refuses its settings or warns of anything; each warning is a problem.
    """
    # Imported here: it takes long, and most commands never need it.
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    with mkdocs_errors():
        config = load_config(str(root / "mkdocs.yml"), site_dir=str(target), strict=address is None)
        check_settings(config)
        config.site_url = address or config.site_url
        config.plugins.on_startup(command="serve" if address else "build", dirty=False)
        try:
            build(config)
        finally:
            config.plugins.on_shutdown()


def check_settings(config: "MkDocsConfig") -> None:
    """Raise InputError when mkdocs.yml lacks what every book needs."""
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
    """Collects what MkDocs warns of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message, on one line."""
        self.messages.append(" ".join(record.getMessage().split()))


@contextmanager
def mkdocs_errors() -> Iterator[None]:
    """Raise InputError with all that MkDocs warned of when it gives up in this block."""
    from mkdocs.exceptions import Abort, MkDocsException, PluginError

    warnings, logger = WarningList(), logging.getLogger("mkdocs")
    logger.addHandler(warnings)
    try:
        yield
    except (Abort, MkDocsException) as error:
        if isinstance(error.__context__, PluginError) and isinstance(error.__context__.__cause__, InputError):
            # The plugin cardbook names file and remedy itself.
            raise error.__context__.__cause__ from None
        told = [*warnings.messages, " ".join(str(error).split())]
        remedy = "fix what MkDocs names, or its settings"
        raise InputError(Problem("mkdocs.yml", 0, what, remedy) for what in told) from None
    finally:
        logger.removeHandler(warnings)
