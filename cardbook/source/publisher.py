"""Where a book is published, from the publisher's environment variables; unknown in a plain clone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cardbook.base.errors import InputError, Problem

REPOSITORY = re.compile(r"(?:https://github\.com/)?([A-Za-z0-9-]+/[A-Za-z0-9._-]+?)(?:\.git)?/?")
ADDRESS = re.compile(r"https?://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~/-]*)?")


@dataclass(frozen=True)
class Publisher:
    """The repository (`OWNER/NAME`) and the site's address (ending in "/"); each "" when unknown."""

    repository: str
    address: str


def read_publisher(variables: Mapping[str, str]) -> Publisher:
    """Return the publisher that the variables BOOK_REPOSITORY and BOOK_ADDRESS name. Raises InputError."""
    repository, address = variables.get("BOOK_REPOSITORY", ""), variables.get("BOOK_ADDRESS", "")
    found = REPOSITORY.fullmatch(repository)
    problems = []
    if repository and not found:
        what = f'"{repository}" is not a GitHub repository'
        problems.append(Problem("BOOK_REPOSITORY", 0, what, "write https://github.com/OWNER/NAME"))
    if address and not ADDRESS.fullmatch(address):
        what = f'"{address}" is not the address of a site'
        problems.append(Problem("BOOK_ADDRESS", 0, what, "write https://HOST/PATH/"))
    if problems:
        raise InputError(problems)
    return Publisher(found[1] if found else "", address.rstrip("/") + "/" if address else "")
