"""The commands about records: `status`, `check`, `drift`, `import-records`."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from cardbook.base.document import shorten
from cardbook.base.errors import InputError, Problem, to_lines
from cardbook.base.paths import ProjectPaths
from cardbook.cli.options import (
    bad_input_reported,
    device_option,
    json_option,
    make_console,
    max_age_option,
    project_options,
    refuse_blocked,
    tolerance_options,
    with_age_limit,
)

if TYPE_CHECKING:
    from cardbook.records.status import Project, Status

COLOURS = {"fresh": "green", "stale": "yellow", "failed": "red", "missing": "red", "skipped": "cyan"}


@click.command()
@project_options
@device_option
@click.option("--site", metavar="URL-OR-DIR", help="Compare a published site with this checkout instead.")
@json_option
def status(
    root: Path, profile: str, records: Path | None, device: str | None, site: str | None, *, as_json: bool
) -> None:
    """List every example as fresh, stale, failed, missing or skipped, with the reason.

    With --site, report whether a published site shows what this checkout would run; fail if it does not.
    """
    from cardbook.records.status import load_project, statuses_of

    with bad_input_reported():
        project = load_project(root, profile, records, device)
        summary = [] if site is not None or as_json else list(_summarize(project))
    if site is not None:
        _compare_site(project, site, as_json=as_json)
    statuses = statuses_of(project)
    if as_json:
        click.echo(json.dumps([_as_object(status) for status in statuses], indent=2))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None)
    for heading in ("example", "state", "device", "time", "peak memory", "age"):
        table.add_column(heading, no_wrap=True)
    table.add_column("reason")
    for row in statuses:
        # As Text, because untrusted text is not markup.
        cells = map(Text, (*_measurements(row), "; ".join(row.reasons)))
        table.add_row(row.name, Text(row.state, COLOURS[row.state]), *cells)
    if statuses:
        make_console().print(table)
    for line in summary:
        click.echo(line)
    for warning in to_lines(project.book.warnings):
        click.echo(f"warning: {warning}", err=True)


def _summarize(project: "Project") -> Iterator[str]:
    """Return the numbers of chapters, cards and examples, and what an author should check."""
    from cardbook.source.card_dates import describe_undated, undated_cards

    book = project.book
    yield f"chapters: {len(book.chapters)}, cards: {len(book.entries)}, examples: {len(book.examples)}"
    corrections = [item for entry in book.entries for item in entry.corrections]
    unread = sum(item.unread for item in corrections)
    yield f"corrections: {len(corrections)}, with a source that nobody has read: {unread}"
    yield f"omitted cards: {len(book.omitted)}"
    for item in book.omitted:
        yield f"  {item.deck}: {shorten(item.title)}: {shorten(item.reason)}"
    if book.name:
        undated = undated_cards(book, project.dates)
        yield describe_undated(undated) if undated else "new, or changed since they were dated: 0 cards"


def _compare_site(project: "Project", site: str, *, as_json: bool) -> NoReturn:
    from cardbook.verify.published import PublishedSiteError, compare_site, read_site

    try:
        compared = compare_site(project, read_site(site))
    except PublishedSiteError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in compared], indent=2))
        sys.exit(0 if all(row.state == "same" for row in compared) else 1)
    from rich.table import Table
    from rich.text import Text

    table = Table("example", "state", "ran", "device", "reason", box=None)
    for row in compared:
        # As Text, because untrusted text is not markup.
        table.add_row(row.name, row.state, row.started, Text(row.device), Text("; ".join(row.reasons)))
    make_console().print(table)
    sys.exit(0 if all(row.state == "same" for row in compared) else 1)


def _measurements(row: "Status") -> tuple[str, str, str, str]:
    """Return device, duration, peak memory and age as the table shows them."""
    from datetime import UTC, datetime

    if row.record is None:
        return "", "", "", ""
    provenance = row.record.provenance
    age = datetime.now(UTC) - datetime.fromisoformat(provenance.started)
    hours = int(age.total_seconds() // 3600)
    return (
        provenance.device,
        f"{provenance.seconds:.1f} s",
        f"{provenance.peak_memory / 1e6:.0f} MB",
        f"{hours // 24} d {hours % 24} h",
    )


def _as_object(row: "Status") -> dict[str, Any]:
    provenance = row.record.provenance if row.record else None
    return {
        "example": row.name,
        "state": row.state,
        "reasons": list(row.reasons),
        "fingerprint": provenance.fingerprint if provenance else None,
        "device": provenance.device if provenance else None,
        "started": provenance.started if provenance else None,
        "seconds": provenance.seconds if provenance else None,
        "peak_memory": provenance.peak_memory if provenance else None,
    }


@click.command()
@project_options
@device_option
@max_age_option(
    None, "Also fail if a record is older than this many days; default: max_age_days in book.yml."
)
def check(
    root: Path, profile: str, records: Path | None, device: str | None, *, max_age: int | str | None
) -> None:
    """Fail unless every record is fresh, complete and recent enough, and every changed card has its date."""
    from cardbook.records.status import load_project, publication_blockers, statuses_of

    with bad_input_reported():
        project = load_project(root, profile, records, device)
        _refuse_undated(project)
    statuses = statuses_of(with_age_limit(project, max_age))
    refuse_blocked(publication_blockers(project, statuses))
    click.echo(f"{len(statuses)} examples may be published." if statuses else "The book may be published.")


def _refuse_undated(project: "Project") -> None:
    """Raise InputError if a card has changed since its date."""
    from datetime import UTC, datetime

    from cardbook.source.card_dates import check_dates

    if problems := check_dates(project.root, project.book, datetime.now(UTC)):
        raise InputError(problems)


@click.command()
@click.argument("base", type=click.Path(path_type=Path, exists=True, file_okay=False))
@project_options
@tolerance_options
@click.option("--markdown", is_flag=True, help="Write the report as Markdown, for a pull request.")
@click.option(
    "--images",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write figures that differ into this folder, side by side.",
)
@json_option
def drift(
    base: Path,
    root: Path,
    profile: str,
    records: Path | None,
    numbers: float,
    figures: float,
    *,
    markdown: bool,
    images: Path | None,
    as_json: bool,
) -> None:
    """Report how today's outputs differ from the records in the folder BASE; fail if they differ."""
    from cardbook.records.comparison import Tolerance
    from cardbook.records.drift import compare_records
    from cardbook.records.drift_report import to_markdown, to_object, to_text, write_images
    from cardbook.records.store import RecordSet

    now = records or ProjectPaths(root).records(profile)
    tolerance = Tolerance(numbers, figures)
    drifts = compare_records(RecordSet(base), RecordSet(now), tolerance)
    with bad_input_reported():
        if not drifts:
            raise InputError([Problem(str(base), 0, "no records here", "name a folder of records")])
    pictures = write_images(drifts, images) if images else {}
    if as_json:
        click.echo(json.dumps([to_object(item) for item in drifts], ensure_ascii=False, indent=2))
    else:
        click.echo(to_markdown(drifts, tolerance, pictures) if markdown else to_text(drifts))
    sys.exit(1 if any(item.drifted for item in drifts) else 0)


@click.command("import-records")
@click.argument(
    "folders", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False)
)
@project_options
@device_option
def import_records(
    folders: Sequence[Path], root: Path, profile: str, records: Path | None, device: str | None
) -> None:
    """Inspect records from other machines and store those that are fresh.

    If a FOLDER contains anything that a run of this book does not write, none is stored.
    """
    from cardbook.records.ingestion import read_incoming, store_records, summarize
    from cardbook.records.status import load_project

    with bad_input_reported():
        project = load_project(root, profile, records, device)
    try:
        incoming = read_incoming(project, folders)
    except InputError as error:
        click.echo(f"{error}\nNo record was stored.", err=True)
        sys.exit(1)
    store_records(project, incoming, click.echo)
    names = [name for name, plan in project.plans.items() if not plan.options.skip]
    for line in summarize(incoming, names):
        click.echo(line)


COMMANDS = (status, check, drift, import_records)
