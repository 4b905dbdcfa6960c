"""Preparation: what the site needs of an example is drawn and converted while others still run.

Nothing depends on it but time: it leaves figures, converted notebooks and compiled templates where those who
make the pages, and build the site, look for them first.
"""

import logging
from contextlib import suppress
from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.exceptions import MkDocsException
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import CountHandler

from cardbook.pages.generate import example_files
from cardbook.site.mkdocs_build import NOTEBOOKS, Shelf, mkdocs_errors, load_converters, load_settings
from cardbook.records.status import Project, status_of


class Desk:
    """Where examples are prepared: MkDocs as it is set up for the book, with an empty folder of its own."""

    def __init__(self, project: Project, folder: Path) -> None:
        """Set up a desk in an empty folder. Raises BadInput when MkDocs refuses its settings."""
        load_converters()
        self.project, self.shelf, self.warnings = project, Shelf(project.root), CountHandler()
        self.shelf.open()
        with mkdocs_errors():
            self.config = load_settings(project.root, folder / "site", self.shelf, None)
        self.config.docs_dir, self.config.nav, self.config.strict = str(folder), None, False
        (folder / "index.md").touch()
        # A site of one empty page: all that takes long once is done once here. Of the notebooks that
        # earlier builds have converted it uses none, and would throw them away.
        notebooks = self.config.plugins[NOTEBOOKS].config
        notebooks["cache"] = False
        # A plugin may want a page that is not there; whatever is really wrong the site's own build tells.
        with suppress(MkDocsException):
            build(self.config)
        notebooks["cache"] = True
        logging.getLogger("mkdocs").addHandler(self.warnings)

    def prepare(self, name: str) -> None:
        """Prepare what an example left; nothing if it is not fresh. Raises BadInput as a build does."""
        for path, content in example_files(self.project, status_of(self.project, name)).items():
            if path.parts[0] == "notebooks":
                place = Path(self.config.docs_dir) / path
                place.parent.mkdir(exist_ok=True)
                place.write_bytes(content)
                with mkdocs_errors():
                    self._convert(str(path))

    def _convert(self, path: str) -> None:
        """Do for one notebook what a build of MkDocs does for each."""
        config, plugins = self.config, self.config.plugins
        file = File(path, config.docs_dir, config.site_dir, config.use_directory_urls)
        files = plugins.on_files(Files([file]), config=config)
        page = plugins.on_pre_page(Page(None, next(iter(files)), config), config=config, files=files)
        page.render(config, files)
        plugins.on_page_content(page.content or "", page=page, config=config, files=files)

    def close(self) -> None:
        """Say that all is well; what MkDocs complained of, it must meet again in the build."""
        logging.getLogger("mkdocs").removeHandler(self.warnings)
        if not self.warnings.get_counts():
            self.shelf.close()
