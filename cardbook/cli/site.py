"""The commands about the site: `pages`, `site`, `serve`, `verify`, `mark-verified`."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardbook.base.paths import ProjectPaths
from cardbook.cli.options import (
    bad_input_reported,
    device_option,
    interruption_reported,
    jobs_option,
    json_option,
    profile_option,
    project_options,
    refuse_blocked,
    root_option,
    tolerance_options,
)
from cardbook.cli.source import date_changed_cards

if TYPE_CHECKING:
    from cardbook.verify.results import VerifiedExample


@click.command()
@project_options
@device_option
@click.option("--check", "only_check", is_flag=True, help="Write nothing; fail if a page differs.")
def pages(root: Path, profile: str, records: Path | None, device: str | None, *, only_check: bool) -> None:
    """Write the generated Markdown, notebooks, scripts and figures into docs/."""
    from cardbook.pages.generate import compare_pages, make_pages, write_pages
    from cardbook.records.status import load_project, publication_blockers, statuses_of

    with bad_input_reported():
        project = load_project(root, profile, records, device)
        statuses = statuses_of(project)
        refuse_blocked(publication_blockers(project, statuses))
        files = make_pages(project, statuses)
    if not only_check:
        with bad_input_reported():
            changed = write_pages(root / "docs", files)
        click.echo(f"{len(files)} files generated in docs/, {len(changed)} of them changed.")
        return
    for path in (different := compare_pages(root / "docs", files)):
        click.echo(f"docs/{path}: differs from what cardbook pages would write", err=True)
    sys.exit(1 if different else 0)


@click.command()
@root_option
@profile_option
@click.option("--address", default="127.0.0.1:8000", show_default=True, help="Where to serve.")
def serve(root: Path, profile: str, address: str) -> None:
    """Serve a live preview; an edit to a card or an example appears on the page within seconds."""
    from cardbook.site.serve import serve_preview

    with bad_input_reported():
        serve_preview(root, profile, address, click.echo)


@click.command()
@project_options
@click.option("--update-dates", is_flag=True, help="Date the cards that have changed, before anything else.")
@interruption_reported()
def site(root: Path, profile: str, records: Path | None, *, update_dates: bool) -> None:
    """Build site/: models, runs, pages and MkDocs; a no-op if nothing has changed."""
    from cardbook.site.build import PublicationError, make_site
    from cardbook.site.build_stamp import SitePaths

    if update_dates:
        date_changed_cards(root)
    paths = SitePaths(root, profile, (records or ProjectPaths(root).records(profile)).resolve())
    try:
        with bad_input_reported():
            make_site(paths, click.echo)
    except PublicationError as error:
        refuse_blocked([str(error)])


@click.command()
@click.argument("site", type=click.Path(path_type=Path, exists=True, file_okay=False))
@root_option
@profile_option
@tolerance_options
@jobs_option
@click.option(
    "--pip", "with_pip", is_flag=True, help="Install with pip; by default, installed packages are linked."
)
@click.option("--uv", "with_uv", is_flag=True, help="Install with uv, from each script's own metadata.")
@click.option("--mark", is_flag=True, help="Write on the pages which examples passed, and when.")
@json_option
def verify(
    site: Path,
    root: Path,
    profile: str,
    numbers: float,
    figures: float,
    *,
    jobs: int | None,
    with_pip: bool,
    with_uv: bool,
    mark: bool,
    as_json: bool,
) -> None:
    """Run what a reader copies or downloads from the built SITE, in clean interpreters."""
    from cardbook.records.comparison import Tolerance
    from cardbook.records.status import load_project
    from cardbook.verify.marks import mark_pages
    from cardbook.verify.verification import VerifyOptions, verify_site

    def log(item: "VerifiedExample") -> None:
        if as_json:
            return
        faults = [result for result in item.results if result.fault]
        click.echo(f"{item.example}: {len(item.results) - len(faults)} of {len(item.results)} checks passed")
        for result in faults:
            click.echo(f"{item.example}: {result.place}: {result.fault}", err=True)

    with bad_input_reported():
        project = load_project(root, profile)
    if with_pip and with_uv:
        raise click.UsageError("choose --pip or --uv")
    options = VerifyOptions(
        Tolerance(numbers, figures),
        jobs or project.environment.jobs,
        "pip" if with_pip else "uv" if with_uv else "links",
    )
    verified = verify_site(project, site.resolve(), options, log)
    if mark:
        mark_pages(site, verified)
    if as_json:
        click.echo(json.dumps([asdict(item) | {"passed": item.passed} for item in verified], indent=2))
    else:
        click.echo(f"{sum(item.passed for item in verified)} of {len(verified)} examples run as copied.")
    sys.exit(0 if all(item.passed for item in verified) else 1)


@click.command("mark-verified")
@click.argument("site", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("report", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@root_option
@profile_option
def mark_verified(site: Path, report: Path, root: Path, profile: str) -> None:
    """Mark the pages of SITE as verified, after inspecting another machine's REPORT of `verify`.

    If the report contains a failure or belongs to another site, fail and leave the pages unchanged.
    """
    from cardbook.base.errors import UntrustedInputError
    from cardbook.records.status import load_project
    from cardbook.verify.marks import mark_pages
    from cardbook.verify.report import read_verify_report

    with bad_input_reported():
        project = load_project(root, profile)
    try:
        verified = read_verify_report(project, site.resolve(), report)
    except UntrustedInputError as error:
        click.echo(f"{report}: {error}: do not publish this site until you know the reason", err=True)
        sys.exit(1)
    mark_pages(site, verified)
    click.echo(f"{len(verified)} examples are marked as copied and run again.")


COMMANDS = (pages, site, serve, verify, mark_verified)
