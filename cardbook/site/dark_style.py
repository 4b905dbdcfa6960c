"""The dark colours for readers without JavaScript, whose browser wants dark pages.

The theme chooses a colour scheme with a script. Without it, a page links to one more style sheet, with the
rules that all others have for the dark scheme.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

NAME = "assets/dark.css"
# From the beginning of a rule: elsewhere, each position of a long selector would be tried.
RULE = re.compile(r'(?<![^{};])([^{};]*\[data-md-color-scheme="?slate"?\][^{}]*)\{([^{}]*)\}')
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
# The theme hides these in the light scheme.
FIGURES = '[data-md-color-scheme] img[src$="#only-dark"]{display:inline}'
SCHEME = re.compile(r'\[data-md-color-scheme="?slate"?\]')


def add_dark_style(config: MkDocsConfig, files: Files) -> None:
    """Add the style sheet to the files of a site."""
    themes = sorted(
        file.src_uri for file in files.css_files() if file.src_uri.startswith("assets/stylesheets/")
    )
    found = [files.get_file_from_path(path) for path in (*themes, *config.extra_css)]
    texts = [Path(file.abs_src_path).read_text("utf-8") for file in found if file and file.abs_src_path]
    files.append(File.generated(config, NAME, content=dark_style(texts)))


def dark_style(styles: Iterable[str]) -> str:
    """Return the rules of these style sheets for the dark scheme, as rules for any scheme."""
    rules = [
        f"{SCHEME.sub('[data-md-color-scheme]', selector).strip()}{{{' '.join(body.split())}}}"
        for style in styles
        for selector, body in RULE.findall(COMMENT.sub("", style))
        # Colours of the theme that a book does not use.
        if "data-md-color-primary" not in selector
    ]
    return "\n".join([*rules, FIGURES]) + "\n"
