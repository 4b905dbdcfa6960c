"""An interactive output on a page: its text, and its data in a file of its own."""

from bs4 import BeautifulSoup

from cardbook.pages.interactive import read_interactive, render_interactive

ATTACK = "</p></div><script>alert(1)</script> {{ config }} { .x } `a` <img src=x onerror=alert(1)>"


def display(text: str, prompt: str) -> dict[str, object]:
    media = "application/vnd.cardbook.sampling+json"
    return {"output_type": "display_data", "data": {media: {"prompt": prompt}, "text/plain": text}}


def test_file_is_named_by_its_content() -> None:
    printed = {"output_type": "stream", "name": "stdout", "text": "x"}
    cells = read_interactive("one", [[printed], [display("It has.", "a"), display("It has.", "b")]])
    assert [len(cell) for cell in cells] == [0, 2]
    first, second = cells[1]
    assert first.name.startswith("one-2.") and first.name.endswith(".json")
    assert first.name != second.name
    assert (first.kind, first.text, first.data) == ("sampling", "It has.", '{"prompt":"a"}')
    ((again,),) = read_interactive("one", [[display("It has.", "b")]])
    assert again.name.removeprefix("one-1") == second.name.removeprefix("one-2")


def test_text_on_the_page_is_text() -> None:
    ((output,),) = read_interactive("one", [[display(f"\x1b[31m{ATTACK}", ATTACK)]])
    markup = render_interactive(output, "one-1", "../../figures/")
    assert "`" not in markup and "{" not in markup
    page = BeautifulSoup(markup, "html.parser")
    assert [tag.name for tag in page.find_all(True)] == ["div", "p", "a"]
    assert page.p is not None and page.p.get_text() == ATTACK
    assert page.a is not None and page.a["href"] == f"../../figures/{output.name}"
