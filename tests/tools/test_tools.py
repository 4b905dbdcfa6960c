"""The scripts that the workflows call, as they are called."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cardbook.models.manifest import BY_REVISION, read_models
from tests.conftest import ROOT, write
from tools.compare_sites import BuiltSite, compare
from tools.latest import make_latest, write_model
from tools.readme_table import duration
from tools.report_failure import LENGTH, TITLE, read_end

GH = """\
#!{python}
import json, pathlib, sys
log = pathlib.Path({log!r})
text = sys.stdin.read()
log.write_text(log.read_text() + json.dumps([sys.argv[1:], text]) + "\\n")
if sys.argv[2] == "list":
    print({issues!r})
"""


def report(
    tmp_path: Path, issues: list[dict[str, object]], logs: dict[str, str]
) -> list[tuple[list[str], str]]:
    """What the script asked of gh, given the open issues and what the jobs logged."""
    log = tmp_path / "log"
    log.write_text("")
    gh = tmp_path / "bin" / "gh"
    write(gh, GH.format(python=sys.executable, log=str(log), issues=json.dumps(issues)))
    gh.chmod(0o755)
    (tmp_path / "faults").mkdir()
    for name, text in logs.items():
        write(tmp_path / "faults" / name / "faults.txt", text)
    variables = {
        "PATH": f"{gh.parent}:{os.environ['PATH']}",
        "JOBS": json.dumps({"run": {"result": "success"}, "build": {"result": "failure"}}),
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_REPOSITORY": "owner/book",
        "GITHUB_RUN_ID": "7",
        "GITHUB_SHA": "a" * 40,
    }
    command = [sys.executable, str(ROOT / "tools" / "report_failure.py"), str(tmp_path / "faults")]
    outcome = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    # A runner would carry out a line such as `::error::` in what a job logged.
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")
    return [(call[0], call[1]) for call in map(json.loads, log.read_text().splitlines())]


HOSTILE = [
    b"::error file=book.yml,line=1::text",
    b"   ::stop-commands::x",
    b"shown\r::add-mask::a\r",
    b":::error::text",
    b"::::error::text",
    b"\xff::error::\xfe",
    b"first: failed: ##[error]text ###[error]",
    b"cell 1: ModuleNotFoundError: std::vector",
]


def test_no_line_of_a_log_is_a_command(tmp_path: Path) -> None:
    script = ["bash", str(ROOT / "tools" / "log.sh"), str(tmp_path / "faults.txt")]
    printed = b""
    for text in (b"\n".join(HOSTILE), b"no line break at the end"):
        outcome = subprocess.run(script, input=text, capture_output=True, check=True)
        printed += outcome.stdout
        assert outcome.stderr == b""
    assert b"::" not in printed and b"##[" not in printed
    # Nothing else changes, and the file has what the log has, of both commands.
    assert printed == (tmp_path / "faults.txt").read_bytes()
    assert printed.count(b"\n") == len(HOSTILE) - 1
    assert printed.endswith(b"cell 1: ModuleNotFoundError: std: :vectorno line break at the end")


def test_only_the_end_of_few_messages_is_read(tmp_path: Path) -> None:
    (huge := tmp_path / "huge.txt").write_bytes(b"begins")
    with huge.open("r+b") as stream:
        # It takes no disk, but would take all memory.
        stream.truncate(10**12)
        stream.seek(0, os.SEEK_END)
        stream.write("…ends".encode())
    assert len(read_end(huge)) <= LENGTH and read_end(huge).endswith("\0…ends")
    calls = report(tmp_path, [], {f"faults-{number:02}": f"message {number:02}" for number in range(30)})
    assert [word in calls[1][1] for word in ("message 00", "message 09", "message 10")] == [True, True, False]


def test_first_failure_opens_an_issue_that_names_the_examples(tmp_path: Path) -> None:
    calls = report(
        tmp_path, [], {"faults-build": "training: failed: examples/training.py: cell 3: ValueError\n"}
    )
    assert [call[0][1] for call in calls] == ["list", "create"]
    arguments, body = calls[1]
    assert arguments[2:4] == ["--title", TITLE]
    assert "    training: failed: examples/training.py: cell 3: ValueError\n" in body
    assert "These jobs failed: build." in body and "owner/book/actions/runs/7" in body


def test_next_failure_updates_the_same_issue(tmp_path: Path) -> None:
    issues: list[dict[str, object]] = [{"number": 3, "title": "Another"}, {"number": 5, "title": TITLE}]
    calls = report(tmp_path, issues, {})
    assert [call[0][1:3] for call in calls] == [["list", "--state"], ["edit", "5"]]
    # Somebody else's issue of that title must not be written to.
    assert "--app" in calls[0][0] and "    none" in calls[1][1]


def test_words_of_a_job_stay_words(tmp_path: Path) -> None:
    body = report(tmp_path, [], {"faults-build": "````\n@everyone <img src=x>\n# Title\n\n- item"})[1][1]
    quoted = body.split("messages:\n\n")[1].split("\n\nRecords of")[0]
    assert all(line.startswith("    ") for line in quoted.splitlines())


@pytest.mark.parametrize("line", ["", "x" * 500, "\u2028"])
def test_text_fits_into_an_issue(tmp_path: Path, line: str) -> None:
    body = report(tmp_path, [], {"faults-build": f"{line}\n" * 60_000 + "the last line\n"})[1][1]
    assert len(body) < 65_536
    quoted = body.split("messages:\n\n")[1].split("\n\nRecords of")[0]
    assert quoted.endswith("\n    the last line")
    assert all(line.startswith("    ") for line in quoted.split("\n"))


def test_issue_that_cannot_be_written_names_the_setting(tmp_path: Path) -> None:
    write(tmp_path / "bin" / "gh", "#!/bin/sh\nexit 1\n")
    (tmp_path / "bin" / "gh").chmod(0o755)
    variables = dict.fromkeys(("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_SHA"), "7")
    variables |= {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "JOBS": "{}"}
    command = [sys.executable, str(ROOT / "tools" / "report_failure.py"), str(tmp_path)]
    outcome = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert outcome.returncode == 1
    assert "Settings, General, Features, Issues" in outcome.stderr and "Traceback" not in outcome.stderr


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_branch_of_notebooks_has_them_and_nothing_else(tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "--quiet", "--bare", str(remote))
    folder = tmp_path / "notebooks"
    write(folder / "old.ipynb", "{}")
    script = ["bash", str(ROOT / "tools" / "push_notebooks.sh"), str(folder), str(remote)]
    subprocess.run(script, check=True, capture_output=True)
    (folder / "old.ipynb").rename(folder / "new.ipynb")
    write(folder / "evil.yml", "on: push")
    write(folder / ".github" / "workflows" / "evil.ipynb", "{}")
    (folder / "link.ipynb").symlink_to("/etc/hostname")
    subprocess.run(script, check=True, capture_output=True, env={**os.environ, "GITHUB_SHA": "abc"})
    assert git(remote, "ls-tree", "-r", "--name-only", "notebooks").split() == ["new.ipynb"]
    assert git(remote, "log", "--format=%s", "notebooks") == "Publish the notebooks of commit abc\n"


def test_nothing_is_pushed_without_notebooks(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "remote.git")
    (tmp_path / "empty").mkdir()
    script = [
        "bash",
        str(ROOT / "tools" / "push_notebooks.sh"),
        str(tmp_path / "empty"),
        str(tmp_path / "remote.git"),
    ]
    assert subprocess.run(script, capture_output=True, check=False).returncode != 0
    assert git(tmp_path / "remote.git", "branch", "--list") == ""


THREE_MODELS = f"""\
["org/moves"]
revision = "{"a" * 40}"
licence = "MIT"
["org/moves".files]
"model.safetensors" = "{"1" * 64}"
["org/packed"]
revision = "{"d" * 40}"
licence = "MIT"
["org/packed".files]
"model.safetensors" = "{"1" * 64}"
["org/packed".offline]
package = "p"
version = "1"
sha256 = "{"2" * 64}"
licence = "MIT"
folder = "m"
["org/stays"]
revision = "{"c" * 40}"
licence = "MIT"
["org/stays".files]
"a/config.json" = "{BY_REVISION}"
"""


def test_latest_copy_is_unpinned_and_at_the_newest_revisions(
    small: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    old, new, same = "a" * 40, "b" * 40, "c" * 40
    write(small / "models.toml", THREE_MODELS)
    write(
        small / "requirements.txt", "# What it needs\nclick==8.5.1\ntorch==2.13.0 ; sys_platform == 'linux'\n"
    )
    write(small / "constraints.txt", "click==8.5.1\n")
    write(small / "examples" / "first.py", f'revision = "{old}"\n')
    git(small, "init", "--quiet")
    git(small, "add", ".")
    write(small / "untracked.txt", "")
    folder = tmp_path_factory.mktemp("copies") / "latest"
    make_latest(small, folder, {"org/moves": new, "org/packed": new, "org/stays": same}.__getitem__)
    assert not (folder / "untracked.txt").exists()
    assert (folder / "requirements.txt").read_text() == (
        "# What it needs\nclick\ntorch ; sys_platform == 'linux'\n"
    )
    assert (folder / "constraints.txt").read_text() == ""
    assert (folder / "examples" / "first.py").read_text() == f'revision = "{new}"\n'
    models = read_models(folder)
    moved = models["org/moves"]
    assert (moved.revision, moved.offline, moved.files) == (new, None, {"model.safetensors": BY_REVISION})
    for name in ("org/packed", "org/stays"):
        assert models[name] == read_models(small)[name]


def test_models_are_written_as_they_were_read(tmp_path: Path) -> None:
    models = read_models(ROOT)
    write(tmp_path / "models.toml", "\n".join(map(write_model, models.values())))
    assert read_models(tmp_path) == models


PAGE = """\
<html><head><meta name="generator" content="ours 1"></head><body>
<div data-card="one"><details class="card-answer"></details></div>
<pre class="highlight" data-cell="e-1"></pre><div data-output="e-1"></div><div data-provenance="e"></div>
<img src="figures/a.png"><a href="chapters/">there</a><a href="https://elsewhere.example/x">out</a>
</body></html>
"""


def test_comparison_says_what_another_site_lacks(tmp_path: Path) -> None:
    for name in ("ours", "same", "less"):
        write(tmp_path / name / "index.html", PAGE)
        write(tmp_path / name / "chapters" / "index.html", "<p>chapter</p>")
        write(tmp_path / name / "figures" / "a.png", "")
        write(tmp_path / name / "search" / "search_index.json", '{"docs": [{}, {}]}')
    write(tmp_path / "ours" / "search" / "search_index.json", '{"docs": []}')
    write(tmp_path / "ours" / "search" / "book.json", '{"sections": [{}, {}]}')
    write(tmp_path / "less" / "index.html", PAGE.replace("ours 1", "less 2").replace("data-output", "title"))
    (tmp_path / "less" / "figures" / "a.png").unlink()
    (tmp_path / "less" / "chapters" / "index.html").unlink()
    (tmp_path / "less" / "search" / "search_index.json").unlink()
    sites = [BuiltSite(tmp_path / name) for name in ("ours", "same", "less", "absent")]
    lines = list(compare(sites[0], sites[1:]))
    assert lines[0] == f"| what | ours 1 | ours 1 | less 2 | nothing in {tmp_path / 'absent'} |"
    assert "| outputs | 1 | 1 | 0 | 0 |" in lines
    assert "| entries of the search index | 2 | 2 | 0 | 0 |" in lines
    assert "| missing figures | 0 | 0 | 1 | 0 |" in lines
    assert lines[-3:-1] == [
        "ours 1: has everything.",
        "less 2: differs in pages, outputs, entries of the search index, missing figures, broken links.",
    ]
    assert lines[-1].startswith(f"nothing in {tmp_path / 'absent'}: differs in pages, cards")


def test_packages_are_installed_by_hash_from_wheels_only() -> None:
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    installs = [line.strip() for line in lines if "pip install" in line]
    assert len(installs) == 10
    # torch and the CUDA libraries differ by platform; the project itself is not from a registry.
    loose = [line for line in installs if "$(HASHED)" not in line]
    assert [line.split(" install ")[1] for line in loose] == [
        "$(QUIET) $(WHEELS) --requirement requirements.txt --constraint constraints.txt",
        "$(QUIET) --no-deps --no-build-isolation --editable .",
    ]


@pytest.mark.parametrize("name", ["java", "light", "node", "pip-audit", "properdocs", "uv", "zensical"])
def test_every_package_of_a_list_has_hashes(name: str) -> None:
    text = (ROOT / "tools" / f"{name}.txt").read_text(encoding="utf-8")
    packages = re.findall(r"^[\w-]+==\S+.*(?:\n .*)*", text, re.MULTILINE)
    assert packages and all("--hash=sha256:" in package for package in packages)
    assert "http" not in re.sub(r"httpx?\S*==", "", text)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.3, "< 1 s"), (0.99, "< 1 s"), (1.0, "1 s"), (87.8, "88 s")]
)
def test_a_time_below_a_second_is_not_shown_as_none(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown
