from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from cardbook.models.store import Stored
from cardbook.records.environment import Environment, canonical, read_environment
from cardbook.records.fingerprint import compute_fingerprint, explain
from cardbook.source.example import Example, parse_example

SOURCE = """\
# %% [markdown]
# # T

# %% tags=["parameters"]
name = "org/one"

# %%
import toplevel
print(name)
"""
ENVIRONMENT = Environment(
    python="3.11.7",
    device="cpu x86_64",
    versions={"upper": "1.0", "lower": "2.0", "unrelated": "3.0"},
    requirements={"upper": ("lower",), "lower": (), "unrelated": ()},
    providers={"toplevel": ("upper",), "other": ("unrelated",)},
)
STORED = {
    "org/one": Stored("a" * 40, "hub", {"model.safetensors": "1" * 64}, ""),
    "org/two": Stored("b" * 40, "hub", {"model.safetensors": "2" * 64}, ""),
}


def example() -> Example:
    return parse_example("t", SOURCE)


def reasons(
    *,
    source: str = SOURCE,
    profile: str = "offline",
    environment: Environment = ENVIRONMENT,
    stored: Mapping[str, Stored] = STORED,
) -> list[str]:
    """Why a record of the unchanged example would be stale after the change; checks that digests agree."""
    recorded = compute_fingerprint(example(), "offline", (), ENVIRONMENT, STORED)
    today = compute_fingerprint(parse_example("t", source), profile, (), environment, stored)
    found = explain(recorded.parts, today.parts)
    assert (recorded.digest == today.digest) == (found == [])
    return found


def test_nothing_changed() -> None:
    assert reasons() == []


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('"org/one"', '"org/three"', ["code of cell 1 changed", "org/one is gone"]),
        ("print(name)", "print(name, 1)", ["code of cell 2 changed"]),
        ("print(name)", "print(name)\n\n# %%\nx = 1", ["code cells: 2 → 3"]),
    ],
)
def test_code_and_parameters_count(before: str, after: str, words: list[str]) -> None:
    assert reasons(source=SOURCE.replace(before, after)) == words


def test_runner_and_figure_theme_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    drawing = parse_example("t", SOURCE.replace("import toplevel", "import matplotlib"))
    before = [compute_fingerprint(e, "offline", (), ENVIRONMENT, STORED).parts for e in (example(), drawing)]
    theme = tmp_path / "theme"
    theme.write_text("other")
    monkeypatch.setattr("cardbook.records.fingerprint.THEME", theme)
    now = [compute_fingerprint(e, "offline", (), ENVIRONMENT, STORED).parts for e in (example(), drawing)]
    assert explain(before[0], now[0]) == []
    assert explain(before[1], now[1]) == ["the figure theme changed"]
    monkeypatch.setattr("cardbook.records.fingerprint.RUNNER", 99)
    later = compute_fingerprint(example(), "offline", (), ENVIRONMENT, STORED).parts
    assert explain(now[0], later) == [f"runner {now[0]['runner']} → 99"]


def test_prose_does_not_count() -> None:
    assert reasons(source=SOURCE.replace("# # T", "# # Title\n#\n# More.")) == []


def test_profile_python_and_device_count() -> None:
    assert reasons(profile="hub") == ["profile offline → hub"]
    assert reasons(environment=replace(ENVIRONMENT, python="3.12.1")) == ["python 3.11.7 → 3.12.1"]
    assert reasons(environment=replace(ENVIRONMENT, device="cuda x86_64")) == [
        "device cpu x86_64 → cuda x86_64"
    ]


@pytest.mark.parametrize(
    ("package", "words"), [("upper", ["upper 1.0 → 9"]), ("lower", ["lower 2.0 → 9"]), ("unrelated", [])]
)
def test_packages_count_when_the_code_imports_them_or_they_are_needed_in_turn(
    package: str, words: list[str]
) -> None:
    versions = {**ENVIRONMENT.versions, package: "9"}
    assert reasons(environment=replace(ENVIRONMENT, versions=versions)) == words


def test_models_count_when_the_code_names_them() -> None:
    one = STORED["org/one"]
    changes = {
        "org/one: revision " + "a" * 40 + " → " + "c" * 40: replace(one, revision="c" * 40),
        "org/one: source hub → package 1": replace(one, source="package 1"),
        "org/one: model.safetensors changed": replace(one, files={"model.safetensors": "9" * 64}),
    }
    for words, changed in changes.items():
        assert reasons(stored={**STORED, "org/one": changed}) == [words]
    assert reasons(stored={**STORED, "org/two": replace(STORED["org/two"], revision="c" * 40)}) == []


def test_environment_knows_this_interpreter() -> None:
    environment = read_environment()
    assert environment.distributions(["yaml"]) == {"pyyaml": environment.versions["pyyaml"]}
    closure = environment.closure(["sentence-transformers"])
    assert {"torch", "transformers", "tokenizers", "numpy"} <= closure.keys()
    assert "pytest" not in closure and "mkdocs" not in closure
    assert canonical("Foo_Bar.baz") == "foo-bar-baz"
