"""Reports which features of this site's pages the builds of other generators keep.

Usage: python -m tools.compare_sites OURS OTHER…, each the folder of a built site. Prints Markdown.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from bs4 import BeautifulSoup

HOME = "https://site.example/"


@dataclass(frozen=True)
class BuiltSite:
    """A built site: its folder, and its pages as parsed HTML by their path in it."""

    folder: Path

    @cached_property
    def pages(self) -> dict[str, BeautifulSoup]:
        """The pages by path, such as `chapters/training/index.html`."""
        return {
            path.relative_to(self.folder).as_posix(): BeautifulSoup(path.read_text("utf-8"), "html.parser")
            for path in sorted(self.folder.rglob("*.html"))
        }

    def count(self, selector: str) -> int:
        """Return how many elements of all pages a CSS selector finds."""
        return sum(len(page.select(selector)) for page in self.pages.values())

    def leads_to(self, page: str, address: str) -> bool:
        """Return whether an address on a page is on another host, or exists in the site."""
        target = urlsplit(urljoin(HOME + page, address))
        if target.netloc != urlsplit(HOME).netloc:
            return True
        path = self.folder / unquote(target.path).lstrip("/")
        return path.is_file() or (path / "index.html").is_file()

    def broken(self, selector: str, attribute: str) -> int:
        """Return how many addresses in an attribute have no target in the site."""
        return sum(
            not self.leads_to(page, str(element[attribute]))
            for page, parsed in self.pages.items()
            if page != "404.html"
            for element in parsed.select(f"{selector}[{attribute}]")
        )

    def search_entries(self) -> int:
        """Return how many entries the search index has; 0 if no index of a known form is found."""
        for name, key in INDEXES:
            path = self.folder / name
            if path.is_file():
                return len(json.loads(path.read_text(encoding="utf-8")).get(key, []))
        return 0

    def files(self, pattern: str) -> int:
        """Return how many files a pattern finds in the folder."""
        return len(list(self.folder.glob(pattern)))


# The indexes of cardbook, Material for MkDocs and Zensical; cardbook's comes with an empty one of Material.
INDEXES = (("search/book.json", "sections"), ("search/search_index.json", "docs"), ("search.json", "items"))

FEATURES: dict[str, Callable[[BuiltSite], int]] = {
    "pages": lambda site: len(site.pages),
    "cards": lambda site: site.count("[data-card]"),
    "folded answers": lambda site: site.count("details.card-answer"),
    "code cells of examples": lambda site: site.count("[data-cell]"),
    "outputs": lambda site: site.count("[data-output]"),
    "provenance lines": lambda site: site.count("[data-provenance]"),
    "coloured code": lambda site: site.count(".highlight code :is(span, b, i)"),
    "notebooks as pages": lambda site: site.files("notebooks/*/index.html"),
    "files to download": lambda site: site.files("downloads/*"),
    "entries of the search index": lambda site: site.search_entries(),
    "missing figures": lambda site: site.broken("img", "src"),
    "broken links": lambda site: site.broken("a", "href"),
    "missing style sheets and scripts": lambda site: (
        site.broken("link[rel=stylesheet]", "href") + site.broken("script", "src")
    ),
}


def compare(ours: BuiltSite, others: Sequence[BuiltSite]) -> Iterator[str]:
    """Yield a Markdown table, and for each other site what differs from this one."""
    sites = [ours, *others]
    yield f"| what | {' | '.join(name_of(site) for site in sites)} |"
    yield f"|---|{'---:|' * len(sites)}"
    rows = {what: [count(site) for site in sites] for what, count in FEATURES.items()}
    for what, counts in rows.items():
        yield f"| {what} | {' | '.join(map(str, counts))} |"
    yield ""
    for place, other in enumerate(others, 1):
        lacking = [what for what, counts in rows.items() if counts[place] != counts[0]]
        yield f"{name_of(other)}: {'differs in ' + ', '.join(lacking) if lacking else 'has everything'}."


def name_of(site: BuiltSite) -> str:
    """Return the generator that a site's home page names; without one, a text with the folder."""
    home = site.pages.get("index.html")
    generator = home.select_one('meta[name="generator"]') if home else None
    return str(generator["content"]).replace("|", " ") if generator else f"nothing in {site.folder}"


if __name__ == "__main__":
    print("\n".join(compare(BuiltSite(Path(sys.argv[1])), [BuiltSite(Path(name)) for name in sys.argv[2:]])))
