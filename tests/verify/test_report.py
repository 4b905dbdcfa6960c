"""A report of `verify` from another machine is believed only where it speaks well of this very site."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cardbook.base.errors import UntrustedInputError
from cardbook.records.status import Project, load_project
from cardbook.verify.extraction import extract_examples
from cardbook.verify.report import read_verify_report
from cardbook.verify.results import hash_example
from tests.conftest import Cardbook, replace, write
from tests.verify.test_verify import packages as packages
from tests.verify.test_verify import packages_site as packages_site

EXAMPLE = """
<div data-example="{0}"><div class="highlight" data-cell="{0}-1"><pre><code>print(1)</code></pre></div>
<p class="verified" data-verified="{0}" hidden></p></div>
"""
Items = list[dict[str, Any]]
Spoil = Callable[[Items], object]


@pytest.fixture
def site(small: Path) -> Path:
    """A built site, as much of it as the report speaks of."""
    body = EXAMPLE.format("first") + EXAMPLE.format("second")
    write(small / "site" / "chapters" / "numbers" / "index.html", f"<html><body>{body}</body></html>")
    runs = {name: {"started": "2026-11-22T11:00:00+00:00"} for name in ("first", "second")}
    write(small / "site" / "provenance.json", json.dumps({"examples": runs}))
    return small / "site"


@pytest.fixture
def place(small: Path) -> Project:
    return load_project(small, "offline")


def report(site: Path) -> Items:
    """What `verify` says of a site whose examples all run as copied."""
    return [
        {
            "example": copy.example,
            "page": "chapters/numbers",
            "when": "2026-11-22T12:00:00+00:00",
            "content": hash_example(copy),
            "results": [{"place": "cell 1", "fault": ""}],
            "passed": True,
        }
        for copy in extract_examples(site)
    ]


def test_good_report_is_said_on_the_pages(small: Path, site: Path, cardbook: Cardbook) -> None:
    write(small / "report.json", json.dumps(report(site)))
    outcome = cardbook("mark-verified", site, small / "report.json", "--root", small)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    text = (site / "chapters" / "numbers" / "index.html").read_text(encoding="utf-8")
    assert text.count("22 November 2026") == 2 and "hidden" not in text


SKIP = """\
examples:
  second:
    skip: {reason: too slow, link: "https://example.org/1", until: 2999-01-01}
"""


def test_nothing_is_said_or_wanted_of_an_example_that_is_skipped(small: Path, site: Path) -> None:
    book = small / "book.yml"
    write(book, book.read_text(encoding="utf-8") + SKIP)
    place = load_project(small, "offline")
    write(small / "report.json", json.dumps(report(site)[:1]))
    assert [item.example for item in read_verify_report(place, site, small / "report.json")] == ["first"]


BAD: dict[str, tuple[Spoil, str]] = {
    "no list": (lambda items: items.clear(), "every example of the site once"),
    "an example left out": (lambda items: items.pop(), "every example of the site once"),
    "an example twice": (lambda items: items.append(items[0]), "every example of the site once"),
    "an unknown example": (lambda items: items[0].update(example="third"), "every example of the site once"),
    "a number for an example": (lambda items: items[0].update(example=1), "every example of the site once"),
    "another key": (lambda items: items[0].update(more=1), "is not a report"),
    "another site": (lambda items: items[0].update(content="0" * 64), "this site has other content"),
    "no time": (lambda items: items[0].update(when="<script>"), "has a time that is not written as"),
    "a number for a time": (lambda items: items[0].update(when=1), "has a time that is not written as"),
    "the future": (lambda items: items[0].update(when="2999-01-01T00:00:00+00:00"), "in the future"),
    "another zone": (lambda items: items[0].update(when="2026-11-24T18:00:00+23:59"), "has a time that"),
    "another separator": (lambda items: items[0].update(when='2026-11-24"18:00:00+00:00'), "has a time that"),
    "year 1": (lambda items: items[0].update(when="0001-01-01T00:00:00+00:00"), "before 2020"),
    "before the run": (
        lambda items: items[0].update(when="2026-11-22T10:49:59+00:00"),
        "first: was verified before it was run",
    ),
    "not passed": (lambda items: items[0].update(passed=False), "did not pass"),
    "no verdict": (lambda items: items[0].update(results=[]), "nothing was verified"),
    "a fault": (
        lambda items: items[0]["results"].append({"place": "cell 2", "fault": "it differs"}),
        "does not run as copied",
    ),
    "a verdict that is none": (lambda items: items[0].update(results=[1]), "does not run as copied"),
}


@pytest.mark.parametrize("case", BAD)
def test_other_report_is_refused(small: Path, site: Path, place: Project, case: str) -> None:
    spoil, words = BAD[case]
    items = report(site)
    spoil(items)
    write(small / "report.json", json.dumps(items))
    with pytest.raises(UntrustedInputError, match=words):
        read_verify_report(place, site, small / "report.json")


def test_report_of_the_site_before_a_change_is_refused(small: Path, site: Path, cardbook: Cardbook) -> None:
    write(small / "report.json", json.dumps(report(site)))
    page = site / "chapters" / "numbers" / "index.html"
    replace(page, "print(1)", "print(2)")
    before = page.read_bytes()
    outcome = cardbook("mark-verified", site, small / "report.json", "--root", small)
    assert (
        outcome.returncode == 1 and "first: this site has other content than was verified" in outcome.stderr
    )
    assert page.read_bytes() == before


def test_report_of_a_site_with_other_outputs_is_refused(small: Path, site: Path, place: Project) -> None:
    page = site / "chapters" / "numbers" / "index.html"
    output = '<pre data-output="first-1" class="output">count 1</pre>'
    replace(
        page,
        '<p class="verified" data-verified="first"',
        f'{output}<p class="verified" data-verified="first"',
    )
    write(small / "report.json", json.dumps(report(site)))
    assert len(read_verify_report(place, site, small / "report.json")) == 2
    replace(page, "count 1", "count 999")
    with pytest.raises(UntrustedInputError, match="first: this site has other content than was verified"):
        read_verify_report(place, site, small / "report.json")


def test_report_counts_only_for_all_that_the_page_shows(packages: Path, cardbook: Cardbook) -> None:
    project = load_project(packages.parent, "offline")
    items = json.dumps(json.loads(cardbook("verify", packages, "--root", packages.parent, "--json").stdout))
    write(packages.parent / "report.json", items)
    marked = cardbook("mark-verified", packages, packages.parent / "report.json", "--root", packages.parent)
    assert (marked.returncode, marked.stderr) == (0, "")
    page = packages / "chapters" / "numbers" / "index.html"
    whole = page.read_text(encoding="utf-8")
    assert "Copied and run again" in whole
    # The mark itself is no change.
    assert len(read_verify_report(project, packages, packages.parent / "report.json")) == 2
    for before, after in (
        ("uv run first.py", "uv run https://evil.invalid/first.py"),
        (" of memory", " of memory, on a toaster"),
        ("<summary>Install with pip", "<summary>Do not install with pip"),
        ('alt="A line."', 'alt="A circle."'),
        ('data-example="first"', 'data-example="first" style="color: white"'),
    ):
        assert before in whole
        write(page, whole.replace(before, after, 1))
        with pytest.raises(UntrustedInputError, match="first: this site has other content than was verified"):
            read_verify_report(project, packages, packages.parent / "report.json")
    write(page, whole)
    for figure in packages.glob("figures/first-2*"):
        content = figure.read_bytes()
        figure.write_bytes(content + b"\0")
        with pytest.raises(UntrustedInputError, match="first: this site has other content than was verified"):
            read_verify_report(project, packages, packages.parent / "report.json")
        figure.write_bytes(content)


def test_site_without_one_of_the_examples_is_refused(small: Path, site: Path, place: Project) -> None:
    items = report(site)
    write(small / "report.json", json.dumps(items))
    replace(site / "chapters" / "numbers" / "index.html", EXAMPLE.format("second"), "")
    with pytest.raises(UntrustedInputError, match="every example of the site once"):
        read_verify_report(place, site, small / "report.json")


def test_clocks_of_two_machines_may_differ(small: Path, site: Path, place: Project) -> None:
    items = report(site)
    items[0]["when"] = "2026-11-22T10:50:00+00:00"
    write(small / "report.json", json.dumps(items))
    assert len(read_verify_report(place, site, small / "report.json")) == 2


def test_site_that_does_not_say_when_it_was_run_is_refused(small: Path, site: Path, place: Project) -> None:
    write(small / "report.json", json.dumps(report(site)))
    write(site / "provenance.json", '{"examples": {}}')
    with pytest.raises(UntrustedInputError, match="first: the site does not say when it was run"):
        read_verify_report(place, site, small / "report.json")


def test_page_in_the_report_is_not_written_to(small: Path, site: Path, place: Project) -> None:
    items = report(site)
    items[0]["page"] = "../../elsewhere"
    write(small / "report.json", json.dumps(items))
    assert read_verify_report(place, site, small / "report.json")[0].page == "chapters/numbers"
