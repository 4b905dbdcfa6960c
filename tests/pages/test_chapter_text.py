"""Chapters as plain Markdown, and the list of them for programs."""

import re
from pathlib import Path

import pytest
from nbformat.v4 import new_output

from cardbook.pages.chapter_text import _outputs
from tests.conftest import Cardbook, replace, write


def test_chapter_is_plain_markdown_with_code_and_output(ran: Path, cardbook: Cardbook) -> None:
    assert cardbook("pages", "--root", ran).returncode == 0
    text = (ran / "docs" / "downloads" / "numbers.txt").read_text(encoding="utf-8")
    for part in (
        "# Numbers\n\nSome numbers.\n\n## First Card\n\n**Question.** What is one?",
        "**Answer.** One is `1`.",
        "**Context.** Some context.",
        '```python\nprint("count", count)\n```\n\nOutput:\n\n```text\ncount 1\n```',
        "### Two",
    ):
        assert part in text
    assert not re.search(r"<(div|details|span)", text)


def test_output_with_a_fence_stays_whole(small: Path, cardbook: Cardbook) -> None:
    replace(small / "examples" / "first.py", 'print("done")', 'print("```\\n# no heading\\n```")')
    assert cardbook("run", "--root", small).returncode == 0
    assert cardbook("pages", "--root", small).returncode == 0
    text = (small / "docs" / "downloads" / "numbers.txt").read_text(encoding="utf-8")
    assert "````text\n```\n# no heading\n```\n````" in text


@pytest.mark.parametrize(("ticks", "fence"), [(0, 3), (2, 3), (3, 4), (5, 6)])
def test_fence_is_longer_than_each_run_of_backticks(ticks: int, fence: int) -> None:
    inside = f"a {'`' * ticks} b"
    (block,) = _outputs([new_output("stream", name="stdout", text=inside)], "")
    assert block == f"Output:\n\n{'`' * fence}text\n{inside}\n{'`' * fence}"


def test_long_run_of_backticks_is_read_in_linear_time() -> None:
    # A fence that grows by one would be looked for five million times.
    ticks = "`" * 5_000_000
    (block,) = _outputs([new_output("stream", name="stdout", text=ticks)], "")
    assert block.endswith(f"\n{ticks}\n{ticks}`")


def test_list_for_programs_names_every_chapter_with_its_address(ran: Path, cardbook: Cardbook) -> None:
    address = {"BOOK_ADDRESS": "https://books.invalid/small"}
    assert cardbook("pages", "--root", ran, **address).returncode == 0
    lines = (ran / "docs" / "llms.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# A small book"
    assert "- [Numbers](https://books.invalid/small/downloads/numbers.txt): About numbers." in lines
    page = (ran / "docs" / "chapters" / "numbers.md").read_text(encoding="utf-8")
    assert "uv run https://books.invalid/small/downloads/first.py" in page


@pytest.mark.parametrize("command", ["pages", "site"])
def test_list_of_an_author_is_not_replaced(ran: Path, cardbook: Cardbook, command: str) -> None:
    write(own := ran / "docs" / "llms.txt", "# My own list\n")
    outcome = cardbook(command, "--root", ran)
    assert outcome.returncode == 2
    assert outcome.stderr.startswith("docs/llms.txt: was not written by cardbook: rename or delete it")
    assert own.read_text(encoding="utf-8") == "# My own list\n"
    own.unlink()
    for address in ("", "https://books.invalid/small"):
        assert cardbook("pages", "--root", ran, BOOK_ADDRESS=address).returncode == 0


def test_page_of_all_cards_has_every_question(ran: Path, cardbook: Cardbook) -> None:
    assert cardbook("pages", "--root", ran).returncode == 0
    page = (ran / "docs" / "cards" / "index.md").read_text(encoding="utf-8")
    assert page.index("What is one?") < page.index("What is two?")
    assert "[First Card](../chapters/numbers.md#first)" in page
