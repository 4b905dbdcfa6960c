"""What MkDocs makes of unchanged pages, from the cache: their HTML, search entries and finished files.

Each value is cached under a hash of everything that it is made from. Where that is not known, because a book
has other plugins, hooks, extensions or templates, nothing is cached.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from jinja2 import Environment, Template
from material.plugins.search.plugin import SearchIndex, SearchPlugin
from mkdocs.config import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure import StructureItem
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink, get_toc
from mkdocs.theme import Theme
from pathspec import PathSpec

from cardbook.base.cache import Cache, cache_key
from cardbook.base.errors import CardbookError
from cardbook.base.paths import ProjectPaths
from cardbook.pages.compiled_templates import CompiledTemplates
from cardbook.site.build_stamp import program_digests
from cardbook.site.defaults import EXTENSIONS
from cardbook.site.mkdocs_build import WarningList
from cardbook.site.search_index import make_sections

# Extensions and plugins that read nothing but the page and their settings.
KNOWN_EXTENSIONS = {*EXTENSIONS, "abbr", "fenced_code", "footnotes", "sane_lists", "smarty", "tables"}
KNOWN_PLUGINS = {"cardbook", "material/search"}
# The packages of the templates and their filters; this one has templates, too, but no filters.
TEMPLATE_PACKAGES = ("mkdocs", "mkdocs-material")
# Settings on which no page depends.
IGNORED_SETTINGS = {"config_file_path", "site_dir", "strict", "nav", "plugins"}

T = TypeVar("T")


class UnknownValueError(CardbookError):
    """A setting that cannot be hashed."""


@dataclass
class PageCache:
    """The cache of one build. Without a cache, everything is made again."""

    cache: Cache | None
    # A hash of the program and the settings.
    shared: bytes
    nav: Navigation
    files: Files

    def use_for(self, page: Page) -> None:
        """Let a page be rendered from the cache."""
        # MkDocs has no event that replaces the rendering of a page.
        page.render = partial(self._render, page)  # type: ignore[method-assign]

    def use_in(self, env: Environment, finish: Callable[[str, Page], str]) -> None:
        """Let the finished pages and the compiled templates come from the cache.

        `finish` makes a finished page from the HTML that a template gives.
        """
        if self.cache is not None:
            env.bytecode_cache = CompiledTemplates(self.cache, TEMPLATE_PACKAGES)

        class PageTemplate(Template):
            """A template that renders each page once."""

            def render(template, *args: Any, **kwargs: Any) -> str:  # noqa: ANN401
                """Return the finished page."""
                make, page = (
                    partial(Template.render, template, *args, **kwargs),
                    dict(*args, **kwargs).get("page"),
                )
                if not isinstance(page, Page):
                    return make()
                return self._finish(page, template.name, lambda: finish(make(), page))

        env.template_class = PageTemplate

    def _render(self, page: Page, config: MkDocsConfig, files: Files) -> None:
        """Do what `Page.render` does."""

        def make() -> dict[str, Any]:
            lookups = _Lookups(files)
            Page.render(page, config, lookups)
            return _rendered(page) | {"targets": lookups.targets}

        def is_valid(value: dict[str, Any]) -> bool:
            return all(_place(files, path) == place for path, place in value["targets"].items())

        value = self._get("render", [page.file.src_uri, page.url, page.markdown], make, is_valid)
        page.content = value["content"]
        page.toc = get_toc(value["toc"])
        page._title_from_render = value["title"]
        page.present_anchor_ids = set(value["anchors"])
        page.links_to_anchors = {
            file: anchors
            for path, anchors in value["links"].items()
            if (file := files.get_file_from_path(path))
        }

    def search_entries(self, page: Page, make: Callable[[], list[Any]]) -> list[Any]:
        """Return the entries of a page in the search index; `make` makes them."""
        return self._get("search", _describe_page(page), make)

    def _finish(self, page: Page, template: str | None, make: Callable[[], str]) -> str:
        return self._get("finish", [template, self._navigation, *_describe_page(page)], make)

    @cached_property
    def _navigation(self) -> str:
        """What the frame of each page shows of the others."""
        pages = [
            [page.file.src_uri, page.url, page.title, page.meta]
            for file in self.files.documentation_pages()
            if (page := file.page)
        ]
        return cache_key((), [_json([pages, [*map(_describe_item, self.nav.items)]])])

    def _get(
        self,
        kind: str,
        inputs: Sequence[object],
        make: Callable[[], T],
        is_valid: Callable[[T], bool] = lambda _: True,
    ) -> T:
        if self.cache is None:
            return make()
        key = cache_key((), [self.shared, kind.encode(), *map(_bytes, inputs)])
        value: T | None = self.cache.get(key)
        if value is None or not is_valid(value):
            warnings, logger = WarningList(), logging.getLogger("mkdocs")
            logger.addHandler(warnings)
            try:
                value = make()
            finally:
                logger.removeHandler(warnings)
            # Not cached, so that the next build warns again.
            if not warnings.messages:
                self.cache.put(key, value)
        return value


class _Lookups(Files):
    """The files of a book; stores the place of each that the rendering of a page looks for."""

    def __init__(self, files: Files) -> None:
        super().__init__(())
        self.files = files
        self.targets: dict[str, list[str] | None] = {}

    def get_file_from_path(self, path: str) -> File | None:
        """Return the file that a link leads to."""
        self.targets[path] = _place(self.files, path)
        return self.files.get_file_from_path(path)


def _place(files: Files, path: str) -> list[str] | None:
    """Return what a link to a file depends on; None if there is no such file."""
    file = files.get_file_from_path(path)
    return [file.url, file.inclusion.name] if file else None


class CachedSearchIndex(SearchIndex):  # type: ignore[misc]
    """Material's search index with sections as plain text, those of unchanged pages from the cache."""

    def __init__(self, pages: PageCache, config: Mapping[str, Any]) -> None:
        super().__init__(**config)
        self.pages = pages

    def add_entry_from_context(self, page: Page) -> None:
        """Add the entries of a page."""

        def make() -> list[Any]:
            index = SearchIndex(**self.config)
            index.add_entry_from_context(page)
            return make_sections(index.entries, page.content or "")

        self.entries += self.pages.search_entries(page, make)


def open_page_cache(config: MkDocsConfig, files: Files, nav: Navigation, *, is_preview: bool) -> PageCache:
    """Return the cache of the pages of a book, and let its search plugin use it.

    `files` and `nav` are complete, the pages are not rendered.
    """
    root = Path(config.config_file_path).parent
    try:
        shared = _describe_shared(config, is_preview=is_preview)
    except UnknownValueError:
        pages = PageCache(None, b"", nav, files)
    else:
        pages = PageCache(Cache(ProjectPaths(root).cache), shared, nav, files)
    for plugin in config.plugins.values():
        if isinstance(plugin, SearchPlugin) and plugin.config.enabled:
            plugin.search_index = CachedSearchIndex(pages, plugin.config)
    return pages


def _describe_shared(config: MkDocsConfig, *, is_preview: bool) -> bytes:
    """Return a hash of the program and the settings.

    Raises UnknownValueError when pages can depend on something else.
    """
    unknown = {*config.plugins} - KNOWN_PLUGINS or {*config.markdown_extensions} - KNOWN_EXTENSIONS
    search = config.plugins.get("material/search")
    dictionaries = search and (search.config["jieba_dict"] or search.config["jieba_dict_user"])
    # A hook is a plugin, too.
    if unknown or config.theme.custom_dir or dictionaries:
        raise UnknownValueError
    settings = {key: _describe(value) for key, value in config.items() if key not in IGNORED_SETTINGS}
    plugins = {name: _describe(plugin.config) for name, plugin in config.plugins.items()}
    return cache_key((), [_json([program_digests(), settings, plugins, is_preview])]).encode()


def _describe(value: object) -> object:
    """Return a setting as a value of JSON. Raises UnknownValueError."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Theme):
        options = _describe({**value, "locale": str(value.locale)})
        return [value.name, value.dirs, sorted(value.static_templates), options]
    if isinstance(value, Mapping | Config):
        return [[str(key), _describe(inner)] for key, inner in value.items()]
    if isinstance(value, list | tuple | set):
        described = [_describe(inner) for inner in value]
        return sorted(described, key=repr) if isinstance(value, set) else described
    if isinstance(value, PathSpec):
        return [str(pattern) for pattern in value.patterns]
    raise UnknownValueError


def _describe_item(item: StructureItem) -> object:
    """Return an item of the navigation as a value of JSON."""
    if isinstance(item, Page):
        return item.file.src_uri
    children = [_describe_item(child) for child in item.children] if isinstance(item, Section) else []
    return [type(item).__name__, item.title, getattr(item, "url", None), children]


def _describe_page(page: Page) -> list[object]:
    """Return what a rendered page has of its own."""
    toc = [*map(_toc_token, page.toc)]
    return [page.file.src_uri, page.url, page.title, page.meta, toc, page.content]


def _rendered(page: Page) -> dict[str, Any]:
    links = {file.src_uri: anchors for file, anchors in (page.links_to_anchors or {}).items()}
    return {
        "content": page.content,
        "toc": [*map(_toc_token, page.toc)],
        "title": page._title_from_render,
        "anchors": sorted(page.present_anchor_ids or ()),
        "links": links,
    }


def _toc_token(link: AnchorLink) -> Any:  # noqa: ANN401
    """Return an item of a table of contents as `get_toc` takes it."""
    children = [*map(_toc_token, link.children)]
    return {"level": link.level, "id": link.id, "name": link.title, "children": children}


def _bytes(value: object) -> bytes:
    """Return a value as bytes; different values have different ones."""
    # Long texts are not escaped, which takes time.
    return b"text " + value.encode("utf-8", "surrogatepass") if isinstance(value, str) else _json(value)


def _json(value: object) -> bytes:
    return json.dumps(value, default=repr).encode()
