import json
from pathlib import Path

from cardbook.pages.chapter import lower_headings
from cardbook.pages.notebook import without_script_metadata
from tests.conftest import Cardbook, replace, write


def write_pages(root: Path, cardbook: Cardbook) -> None:
    outcome = cardbook("pages", "--root", root)
    assert outcome.returncode == 0, outcome.stderr


def test_page_has_cards_code_outputs_and_provenance(ran: Path, cardbook: Cardbook) -> None:
    write_pages(ran, cardbook)
    page = (ran / "docs" / "chapters" / "numbers.md").read_text()
    for text in (
        "What is one?",
        "One is <code>1</code>.",
        'data-cell="first-2"',
        'data-output="first-2">count 1</pre>',
        "**Ran** on",
    ):
        assert text in page
    downloads = ran / "docs" / "downloads"
    script = (downloads / "first.py").read_text()
    assert without_script_metadata(script) == (ran / "examples" / "first.py").read_text() != script
    assert (downloads / "first.ipynb").exists()


def test_check_writes_nothing_and_finds_differences(ran: Path, cardbook: Cardbook) -> None:
    write_pages(ran, cardbook)
    assert cardbook("pages", "--check", "--root", ran).returncode == 0
    page = ran / "docs" / "chapters" / "numbers.md"
    replace(page, "count 1", "count 2")
    write(ran / "docs" / "figures" / "stray.png", "x")
    (ran / "docs" / "downloads" / "first.py").unlink()
    outcome = cardbook("pages", "--check", "--root", ran)
    assert outcome.returncode == 1
    for name in ("chapters/numbers.md", "figures/stray.png", "downloads/first.py"):
        assert f"docs/{name}: differs from what cardbook pages would write" in outcome.stderr
    assert "count 2" in page.read_text()
    assert cardbook("pages", "--root", ran).returncode == 0
    assert cardbook("pages", "--check", "--root", ran).returncode == 0
    assert not (ran / "docs" / "figures" / "stray.png").exists()


def test_prose_edit_reaches_the_page_without_a_run(ran: Path, cardbook: Cardbook) -> None:
    write_pages(ran, cardbook)
    replace(ran / "examples" / "first.py", "It prints one.", "It prints *one*.")
    assert cardbook("pages", "--root", ran).returncode == 0
    assert "It prints *one*." in (ran / "docs" / "chapters" / "numbers.md").read_text()


def test_figure_needs_alternative_text(small: Path, cardbook: Cardbook) -> None:
    figure = "# %%\nimport matplotlib.pyplot as plt\n\nplt.plot([1, 2])\nplt.show()\n"
    write(small / "examples" / "second.py", f"# %% [markdown]\n# # Two\n\n{figure}")
    assert cardbook("run", "--root", small).returncode == 0
    outcome = cardbook("pages", "--root", small)
    assert outcome.returncode == 2
    assert "examples/second.py:4: the figure of this cell has no alternative text" in outcome.stderr
    replace(small / "examples" / "second.py", "# %%\n", '# %% alt="A line that rises"\n')
    assert cardbook("pages", "--root", small).returncode == 0
    page = (small / "docs" / "chapters" / "numbers.md").read_text()
    for name, scheme in (("second-1.webp", "light"), ("second-1-dark.webp", "dark")):
        assert f"![A line that rises](../figures/{name}#only-{scheme}){{ loading=lazy width=" in page
        assert (small / "docs" / "figures" / name).read_bytes()[8:12] == b"WEBP"
    samples = json.loads((small / "docs" / ".contents.json").read_text(encoding="utf-8"))["samples"]
    assert samples["first"] == ""
    assert "![A line that rises](figures/second-1.webp#only-light)" in samples["second"]
    assert "[Two](chapters/numbers.md#second-example) drew this on " in samples["second"]


def test_alternative_text_needs_a_figure(small: Path, cardbook: Cardbook) -> None:
    replace(small / "examples" / "second.py", "# %%\nimport", '# %% alt="Nothing"\nimport')
    assert cardbook("run", "--root", small).returncode == 0
    outcome = cardbook("pages", "--root", small)
    assert outcome.returncode == 2
    assert "examples/second.py:4: this cell has alternative text, but drew no figure" in outcome.stderr


def test_headings_of_an_example_go_below_those_of_the_page() -> None:
    text = "# One\n\n```python\n# comment\n```\n\n## Two\n#hash"
    assert lower_headings(text, 3) == "#### One\n\n```python\n# comment\n```\n\n##### Two\n#hash"


def test_expired_skip_fails_the_check_and_shows_before(ran: Path, cardbook: Cardbook) -> None:
    skip = "{reason: it waits for a fix, link: https://example.org/1, until: 2999-01-01}"
    write(ran / "book.yml", (ran / "book.yml").read_text() + f"examples:\n  second:\n    skip: {skip}\n")
    write_pages(ran, cardbook)
    assert "it waits for a fix" in (ran / "docs" / "chapters" / "numbers.md").read_text()
    assert cardbook("check", "--root", ran).returncode == 0
    replace(ran / "book.yml", "2999-01-01", "2026-01-01")
    outcome = cardbook("check", "--root", ran)
    assert outcome.returncode == 1
    assert "second: its skip ended on 2026-01-01" in outcome.stderr
