import markdown
import pytest
from bs4 import BeautifulSoup

from cardbook.pages.html import escape_markdown, render_card, render_printed
from cardbook.records.text import Table, clean_text, split_tables

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
