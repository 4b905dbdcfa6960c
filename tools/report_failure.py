"""Opens or updates the one issue that says why the site could not be published.

Usage: report_failure.py FOLDER, where FOLDER contains the error messages of the failed jobs, one file in a
folder per job. It needs `gh`, its token in GH_TOKEN, and the variables that GitHub sets in every job; JOBS is
the workflow's `needs` as JSON.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

TITLE = "The site could not be published"
# GitHub accepts issues of up to 65,536 characters.
LENGTH = 60_000
# Any job of a run can upload messages, of any size.
FILES = 10


def main(folder: Path, variables: Mapping[str, str]) -> None:
    """Open the issue, or update the text of the open one."""
    text = compose(folder, variables)
    try:
        number = find_issue()
        target = ["edit", str(number)] if number else ["create", "--title", TITLE]
        ask_gh(["issue", *target, "--body-file", "-"], text)
    except subprocess.CalledProcessError:
        sys.exit(
            "The issue could not be written. Forks have issues disabled: Settings, General, Features, Issues."
        )


def compose(folder: Path, variables: Mapping[str, str]) -> str:
    """Return the issue's text: which jobs failed, and the end of their error messages."""
    jobs = json.loads(variables["JOBS"])
    failed = ", ".join(name for name, job in jobs.items() if job["result"] == "failure")
    home = f"{variables['GITHUB_SERVER_URL']}/{variables['GITHUB_REPOSITORY']}"
    run = f"{home}/actions/runs/{variables['GITHUB_RUN_ID']}"
    messages = "\n".join(read_end(path) for path in sorted(folder.rglob("*.txt"))[:FILES])
    # Indented, the messages are code: nothing in them is Markdown, a mention or a link.
    quoted = "\n".join(f"    {line}" for line in messages.splitlines())
    if len(quoted) > LENGTH:
        quoted = "    " + quoted[-LENGTH:].partition("\n    ")[2]
    published = jobs.get("publish", {}).get("result") == "success"
    site = "The new site is published" if published else "The published site stays as it is"
    return (
        f"{site}. These jobs failed: {failed or 'unknown'}.\n\n"
        f"[The run]({run}) at commit {variables['GITHUB_SHA']} has the full log. The error messages:\n\n"
        f"{quoted or '    none'}\n\n"
        "Records of examples that ran are kept: the next run executes only the others.\n"
        "A later failure replaces this text. Close the issue when the site is published again.\n"
    )


def read_end(path: Path) -> str:
    """Return the last LENGTH bytes of a file as text."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - LENGTH))
        return stream.read(LENGTH).decode("utf-8", errors="replace")


def find_issue() -> int | None:
    """Return the number of the open issue, None when there is none."""
    # Only what this workflow itself opened: anybody can open an issue with the same title.
    command = ["issue", "list", "--state", "open", "--app", "github-actions", "--limit", "200"]
    found = json.loads(ask_gh([*command, "--json", "number,title"], ""))
    return next((int(issue["number"]) for issue in found if issue["title"] == TITLE), None)


def ask_gh(arguments: list[str], text: str) -> str:
    """Run gh with a text on its standard input and return what it prints."""
    return subprocess.run(
        ["gh", *arguments], input=text, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]), os.environ)
