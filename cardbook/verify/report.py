"""Testimony: what another machine says it verified, believed only where it speaks of this very site."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from cardbook.base.errors import UntrustedInputError
from cardbook.base.json_file import read_json
from cardbook.records.status import Project
from cardbook.records.validation import check_time, one_line
from cardbook.verify.checks import CheckResult, VerifiedExample, hash_copied
from cardbook.verify.extraction import ExtractedExample, read_copies

REPORT_BYTES = 5_000_000
KEYS = {"passed", *(field.name for field in fields(VerifiedExample))}


def read_verify_report(project: Project, site: Path, report: Path) -> list[VerifiedExample]:
    """Return what the report of `verify` says of every example of a built site, all of it good.

    Raises UntrustedInputError when it is not such a report, has a failure, or belongs to another site.
    """
    items = read_json(report, REPORT_BYTES)
    if not isinstance(items, list) or not all(
        isinstance(item, dict) and item.keys() == KEYS for item in items
    ):
        raise UntrustedInputError("no report of cardbook verify")
    copies = {copy.example: copy for copy in read_copies(site)}
    wanted = sorted(name for name, plan in project.plans.items() if not plan.options.skip)
    spoken = sorted(str(item["example"]) for item in items)
    if spoken != wanted or not set(wanted) <= copies.keys():
        raise UntrustedInputError("it does not speak once of every example of the site")
    return [_check_item(item, copies[item["example"]], site) for item in items]


def _check_item(item: Mapping[str, Any], copy: ExtractedExample, site: Path) -> VerifiedExample:
    if item["copied"] != hash_copied(copy):
        raise UntrustedInputError(f"{copy.example}: what was verified is not what this site has")
    check_time(item["when"])
    if item["passed"] is not True:
        raise UntrustedInputError(f"{copy.example}: did not pass")
    if not isinstance(item["results"], list) or not item["results"]:
        raise UntrustedInputError(f"{copy.example}: nothing was verified")
    for verdict in item["results"]:
        if not isinstance(verdict, dict) or verdict.get("fault") != "":
            raise UntrustedInputError(f"{copy.example}: it does not run as copied")
    results = tuple(CheckResult(one_line(str(verdict.get("place"))), "") for verdict in item["results"])
    page = copy.page.relative_to(site).parent.as_posix()
    return VerifiedExample(copy.example, page, item["when"], hash_copied(copy), results)
