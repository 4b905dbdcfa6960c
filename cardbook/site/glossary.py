"""The glossary: the terms of the page `glossary.md`, whose meanings web/glossary.ts shows in chapters."""

import json
import re
from pathlib import Path

from cardbook.base.errors import InputError, Problem

PAGE = "glossary.md"
NAME = "glossary.json"
# A term of a definition list, with its definition.
ITEM = re.compile(r"^(?P<term>\S.*)\n:   (?P<meaning>.+(?:\n {4}.+)*)", re.MULTILINE)


def read_glossary(docs: Path) -> dict[str, str]:
    """Return the meaning of each term, as text on one line; empty for a book without a glossary.

    Raises InputError when the page has no term.
    """
    path = docs / PAGE
    if not path.exists():
        return {}
    items = list(ITEM.finditer(path.read_text(encoding="utf-8")))
    if not items:
        remedy = "write each term on a line, and below it a colon, three spaces and what it means"
        raise InputError([Problem(f"docs/{PAGE}", 0, "has no term", remedy)])
    return {item["term"].strip(): " ".join(item["meaning"].replace("`", "").split()) for item in items}


def glossary_json(docs: Path) -> str:
    """Return the glossary as web/glossary.ts reads it."""
    return json.dumps(read_glossary(docs), ensure_ascii=False)
