"""The page of a notebook shows what was printed as the chapters do, in mkdocs-jupyter's HTML."""

from pathlib import Path

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cardbook.base.cache import Cache
from cardbook.pages.notebook_page import convert_notebook, quiet_notebook


def test_control_codes_of_outputs_do_not_reach_the_page() -> None:
    printed = new_output("stream", name="stdout", text="10 %\r20 %\n\x00\x07\x1b]0;title\x07\x1b[31mred\x9b")
    shown = new_output("display_data", data={"text/plain": "a\x1b[0mb\x08"})
    quiet = quiet_notebook(new_notebook(cells=[new_code_cell("f()", outputs=[printed, shown])]))
    first, second = quiet.cells[0].outputs
    assert first.text == "20 %\n\ufffd\ufffdred\ufffd"
    assert second.data == {"text/plain": "ab\ufffd"}
    assert printed.text.startswith("10 %") and "\x1b" in shown.data["text/plain"]


def test_notebook_becomes_html_without_its_title_styles_and_buttons(tmp_path: Path) -> None:
    cells = [
        new_markdown_cell("# Title\n\n## Two Words\n\nA *word*.<style>p { color: red }</style>"),
        new_code_cell("print(1 + 1)", outputs=[new_output("stream", text="2\n")]),
    ]
    html = convert_notebook(new_notebook(cells=cells), [[]], Cache(tmp_path))
    assert html.startswith('<div class="jupyter-wrapper">')
    assert '<h2 id="two-words">Two Words</h2>' in html
    assert "A <em>word</em>." in html and "Title" not in html
    assert '<span class="mi">1</span> <span class="o">' not in html and '<span class="mi">1</span>' in html
    assert '<pre tabindex="0">2\n</pre>' in html
    for removed in ("<style", "<script", "clipboard", "jp-Collapser"):
        assert removed not in html
