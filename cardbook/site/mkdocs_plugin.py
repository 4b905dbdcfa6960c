"""The MkDocs plugin `cardbook`: look, standard pages, navigation and content security policy of a book."""

import base64
import hashlib
import json
import os
import re
from pathlib import Path, PurePosixPath
from typing import Literal

import jinja2
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from cardbook.base.errors import InputError, Problem
from cardbook.base.files import read_utf8
from cardbook.pages.contents import NAME, Contents
from cardbook.pages.generate import FOLDERS
from cardbook.pages.html import escape_markdown
from cardbook.site import glossary
from cardbook.site.dark_style import add_dark_style
from cardbook.site.defaults import SCRIPT, STYLES, THEME_FOLDER, add_defaults
from cardbook.site.navigation import list_chapters, make_navigation
from cardbook.site.offline import write_manifest, write_service_worker
from cardbook.site.page_cache import PageCache, open_page_cache
from cardbook.site.search_index import write_search_index
from cardbook.site.set_aside import put_back, set_aside
from cardbook.source.publisher import read_publisher

# The folder of files that are built from web/.
BUILT = "assets/built/"
STANDARD_PAGES = Path(__file__).with_name("standard_pages")
INLINE = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>(.*?)</script>", re.DOTALL)
BUNDLE = re.compile(r'<script (src="[^"]*assets/javascripts/bundle)')
SPACE = re.compile(r"\s*\n\s*")
GENERATOR = re.compile(r'<meta name="generator"[^>]*>')
# A comment on its own line, so that nothing is shown without the plugin.
CHAPTER_LIST = re.compile(r"^<!-- chapters -->$", re.MULTILINE)
SAMPLE = re.compile(r"^<!-- sample ([a-z0-9_]+) -->$", re.MULTILINE)
DIALOG = 'data-md-component="search" role="dialog"'
POLICY = (
    "default-src 'none'; script-src 'self'{hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none';"
    " form-action 'none'"
)


class NoOptions(Config):
    """The plugin has no options: all settings are in book.yml."""


class BookPlugin(BasePlugin[NoOptions]):
    """The methods that MkDocs calls while it builds the site of a book."""

    contents: Contents
    page_cache: PageCache
    # The pages of a preview change often, and contain a script that reloads them.
    is_preview: bool = False

    def on_startup(self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
        """Store whether the site is a preview."""
        self.is_preview = command == "serve"

    def __init__(self) -> None:
        # The cards of each page, set aside while Markdown parses it.
        self.cards: dict[str, list[str]] = {}

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Add the defaults of every book: theme, extensions, style, script, address."""
        try:
            publisher = read_publisher(os.environ)
        except InputError as error:
            raise PluginError(str(error)) from error
        config.site_url = config.site_url or publisher.address
        config.extra.setdefault("repository", publisher.repository)
        # The commit that GitHub Actions builds; reports of mistakes name it.
        config.extra.setdefault("commit", os.environ.get("GITHUB_SHA", ""))
        add_defaults(config)
        return config

    def on_files(self, files: Files, /, *, config: MkDocsConfig) -> Files:
        """Add the navigation, and the standard pages that the book does not replace."""
        try:
            self.contents = read_contents(Path(config.docs_dir))
            # The name under which a browser stores the reader's progress.
            config.extra["book"] = self.contents["name"]
            own = [
                file.src_uri
                for file in files.documentation_pages()
                if file.inclusion.is_in_nav() and is_own_page(file.src_uri)
            ]
            check_text(files)
            config.nav = make_navigation(config.nav, self.contents, own)
            for name, text in standard_pages(self.contents).items():
                if files.get_file_from_path(name) is None:
                    files.append(File.generated(config, name, content=text))
            config.extra["glossary"] = files.get_file_from_path(glossary.PAGE) is not None
            if config.extra["glossary"]:
                content = glossary.glossary_json(Path(config.docs_dir))
                files.append(File.generated(config, glossary.NAME, content=content))
            check_assets(config, files)
            add_dark_style(config, files)
        except InputError as error:
            raise PluginError(str(error)) from error
        return files

    def on_nav(self, nav: Navigation, /, *, config: MkDocsConfig, files: Files) -> Navigation:
        """Open the cache of pages."""
        self.page_cache = open_page_cache(config, files, nav, is_preview=self.is_preview)
        return nav

    def on_env(self, env: jinja2.Environment, /, *, config: MkDocsConfig, files: Files) -> jinja2.Environment:
        """Take finished pages from the cache."""
        self.page_cache.use_in(env, self._finish_page)
        return env

    def on_page_markdown(self, markdown: str, /, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        """Return the page with comments replaced: by the list of chapters, or by a card with a figure.

        In a chapter, the cards are set aside, because Markdown does not need to parse them.
        """
        self.page_cache.use_for(page)
        path, samples = page.file.src_uri, self.contents["samples"]
        text = markdown
        if "<!--" in text:
            text = SAMPLE.sub(lambda found: samples.get(found[1], ""), text)
            text = CHAPTER_LIST.sub(lambda _: list_chapters(self.contents, path), text)
        # Not elsewhere: there, cards are inside other HTML, whose layout Markdown changes.
        if path.startswith("chapters/"):
            text, self.cards[path] = set_aside(text)
        return text

    def on_page_content(self, html: str, /, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        """Return the page with its cards."""
        return put_back(html, self.cards.pop(page.file.src_uri, []))

    def _finish_page(self, output: str, page: Page) -> str:
        """Return the page with a smaller frame, and a policy that allows only the theme's own scripts."""
        # The theme's scripts are in the frame around the content; scripts in the content are never allowed.
        before, content, after = output.partition(page.content) if page.content else (output, "", "")
        before, after = minify_frame(before), minify_frame(after)
        return self._finish(before + content + after, before + after)

    def on_post_template(self, output: str, /, *, template_name: str, config: MkDocsConfig) -> str:
        """Return the page for missing pages, processed like the others."""
        if not template_name.endswith(".html"):
            return output
        return self._finish(frame := minify_frame(output), frame)

    def _finish(self, output: str, frame: str) -> str:
        """Return a page with a name for its search dialog and, except in a preview, a policy."""
        named = output.replace(DIALOG, f'{DIALOG} aria-label="Search"')
        # The page is shown before the theme's script is loaded; deferred scripts keep their order.
        named = BUNDLE.sub(r"<script defer \1", named)
        return named if self.is_preview else add_csp(named, frame)

    # After the plugin that writes the index.
    @event_priority(-100)
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Write the search index and, except in a preview, the files for reading offline."""
        site = Path(config.site_dir)
        write_search_index(site, self.contents["also"])
        if not self.is_preview:
            write_manifest(site, config.site_name)
            write_service_worker(site)


def read_contents(docs: Path) -> Contents:
    """Return the table of contents that belongs to the generated pages in `docs`. Raises InputError."""
    path = docs / NAME
    if not path.exists():
        remedy = "build with: python -m cardbook site, or write the pages first: python -m cardbook pages"
        what = "no such file: the book's pages are not written"
        raise InputError([Problem(f"docs/{NAME}", 0, what, remedy)])
    table: Contents = json.loads(path.read_text(encoding="utf-8"))
    return table


def is_own_page(path: str) -> bool:
    """Return whether a page at this path in docs/ is neither generated nor one that every book has."""
    standard = [page.name for page in STANDARD_PAGES.iterdir()]
    return path not in standard and PurePosixPath(path).parts[0] not in FOLDERS


def check_text(files: Files) -> None:
    """Raise InputError when a page in docs/ that is not generated is not UTF-8."""
    for file in files.documentation_pages():
        if file.abs_src_path and PurePosixPath(file.src_uri).parts[0] not in FOLDERS:
            read_utf8(Path(file.abs_src_path), f"docs/{file.src_uri}")


def check_assets(config: MkDocsConfig, files: Files) -> None:
    """Raise InputError when a style sheet or script is missing, or the package's own are hidden."""
    paths = {"extra_css": config.extra_css, "extra_javascript": map(str, config.extra_javascript)}
    problems = [
        _missing_asset(key, path)
        for key, named in paths.items()
        for path in named
        if "://" not in path and files.get_file_from_path(path.partition("?")[0]) is None
    ]
    if any(file.src_dir == config.docs_dir and file.src_uri.startswith(BUILT) for file in files):
        what = "hides the scripts of cardbook: an earlier version wrote it here"
        problems.append(Problem(f"docs/{BUILT}", 0, what, "delete this folder"))
    if problems:
        raise InputError(problems)


def _missing_asset(key: str, path: str) -> Problem:
    if path in (*STYLES, SCRIPT["path"]):
        return Problem(str(THEME_FOLDER / path), 0, "no such file: it is built from web/", "run make assets")
    what = f"{key} names {path}, which is not in docs/"
    return Problem("mkdocs.yml", 0, what, "add the file, or fix its path")


def standard_pages(contents: Contents) -> dict[str, str]:
    """Return the Markdown of the pages that every book has, by name."""
    templates = jinja2.Environment(
        undefined=jinja2.StrictUndefined, keep_trailing_newline=True, trim_blocks=True
    )
    templates.filters["markdown"] = escape_markdown
    return {
        path.name: templates.from_string(path.read_text(encoding="utf-8")).render(contents)
        for path in sorted(STANDARD_PAGES.glob("*.md"))
    }


def minify_frame(frame: str) -> str:
    """Return the theme's HTML without the generator tag, indentation and empty lines.

    The theme has no preformatted text.
    """
    return SPACE.sub("\n", GENERATOR.sub("", frame))


def add_csp(output: str, frame: str) -> str:
    """Return a page that runs only the inline scripts of `frame`, the part around its content."""
    hashes = "".join(
        f" 'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in sorted(set(INLINE.findall(frame)))
    )
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY.format(hashes=hashes)}">'
    return output.replace('<meta charset="utf-8">', f'<meta charset="utf-8">{policy}', 1)
