"""Marks the built pages: which examples were copied and run again, and when."""

import html
import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from cardbook.base.files import write_whole
from cardbook.site.offline import write_service_worker
from cardbook.verify.extraction import MARK
from cardbook.verify.results import VerifiedExample

REPORT = "verified.json"


def mark_pages(site: Path, verified: Sequence[VerifiedExample]) -> None:
    """Write into the pages which examples passed, and into verified.json the results of all.

    The mark of an example that did not pass is removed.
    """
    for page in sorted({item.page for item in verified if item.page}):
        path = site / page / "index.html"
        text = path.read_text(encoding="utf-8")
        for item in verified:
            if item.page == page:
                text = _mark(text, item)
        write_whole(path, text)
    # Its list of files has the hash of every page.
    write_service_worker(site)
    report = [asdict(item) | {"passed": item.passed} for item in verified]
    write_whole(site / REPORT, json.dumps(report, ensure_ascii=False, indent=1) + "\n")


def _mark(text: str, item: VerifiedExample) -> str:
    day = datetime.fromisoformat(item.when).strftime("%-d %B %Y")
    sentence = f'Copied and run again on <time datetime="{html.escape(item.when)}">{day}</time>.'
    opening = f'<p class="verified" data-verified="{item.example}"'
    mark = f"{opening}>{sentence}</p>" if item.passed else f"{opening} hidden></p>"
    return re.sub(MARK.format(re.escape(item.example)), lambda _: mark, text, flags=re.DOTALL)
