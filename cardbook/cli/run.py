"""The commands about running: `models`, `run`, `doctor`."""

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardbook.base.errors import InputError, Problem
from cardbook.cli.options import (
    FROM_BOOK,
    bad_input_reported,
    interruption_reported,
    jobs_option,
    json_option,
    make_console,
    max_age_option,
    profile_option,
    project_options,
    root_option,
    with_age_limit,
)

if TYPE_CHECKING:
    from cardbook.records.status import Project


@click.command()
@root_option
@profile_option
def models(root: Path, profile: str) -> None:
    """Fill the model store; verify every file by hash."""
    from cardbook.models.download import ModelFetchError, fill
    from cardbook.models.manifest import read_models
    from cardbook.models.store import ModelStore

    with bad_input_reported():
        known = read_models(root)
    try:
        fill(ModelStore(root), known, profile, click.echo)
    except ModelFetchError as error:
        click.echo(str(error), err=True)
        sys.exit(1)


@click.command()
@click.argument("names", nargs=-1)
@project_options
@jobs_option
@click.option(
    "--shard",
    callback=lambda _context, _parameter, text: _read_shard(text),
    metavar="I/N",
    help="Execute only part I of N of the examples.",
)
@click.option("--force", is_flag=True, help="Also execute fresh examples.")
@max_age_option(FROM_BOOK, "Also execute examples with older records; default: max_age_days in book.yml.")
@click.option(
    "--repeat",
    type=click.IntRange(1),
    default=1,
    metavar="N",
    help="Execute each example, fresh or not, N times; fail if an output without the tag `varies` differs.",
)
@interruption_reported()
def run(
    names: Sequence[str],
    root: Path,
    profile: str,
    records: Path | None,
    *,
    jobs: int | None,
    shard: tuple[int, int],
    force: bool,
    max_age: int | str | None,
    repeat: int,
) -> None:
    """Execute the examples whose records are not fresh, or too old, and store their records."""
    from cardbook.records.status import load_project, statuses_of
    from cardbook.run.progress import show_progress
    from cardbook.run.repetition import repeat_examples
    from cardbook.run.scheduler import choose_shard, run_examples

    with bad_input_reported():
        project = load_project(root, profile, records)
        project = with_age_limit(project, max_age)
        chosen = _choose(project, names)
    if shard != (1, 1):
        durations = {row.name: row.record.provenance.seconds for row in statuses_of(project) if row.record}
        chosen = choose_shard(chosen, durations, *shard)
    jobs = jobs or project.environment.jobs
    with show_progress() as on_event:
        statuses = run_examples(project, chosen, jobs, on_event, force=force or repeat > 1)
        repeated = [row.name for row in statuses if row.state == "fresh"]
        varying = repeat_examples(project, repeated, repeat, jobs, on_event)
    failed = [status for status in statuses if status.state not in ("fresh", "skipped")]
    fresh = sum(status.state == "fresh" for status in statuses)
    click.echo(f"{fresh} of {len(statuses)} examples are fresh.")
    for status in failed:
        click.echo(f"{status.state}: {'; '.join(status.reasons)}", err=True)
    for message in varying:
        click.echo(message, err=True)
    sys.exit(1 if failed or varying else 0)


def _read_shard(text: str | None) -> tuple[int, int]:
    """Return the shard and the number of shards that `I/N` names; without a text, 1 of 1."""
    found = re.fullmatch(r"(\d+)/(\d+)", text or "1/1")
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise click.BadParameter("write it as I/N with 1 ≤ I ≤ N, such as 2/3")
    return int(found[1]), int(found[2])


def _choose(project: "Project", names: Sequence[str]) -> list[str]:
    """Return the examples to run: those named, or all. Raises InputError for an unknown name."""
    from cardbook.base.document import did_you_mean

    known = list(project.plans)
    problems = [
        Problem("book.yml", 0, f'no example "{name}"', did_you_mean(name, known, "see cardbook status"))
        for name in names
        if name not in project.plans
    ]
    if problems:
        raise InputError(problems)
    return list(names or project.book.examples)


@click.command()
@root_option
@click.option("--gpu", is_flag=True, help="Check whether this machine can be a runner with a GPU.")
@json_option
def doctor(root: Path, *, gpu: bool, as_json: bool) -> None:
    """Check Python, packages, device and models; fail if a requirement is not met."""
    from rich.table import Table
    from rich.text import Text

    if gpu:
        from cardbook.cli.doctor_gpu import examine_gpu as examine
    else:
        from cardbook.cli.doctor import examine

    with bad_input_reported():
        findings = examine(root)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        table = Table("what", "required", "found", "missing", box=None)
        for finding in findings:
            remedy = "" if finding.passed else finding.remedy
            table.add_row(finding.what, finding.wanted, Text(finding.found), Text(remedy, "red"))
        make_console().print(table)
    sys.exit(0 if all(finding.passed for finding in findings) else 1)


COMMANDS = (models, run, doctor)
