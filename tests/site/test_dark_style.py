"""The style sheet for dark pages without JavaScript."""

from pathlib import Path

from cardbook.pages.generate import make_pages, write_pages
from cardbook.records.status import load_project, statuses_of
from cardbook.site.dark_style import FIGURES, dark_style
from tests.conftest import build_site, replace

STYLE = """\
/* [data-md-color-scheme="slate"] { --x: 0 } */
body { color: red }
@media screen{[data-md-color-scheme=slate]{--x:1;--y:2}[data-md-color-scheme=slate] b,i{color:#000}}
[data-md-color-scheme="slate"] .figure {
  --z: 3;
}
[data-md-color-scheme=slate][data-md-color-primary=pink]{--x:4}
"""


def test_rules_of_the_dark_scheme_are_for_any_scheme() -> None:
    assert dark_style([STYLE]).splitlines() == [
        "[data-md-color-scheme]{--x:1;--y:2}",
        "[data-md-color-scheme] b,i{color:#000}",
        "[data-md-color-scheme] .figure{--z: 3;}",
        FIGURES,
    ]


def test_book_with_its_own_colours_has_no_dark_style(ran: Path) -> None:
    project = load_project(ran, "offline")
    write_pages(ran / "docs", make_pages(project, statuses_of(project)))
    assert "assets/dark.css" in (build_site(ran) / "index.html").read_text()
    replace(ran / "mkdocs.yml", "name: material", "name: material\n  palette: {scheme: default}")
    assert "assets/dark.css" not in (build_site(ran) / "index.html").read_text()
