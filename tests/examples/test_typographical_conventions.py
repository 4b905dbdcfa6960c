from collections.abc import Callable

Tables = Callable[[str], list[list[dict[str, str]]]]


def test_every_convention_has_its_own_look(tables: Tables) -> None:
    """The parser sees each sample in the look the card names."""
    looks = {row["kind"]: row["look"] for row in tables("typographical_conventions")[0]}
    assert looks == {
        "new term": "italic",
        "URL": "italic",
        "file name": "italic",
        "code": "constant width",
        "typed by the reader": "constant width bold",
        "replaced by the reader": "constant width italic",
    }


def test_markdown_becomes_the_html_of_its_look(printed: Callable[[str], str]) -> None:
    """Stars and backticks nest as em, strong and code."""
    output = printed("typographical_conventions")
    assert "<em>embedding</em>" in output
    assert "<code>encode</code>" in output
    assert "<strong><code>python --version</code></strong>" in output
    assert "<em><code>MODEL_NAME</code></em>" in output


def test_checker_tells_the_good_page_from_the_bad(printed: Callable[[str], str], tables: Tables) -> None:
    """The good page has no breach; the bad one has one or more of every kind."""
    assert "Breaches on the good page: 0" in printed("typographical_conventions")
    found = [(row["line"], row["kind"]) for row in tables("typographical_conventions")[1]]
    assert found == [
        ("5", "command"),
        ("5", "file name"),
        ("7", "command"),
        ("7", "file name"),
        ("9", "placeholder"),
        ("9", "function"),
        ("10", "URL"),
    ]


def test_checker_errs_as_the_text_admits(tables: Tables) -> None:
    """A name with a file's form is reported, an unforeseen placeholder is not."""
    (row,) = tables("typographical_conventions")[2]
    assert (row["kind"], row["text"]) == ("file name", "Three.py")
