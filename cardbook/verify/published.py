"""Published sites, compared with a checkout. What a site says is data from elsewhere."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from jsonschema import Draft202012Validator

from cardbook.base.errors import CardbookError
from cardbook.pages.provenance_json import NAME, SCHEMA_FILE
from cardbook.records.fingerprint import Fingerprint, explain
from cardbook.records.inputs import MISSING, hash_data
from cardbook.records.status import Project
from cardbook.records.text import clean_text

SIZE_LIMIT = 20_000_000
# How long a server may say nothing, and how long the whole answer may take, in seconds.
SILENCE_LIMIT = 10.0
TIME_LIMIT = 60.0
CHUNK = 65536

Example = Mapping[str, Any]


class PublishedSiteError(CardbookError):
    """A site that does not say what it publishes, or not in a form that can be trusted."""


@dataclass(frozen=True)
class Comparison:
    """One example of site and checkout: same, differs (and why), not published, or gone from the checkout."""

    name: str
    state: str
    reasons: tuple[str, ...]
    started: str
    device: str


def compare_site(project: Project, published: Mapping[str, Example]) -> list[Comparison]:
    """Return the comparison of each example, in the book's order, those that are gone from it last."""
    here = [_compare(project, name, published.get(name)) for name in project.book.examples]
    gone = [
        Comparison(name, "gone", ("the book has no such example any more",), *_when_and_where(example))
        for name, example in published.items()
        if name not in project.plans
    ]
    return here + gone


def _compare(project: Project, name: str, example: Example | None) -> Comparison:
    if example is None:
        return Comparison(name, "not published", (), "", "")
    read = example["parts"].get("data", {})
    today = _take_today(project, name, read)
    reasons = explain(example["parts"], today.parts)
    reasons += [f"data file {path} is not part of the book" for path in read if not _is_inside(path)]
    if Fingerprint(example["parts"]).digest != example["fingerprint"]:
        reasons = ["its fingerprint is not that of its parts"]
    elif example["fingerprint"] != today.digest and not reasons:
        reasons = ["its fingerprint differs"]
    cleaned = tuple(clean_text(reason).replace("\n", " ") for reason in reasons)
    return Comparison(name, "differs" if reasons else "same", cleaned, *_when_and_where(example))


def _take_today(project: Project, name: str, read: Iterable[str]) -> Fingerprint:
    """Return the fingerprint a run would have today with these data files, the book's own at least."""
    plan = project.plans[name]
    here = [path for path in read if _is_inside(path) and (project.root / path).is_file()]
    gone = {path: MISSING for path in read if _is_inside(path) and path not in here}
    return plan.fingerprint.with_data(gone | hash_data(project.root, [*here, *plan.options.data]))


def _is_inside(path: str) -> bool:
    """Return whether a path that a site names stays within the book's folder."""
    return (
        not PurePosixPath(path).is_absolute() and ".." not in PurePosixPath(path).parts and "\0" not in path
    )


def _when_and_where(example: Example) -> tuple[str, str]:
    return example["started"], clean_text(example["device"]).replace("\n", " ")


def read_site(site: str) -> dict[str, Example]:
    """Return what a site says of its examples, by name; it is a folder or an http(s) address.

    Raises Unreadable.
    """
    content = _fetch(site) if urlsplit(site).scheme in ("http", "https") else _read(Path(site))
    try:
        document = json.loads(content.decode("utf-8"), parse_constant=_refuse_constant)
        _validate(document)
    except UnicodeDecodeError:
        raise PublishedSiteError(f"{NAME} is not UTF-8") from None
    except RecursionError:
        raise PublishedSiteError(f"{NAME} is nested too deeply") from None
    except ValueError:
        raise PublishedSiteError(f"{NAME} is no JSON") from None
    examples: dict[str, Example] = document["examples"]
    return examples


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _validate(document: object) -> None:
    """Check a document against the schema. Raises Unreadable naming the first place that breaks it."""
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    error = next(Draft202012Validator(schema).iter_errors(document), None)
    if error is not None:
        # Not the message: it quotes what was found, however long.
        place = clean_text(error.json_path)[:200].replace("\n", " ")
        raise PublishedSiteError(f"{NAME} is not in its format: {place}: {error.validator}")
    assert isinstance(document, dict)
    for name, example in document["examples"].items():
        if not _is_instant(example["started"]):
            raise PublishedSiteError(f"{NAME} is not in its format: $.examples.{name}.started: no time")


def _is_instant(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _read(folder: Path) -> bytes:
    path = folder / NAME
    if not path.is_file():
        raise PublishedSiteError(f"no {NAME} in {folder}: name a built site, or its https:// address")
    with path.open("rb") as stream:
        content = stream.read(SIZE_LIMIT + 1)
    _check_size(content)
    return content


def _fetch(site: str) -> bytes:
    address = f"{site.rstrip('/')}/{NAME}"
    deadline = time.monotonic() + TIME_LIMIT
    content = bytearray()
    try:
        with urlopen(Request(address, headers={"User-Agent": "cardbook"}), timeout=SILENCE_LIMIT) as answer:
            while chunk := answer.read1(CHUNK):
                content += chunk
                _check_size(content)
                if time.monotonic() > deadline:
                    raise PublishedSiteError(f"{address}: no whole answer within {TIME_LIMIT:g} s")
    except (OSError, HTTPException, ValueError) as error:
        raise PublishedSiteError(f"{address}: {clean_text(str(error))[:300]}") from None
    return bytes(content)


def _check_size(content: bytes | bytearray) -> None:
    if len(content) > SIZE_LIMIT:
        raise PublishedSiteError(f"{NAME} has more than {SIZE_LIMIT / 1e6:g} MB")
