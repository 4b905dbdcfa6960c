"""The programs that make fetches, and those that it does not, because the machine has them."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT, write


@pytest.mark.parametrize(
    ("target", "installed", "fetched"),
    [
        ("node", {}, True),
        ("node", {"node": 0}, True),
        ("node", {"node": 1, "npm": 0}, True),
        ("node", {"node": 0, "npm": 0}, False),
        ("java", {}, True),
        ("java", {"java": 1}, True),
        ("java", {"java": 0}, False),
        ("chromium", {"node": 0, "npm": 0}, True),
        ("chromium", {"chromium": 127, "node": 0, "npm": 0}, True),
        ("chromium", {"chromium": 0}, False),
        ("chromium", {"google-chrome": 0}, False),
    ],
)
def test_only_what_is_not_installed_is_fetched(
    tmp_path: Path, target: str, installed: dict[str, int], fetched: bool
) -> None:
    """`installed` are the programs on the machine and their exit status; node checks its own version."""
    for name, status in installed.items():
        write(tmp_path / "bin" / name, f"#!/bin/sh\nexit {status}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    # A dry run runs the lines that call make, and those look for the program.
    command = [make(), "--dry-run", f"PROGRAMS={tmp_path / 'programs'}", target]
    variables = {"PATH": str(tmp_path / "bin")}
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=variables)
    assert outcome.returncode == 0, outcome.stderr
    assert ("Fetching" in outcome.stdout) == fetched, outcome.stdout


@pytest.mark.parametrize(("version", "status"), [("18.19.0", 1), ("20.0.0", 0), ("24.19.0", 0)])
def test_node_before_20_is_too_old(version: str, status: int) -> None:
    check = re.search(r"node -e '([^']+)'", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert check is not None
    script = f"Object.defineProperty(process.versions, 'node', {{value: '{version}'}}); {check[1]}"
    assert subprocess.run(["node", "-e", script]).returncode == status


@pytest.mark.parametrize("name", ["node", "java"])
def test_what_is_fetched_is_pinned_by_hash(name: str) -> None:
    text = (ROOT / "tools" / f"{name}.txt").read_text(encoding="utf-8")
    assert re.fullmatch(r"# .+\n\S+==\S+( \\\n    --hash=sha256:[0-9a-f]{64})+\n", text)


def make() -> str:
    path = shutil.which("make", path=os.environ["PATH"])
    assert path is not None
    return path
