"""The page of a notebook shows what was printed as the chapters do."""

from nbformat.v4 import new_code_cell, new_notebook, new_output

from cardbook.pages.notebook_page import quiet_notebook


def test_control_codes_of_outputs_do_not_reach_the_page() -> None:
    printed = new_output("stream", name="stdout", text="10 %\r20 %\n\x00\x07\x1b]0;title\x07\x1b[31mred\x9b")
    shown = new_output("display_data", data={"text/plain": "a\x1b[0mb\x08"})
    quiet = quiet_notebook(new_notebook(cells=[new_code_cell("f()", outputs=[printed, shown])]))
    first, second = quiet.cells[0].outputs
    assert first.text == "20 %\n\ufffd\ufffdred\ufffd"
    assert second.data == {"text/plain": "ab\ufffd"}
    assert printed.text.startswith("10 %") and "\x1b" in shown.data["text/plain"]
