"""Compares a published site with a checkout. The site's content is untrusted."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from cardbook.base.errors import CardbookError, UntrustedInputError
from cardbook.base.json_file import check_size, parse_json
from cardbook.pages.provenance_json import NAME
from cardbook.records.fingerprint import Fingerprint, explain
from cardbook.records.inputs import hash_data
from cardbook.records.schema import find_fault
from cardbook.records.status import Project
from cardbook.records.text import clean_text
from cardbook.records.validation import check_time, may_be_data

SIZE_LIMIT = 20_000_000
# How long a server may send nothing, and how long the whole response may take, in seconds.
SILENCE_LIMIT = 10.0
TIME_LIMIT = 60.0
CHUNK = 65536
SCHEMES = ("http", "https")

Example = Mapping[str, Any]


class PublishedSiteError(CardbookError):
    """A site whose provenance is missing or invalid."""


@dataclass(frozen=True)
class Comparison:
    """One example on the site and in the checkout; `state` is same, differs, not published or gone.

    `started` and `device` are those of the published run, "" without one."""

    name: str
    state: str
    reasons: tuple[str, ...]
    started: str
    device: str


def compare_site(project: Project, published: Mapping[str, Example]) -> list[Comparison]:
    """Return the comparison of each example in the book's order, then of those that are gone from it."""
    here = [_compare(project, name, published.get(name)) for name in project.book.examples]
    gone = [
        Comparison(name, "gone", ("the book no longer has this example",), *_when_and_where(example))
        for name, example in published.items()
        if name not in project.plans
    ]
    return here + gone


def _compare(project: Project, name: str, example: Example | None) -> Comparison:
    if example is None:
        return Comparison(name, "not published", (), "", "")
    read = example["parts"].get("data", {})
    today = _current_fingerprint(project, name, read)
    reasons = explain(example["parts"], today.parts)
    reasons += [
        f"data file {path} is not part of the book" for path in read if not may_be_data(project.root, path)
    ]
    if Fingerprint(example["parts"]).digest != example["fingerprint"]:
        reasons = ["its fingerprint is not that of its parts"]
    elif example["fingerprint"] != today.digest and not reasons:
        reasons = ["its fingerprint differs"]
    cleaned = tuple(clean_text(reason).replace("\n", " ") for reason in reasons)
    return Comparison(name, "differs" if reasons else "same", cleaned, *_when_and_where(example))


def _current_fingerprint(project: Project, name: str, read: Iterable[str]) -> Fingerprint:
    """Return the fingerprint of a run today with these data files, as far as they are the book's."""
    plan = project.plans[name]
    ours = [path for path in read if may_be_data(project.root, path)]
    return plan.fingerprint.with_data(hash_data(project.root, [*ours, *plan.options.data]))


def _when_and_where(example: Example) -> tuple[str, str]:
    return example["started"], clean_text(example["device"]).replace("\n", " ")


def read_site(site: str) -> dict[str, Example]:
    """Return the published provenance of each example, by name; `site` is a folder or an http(s) address.

    Raises PublishedSiteError.
    """
    try:
        content = _fetch(site) if urlsplit(site).scheme in SCHEMES else _read(Path(site))
        document = parse_json(content, SIZE_LIMIT)
        if fault := find_fault(document):
            raise UntrustedInputError(f"is not in its format: {fault}")
        examples: dict[str, Example] = document["examples"]
        for name, example in examples.items():
            _check_started(name, example["started"])
    except UntrustedInputError as error:
        raise PublishedSiteError(f"{NAME} {error}") from None
    return examples


def _check_started(name: str, started: str) -> None:
    try:
        check_time(started)
    except UntrustedInputError as error:
        raise UntrustedInputError(f"is not in its format: $.examples.{name}.started: {error}") from None


def _read(folder: Path) -> bytes:
    path = folder / NAME
    if not path.is_file():
        raise PublishedSiteError(f"no {NAME} in {folder}: name a built site, or its https:// address")
    with path.open("rb") as stream:
        return stream.read(SIZE_LIMIT + 1)


def _fetch(site: str) -> bytes:
    address = f"{site.rstrip('/')}/{NAME}"
    answers: list[bytes | CardbookError] = []
    # In a thread, because a server can delay each step of a response: headers, redirects, content.
    thread = threading.Thread(target=_read_answer, args=(address, answers), daemon=True)
    thread.start()
    thread.join(TIME_LIMIT)
    answer = answers[0] if answers else PublishedSiteError(f"{address}: no answer within {TIME_LIMIT:g} s")
    if isinstance(answer, CardbookError):
        raise answer
    return answer


def _read_answer(address: str, answers: list[bytes | CardbookError]) -> None:
    content = bytearray()
    request = Request(address, headers={"User-Agent": "cardbook"})
    try:
        with build_opener(_HttpRedirects).open(request, timeout=SILENCE_LIMIT) as answer:
            while chunk := answer.read1(CHUNK):
                content += chunk
                check_size(content, SIZE_LIMIT)
        answers.append(bytes(content))
    except UntrustedInputError as error:
        answers.append(error)
    except (OSError, HTTPException, ValueError) as error:
        answers.append(PublishedSiteError(f"{address}: {clean_text(str(error))[:300]}"))


class _HttpRedirects(HTTPRedirectHandler):
    """Follows redirects to http and https only."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if urlsplit(newurl).scheme not in SCHEMES:
            raise OSError("the server redirects to an address that is not http or https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
