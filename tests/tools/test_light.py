"""`make mark-verified` needs only the packages of tools/light.txt."""

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from cardbook.verify.extraction import extract_examples
from cardbook.verify.results import hash_example
from tests.conftest import ROOT, write
from tools.light import PACKAGES, choose

EXAMPLE = """
<div data-example="{0}"><div class="highlight" data-cell="{0}-1"><pre><code>print(1)</code></pre></div>
<p class="verified" data-verified="{0}" hidden></p></div>
"""


def test_light_list_is_a_part_of_the_lock() -> None:
    chosen = choose((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    assert chosen.count("==") == len(PACKAGES.split())
    assert (ROOT / "tools" / "light.txt").read_text(encoding="utf-8") == chosen


def link_packages(names: list[str], folder: Path) -> None:
    """Link what these distributions install, and nothing else, into a folder."""
    folder.mkdir()
    for name in names:
        distribution = metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            (folder / top).symlink_to(Path(str(distribution.locate_file(top))))


def test_pages_are_marked_without_the_packages_of_the_examples(small: Path, tmp_path: Path) -> None:
    body = EXAMPLE.format("first") + EXAMPLE.format("second")
    write(small / "site" / "chapters" / "numbers" / "index.html", f"<html><body>{body}</body></html>")
    runs = {name: {"started": "2026-11-22T11:00:00+00:00"} for name in ("first", "second")}
    write(small / "site" / "provenance.json", json.dumps({"examples": runs}))
    report = [
        {
            "example": copy.example,
            "page": "chapters/numbers",
            "when": "2026-11-22T12:00:00+00:00",
            "content": hash_example(copy),
            "results": [{"place": "cell 1", "fault": ""}],
            "passed": True,
        }
        for copy in extract_examples(small / "site")
    ]
    write(small / "report.json", json.dumps(report))
    link_packages(PACKAGES.split(), tmp_path / "packages")
    arguments = [str(small / "site"), str(small / "report.json"), "--root", str(small)]
    command = [sys.executable, "-S", "-m", "cardbook", "mark-verified", *arguments]
    variables = os.environ | {"PYTHONPATH": str(tmp_path / "packages")}
    outcome = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert "2 examples are marked" in outcome.stdout
