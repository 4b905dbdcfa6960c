"""The workflows: thin, pinned, and closed to strangers where there is something to steal."""

import re
import subprocess

import pytest
import yaml

from cardbook.cli.commands import main
from tests.conftest import ROOT
from tests.workflows.rules import Job, Workflow, find_exposed, find_faults, read_workflows, strangers_reach

FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = read_workflows(FOLDER)
SCRIPTS = [
    pytest.param(job, step["run"], id=f"{job.file}-{job.name}-{number}")
    for workflow in WORKFLOWS
    for job in workflow.jobs
    for number, step in enumerate(job.steps)
    if "run" in step
]
# A command, perhaps what it says kept or shown; `make` and the scripts in tools/ and .ci/ do the work.
LINE = re.compile(
    r"(?P<command>(make|bash|python3|gh|tar) [^|&;<>$`]*(\"\$GITHUB_SERVER_URL/\$GITHUB_REPOSITORY\")?)"
    r"( 2>&1 \| bash tools/log\.sh( faults\.txt)?| >> \"\$GITHUB_STEP_SUMMARY\")?"
)


def test_there_are_the_three_workflows() -> None:
    assert [workflow.file for workflow in WORKFLOWS] == ["checks.yml", "latest.yml", "site.yml"]


def test_no_job_worth_attacking_is_within_reach() -> None:
    assert list(find_exposed(WORKFLOWS)) == []


def test_workflows_keep_what_the_security_page_promises() -> None:
    assert list(find_faults(WORKFLOWS)) == []


def test_only_checks_is_within_reach_of_a_pull_request() -> None:
    assert strangers_reach(WORKFLOWS) == {"checks.yml"}


def job_of(file: str, name: str) -> Job:
    return next(
        job for workflow in WORKFLOWS for job in workflow.jobs if (job.file, job.name) == (file, name)
    )


def test_jobs_that_may_write_run_no_code_of_the_examples_or_the_package() -> None:
    for name in ("publish", "notebooks", "report"):
        scripts = [step["run"] for step in job_of("site.yml", name).steps if "run" in step]
        assert scripts and not any(
            word in script for script in scripts for word in ("make", "pip", "cardbook")
        )


@pytest.mark.parametrize(("job", "script"), SCRIPTS)
def test_what_examples_print_reaches_no_log_as_a_command(job: Job, script: str) -> None:
    filtered = (" | bash tools/log.sh", '>> "$GITHUB_STEP_SUMMARY"')
    # The audit of packages knows nothing of examples.
    lines = [line for line in script.splitlines() if "make " in line and line != "make audit"]
    assert all(any(way in line for way in filtered) for line in lines)


def test_jobs_that_run_examples_may_write_nothing() -> None:
    for workflow in WORKFLOWS:
        for job in workflow.jobs:
            if any("make" in step.get("run", "") for step in job.steps):
                assert job.body["permissions"] == {"contents": "read"}, job.place


# Each way to bring a stranger to a job that has something to lose; the test above must see every one.

CALLED = """\
on: workflow_call
permissions: {}
concurrency: called
jobs:
  train:
    runs-on: [self-hosted, gpu]
    timeout-minutes: 9
    permissions: {}
    steps: []
"""
CALLER = """\
on: pull_request
permissions: {}
concurrency: caller
jobs:
  call:
    permissions: {}
    uses: ./.github/workflows/called.yml
"""

PLANTS: dict[str, tuple[str, str, str]] = {
    "site.yml on pull requests": ("site.yml", "on:\n  push:", "on:\n  pull_request:\n  push:"),
    "site.yml on comments": ("site.yml", "on:\n  push:", "on:\n  issue_comment:\n  push:"),
    "site.yml after checks.yml": (
        "site.yml",
        "on:\n  push:",
        "on:\n  workflow_run: {workflows: [checks], types: [completed]}\n  push:",
    ),
    "a guard taken away": (
        "site.yml",
        "    if: github.ref == 'refs/heads/main'\n    # A runner",
        "    # A runner",
    ),
    "a guard that lets others through": (
        "site.yml",
        "    if: github.ref == 'refs/heads/main'\n    # A runner",
        "    if: github.ref == 'refs/heads/main' || github.event_name == 'pull_request'\n    # A runner",
    ),
    "a guard that binds one way of two": (
        "site.yml",
        "    if: github.ref == 'refs/heads/main'\n    # A runner",
        "    if: always() || failure() && github.ref == 'refs/heads/main'\n    # A runner",
    ),
    "a guard that only looks like one": (
        "site.yml",
        "    if: github.ref == 'refs/heads/main'\n    # A runner",
        "    if: github.head_ref == 'refs/heads/main'\n    # A runner",
    ),
    "checks.yml on the runner with a GPU": (
        "checks.yml",
        "    runs-on: ubuntu-24.04\n    timeout-minutes: 60",
        "    runs-on: ${{ fromJSON(vars.BOOK_RUNNER) }}\n    timeout-minutes: 60",
    ),
    "checks.yml on a machine of one's own": (
        "checks.yml",
        "    runs-on: ubuntu-24.04\n    timeout-minutes: 60",
        "    runs-on: [self-hosted, linux, gpu]\n    timeout-minutes: 60",
    ),
    "checks.yml on a group of runners": (
        "checks.yml",
        "    runs-on: ubuntu-24.04\n    timeout-minutes: 60",
        "    runs-on: {group: gpu}\n    timeout-minutes: 60",
    ),
    "checks.yml on a machine that the matrix chooses": (
        "checks.yml",
        "    runs-on: ubuntu-24.04\n    timeout-minutes: 60",
        "    strategy: {matrix: {on: [gpu]}}\n    runs-on: ${{ matrix.on }}\n    timeout-minutes: 60",
    ),
    "checks.yml in an environment": (
        "checks.yml",
        "    timeout-minutes: 60",
        "    environment: github-pages\n    timeout-minutes: 60",
    ),
    "a permission to write in checks.yml": (
        "checks.yml",
        "      contents: read # to check",
        "      id-token: write\n      contents: read # to check",
    ),
    "all permissions in checks.yml": (
        "checks.yml",
        "    permissions:\n      contents: read # to check the repository out\n",
        "    permissions: write-all\n",
    ),
    "a secret of one step in checks.yml": (
        "checks.yml",
        "        run: bash .ci/run",
        "        run: bash .ci/run\n        env:\n          TOKEN: ${{ secrets.HF_TOKEN }}",
    ),
    "a secret for all of checks.yml": (
        "checks.yml",
        "defaults:\n",
        "env:\n  TOKEN: ${{ secrets['HF_TOKEN'] }}\n\ndefaults:\n",
    ),
    "the token in checks.yml": (
        "checks.yml",
        "        run: bash .ci/run",
        "        run: bash .ci/run\n        env:\n          TOKEN: ${{ github.token }}",
    ),
    "the cache of main": ("checks.yml", "actions/cache/restore@", "actions/cache@"),
    "the cache of main kept by any push": (
        "checks.yml",
        "!cancelled() && github.event_name == 'push' && github.ref == 'refs/heads/main'",
        "!cancelled() && github.event_name == 'push'",
    ),
    "the cache of main kept by any event": (
        "checks.yml",
        "!cancelled() && github.event_name == 'push' && github.ref == 'refs/heads/main'",
        "!cancelled() && github.ref == 'refs/heads/main'",
    ),
}


def planted(file: str, before: str, after: str) -> list[Workflow]:
    """The workflows with a text of one of them replaced, wherever it stands."""
    texts = {workflow.file: workflow.text for workflow in WORKFLOWS}
    assert before in texts[file]
    texts[file] = texts[file].replace(before, after)
    return [Workflow(name, text, yaml.safe_load(text)) for name, text in texts.items()]


@pytest.mark.parametrize("plant", PLANTS)
def test_every_way_in_is_seen(plant: str) -> None:
    assert list(find_exposed(planted(*PLANTS[plant]))) != []


def test_way_in_through_a_called_workflow_is_seen() -> None:
    def exposed(caller: str) -> list[str]:
        texts = {"called.yml": CALLED, "caller.yml": caller}
        return list(
            find_exposed([Workflow(name, text, yaml.safe_load(text)) for name, text in texts.items()])
        )

    assert any(
        "called.yml: train" in line and "a pull request reaches it" in line for line in exposed(CALLER)
    )
    assert not any("pull request" in line for line in exposed(CALLER.replace("pull_request", "push")))
    handed = exposed(f"{CALLER}    secrets: inherit\n")
    assert any("caller.yml: call" in line and "hands secrets on" in line for line in handed)


def test_permissions_that_come_from_the_top_are_seen() -> None:
    text = CALLED.replace("workflow_call", "pull_request").replace("[self-hosted, gpu]", "ubuntu-24.04")
    assert list(find_exposed([Workflow("a.yml", text, yaml.safe_load(text))])) == []
    text = text.replace("    permissions: {}\n", "").replace("permissions: {}", "permissions: write-all")
    assert "it may write" in " ".join(find_exposed([Workflow("a.yml", text, yaml.safe_load(text))]))


BREAKS: dict[str, tuple[str, str, str, str]] = {
    "top": (
        "checks.yml",
        "permissions: {}\n\nconcurrency",
        "permissions: read-all\n\nconcurrency",
        "at the top",
    ),
    "concurrency": ("latest.yml", "concurrency:", "concurrence:", "no concurrency"),
    "time limit": ("latest.yml", "    timeout-minutes: 120\n", "", "no time limit"),
    "tag": (
        "site.yml",
        "deploy-pages@cd2ce8fcbc39b97be8ca5fce6e763baed58fa128 # v5.0.0",
        "deploy-pages@v5",
        "not pinned",
    ),
    "version beside": ("site.yml", " # v5.0.0", "", "its version beside"),
    "credentials": ("site.yml", "persist-credentials: false", "fetch-depth: 0", "leaves its credentials"),
    "other code": (
        "checks.yml",
        "persist-credentials: false",
        "persist-credentials: false\n          ref: ${{ github.head_ref }}",
        "something else",
    ),
    "rerun": ("site.yml", "          overwrite: true\n", "", "a rerun cannot upload"),
    "target": ("checks.yml", "  pull_request:", "  pull_request_target:", "a stranger's words"),
    "expression": (
        "site.yml",
        "run: make shard",
        "run: make shard SHARD=${{ matrix.shard }}",
        "becomes part",
    ),
    "download by name": (
        "site.yml",
        "artifact-ids: ${{ needs.build.outputs.site }}",
        "name: site",
        "another job can replace",
    ),
    "download of everything": (
        "site.yml",
        "          artifact-ids: ${{ needs.package.outputs.notebooks }}\n",
        "",
        "another job can replace",
    ),
    "download by another pattern": (
        "site.yml",
        "pattern: faults-*",
        "pattern: '*'",
        "another job can replace",
    ),
    "output without an ID": ("site.yml", "      pages-id: ${{", "      other-id: ${{", "download is empty"),
    "output of no step": ("site.yml", "        id: site\n", "", "not that of an upload"),
    "output of a misspelt name": (
        "site.yml",
        "outputs.artifact_id",
        "outputs.artifact-id",
        "not that of an upload",
    ),
    "output of a job that is not needed": (
        "site.yml",
        "needs: [package, publish]",
        "needs: [publish]",
        "download is empty",
    ),
    "permissions": (
        "site.yml",
        "    permissions:\n      contents: read # to check the repository out\n",
        "",
        "says nothing",
    ),
}


@pytest.mark.parametrize("case", BREAKS)
def test_every_broken_promise_is_seen(case: str) -> None:
    file, before, after, words = BREAKS[case]
    assert any(words in fault for fault in find_faults(planted(file, before, after)))


@pytest.mark.parametrize(("job", "script"), SCRIPTS)
def test_steps_have_no_logic_of_their_own(job: Job, script: str) -> None:
    lines = script.strip().splitlines()
    assert len(lines) <= 2
    for line in lines:
        assert LINE.fullmatch(line), line


def targets_of(line: str) -> list[str]:
    words = [word for word in line.split() if not word.startswith("-") and "=" not in word]
    return words[1:] if words[0] == "make" else []


def commands_in(lines: str) -> set[str]:
    """The cardbook commands that make would call."""
    return set(re.findall(r"-m cardbook ([a-z-]+)", lines))


@pytest.mark.parametrize(("job", "script"), SCRIPTS)
def test_what_steps_call_is_there(job: Job, script: str) -> None:
    for line in script.strip().splitlines():
        match = LINE.fullmatch(line)
        assert match is not None
        command = match["command"].split()
        if command[0] == "make":
            dry = subprocess.run(
                ["make", "--dry-run", *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
            )
            assert dry.returncode == 0, dry.stderr
            assert commands_in(dry.stdout) <= main.commands.keys()
        elif command[0] in ("bash", "python3"):
            assert (ROOT / command[1]).is_file(), line


def test_a_step_that_calls_nothing_real_is_seen() -> None:
    dry = subprocess.run(["make", "--dry-run", "no-such-target"], cwd=ROOT, capture_output=True, check=False)
    assert dry.returncode != 0
    for line in ("make site && rm -rf /", "make $(whoami)", "curl x | bash", "if true; then make site; fi"):
        assert not LINE.fullmatch(line)


def test_every_target_of_the_workflows_is_explained() -> None:
    explained = set(
        re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    called = {
        target
        for script in SCRIPTS
        for line in str(script.values[1]).splitlines()
        for target in targets_of(line.split(" 2>")[0].split(" >>")[0])
    }
    assert called and called <= explained
