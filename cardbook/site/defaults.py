"""The MkDocs settings of every book; those in mkdocs.yml take precedence."""

from pathlib import Path
from typing import Any

from mkdocs.config.config_options import ExtraScript
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.utils.yaml import get_yaml_loader, yaml_load
from pathspec.gitignore import GitIgnoreSpec

THEME_FOLDER = Path(__file__).with_name("theme")
STYLES = ("assets/book.css", "assets/built/book.css")
SCRIPT = {"path": "assets/built/book.js", "defer": True}
# Pages that only chapters link to.
NOT_IN_NAV = ("/notebooks/", "/downloads/")
THEME: dict[str, Any] = {
    # By default, Material loads fonts from another host.
    "font": False,
    "favicon": "assets/favicon.svg",
    "icon": {"logo": "material/cards-outline"},
    "palette": [
        {
            "media": "(prefers-color-scheme: light)",
            "scheme": "default",
            "primary": "custom",
            "accent": "custom",
            "toggle": {"icon": "material/circle-half-full", "name": "Switch to dark colours"},
        },
        {
            "media": "(prefers-color-scheme: dark)",
            "scheme": "slate",
            "primary": "custom",
            "accent": "custom",
            "toggle": {"icon": "material/circle-half-full", "name": "Switch to light colours"},
        },
    ],
    "features": [
        "navigation.footer",
        "navigation.top",
        "navigation.tracking",
        "search.highlight",
        "search.suggest",
        "toc.follow",
    ],
}
EXTENSIONS: dict[str, dict[str, Any]] = {
    "admonition": {},
    "attr_list": {},
    "def_list": {},
    "md_in_html": {},
    "toc": {"toc_depth": 4, "permalink": "#", "permalink_title": "Link"},
    "pymdownx.highlight": {"anchor_linenums": False},
    "pymdownx.superfences": {},
}


def add_defaults(config: MkDocsConfig) -> None:
    """Add the default theme, extensions, styles and script to the settings of a book's mkdocs.yml."""
    theme = _written_theme(config)
    for key, value in THEME.items():
        if key not in theme:
            config.theme[key] = value
    # A book's own templates take precedence over these, and these over those of Material.
    config.theme.dirs.insert(1 if config.theme.custom_dir else 0, str(THEME_FOLDER))
    for name, options in EXTENSIONS.items():
        if name not in config.markdown_extensions:
            config.markdown_extensions.append(name)
        if options:
            config.mdx_configs.setdefault(name, options)
    config.extra_css[:0] = [path for path in STYLES if path not in config.extra_css]
    if SCRIPT["path"] not in [str(script) for script in config.extra_javascript]:
        config.extra_javascript.insert(0, ExtraScript().run_validation(SCRIPT))
    not_in_nav = GitIgnoreSpec.from_lines(NOT_IN_NAV)
    config.not_in_nav = config.not_in_nav + not_in_nav if config.not_in_nav else not_in_nav


def _written_theme(config: MkDocsConfig) -> dict[str, Any]:
    """Return what mkdocs.yml says of the theme; MkDocs merges it with the theme's own defaults."""
    with Path(config.config_file_path).open("rb") as stream:
        theme = yaml_load(stream, get_yaml_loader(config=config)).get("theme")
    return theme if isinstance(theme, dict) else {}
