"""The results of verifying a site: whether copied code runs and gives the shown outputs."""

import json
from dataclasses import dataclass

from cardbook.base.files import hash_text
from cardbook.verify.extraction import ExtractedExample


@dataclass(frozen=True)
class CheckResult:
    """One check of an example: the checked part (`place`), and what is wrong with it, "" if nothing."""

    place: str
    fault: str


@dataclass(frozen=True)
class VerifiedExample:
    """The results for one example on a page. `content` is its `hash_example`, `when` UTC in ISO 8601."""

    example: str
    page: str
    when: str
    content: str
    results: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        """Whether no check found a fault."""
        return not any(result.fault for result in self.results)


def hash_example(extracted: ExtractedExample | None) -> str:
    """Return the SHA-256 of all that a page shows of an example, and of the files to which it refers.

    None is an example without a page.
    """
    if extracted is None:
        return hash_text("null")
    return hash_text(
        json.dumps([extracted.example, extracted.markup, sorted(extracted.linked.items()), extracted.faults])
    )
