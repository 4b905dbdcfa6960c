"""models.toml is checked as a whole; each problem has its line."""

from pathlib import Path

import pytest

from cardbook.base.errors import InputError
from cardbook.models.manifest import read_models
from tests.conftest import write

REVISION, HASH = "a" * 40, "1" * 64
MANIFEST = f"""\
["org/one"]
revision = "{REVISION}"
licence = "MIT"

["org/one".files]
"config.json" = "{HASH}"

["org/one".offline]
package = "one"
version = "1.0"
sha256 = "{HASH}"
licence = "MIT"
folder = "one/model"
"""


def problems_of(root: Path, text: str) -> list[str]:
    write(root / "models.toml", text)
    with pytest.raises(InputError) as caught:
        read_models(root)
    return [str(problem) for problem in caught.value.problems]


def test_manifest_is_read(tmp_path: Path) -> None:
    write(tmp_path / "models.toml", MANIFEST)
    model = read_models(tmp_path)["org/one"]
    assert (model.revision, model.files) == (REVISION, {"config.json": HASH})
    assert model.offline is not None and model.offline.folder == "one/model"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            f'"{REVISION}"',
            "1",
            "models.toml:2: org/one, revision must be text: give its 40 hexadecimal digits",
        ),
        ('licence = "MIT"\n\n', "\n", 'models.toml:1: org/one has no "licence": add licence ='),
        ('"config.json"', '"../x"', "models.toml:6: org/one, files, ../x is not a relative path"),
        ('"config.json"', '"/etc/x"', "models.toml:6: org/one, files, /etc/x is not a relative path"),
        ('"config.json"', '"x.pkl"', "models.toml:6: org/one, files, x.pkl could run code when it is loaded"),
        (f'"config.json" = "{HASH}"', "", "models.toml:5: org/one, files must have at least 1 keys"),
        ('["org/one"]', '["org/../one"]', "models.toml:1: org/../one is not the id of a model"),
        ('folder = "one/model"', "", "models.toml:8: org/one, offline needs either folder or gguf"),
        ("folder =", "foldr =", 'models.toml:13: unknown key "foldr": did you mean "folder"?'),
        (f'"{REVISION}"', "9" * 5000, "models.toml: a number has too many digits: shorten it"),
        (f'"{REVISION}"', "[" * 3000, "models.toml: nested too deeply: nest less"),
        (f'"{REVISION}"', '"\\u0000"', "models.toml:2: revision"),
        (f'"{REVISION}"', "1 2", "models.toml:2: not valid TOML"),
    ],
)
def test_problem_has_its_line(tmp_path: Path, before: str, after: str, message: str) -> None:
    assert before in MANIFEST
    found = problems_of(tmp_path, MANIFEST.replace(before, after, 1))
    assert any(problem.startswith(message) for problem in found), found


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = MANIFEST.replace("licence", "license").replace(REVISION, "main").replace(HASH, "x", 1)
    found = problems_of(tmp_path, text)
    assert [problem.split(":")[1] for problem in found] == ["1", "2", "3", "6", "8", "12"]
