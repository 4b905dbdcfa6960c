"""The state of each example: fresh, stale, failed, missing or skipped, and the reason."""

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path

from cardbook.base.cache import Cache
from cardbook.base.errors import InputError, Problem
from cardbook.base.paths import ProjectPaths
from cardbook.models.manifest import Model, read_models
from cardbook.models.store import ModelStore, Stored
from cardbook.records.environment import Environment, device_class, read_environment
from cardbook.records.fingerprint import Fingerprint, Parts, check_models, compute_fingerprint, explain
from cardbook.records.inputs import hash_data
from cardbook.records.store import CorruptRecordError, Record, RecordSet
from cardbook.source.book import Book, ExampleOptions, read_book
from cardbook.source.card_dates import CardEdition, read_dates
from cardbook.source.example import Example, imports_of, read_example, select_prose, set_parameters
from cardbook.source.publisher import Publisher, read_publisher

# The largest accepted difference between the clocks of two machines.
CLOCK_ERROR = timedelta(minutes=10)


@dataclass(frozen=True)
class PlannedRun:
    """One example as the profile runs it: with its parameters, its fingerprint, its options."""

    example: Example
    fingerprint: Fingerprint
    options: ExampleOptions


@dataclass(frozen=True)
class AgeLimit:
    """The largest age of a record in days, at the time `now`. No record of a later run is too old."""

    days: int
    now: datetime


def limit_age(days: int) -> AgeLimit:
    """Return a limit of `days` days from now; in whole seconds, like the start that runs record."""
    return AgeLimit(days, datetime.now(UTC).replace(microsecond=0))


@dataclass(frozen=True)
class Project:
    """A book and the inputs of its runs: the plan of each example, environment, models, records.

    `stored` are the models in the store; `commit` is that of `read_commit`.

    `age_limit` says when a record is too old; None sets no limit.
    """

    root: Path
    profile: str
    book: Book
    models: dict[str, Model]
    stored: dict[str, Stored]
    environment: Environment
    plans: dict[str, PlannedRun]
    records: RecordSet
    commit: str
    publisher: Publisher
    age_limit: "AgeLimit | None" = None

    @cached_property
    def dates(self) -> Mapping[str, CardEdition]:
        """The recorded edition of each card, by id. Raises InputError when card-dates.yml cannot be read."""
        return read_dates(self.root)

    @property
    def cache(self) -> Cache:
        """The cache of what is computed from this project's files."""
        return Cache(ProjectPaths(self.root).cache)

    def describe_models(self, model_ids: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return the entry of each model in provenance: revision, source, note and licence."""
        return {
            model_id: {
                "revision": self.stored[model_id].revision,
                "source": self.stored[model_id].source,
                "note": self.stored[model_id].note,
                "licence": self.models[model_id].licence,
            }
            for model_id in model_ids
        }

    def name_packages(self, plan: PlannedRun) -> dict[str, str]:
        """Return the packages to install for an example, with their versions."""
        installed = plan.fingerprint.parts["packages"]
        direct = self.environment.distributions(imports_of(plan.example))
        # These are listed even if only libraries above them are imported: they affect a model's output.
        names = {*direct, *plan.options.needs, *({"torch", "transformers"} & installed.keys())}
        return {name: installed[name] for name in sorted(names) if name in installed}

    def describe_anew(self, plan: PlannedRun, record: Record) -> Record:
        """Return a record of the plan's fingerprint with the packages and models as this checkout names them.

        The fingerprint determines their versions and files; what is to be installed (`needs`) and what they
        are called (licences, notes) may have been corrected since the run.
        """
        packages, models = self.name_packages(plan), self.describe_models(plan.fingerprint.parts["models"])
        return replace(record, provenance=replace(record.provenance, packages=packages, models=models))


@dataclass(frozen=True)
class Status:
    """An example's state (fresh, stale, failed, missing or skipped), the reasons, and its record if any."""

    name: str
    state: str
    reasons: tuple[str, ...]
    record: Record | None

    @property
    def fresh_record(self) -> Record | None:
        """The record, if it is fresh: the only one whose outputs may be shown."""
        return self.record if self.state == "fresh" else None


def load_project(
    root: Path,
    profile: str,
    records: Path | None = None,
    device: str | None = None,
    environment: Environment | None = None,
) -> Project:
    """Return the project in `root`. Raises InputError with every problem of its files.

    `records` is the folder of the records; None is the profile's own. `device` is the kind of device that the
    records must come from; None is this machine's. `environment` is this interpreter's; None reads it.
    """
    book = read_book(root)
    models = read_models(root)
    store = ModelStore(root)
    found = {model_id: store.stored(model) for model_id, model in models.items()}
    stored = {model_id: state for model_id, state in found.items() if state}
    environment = environment or read_environment()
    if device:
        environment = replace(environment, device=device_class(device))
    plans: dict[str, PlannedRun] = {}
    problems: list[Problem] = []
    for name in book.examples:
        try:
            example, faults = _prepare(root, book, name, profile, models)
        except InputError as error:
            problems += error.problems
            continue
        problems += faults
        options = book.options(name)
        fingerprint = compute_fingerprint(example, profile, options.needs, environment, stored)
        plans[name] = PlannedRun(example, fingerprint, options)
    if problems:
        raise InputError(sorted(problems))
    folder = records or ProjectPaths(root).records(profile)
    publisher = read_publisher(os.environ)
    return Project(
        root,
        profile,
        book,
        models,
        stored,
        environment,
        plans,
        RecordSet(folder),
        read_commit(root),
        publisher,
    )


def read_commit(root: Path) -> str:
    """Return the commit checked out in `root`, with "+" if files differ from it; "" outside git."""
    command = ["git", "-C", str(root), "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*"]
    try:
        outcome = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        return ""
    return outcome.stdout.strip()


def _prepare(
    root: Path, book: Book, name: str, profile: str, models: dict[str, Model]
) -> tuple[Example, list[Problem]]:
    example = read_example(root, name)
    hub = set_parameters(example, book.options(name).hub)
    faults = check_models(example, models)
    faults += [fault for fault in check_models(hub, models) if fault not in faults]
    return select_prose(hub if profile == "hub" else example, profile), faults


def status_of(project: Project, name: str) -> Status:
    """Return the state of one example, with the reasons in words."""
    plan = project.plans[name]
    if skip := plan.options.skip:
        return Status(name, "skipped", (f"{skip.reason} ({skip.link})",), None)
    try:
        record = project.records.read(name)
    except CorruptRecordError as error:
        return Status(name, "stale", (str(error),), None)
    failure = project.records.read_failure(name)
    if failure and failure.fingerprint in ("", plan.fingerprint.digest) and not failure.superseded_by(record):
        return Status(name, "failed", (failure.message,), record)
    if record is None:
        return Status(name, "missing", ("it has never run",), None)
    today = current_fingerprint(project, plan, record.provenance.parts)
    if record.provenance.fingerprint != today.digest:
        reasons = explain(record.provenance.parts, today.parts)
        return Status(name, "stale", tuple(reasons) or ("its fingerprint differs",), record)
    if project.age_limit and (reason := _explain_age(record.provenance.started, project.age_limit)):
        return Status(name, "stale", (reason,), record)
    return Status(name, "fresh", (), project.describe_anew(plan, record))


def _explain_age(started: str, limit: AgeLimit) -> str:
    """Return why the time at which a run started makes its record stale, "" if it does not."""
    now, then = datetime.now(UTC), datetime.fromisoformat(started)
    if then > now + CLOCK_ERROR:
        today = now.isoformat(timespec="seconds")
        return f"its record is of {started}, and it is {today}: set the clock, or run it again"
    if limit.now - then > timedelta(days=limit.days):
        return f"its record is {(now - then).days} days old, {limit.days} are allowed"
    return ""


def current_fingerprint(project: Project, plan: PlannedRun, recorded: Parts) -> Fingerprint:
    """Return the fingerprint of an example today; the recorded parts name the data files that it read."""
    read = (*recorded.get("data", ()), *plan.options.data)
    return plan.fingerprint.with_data(hash_data(project.root, read))


def statuses_of(project: Project) -> list[Status]:
    """Return the state of every example, in reading order."""
    return [status_of(project, name) for name in project.book.examples]


def publication_blockers(project: Project, statuses: Sequence[Status]) -> list[str]:
    """Return why the book must not be published, one line per example; empty if it may be published."""
    blockers = []
    for status in statuses:
        if status.state == "skipped":
            skip = project.plans[status.name].options.skip
            if skip and skip.until < date.today():
                blockers.append(f"{status.name}: its skip ended on {skip.until}: run it, or fix it")
        elif status.fresh_record is None:
            blockers.append(f"{status.name}: {status.state}: {'; '.join(status.reasons)}")
    return blockers
