"""Testimony: what another machine says it verified, believed only where it speaks of this very site."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from cardbook.copies import Copy, read_copies
from cardbook.inspection import Unfit, check_time, plain, read_json
from cardbook.status import Workplace
from cardbook.verify import Verdict, Verified, hash_copied

REPORT_BYTES = 5_000_000
KEYS = {"good", *(field.name for field in fields(Verified))}


def read_testimony(workplace: Workplace, site: Path, report: Path) -> list[Verified]:
    """Return what the report of `verify` says of every example of a built site, all of it good.

    Raises Unfit when it is no such report, says anything but good of an example, or speaks of another site.
    """
    items = read_json(report, REPORT_BYTES)
    if not isinstance(items, list) or not all(
        isinstance(item, dict) and item.keys() == KEYS for item in items
    ):
        raise Unfit("no report of cardbook verify")
    copies = {copy.example: copy for copy in read_copies(site)}
    wanted = sorted(name for name, plan in workplace.plans.items() if not plan.setting.skip)
    spoken = sorted(str(item["example"]) for item in items)
    if spoken != wanted or not set(wanted) <= copies.keys():
        raise Unfit("it does not speak once of every example of the site")
    return [_believe(item, copies[item["example"]], site) for item in items]


def _believe(item: Mapping[str, Any], copy: Copy, site: Path) -> Verified:
    if item["copied"] != hash_copied(copy):
        raise Unfit(f"{copy.example}: what was verified is not what this site has")
    if not isinstance(item["when"], str):
        raise Unfit(f"{copy.example}: a time that is none")
    check_time(item["when"])
    if not isinstance(item["verdicts"], list) or not item["verdicts"]:
        raise Unfit(f"{copy.example}: nothing was verified")
    for verdict in item["verdicts"]:
        if not isinstance(verdict, dict) or verdict.get("fault") != "":
            raise Unfit(f"{copy.example}: it does not run as copied")
    verdicts = tuple(Verdict(plain(str(verdict.get("place"))), "") for verdict in item["verdicts"])
    page = copy.page.relative_to(site).parent.as_posix()
    return Verified(copy.example, page, item["when"], hash_copied(copy), verdicts)
