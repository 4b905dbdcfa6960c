import re
import subprocess
import sys
from pathlib import Path

import markdown
import pytest
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt

from cardbook.base.cache import Cache
from cardbook.pages.html import (
    escape_markdown,
    render_ahead,
    render_card,
    render_markdown,
    render_printed,
)
from cardbook.records.text import Table, clean_text, split_tables
from tests.conftest import ROOT

EXTENSIONS = ["admonition", "attr_list", "md_in_html", "toc", "pymdownx.highlight", "pymdownx.superfences"]


def on_page(block: str) -> BeautifulSoup:
    """The block as a reader gets it: between other text, through the site's Markdown."""
    page = markdown.markdown(f"Before.\n\n{block}\n\nAfter.", extensions=EXTENSIONS)
    return BeautifulSoup(page, "html.parser")


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[a](javascript:alert(1)) ![b](https://example.org/pixel.png)",
    "</div></details></section><style>body{display:none}</style>",
    "<a href='x' onclick='alert(1)'>y</a>",
    "```\n</code></pre><script>alert(1)</script>\n```",
    "{{ config }} {% raw %} ${7*7} <%= 1 %>",
    "text { onclick=alert(1) .x #y }\n\n> quote { onclick=alert(1) }",
    "<svg/onload=alert(1)><iframe src=//example.org>",
    "&lt;script&gt; &#60;script&#62;",
    "$</span><script>alert(1)</script>$",
    "```python title='</div>' onclick=alert(1)\nx\n```",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_card_text_stays_text(text: str) -> None:
    page = on_page(f'<div class="card">{render_card(text)}</div>')
    for tag in ("script", "img", "style", "iframe", "svg", "section"):
        assert page.find(tag) is None, tag
    for element in page.find_all(True):
        assert not any(name.startswith("on") for name in element.attrs)
        assert not str(element.get("href", "")).lower().startswith("javascript:")
    assert [p.get_text() for p in page.find_all("p", recursive=False)] == ["Before.", "After."]


@pytest.mark.parametrize(
    "text", [*HOSTILE, "```python\nnot a fence\n```", "# no heading\n\n\n    no code", "~~~\nx"]
)
def test_printed_text_is_shown_letter_by_letter(text: str) -> None:
    page = on_page(render_printed(text, "stdout", "x-1"))
    blocks = page.find_all("pre")
    assert [block.get_text() for block in blocks] == [text.strip("\n")]
    assert [p.get_text() for p in page.find_all("p")] == ["Before.", "After."]


def test_control_codes_and_colours_are_left_out() -> None:
    assert clean_text("\x1b[31mred\x1b[0m and \x1b]0;title\x07plain") == "red and plain"
    assert clean_text("10 %\r20 %\r100 %\nnext\r\n") == "100 %\nnext\n"
    assert clean_text("bell\x07 null\x00") == "bell\N{REPLACEMENT CHARACTER} null\N{REPLACEMENT CHARACTER}"


def test_printed_tables_become_tables() -> None:
    parts = list(split_tables("Before\n| a | b |\n|:--|--:|\n| x | 1 |\n| y\\|z | 2 |\n\nAfter"))
    table = Table(("a", "b"), ("left", "right"), (("x", "1"), ("y|z", "2")))
    assert parts == ["Before", table, "After"]
    page = on_page(render_printed("| a | b |\n|:--|--:|\n| <b>x</b> | 1 |\n", "stdout", "x-1"))
    assert [cell.get_text() for cell in page.select("td")] == ["<b>x</b>", "1"]


def test_tables_printed_one_after_the_other_stay_apart() -> None:
    text = "| a |\n|---|\n| 1 |\n| b | c |\n|---|---|\n| 2 | 3 |"
    assert [part.header for part in split_tables(text) if isinstance(part, Table)] == [("a",), ("b", "c")]


def test_what_only_looks_like_a_table_stays_text() -> None:
    for text in ("| a | b |\n| c | d |", "| a | b |\n|---|\n| c | d |", "a | b\n--|--"):
        assert list(split_tables(text)) == [text]


def test_code_of_a_card_is_kept_and_coloured() -> None:
    page = on_page(render_card("```python\n#### not a heading\nx = 1 < 2\n\n\ny = `z`\n```"))
    code = page.select_one("code")
    assert code is not None and code.get_text() == "#### not a heading\nx = 1 < 2\n\n\ny = `z`\n"
    assert page.select_one(".illustration .c1") is not None


def test_headings_of_a_card_do_not_enter_the_outline() -> None:
    page = on_page(render_card("# Big\n\ntext"))
    assert page.find("h1") is None and page.select_one(".card-heading") is not None


@pytest.mark.parametrize(
    "title",
    [
        "A *b* `c` <d> & [e](f) { #g } _h_ \\ i",
        "1. One",
        "# Hash",
        "+ plus - minus",
        "!\"#$%'()*+,-./:;=?@[\\]^_{|}~",
    ],
)
def test_titles_are_shown_letter_by_letter(title: str) -> None:
    page = BeautifulSoup(
        markdown.markdown(f"## {escape_markdown(title)} {{ #x }}", extensions=EXTENSIONS), "html.parser"
    )
    heading = page.find("h2")
    assert heading is not None and heading.get_text() == title and heading["id"] == "x"


# Of each language: code, and the classes of some of its words.
COLOURED = {
    "yaml": ("# why\nkind: Deployment\n", {"kind": "nf", "Deployment": "s1", "# why": "c1"}),
    "yml": ("replicas: 3\n", {"replicas": "nf"}),
    "sh": ('export NAME="$HOME" # why\n', {"export": "nf", "NAME": "m", "$HOME": "m", "# why": "c1"}),
    "json": (
        '{"name": "web", "count": 3, "on": true}',
        {'"name"': "nf", '"web"': "s1", "3": "m", "true": "k"},
    ),
    "java": ("@Override\npublic int f() { return 1; } // why", {"public": "k", "1": "m", "// why": "c1"}),
    "sql": (
        "SELECT name FROM users WHERE age > 3 -- why",
        {"SELECT": "k", "FROM": "k", "3": "m", "-- why": "c1"},
    ),
    "Dockerfile": ('# why\nFROM python AS base\nENV A="b"\n', {"FROM": "k", "ENV": "k", "# why": "c1"}),
}


@pytest.mark.parametrize("language", COLOURED)
def test_code_of_every_usual_language_is_coloured(language: str) -> None:
    code, classes = COLOURED[language]
    page = on_page(render_card(f"```{language}\n{code}\n```"))
    block = page.select_one("code")
    assert block is not None and block.get_text().strip() == code.strip()
    names = {"b": ["k"], "i": ["s1"]}
    found = {part.get_text().strip(): names.get(part.name) or part["class"] for part in block.select("*")}
    for text, name in classes.items():
        assert found.get(text) == [name], (text, found)


def test_long_code_is_not_coloured() -> None:
    # Colouring takes a minute for some megabytes.
    code = "def f(): return 1\n" * 5000
    page = on_page(render_card(f"```python\n{code}```"))
    block = page.select_one("code")
    assert block is not None and block.get_text() == code and block.find() is None


def test_colours_of_code_can_be_read_in_both_schemes() -> None:
    style = (ROOT / "cardbook" / "site" / "theme" / "assets" / "book.css").read_text(encoding="utf-8")
    for scheme in ("[data-md-color-scheme] {", '[data-md-color-scheme="slate"] {'):
        start = style.index(scheme)
        colours = dict(re.findall(r"--([\w-]+): #(\w{6});", style[start : style.index("}", start)]))
        for name in ("comment", "keyword", "string", "number", "function"):
            assert contrast(colours[f"md-code-hl-{name}-color"], colours["md-code-bg-color"]) >= 4.5, name


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21, as WCAG 2 defines it."""
    lights = []
    for colour in (one, other):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        lights.append(0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
    return max(lights) / min(lights)


def test_an_unchanged_chapter_is_not_rendered_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["Only *here*", "and `there`, $x_1$"]
    program = (
        "import sys; from pathlib import Path; from cardbook.base.cache import Cache;"
        "from cardbook.pages.html import render_ahead; render_ahead(sys.argv[2:], Cache(Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", program, str(tmp_path), *texts]
    assert subprocess.run(command, cwd=ROOT, timeout=60).returncode == 0

    def refuse(*_: object) -> str:
        raise AssertionError("rendered again")

    monkeypatch.setattr(MarkdownIt, "render", refuse)
    render_ahead(texts, Cache(tmp_path))
    assert render_markdown(texts[0]) == "<p>Only <em>here</em></p>\n"
    assert "<math" in render_markdown(texts[1])
    with pytest.raises(AssertionError, match="rendered again"):
        render_ahead([texts[0], "edited"], Cache(tmp_path))
