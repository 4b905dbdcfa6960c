"""Rehearses the publication: carries out site.yml and checks.yml on this machine, on a small book.

Usage: python -m tools.rehearse SCENARIO…
`all` stands for every scenario; each prints what was published, what was kept, and the text of the issue.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

import nbformat

from cardbook.records.store import hash_outputs
from tests.conftest import write_small
from tests.hub import serve_hub
from tools.rehearsal.workflow import Attempt, Fault, run_workflow

ROOT = Path(__file__).parent.parent
# The parts of this repository that the small book replaces.
REPLACED = (
    "book.yml card-ids.yml card-dates.yml models.toml mkdocs.yml docs examples flashcards tests/examples"
)
CLAIM = """\
from collections.abc import Callable


def test_it_counts_to_one(printed: Callable[[str], str]) -> None:
    assert printed("first").startswith("count 1\\n")
"""
# A model that only the hub profile has.
MODEL, REVISION, WEIGHTS = "org/tiny", "a" * 40, b"weights"
MODELS = """\
["org/tiny"]
revision = "{revision}"
licence = "MIT"
files = {{ "model.safetensors" = "{digest}" }}
"""
GH = """\
#!/bin/sh
case "$1 $2" in
  "issue list") echo '[]';;
  "issue create") cat > '{issue}';;
esac
"""


@dataclass
class Rehearsal:
    """A rehearsal: `folder` stands for GitHub's services; `faults` are differences from what is expected."""

    folder: Path
    log: Callable[[str], None]
    hub: str
    runs: int = 0
    faults: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=lambda: {"BOOK_PROFILE": "hub"})

    def git(self, *arguments: str) -> str:
        """Run git in the author's clone."""
        identity = ["-c", "user.name=Author", "-c", "user.email=author@book.invalid"]
        command = ["git", "-C", str(self.folder / "author"), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def push(self, message: str) -> None:
        """Commit what is in the author's clone and push it."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        self.push_head()

    def push_head(self) -> None:
        """Push what is committed."""
        self.git("push", "--quiet", "origin", "HEAD:main")

    def begin(self) -> None:
        """Set up a repository with the files of this checkout, its book replaced by the small one."""
        for name in ("artifacts", "caches", "home", "bin"):
            (self.folder / name).mkdir(parents=True)
        stub = self.folder / "bin" / "gh"
        stub.write_text(GH.format(issue=self.folder / "issue.md"), encoding="utf-8")
        stub.chmod(0o755)
        author = self.folder / "author"
        subprocess.run(
            ["git", "init", "--quiet", "--bare", "--initial-branch", "main", self.folder / "remote"],
            check=True,
        )
        subprocess.run(
            ["git", "clone", "--quiet", self.folder / "remote", author], check=True, capture_output=True
        )
        for name in files_of(ROOT):
            (author / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, author / name)
        for name in REPLACED.split():
            path = author / name
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        write_small(author)
        digest = sha256(WEIGHTS).hexdigest()
        (author / "models.toml").write_text(MODELS.format(revision=REVISION, digest=digest), encoding="utf-8")
        self.edit("examples/first.py", "count = 1", 'count = 1\nname = "none"\nrevision = ""')
        with (author / "book.yml").open("a", encoding="utf-8") as book:
            book.write(f"examples:\n  first:\n    hub: {{name: {MODEL}, revision: {REVISION}}}\n")
        (author / "tests" / "examples").mkdir()
        for name in ("__init__.py", "conftest.py"):
            shutil.copy(ROOT / "tests" / "examples" / name, author / "tests" / "examples")
        (author / "tests" / "examples" / "test_first.py").write_text(CLAIM, encoding="utf-8")
        self.push("Begin a small book")

    def edit(self, path: str, before: str, after: str) -> None:
        """Replace a text that must be in a file of the author's clone."""
        file = self.folder / "author" / path
        text = file.read_text(encoding="utf-8")
        assert before in text, f"{path} does not contain {before!r}"
        file.write_text(text.replace(before, after), encoding="utf-8")

    def run(
        self,
        event: str = "push",
        workflow: str = "site.yml",
        fault: Fault | None = None,
        *,
        renew: bool = False,
    ) -> Attempt:
        """Run a workflow once, for an event; return its attempt."""
        self.runs += 1
        shutil.rmtree(self.folder / "artifacts")
        (self.folder / "artifacts").mkdir()
        return self._attempt(workflow, event, 1, fault, None, renew=renew)

    def rerun(self, failed: Attempt) -> Attempt:
        """Rerun the failed jobs of an attempt, and those after them."""
        return self._attempt("site.yml", str(failed.github["event_name"]), 2, None, failed, renew=False)

    def _attempt(
        self,
        workflow: str,
        event: str,
        number: int,
        fault: Fault | None,
        before: Attempt | None,
        *,
        renew: bool,
    ) -> Attempt:
        github = {
            "event_name": event,
            "event": {"repository": {"private": False}},
            "ref": "refs/heads/main",
            "sha": self.git("rev-parse", "HEAD"),
            "run_id": self.runs,
            "run_attempt": number,
            "repository": "owner/book",
            "token": "token",
        }
        (self.folder / "issue.md").unlink(missing_ok=True)
        attempt = Attempt(github, {"renew": renew}, self.variables, self.folder, self.hub, self.log, fault)
        if before:
            attempt.results, attempt.outputs = before.results, before.outputs
        self.log(f"{workflow}, {event}, attempt {number}")
        run_workflow(self.folder / "author" / ".github" / "workflows" / workflow, attempt)
        return attempt

    def expect(self, attempt: Attempt, executed: str, kept: str, issue: str = "", *, published: bool) -> None:
        """Print what an attempt did, and add each difference from the expected results to `faults`."""
        caches = sorted(
            (self.folder / "caches").glob("records-hub-*"), key=lambda path: path.stat().st_mtime_ns
        )
        names = {path.stem for path in caches[-1].glob("*.ipynb")} if caches else set()
        failed = (
            {path.name.partition(".")[0] for path in caches[-1].glob("*.failed.json")} if caches else set()
        )
        text = self.folder / "issue.md"
        found = {
            "published": str(attempt.results.get("publish", {}).get(0) == "success"),
            "executed": " ".join(sorted(executed_in(attempt))),
            "kept": " ".join(sorted(names - failed)),
        }
        issued = text.read_text(encoding="utf-8") if text.exists() else ""
        wanted = {"published": str(published), "executed": executed, "kept": kept}
        self.log("  = " + ", ".join(f"{key}: {value or 'nothing'}" for key, value in found.items()))
        self.log("  = issue: " + ("\n    ".join(["", *issued.splitlines()]) if issued else "none"))
        self.faults += [
            f"{key}: {found[key]}, not {value}" for key, value in wanted.items() if found[key] != value
        ]
        if (issue not in issued) if issue else issued:
            self.faults.append(f"the issue does not say {issue!r}" if issue else "an issue is opened")


def files_of(root: Path) -> list[str]:
    """Return the files of a checkout that git does not ignore."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    return [name for name in names if name and (root / name).is_file()]


def executed_in(attempt: Attempt) -> set[str]:
    """Return the examples that an attempt executed, according to the output of `cardbook run`."""
    return {line.split(":")[0] for line in attempt.printed if ": done in " in line}


def change_records(folder: Path, change: Callable[[nbformat.NotebookNode], None]) -> None:
    """Change every record below a folder."""
    for path in folder.rglob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        change(notebook)
        nbformat.write(notebook, path)


def set_provenance(notebook: nbformat.NotebookNode, **facts: str) -> None:
    """Change what a record says about its run."""
    notebook.metadata.cardbook.update(facts)


def first(book: Rehearsal) -> None:
    """The first run ever, without a cache, on more machines than examples; then the checks of this push."""
    book.variables["BOOK_SHARDS"] = '["1/3", "2/3", "3/3"]'
    book.expect(book.run(), "first second", "first second", published=True)
    command = ["sha256sum", "--check", "--quiet", "checksums.txt"]
    if subprocess.run(command, cwd=book.folder / "published").returncode:
        book.faults.append("checksums.txt is not that of the published files")
    attempt = book.run(workflow="checks.yml")
    if list(attempt.results.values()) != [{0: "success"}] * 4:
        book.faults.append(f"checks.yml: {attempt.results}")


def stale(book: Rehearsal) -> None:
    """A push that makes one example stale."""
    book.run()
    book.edit("examples/first.py", 'print("done")', 'print("done again")')
    book.push("Change one example")
    book.expect(book.run(), "first", "first second", published=True)


def weekly(book: Rehearsal) -> None:
    """The weekly run, eight days after the last one; and a push after 40 days without a run."""
    book.run()
    for days, event in ((8, "schedule"), (40, "push")):
        started = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
        change_records(book.folder / "caches", partial(set_provenance, started=started))
        book.expect(book.run(event), "first second", "first second", published=True)


def renamed(book: Rehearsal) -> None:
    """A push that renames an example; the cache still has its old record."""
    book.run()
    book.git("mv", "examples/second.py", "examples/third.py")
    book.edit("book.yml", "example: second", "example: third")
    book.push("Rename an example")
    book.expect(book.run(), "third", "first third", published=True)


def shard_failed(book: Rehearsal) -> None:
    """One shard fails, because its example does; then the fix."""
    book.edit("examples/second.py", "print(math.sqrt(4))", "print(math.sqrt(-4))")
    book.push("Break an example")
    failed = "second: failed: examples/second.py: cell 1, line 3: ValueError"
    book.expect(book.run(), "first", "first", failed, published=False)
    book.edit("examples/second.py", "print(math.sqrt(-4))", "print(math.sqrt(4))")
    book.push("Fix it")
    book.expect(book.run(), "second", "first second", published=True)


def shard_missing(book: Rehearsal) -> None:
    """The machine of one shard is lost; then the failed jobs are rerun."""
    attempt = book.run(fault=lambda name, number, _: (name, number) == ("run", 1))
    book.expect(attempt, "first", "first", "second: missing: it has never run", published=False)
    book.expect(book.rerun(attempt), "second", "first second", published=True)


def forged(book: Rehearsal) -> None:
    """A runner changes an output, once without and once with the hash of the outputs."""

    def change(notebook: nbformat.NotebookNode) -> None:
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                output.text = output.get("text", "").replace("count 1", "count 1\ncount 999")

    def forge(name: str, folder: Path, *, with_hash: bool) -> bool:
        if name == "build":
            change_records(folder / "artifacts", change)
        if name == "build" and with_hash:
            change_records(
                folder / "artifacts",
                lambda notebook: notebook.metadata.cardbook.update(outputs=hash_outputs(notebook)),
            )
        return False

    attempt = book.run(fault=lambda name, _, folder: forge(name, folder, with_hash=False))
    book.expect(attempt, "first second", "", "No record was stored.", published=False)
    attempt = book.run(fault=lambda name, _, folder: forge(name, folder, with_hash=True))
    book.expect(
        attempt,
        "first second",
        "first second",
        "first: cell 2: its output is not the one shown",
        published=False,
    )
    # The false record is fresh, so only a run that renews all records replaces it.
    book.expect(book.run("workflow_dispatch", renew=True), "first second", "first second", published=True)


def replaced(book: Rehearsal) -> None:
    """A runner replaces the site that was built, or the pages that were packed, by others of that name."""
    for replaced_before, name in (("package", "site"), ("publish", "github-pages-1")):

        def replace(job: str, _: int, folder: Path, before: str = replaced_before, name: str = name) -> bool:
            if job == before:
                (old,) = (folder / "artifacts" / name).iterdir()
                old.rename(old.with_name("1"))
            return False

        attempt = book.run(fault=replace)
        executed = "first second" if name == "site" else ""
        book.expect(
            attempt, executed, "first second", f"These jobs failed: {replaced_before}.", published=False
        )
    book.expect(book.run(), "", "first second", published=True)


def restored(book: Rehearsal) -> None:
    """The publication of last week is restored by reverting a commit."""
    book.run()
    before = (book.folder / "published" / "downloads" / "first.py").read_bytes()
    stale(book)
    book.git("revert", "--no-edit", "HEAD")
    book.push_head()
    book.expect(book.run(), "first", "first second", published=True)
    if (book.folder / "published" / "downloads" / "first.py").read_bytes() != before:
        book.faults.append("the published script is not that of last week")


SCENARIOS = {
    scenario.__name__.replace("_", "-"): scenario
    for scenario in (first, stale, weekly, renamed, shard_failed, shard_missing, forged, replaced, restored)
}


def rehearse(name: str, folder: Path, log: Callable[[str], None]) -> list[str]:
    """Carry out a scenario in an empty folder; return the differences from the expected results."""
    with serve_hub({(MODEL, REVISION): {"model.safetensors": WEIGHTS}}) as hub:
        book = Rehearsal(folder, log, hub.endpoint)
        book.begin()
        SCENARIOS[name](book)
    return book.faults


def main() -> int:
    """Rehearse the named scenarios; return how many had other results than expected."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("scenarios", nargs="+", choices=[*SCENARIOS, "all"], metavar="SCENARIO")
    names = parser.parse_args().scenarios
    wrong = 0
    for name in SCENARIOS if "all" in names else names:
        print(f"{name}: {SCENARIOS[name].__doc__}", flush=True)
        with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder:
            faults = rehearse(name, Path(folder), lambda line: print(line, flush=True))
        print(f"{name}: " + ("; ".join(faults) if faults else "ended as it should"), flush=True)
        wrong += bool(faults)
    return wrong


if __name__ == "__main__":
    sys.exit(main())
