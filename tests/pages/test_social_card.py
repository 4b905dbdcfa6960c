import io
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup, Tag
from PIL import Image

from cardbook.pages.lettering import draw_social
from cardbook.source.book import Chapter, read_book
from tests.conftest import ROOT, build_site, copy_sources, write

BOOK = read_book(ROOT)


@pytest.mark.parametrize("chapter", BOOK.chapters, ids=lambda chapter: chapter.id)
def test_title_fits_on_its_card(chapter: Chapter) -> None:
    image = Image.open(io.BytesIO(draw_social(BOOK.title, chapter.title)))
    assert image.size == (1200, 630)
    ink = np.argwhere(np.asarray(image.convert("L")) < 60)
    title = ink[ink[:, 0] > 200]
    assert len(title) > 1000
    (_, left), (bottom, right) = title.min(axis=0).tolist(), title.max(axis=0).tolist()
    assert left >= 120 and right <= 1090 and bottom <= 530


def test_chapter_says_what_a_link_to_it_shows(tmp_path: Path) -> None:
    copy_sources(tmp_path)
    head = (tmp_path / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[0]
    write(tmp_path / "mkdocs.yml", f"{head}\nsite_url: https://book.invalid/llm/\n")
    for path in (tmp_path / "docs").glob("*.md"):
        path.unlink()
    write(tmp_path / "docs" / "index.md", "# Home\n")
    write(
        tmp_path / "docs" / "chapters" / "one.md",
        "---\ntitle: One\ndescription: 'About \"one\".'\n---\n# One\n",
    )
    site = build_site(tmp_path)
    page = BeautifulSoup(
        (site / "chapters" / "one" / "index.html").read_text(encoding="utf-8"), "html.parser"
    )
    said = {
        str(tag.get("property") or tag.get("name")): tag.get("content")
        for tag in page.find_all("meta")
        if isinstance(tag, Tag)
    }
    assert said["og:image"] == "https://book.invalid/llm/figures/chapter-one.png"
    assert said["og:title"] == "One" and said["og:description"] == 'About "one".'
    assert said["og:url"] == "https://book.invalid/llm/chapters/one/"
    sitemap = (site / "sitemap.xml").read_text(encoding="utf-8")
    assert "<loc>https://book.invalid/llm/chapters/one/</loc>" in sitemap
