"""The site: run, write the pages, build, in one go; and nothing at all when nothing has changed."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cardbook.files import write_whole
from cardbook.stamp import Parts, Place, digest_of, is_finished, take_sources

# What a build needs is imported when there is something to build: to say that there is not is quick so.
if TYPE_CHECKING:
    from cardbook.environment import Environment
    from cardbook.forking import Parent
    from cardbook.preparation import Desk
    from cardbook.status import Workplace


class NotPublishable(Exception):
    """The book must not be published; the text has one reason a line."""


def make_site(place: Place, say: Callable[[str], None]) -> None:
    """Bring `site/` to what today's book, examples, models and environment make; do nothing where it is that.

    Raises NotPublishable or BadInput, leaving the site as it was.
    """
    if is_finished(place):
        say("Nothing has changed: site/ is what the last build left.")
        return
    from filelock import FileLock

    place.draft.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(place.draft.with_suffix(".lock")):
        _fill_models(place, say)
        parts = take_sources(place)
        with _starting_parent(place.root) as (environment, parent):
            parts |= _write_pages(place, say, environment, parent)
        parts["docs"] = digest_of(place.root / "docs")
        _build(place, parts)
    say("The site is in site/: open site/index.html, or look at it with make serve.")


@contextmanager
def _starting_parent(root: Path) -> Iterator[tuple["Environment", "Parent | None"]]:
    """Return the environment and a parent of kernels, started before it is known whether it is needed.

    Python and the kernel's own libraries are there by the time that is known. Where nothing is to be run,
    nobody waits for them.
    """
    from cardbook.environment import read_environment
    from cardbook.forking import start_parent_for

    environment = read_environment()
    with start_parent_for(root, environment.threads, lambda _: None) as parent:
        yield environment, parent


def _write_pages(
    place: Place, say: Callable[[str], None], environment: "Environment", parent: "Parent | None"
) -> Parts:
    """Run what is not fresh and write the pages; return the digest of the records they are made from."""
    from cardbook.pages import make_pages, write_pages
    from cardbook.status import faults_of, open_workplace, take_statuses

    workplace = open_workplace(place.root, place.profile, place.records, environment=environment)
    # Taken before they are read: what another run writes meanwhile must not pass for what is shown.
    records = digest_of(place.records)
    statuses = take_statuses(workplace)
    if waiting := [row.name for row in statuses if row.state not in ("fresh", "skipped")]:
        _run(workplace, waiting, parent)
        records = digest_of(place.records)
        statuses = take_statuses(workplace)
    if faults := faults_of(workplace, statuses, None):
        raise NotPublishable("\n".join(faults))
    changed = write_pages(place.root / "docs", make_pages(workplace, statuses))
    say(f"{len(changed)} generated files changed.")
    return {"records": records}


def _fill_models(place: Place, say: Callable[[str], None]) -> None:
    from cardbook.models import ModelStore, Refused, fill, models_of, read_models

    store, models = ModelStore(place.root), read_models(place.root)
    if any(store.stored(model) is None for model in models_of(models, place.profile)):
        try:
            fill(store, models, place.profile, say)
        except Refused as error:
            raise NotPublishable(str(error)) from None


def _run(workplace: "Workplace", names: Sequence[str], parent: "Parent | None") -> None:
    from cardbook.execution import Event
    from cardbook.progress import show_progress
    from cardbook.runner import run_examples

    with _preparing(workplace) as prepare, show_progress() as tell:

        def listen(event: Event) -> None:
            tell(event)
            if event.kind == "done":
                prepare(event.name)

        run_examples(workplace, names, workplace.environment.jobs, False, listen, parent)


@contextmanager
def _preparing(workplace: "Workplace") -> Iterator[Callable[[str], None]]:
    """Return what to tell the name of each example that is done; the block ends when all is prepared.

    This process only waits while examples run: a thread of it has the time.
    """
    from concurrent.futures import Future, ThreadPoolExecutor

    def set_up(folder: str) -> "Desk":
        # Imported there, too: that alone takes longer than all else before the first example runs.
        from cardbook.preparation import Desk

        return Desk(workplace, Path(folder))

    with tempfile.TemporaryDirectory(prefix="cardbook-") as folder:
        pool = ThreadPoolExecutor(1)
        desk = pool.submit(set_up, folder)
        jobs: list[Future[None]] = []
        try:
            yield lambda name: jobs.append(pool.submit(lambda: desk.result().prepare(name)))
            for job in jobs:
                job.result()
        finally:
            pool.shutdown(cancel_futures=True)
        desk.result().close()


def _build(place: Place, parts: Parts) -> None:
    from cardbook.rendering import build_site

    build_site(place.root, place.draft)
    old = place.draft.with_suffix(".old")
    shutil.rmtree(old, ignore_errors=True)
    made = digest_of(place.draft)
    place.stamp.unlink(missing_ok=True)
    if place.site.exists():
        os.replace(place.site, old)
    os.replace(place.draft, place.site)
    write_whole(place.stamp, json.dumps(parts | {"site": made}, indent=1))
    shutil.rmtree(old, ignore_errors=True)
