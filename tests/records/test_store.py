"""Damaged records and failures are named; nothing that reads them ends with a traceback."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cardbook.records.status import Project, load_project, status_of
from cardbook.records.store import CORRUPT_FAILURE
from tests.conftest import Cardbook
from tests.records.test_ingestion import content, honest, place, provenance

__all__ = ["place"]
FAILURE = {"fingerprint": "", "started": "2999-01-01T00:00:00+00:00", "message": "it broke", "after": ""}


def part(key: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda found: found["metadata"]["cardbook"]["parts"].update({key: value})


DAMAGED: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another format": (lambda found: found.update(nbformat=99), "the record is not a notebook"),
    "no outputs": (lambda found: found["cells"][1].pop("outputs"), "the record is not a notebook"),
    "half of a character": (
        lambda found: found["metadata"]["cardbook"]["parts"].update(python="\ud800"),
        "the record has half of a character",
    ),
    "no provenance": (lambda found: found["metadata"].pop("cardbook"), "the record has no provenance"),
    "provenance that is a list": (
        lambda found: found["metadata"].update(cardbook=[]),
        "the record has no provenance",
    ),
    "seconds": (
        provenance("seconds", "x"),
        "the record has an impossible provenance: $.seconds: type",
    ),
    **{
        f"the part {key}": (
            part(key, "x"),
            f"the record has an impossible provenance: $.parts.{key}: type",
        )
        for key in ("code", "packages", "models", "data")
    },
    "time": (
        provenance("started", "2026-02-30T00:00:00+00:00"),
        "the record does not say when it was made",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_record_is_stale_and_says_why(place: Project, case: str) -> None:
    damage, reason = DAMAGED[case]
    place.records.write(honest(place))
    assert status_of(place, "first").state == "fresh"
    found = content(honest(place))
    damage(found)
    place.records.path("first").write_text(json.dumps(found))
    status = status_of(place, "first")
    assert (status.state, status.reasons) == ("stale", (reason,))


def test_record_that_is_nested_too_deeply_is_stale(place: Project, cardbook: Cardbook) -> None:
    place.records.write(honest(place))
    place.records.path("first").write_text("[" * 100_000)
    assert status_of(place, "first").reasons == ("the record is nested too deeply",)
    outcome = cardbook("status", "--root", place.root)
    assert (outcome.returncode, outcome.stderr) == (0, "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"message": "it\x1b[31m broke\n\x07::error::"}, "it broke \N{REPLACEMENT CHARACTER}::error::"),
        ({"message": "\ud800"}, CORRUPT_FAILURE.message),
        ({"message": 1}, CORRUPT_FAILURE.message),
        ({"started": "2026-02-30T00:00:00+00:00"}, CORRUPT_FAILURE.message),
        ({"more": 1}, CORRUPT_FAILURE.message),
    ],
)
def test_damaged_failure_is_a_failure_and_its_message_is_clean(
    place: Project, cardbook: Cardbook, change: dict[str, Any], message: str
) -> None:
    place.records.write(honest(place))
    place.records.failure_path("first").write_text(json.dumps(FAILURE | change))
    status = status_of(load_project(place.root, "offline"), "first")
    assert (status.state, status.reasons) == ("failed", (message,))
    outcome = cardbook("status", "--root", place.root)
    assert (outcome.returncode, outcome.stderr) == (0, "")
