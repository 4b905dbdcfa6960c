"""The command line. Each command exits 0 only when what it promises holds; 2 for bad usage or bad input."""

import gc
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from cardbook.base.errors import InputError, Problem
from cardbook.base.paths import ProjectPaths
from cardbook.models.manifest import PROFILES

# Each command imports what it needs itself: none should wait for what only another needs.
if TYPE_CHECKING:
    from rich.console import Console

    from cardbook.records.status import Project, Status

FROM_BOOK = "book"
# How many new objects the garbage collector waits for; Python's own 700 suit programs that run for long.
GC_THRESHOLD = 50_000
COLOURS = {"fresh": "green", "stale": "yellow", "failed": "red", "missing": "red", "skipped": "cyan"}

root_option = click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=".",
    callback=lambda _context, _parameter, path: path.resolve(),
    help="The folder with book.yml, flashcards/ and examples/; default: here.",
)
profile_option = click.option(
    "--profile",
    type=click.Choice(PROFILES),
    default="offline",
    show_default=True,
    envvar="CARDBOOK_PROFILE",
    help="Where models come from.",
)
records_option = click.option(
    "--records",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="CARDBOOK_RECORDS",
    help="Where records are kept; default: .cardbook/records/PROFILE.",
)
device_option = click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    envvar="CARDBOOK_DEVICE",
    help="The kind of device that records must come from; default: this machine's.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def project_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say which book, which profile, which records."""
    return root_option(profile_option(records_option(command)))


@contextmanager
def bad_input_reported() -> Iterator[None]:
    """Print the problems of bad input to stderr, one a line, and exit with status 2."""
    try:
        yield
    except InputError as error:
        click.echo(str(error), err=True)
        sys.exit(2)


@contextmanager
def interruption_reported() -> Iterator[None]:
    """Say after Ctrl-C that what a run finished is kept, and exit with status 130, as shells expect."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo("Interrupted: what had finished is kept; run again for the rest.", err=True)
        sys.exit(130)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Build a book of flashcards whose every example has really run."""
    gc.set_threshold(GC_THRESHOLD)


@main.command()
@click.argument("decks", nargs=-1, required=True, type=click.Path(path_type=Path))
@root_option
@json_option
def cards(decks: Sequence[Path], root: Path, as_json: bool) -> None:
    """Parse decks and list their cards; a relative DECK is looked for in the root."""
    from cardbook.source.deck import read_deck

    paths = {deck: root / deck for deck in decks}
    missing = [deck for deck, path in paths.items() if not path.is_file()]
    if missing:
        click.echo(
            str(InputError(Problem(str(deck), 0, "no such file", "name a deck") for deck in missing)),
            err=True,
        )
        sys.exit(2)
    parsed = [read_deck(path) for path in paths.values()]
    found = [card for deck in parsed for card in deck.cards]
    if as_json:
        click.echo(json.dumps([asdict(card) for card in found], ensure_ascii=False, indent=2))
    else:
        for deck in parsed:
            click.echo(f"{deck.path}: {len(deck.cards)} cards")
            for card in deck.cards:
                click.echo(f"  {card.line:>5}  {card.title}")
    problems = [problem for deck in parsed for problem in deck.problems]
    if problems:
        click.echo(str(InputError(problems)), err=True)
        sys.exit(2)


@main.command()
@root_option
@profile_option
def models(root: Path, profile: str) -> None:
    """Fill the model store, verified by hash."""
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


@main.command()
@click.argument("names", nargs=-1)
@project_options
@click.option("--jobs", type=click.IntRange(1), help="How many at a time; default: one a core.")
@click.option("--shard", callback=lambda _context, _parameter, text: _read_shard(text), metavar="I/N")
@click.option("--force", is_flag=True, help="Execute fresh examples too.")
@click.option(
    "--repeat",
    type=click.IntRange(1),
    default=1,
    metavar="N",
    help="Execute each example, fresh or not, N times; fail when its output varies undeclared.",
)
@interruption_reported()
def run(
    names: Sequence[str],
    root: Path,
    profile: str,
    records: Path | None,
    jobs: int | None,
    shard: tuple[int, int],
    force: bool,
    repeat: int,
) -> None:
    """Execute what is not fresh and keep the records."""
    from cardbook.records.status import load_project, statuses_of
    from cardbook.run.progress import show_progress
    from cardbook.run.repetition import repeat_examples
    from cardbook.run.scheduler import choose_shard, run_examples

    with bad_input_reported():
        project = load_project(root, profile, records)
        chosen = _choose(project, names)
    if shard != (1, 1):
        durations = {row.name: row.record.provenance.seconds for row in statuses_of(project) if row.record}
        chosen = choose_shard(chosen, durations, *shard)
    jobs = jobs or project.environment.jobs
    with show_progress() as tell:
        statuses = run_examples(project, chosen, jobs, force or repeat > 1, tell)
        repeated = [row.name for row in statuses if row.state == "fresh"]
        varying = repeat_examples(project, repeated, repeat, jobs, tell)
    failed = [status for status in statuses if status.state not in ("fresh", "skipped")]
    fresh = sum(status.state == "fresh" for status in statuses)
    click.echo(f"{fresh} of {len(statuses)} examples are fresh.")
    for status in failed:
        click.echo(f"{status.state}: {'; '.join(status.reasons)}", err=True)
    for message in varying:
        click.echo(message, err=True)
    sys.exit(1 if failed or varying else 0)


def _read_shard(text: str | None) -> tuple[int, int]:
    """Return shard and number of shards from `I/N`; the whole is 1/1."""
    found = re.fullmatch(r"(\d+)/(\d+)", text or "1/1")
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise click.BadParameter("write it as I/N with 1 ≤ I ≤ N, such as 2/3")
    return int(found[1]), int(found[2])


def _choose(project: "Project", names: Sequence[str]) -> list[str]:
    """Return the examples to run: those named, or all. Raises InputError for an unknown name."""
    import difflib

    problems = []
    for name in names:
        if name not in project.plans:
            close = difflib.get_close_matches(name, project.plans, 1)
            remedy = f'did you mean "{close[0]}"?' if close else "see cardbook status"
            problems.append(Problem("book.yml", 0, f'no example "{name}"', remedy))
    if problems:
        raise InputError(problems)
    return list(names or project.book.examples)


@main.command()
@project_options
@device_option
@click.option("--site", metavar="URL-OR-DIR", help="Compare a published site with this checkout instead.")
@json_option
def status(
    root: Path, profile: str, records: Path | None, device: str | None, site: str | None, as_json: bool
) -> None:
    """Tell of each example whether it is fresh, stale (and why), failed, missing or skipped.

    With --site: whether a published site shows what this checkout would run; fails when it does not.
    """
    from cardbook.records.status import load_project, statuses_of

    with bad_input_reported():
        project = load_project(root, profile, records, device)
    if site is not None:
        _compare_site(project, site, as_json)
    statuses = statuses_of(project)
    if as_json:
        click.echo(json.dumps([_as_object(status) for status in statuses], indent=2))
        return
    from rich.table import Table

    table = Table(box=None)
    for heading in ("example", "state", "device", "time", "peak memory", "age"):
        table.add_column(heading, no_wrap=True)
    table.add_column("why")
    for row in statuses:
        state = f"[{COLOURS[row.state]}]{row.state}[/]"
        table.add_row(row.name, state, *_measured(row), "; ".join(row.reasons))
    make_console().print(table)


def _compare_site(project: "Project", site: str, as_json: bool) -> NoReturn:
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

    table = Table("example", "state", "ran", "device", "why", box=None)
    for row in compared:
        # As text: what a site says must not be taken for markup.
        table.add_row(row.name, row.state, row.started, Text(row.device), Text("; ".join(row.reasons)))
    make_console().print(table)
    sys.exit(0 if all(row.state == "same" for row in compared) else 1)


def make_console() -> "Console":
    """Return a console as wide as the terminal, and wide enough for any table where there is none."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=200)


def _measured(row: "Status") -> tuple[str, str, str, str]:
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


@main.command()
@project_options
@device_option
@click.option("--check", "only_check", is_flag=True, help="Write nothing; fail on a difference.")
def pages(root: Path, profile: str, records: Path | None, device: str | None, only_check: bool) -> None:
    """Write the generated Markdown, notebooks, scripts and figures into docs/."""
    from cardbook.pages.generate import compare_pages, make_pages, write_pages
    from cardbook.records.status import load_project, publication_blockers, statuses_of

    with bad_input_reported():
        project = load_project(root, profile, records, device)
        statuses = statuses_of(project)
        _refuse_faults(publication_blockers(project, statuses, None))
        files = make_pages(project, statuses)
    if not only_check:
        changed = write_pages(root / "docs", files)
        click.echo(f"{len(files)} files generated in docs/, {len(changed)} of them changed.")
        return
    for path in (different := compare_pages(root / "docs", files)):
        click.echo(f"docs/{path}: not what cardbook pages would write", err=True)
    sys.exit(1 if different else 0)


@main.command()
@project_options
@device_option
@click.option(
    "--max-age",
    is_flag=False,
    flag_value=FROM_BOOK,
    metavar="[DAYS]",
    callback=lambda _context, _parameter, text: _read_days(text),
    help="How old a record may be; without a number: max_age_days of book.yml.",
)
def check(
    root: Path, profile: str, records: Path | None, device: str | None, max_age: int | str | None
) -> None:
    """Fail unless every record is fresh, whole and young enough, and every changed card is dated."""
    from cardbook.records.status import load_project, publication_blockers, statuses_of

    with bad_input_reported():
        project = load_project(root, profile, records, device)
        statuses = statuses_of(project)
        _refuse_undated(project)
    days = project.book.max_age_days if isinstance(max_age, str) else max_age
    _refuse_faults(publication_blockers(project, statuses, days))
    click.echo(f"{len(statuses)} examples may be published.")


def _read_days(text: str | None) -> int | str | None:
    """Return a number of days; what says that the book's own counts, or that nothing does, as it is."""
    if text is None or text == FROM_BOOK:
        return text
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise click.BadParameter("write a number of days, such as 35")
    return int(text)


def _refuse_undated(project: "Project") -> None:
    """Raise InputError when a card has changed and its date has not."""
    from datetime import UTC, datetime

    from cardbook.source.card_dates import check_dates

    if problems := check_dates(project.root, project.book, datetime.now(UTC)):
        raise InputError(problems)


def _refuse_faults(faults: Sequence[str]) -> None:
    if faults:
        click.echo("\n".join(faults), err=True)
        click.echo("Nothing is published; mend the above, then: cardbook run", err=True)
        sys.exit(1)


@main.command()
@root_option
@json_option
def doctor(root: Path, as_json: bool) -> None:
    """Examine the environment: Python, packages, device, models; fail when something is not as wanted."""
    from rich.table import Table

    from cardbook.cli.doctor import examine

    with bad_input_reported():
        findings = examine(root)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        table = Table("what", "wanted", "found", "", box=None)
        for finding in findings:
            table.add_row(
                finding.what, finding.wanted, finding.found, "" if finding.passed else "[red]mend this[/]"
            )
        make_console().print(table)
    sys.exit(0 if all(finding.passed for finding in findings) else 1)


@main.command()
@root_option
@profile_option
@click.option("--address", default="127.0.0.1:8000", show_default=True, help="Where to serve.")
def serve(root: Path, profile: str, address: str) -> None:
    """Preview the site; an edit to a card or an example is on the page seconds later."""
    from cardbook.site.serve import serve_preview

    with bad_input_reported():
        serve_preview(root, profile, address, click.echo)


@main.command()
@project_options
def site(root: Path, profile: str, records: Path | None) -> None:
    """Make site/: models, runs, pages and the build; does nothing when nothing has changed."""
    from cardbook.site.build import PublicationError, make_site
    from cardbook.site.build_stamp import SitePaths

    place = SitePaths(root, profile, (records or ProjectPaths(root).records(profile)).resolve())
    try:
        with bad_input_reported():
            make_site(place, click.echo)
    except PublicationError as error:
        _refuse_faults([str(error)])
    except KeyboardInterrupt:
        click.echo("Interrupted: what had finished is kept; run again for the rest.", err=True)
        sys.exit(130)


def tolerance_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say how much outputs may differ."""
    number = click.option(
        "--numbers",
        type=click.FloatRange(0),
        default=1e-3,
        show_default=True,
        help="How much decimal numbers may differ, as a share of the larger.",
    )
    figure = click.option(
        "--figures",
        type=click.FloatRange(0),
        default=6.0,
        show_default=True,
        help="How much figures may differ: a distance of colours, 0 to 100.",
    )
    return number(figure(command))


@main.command()
@click.argument("base", type=click.Path(path_type=Path, exists=True, file_okay=False))
@project_options
@tolerance_options
@click.option("--markdown", is_flag=True, help="Write the report as Markdown, for a pull request.")
@click.option("--images", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@json_option
def drift(
    base: Path,
    root: Path,
    profile: str,
    records: Path | None,
    numbers: float,
    figures: float,
    markdown: bool,
    images: Path | None,
    as_json: bool,
) -> None:
    """Tell what the outputs of two record sets differ in: those in the folder BASE, and today's.

    With --images, figures that differ are put there side by side. Fails when something drifted.
    """
    from cardbook.records.comparison import Tolerance
    from cardbook.records.drift import compare_records
    from cardbook.records.drift_report import to_markdown, to_object, to_text, write_images
    from cardbook.records.store import RecordSet

    now = records or ProjectPaths(root).records(profile)
    tolerance = Tolerance(numbers, figures)
    drifts = compare_records(RecordSet(base), RecordSet(now), tolerance)
    if not drifts:
        click.echo(
            str(InputError([Problem(str(base), 0, "no records here", "name a folder of records")])), err=True
        )
        sys.exit(2)
    pictures = write_images(drifts, images) if images else {}
    if as_json:
        click.echo(json.dumps([to_object(item) for item in drifts], ensure_ascii=False, indent=2))
    else:
        click.echo(to_markdown(drifts, tolerance, pictures) if markdown else to_text(drifts))
    sys.exit(1 if any(item.drifted for item in drifts) else 0)


@main.command()
@click.argument("site", type=click.Path(path_type=Path, exists=True, file_okay=False))
@root_option
@profile_option
@tolerance_options
@click.option("--jobs", type=click.IntRange(1), help="How many at a time; default: one a core.")
@click.option("--pip", "with_pip", is_flag=True, help="Install with pip, not by links to what is here.")
@click.option("--stamp", is_flag=True, help="Say on the pages which examples passed, and when.")
@json_option
def verify(
    site: Path,
    root: Path,
    profile: str,
    numbers: float,
    figures: float,
    jobs: int | None,
    with_pip: bool,
    stamp: bool,
    as_json: bool,
) -> None:
    """Run, in clean interpreters, exactly what a reader copies or downloads from the built SITE."""
    from cardbook.records.comparison import Tolerance
    from cardbook.records.status import load_project
    from cardbook.verify.checks import VerifiedExample, VerifyOptions, verify_site
    from cardbook.verify.marks import stamp_site

    def tell(item: VerifiedExample) -> None:
        if as_json:
            return
        faults = [verdict for verdict in item.results if verdict.fault]
        click.echo(f"{item.example}: {len(item.results) - len(faults)} of {len(item.results)} checks passed")
        for verdict in faults:
            click.echo(f"{item.example}: {verdict.place}: {verdict.fault}", err=True)

    with bad_input_reported():
        project = load_project(root, profile)
    terms = VerifyOptions(Tolerance(numbers, figures), jobs or project.environment.jobs, with_pip)
    verified = verify_site(project, site.resolve(), terms, tell)
    if stamp:
        stamp_site(site, verified)
    if as_json:
        click.echo(json.dumps([asdict(item) | {"passed": item.passed} for item in verified], indent=2))
    else:
        click.echo(f"{sum(item.passed for item in verified)} of {len(verified)} examples run as copied.")
    sys.exit(0 if all(item.passed for item in verified) else 1)


@main.command()
@root_option
def dates(root: Path) -> None:
    """Note in card-dates.yml when the cards that have changed did so: now."""
    from datetime import UTC, datetime

    from cardbook.source.book import read_book
    from cardbook.source.card_dates import edition_cards, read_dates, write_dates

    with bad_input_reported():
        before, after = read_dates(root), edition_cards(root, read_book(root), datetime.now(UTC))
    write_dates(root, after)
    changed = [card_id for card_id, dated in after.items() if before.get(card_id) != dated]
    click.echo(f"{len(changed)} of {len(after)} cards changed: {', '.join(changed) or 'none'}")


@main.command("import")
@click.argument(
    "folders", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False)
)
@project_options
@device_option
def import_records(
    folders: Sequence[Path], root: Path, profile: str, records: Path | None, device: str | None
) -> None:
    """Take over the records that other machines made, after looking whether they are what was asked for.

    Nothing is taken over when a FOLDER holds anything that an honest run does not leave.
    """
    from cardbook.records.ingestion import read_incoming, store_records, summarize
    from cardbook.records.status import load_project

    with bad_input_reported():
        project = load_project(root, profile, records, device)
    try:
        incoming = read_incoming(project, folders)
    except InputError as error:
        click.echo(f"{error}\nNothing was taken over.", err=True)
        sys.exit(1)
    store_records(project, incoming, click.echo)
    names = [name for name, plan in project.plans.items() if not plan.options.skip]
    for line in summarize(incoming, names):
        click.echo(line)


@main.command()
@click.argument("site", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("report", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@root_option
@profile_option
def stamp(site: Path, report: Path, root: Path, profile: str) -> None:
    """Say on the pages of SITE that they were verified, as another machine's REPORT of `verify` has it.

    Fails, and leaves the pages as they are, where the report does not speak well of this very site.
    """
    from cardbook.records.status import load_project
    from cardbook.records.validation import UntrustedInputError
    from cardbook.verify.marks import stamp_site
    from cardbook.verify.report import read_verify_report

    with bad_input_reported():
        project = load_project(root, profile)
    try:
        verified = read_verify_report(project, site.resolve(), report)
    except UntrustedInputError as error:
        click.echo(f"{report}: {error}: do not publish what it speaks of until you know why", err=True)
        sys.exit(1)
    stamp_site(site, verified)
    click.echo(f"The pages say of {len(verified)} examples that they were copied and run again.")
