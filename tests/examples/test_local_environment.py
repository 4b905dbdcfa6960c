from collections.abc import Callable
from pathlib import Path

Tables = Callable[[str], list[list[dict[str, str]]]]
NAME = "local_environment"


def test_wanted_versions_are_those_the_book_installs(tables: Tables) -> None:
    """The inline list says what requirements.txt pins, and all of it is found."""
    lines = (Path(__file__).parents[2] / "requirements.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if "==" in line)
    packages = tables(NAME)[0]
    assert {"torch", "transformers"} <= {row["package"] for row in packages}
    for row in packages:
        assert row["wanted"] == pins[row["package"]]
        assert row["verdict"] == "as in the book"


def test_python_3_10_is_too_old(printed: Callable[[str], str]) -> None:
    """Packages of the book refuse Python 3.10; none refuses 3.11."""
    lines = printed(NAME).splitlines()
    (refusal,) = [line for line in lines if line.startswith("Python 3.10")]
    assert "numpy" in refusal
    assert "transformers" in refusal
    assert "Python 3.11 is refused by none" in lines


def test_models_are_there_and_run(printed: Callable[[str], str], tables: Tables) -> None:
    """Both models lie in the cache, and one pass through each gives what it should."""
    for row in tables(NAME)[1]:
        assert row["config.json"] == row["model.safetensors"] == "there"
    output = printed(NAME)
    assert "The capital of France is… Paris" in output
    assert "An embedding of 384 numbers, of length 1.000" in output
