"""How problems with what an author wrote are reported."""

from cardbook.base.errors import InputError, Problem


def test_bad_input_says_every_problem() -> None:
    """The exception prints what a command prints."""
    problems = [Problem("b.md", 0, "is empty", "write it"), Problem("a.md", 3, "is bad", "fix it")]
    error = InputError(problems)
    assert error.problems == tuple(problems)
    assert str(error) == "b.md: is empty: write it\na.md:3: is bad: fix it"
    assert min(problems).file == "a.md"
