"""Builds the site: runs examples, writes pages and calls MkDocs; a no-op if nothing has changed."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cardbook.base.cache import Cache
from cardbook.base.errors import CardbookError, to_lines
from cardbook.base.files import digest_of, write_whole
from cardbook.base.paths import ProjectPaths
from cardbook.site.build_stamp import Parts, SitePaths, is_finished, source_digests

# Modules for building are imported only when there is something to build, so that a no-op is fast.
if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

    from cardbook.kernel.fork_client import ForkServer
    from cardbook.records.environment import Environment
    from cardbook.records.status import Project, Status


class PublicationError(CardbookError):
    """The book must not be published; the text has one reason a line."""


def make_site(paths: SitePaths, log: Callable[[str], None]) -> None:
    """Bring `site/` up to date with today's book, examples, models and environment.

    Raises PublicationError or InputError, leaving the site as it was.
    """
    if is_finished(paths):
        log("Nothing has changed: site/ is up to date.")
        return
    from filelock import FileLock

    paths.draft.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(paths.draft.with_suffix(".lock")):
        _fill_models(paths, log)
        parts = source_digests(paths)
        # MkDocs requires the folder to which pages are written.
        ProjectPaths(paths.root).docs.mkdir(exist_ok=True)
        with ExitStack() as running:
            environment, fork_server = running.enter_context(_starting_fork_server(paths.root))
            # Imported while the fork server starts.
            from cardbook.records.status import statuses_of
            from cardbook.site.mkdocs_build import read_settings

            project = _read_project(paths, log, environment)
            # Hashed before they are read, so that a concurrent change by another run counts as a change.
            parts["records"], statuses = digest_of(paths.records), statuses_of(project)
            waiting = [row.name for row in statuses if row.state not in ("fresh", "skipped")]
            if not waiting:
                # The fork server is not needed.
                running.close()
            # Before examples run, so that errors in mkdocs.yml are not reported minutes later.
            settings = read_settings(paths.root, paths.draft)
            if waiting:
                _run(project, waiting, fork_server)
                parts["records"], statuses = digest_of(paths.records), statuses_of(project)
        _write_pages(paths, log, project, statuses)
        parts["docs"] = digest_of(paths.root / "docs")
        _build(paths, parts, settings)
    log("The site is in site/: open site/index.html, or run: cardbook serve")


@contextmanager
def _starting_fork_server(root: Path) -> Iterator[tuple["Environment", "ForkServer | None"]]:
    """Return the environment and a fork server, which starts before it is known whether one is needed.

    It imports the kernel's own libraries meanwhile. If no example has to run, nothing waits for it.
    """
    from cardbook.kernel.fork_client import start_fork_server_for
    from cardbook.records.environment import read_environment

    environment = read_environment()
    with start_fork_server_for(root, environment.threads, lambda _: None) as fork_server:
        yield environment, fork_server


def _read_project(paths: SitePaths, log: Callable[[str], None], environment: "Environment") -> "Project":
    """Return the project; `log` gets its warnings."""
    from cardbook.records.status import load_project
    from cardbook.source.card_dates import describe_undated, undated_cards

    project = load_project(paths.root, paths.profile, paths.records, environment=environment)
    for warning in to_lines(project.book.warnings):
        log(f"warning: {warning}")
    if undated := undated_cards(project.book, project.dates):
        log(f"warning: {describe_undated(undated)}")
    return project


def _write_pages(
    paths: SitePaths, log: Callable[[str], None], project: "Project", statuses: Sequence["Status"]
) -> None:
    """Write the pages. Raises PublicationError when the book must not be published."""
    from cardbook.pages.generate import make_pages, write_pages
    from cardbook.records.status import publication_blockers

    if faults := publication_blockers(project, statuses):
        raise PublicationError("\n".join(faults))
    changed = write_pages(paths.root / "docs", make_pages(project, statuses))
    log(f"{len(changed)} generated files changed.")


def _fill_models(paths: SitePaths, log: Callable[[str], None]) -> None:
    from cardbook.models.download import ModelFetchError, fill
    from cardbook.models.manifest import models_of, read_models
    from cardbook.models.store import ModelStore

    store, models = ModelStore(paths.root), read_models(paths.root)
    if any(store.stored(model) is None for model in models_of(models, paths.profile)):
        try:
            fill(store, models, paths.profile, log)
        except ModelFetchError as error:
            raise PublicationError(str(error)) from None


def _run(project: "Project", names: Sequence[str], fork_server: "ForkServer | None") -> None:
    from cardbook.run.events import Event
    from cardbook.run.progress import show_progress
    from cardbook.run.scheduler import run_examples

    with _rendering_ahead(project) as render, show_progress() as show:

        def on_event(event: Event) -> None:
            show(event)
            if event.kind == "done":
                render(event.name)

        run_examples(project, names, project.environment.jobs, on_event, fork_server=fork_server)


@contextmanager
def _rendering_ahead(project: "Project") -> Iterator[Callable[[str], None]]:
    """Return a function that takes the name of each finished example and renders its files into the cache.

    A thread renders them, because this process is idle while examples run. It loads what it needs before.
    """
    from concurrent.futures import Future, ThreadPoolExecutor

    def prepare() -> None:
        from cardbook.pages.notebook_page import load_exporter

        load_exporter(project.cache)

    def render(name: str) -> None:
        from cardbook.pages.generate import example_files, view_example
        from cardbook.records.status import status_of

        example_files(project, view_example(project, status_of(project, name)))

    jobs: list[Future[None]] = []
    with ThreadPoolExecutor(1) as pool:
        try:
            jobs.append(pool.submit(prepare))
            yield lambda name: jobs.append(pool.submit(render, name))
            for job in jobs:
                job.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _build(paths: SitePaths, parts: Parts, settings: "MkDocsConfig") -> None:
    from cardbook.site.mkdocs_build import build_site

    build_site(settings)
    old = paths.draft.with_suffix(".old")
    shutil.rmtree(old, ignore_errors=True)
    Cache(ProjectPaths(paths.root).cache).prune()
    made = digest_of(paths.draft)
    paths.stamp.unlink(missing_ok=True)
    if paths.site.exists():
        os.replace(paths.site, old)
    os.replace(paths.draft, paths.site)
    write_whole(paths.stamp, json.dumps(parts | {"site": made}, indent=1))
    shutil.rmtree(old, ignore_errors=True)
