"""Carries out the jobs of a workflow file in order, each in its own folder."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from tools.rehearsal.actions import ActionError, Stage, use
from tools.rehearsal.expressions import evaluate, fill, to_text

STATUS_FUNCTIONS = ("success(", "failure(", "cancelled(", "always(")
# Steps that cannot run here: the first runs this rehearsal, the second asks a database online.
NOT_RUN = ("bash .ci/run", "make audit")
Fault = Callable[[str, int, Path], bool]


@dataclass
class Attempt:
    """The inputs of one attempt of a workflow run, and its results by job and number in the matrix.

    `variables` are the repository's. `folder` stands for GitHub's services, the address `hub` for the
    Hugging Face Hub. `before` is called before each job, with its name, its number and `folder`; if it
    returns true, the job's machine is lost.
    """

    github: Mapping[str, Any]
    inputs: Mapping[str, Any]
    variables: Mapping[str, str]
    folder: Path
    hub: str
    log: Callable[[str], None]
    before: Fault | None = None
    results: dict[str, dict[int, str]] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    printed: list[str] = field(default_factory=list)


def run_workflow(file: Path, attempt: Attempt) -> dict[str, str]:
    """Run the jobs that have not succeeded in an earlier attempt; return each job's result."""
    workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
    results: dict[str, str] = {}
    for name, job in workflow["jobs"].items():
        needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
        ancestors = _ancestors(workflow["jobs"], name)
        failed = any(results[needed] in ("failure", "skipped") for needed in ancestors)
        context = {
            "github": attempt.github,
            "inputs": attempt.inputs,
            "vars": attempt.variables,
            "env": workflow.get("env", {}),
            "needs": {n: {"result": results[n], "outputs": attempt.outputs.get(n, {})} for n in needs},
        }
        # A job after a failed one is skipped, which does not count as a failure.
        functions = _functions(
            not_all_succeeded=failed, some_failed=any(results[needed] == "failure" for needed in ancestors)
        )
        if not _holds(job.get("if"), context, functions):
            results[name] = "skipped"
        else:
            results[name] = _run_matrix(workflow, name, job, context, attempt)
        attempt.log(f"{name}: {results[name]}")
    return results


def _ancestors(jobs: Mapping[str, Any], name: str) -> set[str]:
    needs = jobs[name].get("needs", [])
    direct = {needs} if isinstance(needs, str) else set(needs)
    return direct.union(*(_ancestors(jobs, needed) for needed in direct))


def _functions(
    work: Path | None = None, *, not_all_succeeded: bool = False, some_failed: bool = False
) -> dict[str, Any]:
    return {
        "success": lambda: not not_all_succeeded,
        "failure": lambda: some_failed,
        "cancelled": lambda: False,
        "always": lambda: True,
        "fromJSON": json.loads,
        "toJSON": partial(json.dumps, indent=2),
        "hashFiles": lambda pattern: "0" * 64 if work and any(work.glob(pattern)) else "",
    }


def _holds(condition: str | None, context: Mapping[str, Any], functions: dict[str, Any]) -> bool:
    """Return whether an `if` holds; one without a status function also requires that nothing failed."""
    text = "true" if condition is None else str(condition).removeprefix("${{").removesuffix("}}")
    if not any(function in text for function in STATUS_FUNCTIONS) and not functions["success"]():
        return False
    return bool(evaluate(text, context, functions))


def _run_matrix(
    workflow: Mapping[str, Any], name: str, job: Mapping[str, Any], context: dict[str, Any], attempt: Attempt
) -> str:
    matrix = fill(job.get("strategy", {}).get("matrix", {}), context, _functions())
    ((axis, values),) = matrix.items() if matrix else [("", [""])]
    results = attempt.results.setdefault(name, {})
    for number, value in enumerate(values):
        # A rerun runs again what failed, and what needs a job that ran again.
        if results.get(number) == "success" and not context["needs"]:
            continue
        here = {**context, "matrix": {axis: value}, "strategy": {"job-index": number}}
        with_env = {**workflow.get("env", {}), **job.get("env", {})}
        here["env"] = fill(with_env, here, _functions())
        if attempt.before and attempt.before(name, number, attempt.folder):
            attempt.log(f"  {name}: its machine is lost")
            results[number] = "failure"
        else:
            results[number] = "success" if _run_job(name, job, here, attempt) else "failure"
    return "success" if set(results.values()) == {"success"} else "failure"


def _run_job(name: str, job: Mapping[str, Any], context: dict[str, Any], attempt: Attempt) -> bool:
    work = attempt.folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    failed, context["steps"] = False, {}
    for step in job["steps"]:
        functions = _functions(work, not_all_succeeded=failed, some_failed=failed)
        label = step.get("name") or step.get("uses", "").split("@")[0]
        if not _holds(step.get("if"), context, functions):
            continue
        try:
            remark, outputs = _run_step(step, job, context, functions, Stage(attempt.folder, work), attempt)
            context["steps"][step.get("id", label)] = {"outputs": outputs}
        except ActionError as error:
            remark = f"FAILED: {error}"
            failed = failed or not step.get("continue-on-error", False)
        attempt.log(f"  {name}: {label}" + (f": {remark}" if remark else ""))
    filled = fill(
        job.get("outputs", {}), context, _functions(work, not_all_succeeded=failed, some_failed=failed)
    )
    attempt.outputs[name] = {key: to_text(value) for key, value in filled.items()}
    return not failed


def _run_step(
    step: Mapping[str, Any],
    job: Mapping[str, Any],
    context: Mapping[str, Any],
    functions: dict[str, Any],
    stage: Stage,
    attempt: Attempt,
) -> tuple[str, dict[str, str]]:
    if "uses" in step:
        return use(stage, step["uses"], fill(step.get("with", {}), context, functions), job)
    if step["run"].strip() in NOT_RUN:
        return f"not run here: {step['run'].strip()}", {}
    variables = {**context["env"], **fill(step.get("env", {}), context, functions)}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    outcome = subprocess.run(
        command,
        cwd=stage.work,
        env={**_variables(attempt), **{key: to_text(value) for key, value in variables.items()}},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    attempt.printed += outcome.stdout.splitlines()
    if outcome.returncode:
        raise ActionError(f"exit status {outcome.returncode}\n" + _indented(outcome.stdout))
    return "", {}


def _variables(attempt: Attempt) -> dict[str, str]:
    """Return the variables of a runner: nothing of this process but PATH, with a stub of gh in front."""
    folder = attempt.folder
    return {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "HOME": str(folder / "home"),
        "LANG": "C.UTF-8",
        "CI": "true",
        "HF_ENDPOINT": attempt.hub,
        "GITHUB_SERVER_URL": folder.as_uri(),
        "GITHUB_REPOSITORY": "remote",
        "GITHUB_RUN_ID": str(attempt.github["run_id"]),
        "GITHUB_SHA": str(attempt.github["sha"]),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
    }


def _indented(text: str) -> str:
    return "\n".join(f"      {line}" for line in text.splitlines()[-15:])
