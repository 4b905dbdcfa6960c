"""Workflows as data: which jobs hold something worth stealing, and which of them a pull request can reach.

The linters do not see the second: a job on a runner with a GPU is nothing special to them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

# Machines that GitHub makes for one job and throws away.
HOSTED = {"ubuntu-24.04"}
# What only a person with write access, or the clock, can set off. Everything else may be a stranger's doing.
OURS = {"push", "schedule", "workflow_dispatch", "workflow_call"}
MAIN = "github.ref == 'refs/heads/main'"
SECRET = re.compile(r"\bsecrets\b|\bgithub\.token\b|\bgithub\s*\[|\btoJSON\(\s*github\s*\)", re.IGNORECASE)
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
PINNED_LINE = re.compile(r"- uses: \S+@[0-9a-f]{40} # v\d+\.\d+\.\d+")

# The artifacts that are read as data, whoever made them: records and error messages.
INSPECTED = {"records-*", "faults-*"}
OUTPUT_ID = re.compile(r"\$\{\{ needs\.(?P<job>[\w-]+)\.outputs\.(?P<output>[\w-]+) \}\}")
UPLOADED_ID = re.compile(r"\$\{\{ steps\.(?P<step>[\w-]+)\.outputs\.(?P<name>[\w-]+) \}\}")
# The actions that upload, and how each names the output with the ID.
UPLOADS = {"actions/upload-artifact": "artifact-id", "actions/upload-pages-artifact": "artifact_id"}


@dataclass(frozen=True)
class Job:
    """One job of a workflow: where it stands, and what YAML made of it."""

    file: str
    name: str
    body: Mapping[str, Any]

    @property
    def place(self) -> str:
        """The workflow's file and the job's name."""
        return f"{self.file}: {self.name}"

    @property
    def steps(self) -> list[Mapping[str, Any]]:
        """The job's steps; none when it calls another workflow."""
        return list(self.body.get("steps", []))


@dataclass(frozen=True)
class Workflow:
    """One workflow file."""

    file: str
    text: str
    body: Mapping[str, Any]

    @property
    def triggers(self) -> Mapping[str, Any]:
        """What sets the workflow off, with its filters."""
        # YAML 1.1 takes the key `on` for true.
        found = self.body.get("on", self.body.get(True))  # type: ignore[call-overload]
        if isinstance(found, str):
            return {found: None}
        return dict.fromkeys(found) if isinstance(found, list) else found

    @property
    def jobs(self) -> list[Job]:
        """The jobs in the order of the file."""
        return [Job(self.file, name, body) for name, body in self.body["jobs"].items()]


def read_workflows(folder: Path) -> list[Workflow]:
    """Return the workflows of a folder."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.y*ml"))}
    return [Workflow(name, text, yaml.safe_load(text)) for name, text in texts.items()]


def reasons_to_guard(workflow: Workflow, job: Job) -> list[str]:
    """Return what a stranger could gain from a job; nothing for one that may run a stranger's code."""
    reasons = []
    if "uses" not in job.body and str(job.body.get("runs-on")) not in HOSTED:
        reasons.append("it runs on a machine that is not hosted")
    if "uses" in job.body and job.body.get("secrets"):
        reasons.append("it hands secrets on")
    if "environment" in job.body:
        reasons.append("it has an environment")
    granted = job.body.get("permissions", workflow.body.get("permissions"))
    if not isinstance(granted, dict) or any(level != "read" for level in granted.values()):
        reasons.append("it may write")
    around = {key: value for key, value in workflow.body.items() if key in ("env", "defaults")}
    if SECRET.search(yaml.safe_dump([around, dict(job.body)])):
        reasons.append("it names a secret")
    if any("actions/cache" in step.get("uses", "") and not _only_restores(step) for step in job.steps):
        reasons.append("it writes to the cache")
    return reasons


def _only_restores(step: Mapping[str, Any]) -> bool:
    return str(step["uses"]).startswith("actions/cache/restore@")


def strangers_reach(workflows: list[Workflow]) -> set[str]:
    """Return the files of the workflows that a stranger's pull request, issue or comment can set off."""
    reached = {workflow.file for workflow in workflows if workflow.triggers.keys() - OURS}
    while True:
        called = {
            str(job.body["uses"]).split("@")[0].rpartition("/")[2]
            for workflow in workflows
            if workflow.file in reached
            for job in workflow.jobs
            if "uses" in job.body
        }
        if called <= reached:
            return reached
        reached |= called


def find_exposed(workflows: list[Workflow]) -> Iterator[str]:
    """Return each job that holds something worth stealing and that a stranger, or another branch, can reach.

    In a workflow that strangers reach, only a whole and literal `if` for a push to main guards a job: nobody
    but who may push to main passes it.
    """
    reached = strangers_reach(workflows)
    for workflow in workflows:
        for job in workflow.jobs:
            reasons = ", ".join(reasons_to_guard(workflow, job))
            if not reasons:
                continue
            terms = str(job.body.get("if", "")).strip("${} ").split(" && ")
            if MAIN not in terms or "||" in str(job.body.get("if")):
                yield f"{job.place}: {reasons}, and a branch other than main reaches it"
            if workflow.file in reached and (
                "github.event_name == 'push'" not in terms or "||" in str(terms)
            ):
                yield f"{job.place}: {reasons}, and a pull request reaches it"


def find_faults(workflows: list[Workflow]) -> Iterator[str]:
    """Return what in the workflows is not as SECURITY.md promises, but for exposed jobs."""
    for workflow in workflows:
        if workflow.body.get("permissions") != {}:
            yield f"{workflow.file}: permissions at the top are not {{}}"
        if "concurrency" not in workflow.body:
            yield f"{workflow.file}: no concurrency"
        for trigger in ("pull_request_target", "workflow_run", "issue_comment"):
            if trigger in workflow.triggers:
                yield f"{workflow.file}: {trigger} brings a stranger's words to our permissions"
        for line in workflow.text.splitlines():
            if "uses:" in line and not PINNED_LINE.fullmatch(
                line.strip().replace("uses:", "- uses:", 1).replace("- - ", "- ")
            ):
                yield f"{workflow.file}: not pinned with its version beside: {line.strip()}"
        for job in workflow.jobs:
            yield from _faults_of(job)
            yield from _find_unpinned_downloads(workflow, job)


def _faults_of(job: Job) -> Iterator[str]:
    if "permissions" not in job.body:
        yield f"{job.place}: says nothing of its permissions"
    if "timeout-minutes" not in job.body:
        yield f"{job.place}: no time limit"
    for step in job.steps:
        if "uses" in step and not PINNED.fullmatch(step["uses"]):
            yield f"{job.place}: {step['uses']} is not pinned"
        if step.get("uses", "").startswith("actions/checkout@"):
            if step.get("with", {}).get("persist-credentials") is not False:
                yield f"{job.place}: checkout leaves its credentials behind"
            if {"ref", "repository", "token", "ssh-key"} & step.get("with", {}).keys():
                yield f"{job.place}: checkout of something else than what set the workflow off"
        inputs = step.get("with", {})
        if "actions/upload-artifact@" in step.get("uses", "") and inputs.get("overwrite") is not True:
            yield f"{job.place}: a rerun cannot upload what is already there: {inputs.get('name')}"
        if "${{" in str(step.get("run", "")):
            yield f"{job.place}: an expression becomes part of a script: hand it over in env"


def _find_unpinned_downloads(workflow: Workflow, job: Job) -> Iterator[str]:
    """Return the downloads of something that another job of the run could have replaced.

    Only what is inspected may be downloaded by a pattern. Every other artifact is downloaded by the ID that
    the job which uploaded it hands on; an ID that is empty would stand for every artifact.
    """
    for step in job.steps:
        inputs = step.get("with", {})
        if "actions/download-artifact@" not in step.get("uses", "") or inputs.get("pattern") in INSPECTED:
            continue
        found = OUTPUT_ID.fullmatch(str(inputs.get("artifact-ids", "")))
        if not found or "name" in inputs:
            yield f"{job.place}: downloads what another job can replace: {inputs}"
            continue
        uploader = workflow.body["jobs"].get(found["job"], {})
        output = UPLOADED_ID.fullmatch(str(uploader.get("outputs", {}).get(found["output"], "")))
        uploads = {step.get("id"): step.get("uses", "") for step in uploader.get("steps", [])}
        if found["job"] not in job.body.get("needs", []) or not output:
            yield f"{job.place}: the ID of the download is empty: {inputs['artifact-ids']}"
        elif UPLOADS.get(uploads.get(output["step"], "").split("@")[0]) != output["name"]:
            yield f"{job.place}: the ID of the download is not that of an upload: {inputs['artifact-ids']}"
