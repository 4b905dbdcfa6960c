"""Inspects a report of `verify` from another machine: it counts only if it belongs to this site."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from cardbook.base.errors import UntrustedInputError
from cardbook.base.json_file import read_json
from cardbook.pages.provenance_json import NAME as PROVENANCE
from cardbook.records.status import CLOCK_ERROR, Project
from cardbook.records.text import one_line
from cardbook.records.validation import check_time
from cardbook.verify.extraction import ExtractedExample, extract_examples
from cardbook.verify.results import CheckResult, VerifiedExample, hash_example

REPORT_BYTES = 5_000_000
PROVENANCE_BYTES = 100_000_000
KEYS = {"passed", *(field.name for field in fields(VerifiedExample))}


def read_verify_report(project: Project, site: Path, report: Path) -> list[VerifiedExample]:
    """Return the results in a report of `verify` for every example of a built site.

    Raises UntrustedInputError when the file is not such a report, contains a failure, belongs to a site
    with other content, or says that an example was verified before it was run.
    """
    items = read_json(report, REPORT_BYTES)
    if not isinstance(items, list) or not all(
        isinstance(item, dict) and item.keys() == KEYS for item in items
    ):
        raise UntrustedInputError("is not a report of cardbook verify")
    found = {extracted.example: extracted for extracted in extract_examples(site)}
    wanted = sorted(name for name, plan in project.plans.items() if not plan.options.skip)
    reported = sorted(str(item["example"]) for item in items)
    if reported != wanted or not set(wanted) <= found.keys():
        raise UntrustedInputError("does not report every example of the site once")
    runs = read_json(site / PROVENANCE, PROVENANCE_BYTES)["examples"]
    if missing := sorted(set(wanted) - runs.keys()):
        raise UntrustedInputError(f"{missing[0]}: the site does not say when it was run")
    return [
        _check_item(item, found[item["example"]], site, runs[item["example"]]["started"]) for item in items
    ]


def _check_item(
    item: Mapping[str, Any], extracted: ExtractedExample, site: Path, started: str
) -> VerifiedExample:
    name, content = extracted.example, hash_example(extracted)
    if item["content"] != content:
        raise UntrustedInputError(f"{name}: this site has other content than was verified")
    check_time(item["when"])
    if datetime.fromisoformat(item["when"]) < datetime.fromisoformat(started) - CLOCK_ERROR:
        raise UntrustedInputError(f"{name}: was verified before it was run")
    if item["passed"] is not True:
        raise UntrustedInputError(f"{name}: did not pass")
    if not isinstance(item["results"], list) or not item["results"]:
        raise UntrustedInputError(f"{name}: nothing was verified")
    for result in item["results"]:
        if not isinstance(result, dict) or result.get("fault") != "":
            raise UntrustedInputError(f"{name}: it does not run as copied")
    results = tuple(CheckResult(one_line(str(result.get("place"))), "") for result in item["results"])
    page = extracted.page.relative_to(site).parent.as_posix()
    return VerifiedExample(name, page, item["when"], content, results)
