"""Finds what the pages of a site would ask of other hosts when they are viewed."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup

HOME = "https://book.invalid/"
ASKED = (("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("link", "href"))


def find_foreign_requests(site: Path) -> Iterator[tuple[Path, str]]:
    """Yield each address of another host that a page or a style sheet fetches, with its file."""
    for path in site.rglob("*.html"):
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for tag, attribute in ASKED:
            for element in page.find_all(tag):
                address = str(element.get(attribute) or "")
                if tag == "link" and not {"stylesheet", "preload", "icon"} & set(element.get("rel") or []):
                    continue
                asked = urlsplit(urljoin(HOME, address))
                if asked.scheme != "data" and asked.netloc != urlsplit(HOME).netloc:
                    yield path, address
    for path in site.rglob("*.css"):
        for address in re.findall(r"url\(([^)]*)\)|@import", path.read_text(encoding="utf-8")):
            if re.match(r"['\"]?(https?:)?//", address):
                yield path, address
