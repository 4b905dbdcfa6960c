import pytest

from cardbook.base.errors import InputError
from cardbook.pages.notebook import colab_link
from cardbook.source.publisher import Publisher, read_publisher


def test_plain_clone_has_no_home() -> None:
    assert (
        read_publisher({}) == read_publisher({"BOOK_REPOSITORY": "", "BOOK_ADDRESS": ""}) == Publisher("", "")
    )


@pytest.mark.parametrize(
    "text", ["someone/book", "https://github.com/someone/book", "https://github.com/someone/book.git"]
)
def test_repository_may_be_an_address(text: str) -> None:
    home = read_publisher({"BOOK_REPOSITORY": text})
    assert home.repository == "someone/book"
    assert colab_link(home.repository, "a_b").endswith("/someone/book/blob/notebooks/a_b.ipynb")


@pytest.mark.parametrize("text", ["https://book.example/llm", "https://book.example/llm/"])
def test_address_ends_in_one_slash(text: str) -> None:
    assert read_publisher({"BOOK_ADDRESS": text}).address == "https://book.example/llm/"


@pytest.mark.parametrize("text", ["book", "someone/book/x", "someone/bo ok", 'someone/"><script>', "../x"])
def test_no_other_text_becomes_a_link(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_publisher({"BOOK_REPOSITORY": text, "BOOK_ADDRESS": f"javascript:{text}"})
    assert [problem.file for problem in caught.value.problems] == ["BOOK_REPOSITORY", "BOOK_ADDRESS"]
