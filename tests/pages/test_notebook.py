"""The notebook that a reader downloads, and the link that opens it."""

from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tests.conftest import Cardbook


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_example_that_needs_no_package_installs_none(ran: Path, cardbook: Cardbook) -> None:
    assert cardbook("pages", "--root", ran).returncode == 0
    assert "pip install" not in (ran / "docs" / "chapters" / "numbers.md").read_text()
    notebook = nbformat.read(ran / "docs" / "downloads" / "first.ipynb", as_version=4)
    assert code_cells(notebook)[0].source == "count = 1"


def test_colab_link_is_there_when_the_repository_is_known(ran: Path, cardbook: Cardbook) -> None:
    page = ran / "docs" / "chapters" / "numbers.md"
    assert cardbook("pages", "--root", ran).returncode == 0
    assert "colab" not in page.read_text()
    address = "https://github.com/someone/book"
    assert cardbook("pages", "--root", ran, BOOK_REPOSITORY=address).returncode == 0
    link = "https://colab.research.google.com/github/someone/book/blob/notebooks/first.ipynb"
    assert link in page.read_text()
    outcome = cardbook("pages", "--root", ran, BOOK_REPOSITORY="https://elsewhere.example/book")
    assert outcome.returncode == 2
    assert "BOOK_REPOSITORY" in outcome.stderr and "write https://github.com/OWNER/NAME" in outcome.stderr
