from pathlib import Path

import pytest

from cardbook.base.files import digest_of


@pytest.mark.parametrize("folder", ["node_modules", "__pycache__"])
def test_installed_and_compiled_files_are_not_hashed(tmp_path: Path, folder: str) -> None:
    inner = tmp_path / "tests" / "audit"
    inner.mkdir(parents=True)
    (inner / "package.json").write_text("{}")
    before = digest_of(tmp_path)
    (inner / folder).mkdir()
    (inner / folder / "index.js").write_text("installed")
    assert digest_of(tmp_path) == before
    (inner / "package.json").write_text("[]")
    assert digest_of(tmp_path) != before
