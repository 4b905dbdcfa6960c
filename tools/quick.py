"""`make quick`: ruff, mypy, tsc, and the tests of the files that changed since main, in under a minute.

The tests of `cardbook/ROOM/` are in `tests/ROOM/`, those of a file in `web/` also in `tests/browser/`. It
says what it leaves to `make test`.
"""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from cardbook.base.paths import ProjectPaths
from cardbook.records.store import RecordSet

ROOT = Path(__file__).parent.parent
# Seconds: a test that would begin later is skipped, and an example that took longer is not run.
LAST_START = 40
LEFT = "tests of other packages that use what changed, other tests in a browser, and those marked slow"
# The tests of folders and files at the top, except cardbook/.
TESTS = {
    ".ci": "tests/workflows",
    ".github": "tests/workflows",
    ".npmrc": "tests/book/test_security.py",
    "Makefile": "tests/workflows",
    "benchmarks": "tests/benchmarks",
    "book.yml": "tests/book/test_content.py",
    "card-dates.yml": "tests/book/test_content.py",
    "card-ids.yml": "tests/book/test_content.py",
    "constraints.txt": "tests/book/test_security.py",
    "flashcards": "tests/book/test_content.py",
    "models.toml": "tests/book/test_security.py",
    "package-lock.json": "tests/book/test_security.py",
    "requirements.lock": "tests/book/test_security.py",
    "docs": "tests/book/test_site.py",
    "mkdocs.yml": "tests/book/test_site.py",
    "tools": "tests/tools",
    "web": "tests/web",
}
# The tests in a browser of files and folders in web/.
BROWSER = {
    "age": "test_age.py",
    "glossary": "test_reading.py",
    "interactive": "test_interactive.py",
    "offline": "test_offline.py",
    "progress": "test_study.py",
    "reading": "test_reading.py",
    "report": "test_report.py",
    "search": "test_search.py",
    "search_worker": "test_search.py",
    "service_worker": "test_offline.py",
    "study": "test_study.py",
    "ui": "test_study.py",
}


def git(root: Path, *arguments: str) -> list[str]:
    """Return what git prints, split at null characters."""
    command = ["git", *arguments]
    printed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    return [part for part in printed.split("\0") if part]


def changed_files(root: Path) -> list[str]:
    """Return the files that differ from the merge base with main, including uncommitted and new ones."""
    known = git(root, "for-each-ref", "--format=%(refname)%00", "refs/remotes/origin/main", "refs/heads/main")
    main = sorted((name.strip() for name in known if name.strip()), key=lambda name: "remotes" not in name)
    if not main:
        sys.exit("There is no branch main to compare with: git fetch origin main")
    base = git(root, "merge-base", "HEAD", main[0])[0].strip()
    changed = git(root, "diff", "--name-only", "-z", base)
    return sorted({*changed, *git(root, "ls-files", "--others", "--exclude-standard", "-z")})


def find_tests(name: str) -> list[str]:
    """Return the test files and folders of a file."""
    path = PurePosixPath(name)
    match path.parts:
        case ("cardbook", "site", "theme", *_):
            return ["tests/site", "tests/browser/test_reading.py"]
        case ("cardbook", room, _, *_):
            return [f"tests/{room}"]
        case ("examples", script):
            return [f"tests/examples/test_{PurePosixPath(script).stem}.py"]
        case ("web", part, *_):
            test = BROWSER.get(PurePosixPath(part).stem)
            return [TESTS["web"], *([f"tests/browser/{test}"] if test else [])]
        case ("tests", _, file, *_) if file.startswith("test_"):
            return [name]
        case ("tests", "browser", _, *_):
            return ["tests/browser/test_reading.py"]
        case ("tests", room, _, *_):
            return [f"tests/{room}"]
        case (top, *_) if top in TESTS:
            return [TESTS[top]]
    return []


def choose_tests(root: Path, names: Iterable[str]) -> dict[str, list[str]]:
    """Return what to test for each changed file: test files and folders that are there."""
    return {name: [test for test in find_tests(name) if (root / test).exists()] for name in names}


def is_long(root: Path, name: str) -> bool:
    """Whether this file is an example whose last run took too long to wait for."""
    path = PurePosixPath(name)
    if path.parts[0] != "examples":
        return False
    record = RecordSet(ProjectPaths(root).records("offline")).read(path.stem)
    return record is not None and record.provenance.seconds > LAST_START


def without_repetitions(tests: Iterable[str]) -> list[str]:
    """Return these test files and folders, without files in folders that are among them."""
    wanted = set(tests)
    return sorted(test for test in wanted if str(PurePosixPath(test).parent) not in wanted)


def main() -> int:
    """Print the chosen tests, run them with the linters, and return the number of failed commands."""
    changed = changed_files(ROOT)
    long = [name for name in changed if is_long(ROOT, name)]
    chosen = choose_tests(ROOT, [name for name in changed if name not in long])
    tests = without_repetitions(test for found in chosen.values() for test in found)
    print("Changed since main:", len(changed), "files. Tests:", " ".join(tests) or "none")
    print("No tests of their own:", " ".join(name for name, found in chosen.items() if not found) or "none")
    print("Left to `make test`:", "; ".join([*(f"{name}, which takes long" for name in long), LEFT]))
    sys.stdout.flush()
    python = [sys.executable, "-m"]
    beside = [[*python, "mypy"]]
    if any(name.startswith("web/") for name in changed):
        beside.append([str(ROOT / "node_modules" / ".bin" / "tsc")])
    commands = [[*python, "ruff", "format", "--check", "."], [*python, "ruff", "check", "."]]
    if tests:
        kinds = ["-m", "not slow and not lighthouse and not scripts", f"--seconds={LAST_START}"]
        # Each file runs in one process, because its tests share fixtures.
        jobs = ["-n", str(2 * (os.cpu_count() or 1)), "--dist", "loadscope", "--no-loadscope-reorder"]
        commands.append([*python, "pytest", "-q", *kinds, *jobs, *tests])
    processes = [subprocess.Popen(command, cwd=ROOT) for command in beside]
    statuses = [subprocess.run(command, cwd=ROOT).returncode for command in commands]
    statuses += [process.wait() for process in processes]
    # 5: no tests ran, because every chosen test is slow.
    return sum(status not in (0, 5) for status in statuses)


if __name__ == "__main__":
    sys.exit(main())
