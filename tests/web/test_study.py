"""Studying without a browser: the tests of the logic in web/, and its schedule beside another one."""

import json
import os
import random
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsrs
import pytest

from cardbook.pages.study import make_study_page
from cardbook.source.book import read_book
from tests.conftest import ROOT, replace

ESBUILD = str(ROOT / "node_modules" / ".bin" / "esbuild")
START = datetime(2026, 1, 1, 1, tzinfo=UTC)

# Prints, for each sequence of [time, grade] on stdin, what ts-fsrs makes of it after each review.
REPLAY = """
import { Schedule } from "./progress/schedule";
import { readFileSync } from "node:fs";
const sequences = JSON.parse(readFileSync(0, "utf8"));
const states = sequences.map((reviews) => reviews.map((_, i) => {
  const { due, stability, difficulty, state } =
    new Schedule().replay(reviews.slice(0, i + 1).map(([at, grade]) => ({ card: "a", at, grade })));
  return { due: due.toISOString(), stability, difficulty, state };
}));
console.log(JSON.stringify(states));
"""


def bundle(to: Path, *entries: str, stdin: str | None = None) -> None:
    """Bundle modules of web/ for Node."""
    command = [ESBUILD, *entries, "--bundle", "--platform=node", "--format=esm", "--log-level=warning"]
    command.append(f"--outfile={to}" if stdin else f"--outdir={to}")
    if not stdin:
        command.append("--out-extension:.js=.mjs")
    outcome = subprocess.run(
        command, cwd=ROOT / "web" if stdin else ROOT, input=stdin, capture_output=True, text=True
    )
    assert outcome.returncode == 0, outcome.stderr


@pytest.mark.parametrize("zone", ["UTC", "America/Sao_Paulo", "Pacific/Auckland"])
def test_the_logic_passes_its_own_tests_in_every_time_zone(tmp_path: Path, zone: str) -> None:
    tests = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "web" / "tests").glob("*.test.ts"))
    bundle(tmp_path, *tests)
    files = [str(path) for path in sorted(tmp_path.glob("*.mjs"))]
    command = ["node", "--test", "--test-reporter=tap", *files]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=_environment(zone))
    assert outcome.returncode == 0, outcome.stdout
    counts = dict(re.findall(r"^# (\w+) (\d+)$", outcome.stdout, re.MULTILINE))
    assert int(counts["pass"]) >= 50 and counts["fail"] == counts["skipped"] == counts["todo"] == "0"


def _environment(zone: str) -> dict[str, str]:
    return os.environ | {"TZ": zone}


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A script for Node that replays reviews."""
    script = tmp_path_factory.mktemp("replay") / "replay.mjs"
    bundle(script, stdin=REPLAY)
    return script


Step = tuple[timedelta, int]


def draw_sequences(count: int) -> list[list[Step]]:
    """Sequences of reviews: how long after the one before, and the grade; the same ones each time.

    One implementation counts days by the calendar in UTC, the other by hours; for whole days and minutes
    these are the same.
    """
    dice = random.Random(7)
    sequences = []
    for _ in range(count):
        gaps = [
            timedelta(days=dice.choice((1, 2, 5, 13, 40, 400)))
            if dice.random() < 0.6
            else timedelta(minutes=dice.randint(1, 30))
            for _ in range(dice.randint(1, 15))
        ]
        sequences.append([(gap, dice.choice((1, 2, 3, 3, 3, 4))) for gap in gaps])
    return sequences


def test_memory_is_what_another_implementation_makes_of_the_same_reviews(tmp_path: Path) -> None:
    script = tmp_path / "replay.mjs"
    bundle(script, stdin=REPLAY)
    dated = [_date(sequence) for sequence in draw_sequences(400)]
    lines = [[[_write(at), grade] for at, grade in reviews] for reviews in dated]
    outcome = subprocess.run(
        ["node", str(script)], input=json.dumps(lines), capture_output=True, text=True, check=True
    )
    same = apart = 0
    for reviews, states in zip(dated, json.loads(outcome.stdout), strict=True):
        scheduler = fsrs.Scheduler(enable_fuzzing=False)
        card = fsrs.Card(due=START)
        for (at, grade), state in zip(reviews, states, strict=True):
            card, _ = scheduler.review_card(card, fsrs.Rating(grade), at)
            # ts-fsrs keeps eight decimals, of which a small stability uses few.
            assert state["stability"] == pytest.approx(card.stability, rel=1e-3)
            assert state["difficulty"] == pytest.approx(card.difficulty, rel=1e-5)
            assert state["state"] == card.state.value
            due = datetime.fromisoformat(state["due"])
            if card.state != fsrs.State.Review:
                # A step after Hard is 6 minutes for one, 5.5 or 10 for the other.
                assert abs(due - card.due) <= timedelta(minutes=4)
                continue
            # ts-fsrs keeps the days of the four grades apart, so that one may come a little later.
            assert timedelta(0) <= due - card.due <= timedelta(days=3)
            same, apart = same + (due == card.due), apart + (due != card.due)
    assert same > 3 * apart


def _date(sequence: Sequence[Step]) -> list[tuple[datetime, int]]:
    at = START
    dated = []
    for gap, grade in sequence:
        at += gap
        dated.append((at, grade))
    return dated


def _write(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_the_lock_names_no_registry_and_every_package_is_pinned() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    assert not any("resolved" in package for package in lock["packages"].values())
    assert all("integrity" in package for name, package in lock["packages"].items() if name)
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    for name, version in wanted["devDependencies"].items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
        assert lock["packages"][f"node_modules/{name}"]["version"] == version


def test_the_licences_of_what_is_bundled_are_shipped() -> None:
    built = ROOT / "cardbook" / "site" / "theme" / "assets" / "built"
    licence = (ROOT / "node_modules" / "ts-fsrs" / "LICENSE").read_text(encoding="utf-8")
    assert (built / "ts-fsrs-licence.txt").read_text(encoding="utf-8") == licence
    assert "ts-fsrs-licence.txt" in (built / "book.js").read_text(encoding="utf-8")[:200]


def test_the_study_page_has_every_card_under_its_chapter(small: Path) -> None:
    page = make_study_page(read_book(small))
    for text in (
        "## Numbers { #numbers }",
        '<div class="card" data-card="second">',
        "What is two?",
        "<strong>2",
    ):
        assert text in page
    assert "### [First Card](../chapters/numbers.md#first) { #first }" in page
    replace(small / "flashcards" / "part-01.md", "What is one?", "`x` <script>alert(1)</script> {{ x }}?")
    page = make_study_page(read_book(small))
    assert "<script>" not in page and "&lt;script&gt;" in page
