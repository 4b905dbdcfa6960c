"""`make quick`: ruff, mypy, and the tests of the files that changed since main.

The tests of `cardbook/ROOM/` are in `tests/ROOM/`. Slow tests, and files without tests of their own, are
left to `make test`.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parent.parent
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
    "tools": "tests/tools",
    "web": "tests/web",
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


def find_tests(name: str) -> str | None:
    """Return the test file or folder of a file, or None."""
    path = PurePosixPath(name)
    match path.parts:
        case ("cardbook", room, _, *_):
            return f"tests/{room}"
        case ("examples", script):
            return f"tests/examples/test_{PurePosixPath(script).stem}.py"
        case ("tests", _, file, *_) if file.startswith("test_"):
            return name
        case ("tests", room, _, *_):
            return f"tests/{room}"
        case ("tests", *_):
            return None
        case (top, *_):
            return TESTS.get(top)
    return None


def choose_tests(root: Path, names: Iterable[str]) -> dict[str, str | None]:
    """Return what to test for each changed file: a test file or folder that is there, or None."""
    chosen = {name: find_tests(name) for name in names}
    return {name: test if test and (root / test).exists() else None for name, test in chosen.items()}


def without_repetitions(tests: Iterable[str | None]) -> list[str]:
    """Return these test files and folders, without files in folders that are among them."""
    wanted = {test for test in tests if test}
    return sorted(test for test in wanted if str(PurePosixPath(test).parent) not in wanted)


def main() -> int:
    """Print the chosen tests, run them with the linters, and return the number of failed commands."""
    chosen = choose_tests(ROOT, changed_files(ROOT))
    tests = without_repetitions(chosen.values())
    print("Changed since main:", len(chosen), "files. Tests:", " ".join(tests) or "none")
    left = [name for name, test in chosen.items() if test is None]
    print("No tests of their own:", " ".join(left) or "none")
    sys.stdout.flush()
    python = [sys.executable, "-m"]
    commands = [[*python, "ruff", "format", "--check", "."], [*python, "ruff", "check", "."]]
    if tests:
        # Each file runs in one process, because its tests share fixtures.
        commands.append(
            [
                *python,
                "pytest",
                "-q",
                "-m",
                "not slow and not lighthouse and not scripts",
                "-n",
                "2",
                "--dist",
                "loadscope",
                *tests,
            ]
        )
    types = subprocess.Popen([*python, "mypy"], cwd=ROOT)
    statuses = [subprocess.run(command, cwd=ROOT).returncode for command in commands]
    # 5: no tests ran, because every chosen test is slow.
    return sum(status not in (0, 5) for status in [*statuses, types.wait()])


if __name__ == "__main__":
    sys.exit(main())
