import json
from pathlib import Path

from bs4 import BeautifulSoup, Tag

from tests.conftest import MKDOCS, build_site, write

CHAPTER = {"id": "one", "title": "One", "description": "About one."}
CONTENTS = {
    "title": "Small",
    "name": "",
    "chapters": [CHAPTER],
    "parts": [],
    "examples": [],
    "samples": {},
    "also": {},
}


def test_chapter_says_what_a_link_to_it_shows(tmp_path: Path) -> None:
    write(tmp_path / "mkdocs.yml", f"{MKDOCS}site_url: https://book.invalid/llm/\n")
    write(tmp_path / "docs" / ".contents.json", json.dumps(CONTENTS))
    for name in ("study", "corrections"):
        write(tmp_path / "docs" / name / "index.md", f"# {name}\n")
    write(tmp_path / "docs" / "index.md", "# Home\n")
    write(
        tmp_path / "docs" / "chapters" / "one.md",
        "---\ntitle: One\ndescription: 'About \"one\".'\n---\n# One\n",
    )
    site = build_site(tmp_path)
    page = BeautifulSoup(
        (site / "chapters" / "one" / "index.html").read_text(encoding="utf-8"), "html.parser"
    )
    properties = {
        str(tag.get("property") or tag.get("name")): tag.get("content")
        for tag in page.find_all("meta")
        if isinstance(tag, Tag)
    }
    assert properties["og:image"] == "https://book.invalid/llm/figures/chapter-one.png"
    assert properties["og:title"] == "One" and properties["og:description"] == 'About "one".'
    assert properties["og:url"] == "https://book.invalid/llm/chapters/one/"
    sitemap = (site / "sitemap.xml").read_text(encoding="utf-8")
    assert "<loc>https://book.invalid/llm/chapters/one/</loc>" in sitemap
