"""Records from other machines are data: what an honest run leaves is taken over, and nothing else."""

import base64
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import nbformat
import pytest
from PIL import Image

from cardbook.base.errors import InputError
from cardbook.records.fingerprint import Fingerprint
from cardbook.records.ingestion import read_incoming, store_records, summarize
from cardbook.records.inputs import hash_data
from cardbook.records.status import Project, load_project, status_of, statuses_of
from cardbook.records.store import SCHEMA, Failure, Provenance, Record, hash_outputs
from cardbook.records.validation import inspect_record
from cardbook.source.example import to_notebook
from tests.conftest import Cardbook, replace, write

Spoil = Callable[[dict[str, Any]], object]


def picture(size: tuple[int, int] = (2, 2), kind: str = "PNG") -> str:
    stream = BytesIO()
    Image.new("1", size).save(stream, kind)
    return base64.b64encode(stream.getvalue()).decode()


def honest(project: Project, name: str = "first", minutes_ago: int = 5, line: str = "count 1") -> Record:
    """A record as a run of today's example leaves it, with a printed line and a figure."""
    plan = project.plans[name]
    notebook = to_notebook(plan.example)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    figure = nbformat.v4.new_output(
        "display_data",
        {"image/png": picture(), "text/plain": "<Figure>"},
        metadata={"image/png": {"width": 2, "height": 2}},
    )
    cells[0].outputs = [nbformat.v4.new_output("stream", name="stdout", text=f"{line}\ndone\n"), figure]
    cells[0].execution_count = 1
    parts = plan.fingerprint.parts
    started = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    known: dict[str, Any] = {
        "schema": SCHEMA,
        "example": name,
        "fingerprint": plan.fingerprint.digest,
        "parts": parts,
        "started": started.isoformat(timespec="seconds"),
        "seconds": 1.5,
        "device": "Some GPU",
        "peak_memory": 10**8,
        "gpu_memory": 10**9,
        "commit": "a" * 40,
        "packages": dict(parts["packages"]),
        "models": {},
        "outputs": hash_outputs(notebook),
    }
    return Record(notebook, Provenance(**known))


def content(record: Record) -> dict[str, Any]:
    """What the record's file holds, as JSON."""
    record.notebook.metadata.cardbook = asdict(record.provenance)
    found: dict[str, Any] = json.loads(nbformat.writes(record.notebook))
    return found


def hand_over(folder: Path, name: str, found: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(found if isinstance(found, str) else json.dumps(found), encoding="utf-8")


def agree(found: dict[str, Any]) -> None:
    """Make the hash of the outputs right again, as whoever changes outputs would."""
    found["metadata"]["cardbook"]["outputs"] = hash_outputs(nbformat.reads(json.dumps(found), as_version=4))


@pytest.fixture
def place(small: Path) -> Project:
    """The small book, as the publishing machine has it."""
    return load_project(small, "offline")


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    """The folder into which artifacts are downloaded, one folder each."""
    return tmp_path / "artifacts"


def test_what_an_honest_run_left_is_taken_over(place: Project, artifacts: Path) -> None:
    received = {name: honest(place, name) for name in ("first", "second")}
    for name, record in received.items():
        hand_over(artifacts / f"records-{name}", f"{name}.ipynb", content(record))
    intake = read_incoming(place, [artifacts])
    store_records(place, intake, print)
    assert [status.state for status in statuses_of(place)] == ["fresh", "fresh"]
    kept = place.records.read("first")
    assert kept is not None and kept.provenance == received["first"].provenance
    assert list(summarize(intake, ["first", "second", "third"])) == [
        "2 of 3 examples have a record to store.",
        "third: no record was received",
    ]


def test_shards_of_real_runs_are_taken_over(small: Path, tmp_path: Path, cardbook: Cardbook) -> None:
    for number in (1, 2):
        folder = tmp_path / "artifacts" / str(number)
        outcome = cardbook("run", "--root", small, "--shard", f"{number}/2", "--records", folder)
        assert outcome.returncode == 0, outcome.stderr
    outcome = cardbook("import-records", tmp_path / "artifacts", "--root", small)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert cardbook("check", "--root", small).returncode == 0


def test_what_a_run_leaves_for_itself_is_not_looked_into(place: Project, artifacts: Path) -> None:
    for name in (".lock", ".holder", ".first.ipynb-draft"):
        hand_over(artifacts / "a", name, "\0")
    assert read_incoming(place, [artifacts]).records == {}


def test_of_several_records_the_newest_counts(place: Project, artifacts: Path) -> None:
    for folder, minutes in (("a", 60), ("b", 5), ("c", 30)):
        hand_over(artifacts / folder, "first.ipynb", content(honest(place, "first", minutes, folder)))
    record = read_incoming(place, [artifacts]).records["first"]
    assert record.outputs[0][0].text == "b\ndone\n"


@pytest.mark.parametrize(("minutes", "stands"), [(5, True), (60, False)])
def test_failure_counts_when_it_is_newer(place: Project, artifacts: Path, minutes: int, stands: bool) -> None:
    started = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="seconds")
    failure = Failure(place.plans["first"].fingerprint.digest, started, "it\x1b[31m broke\n::error::")
    hand_over(artifacts / "a", "first.failed.json", asdict(failure))
    hand_over(artifacts / "b", "first.ipynb", content(honest(place, "first", 30)))
    intake = read_incoming(place, [artifacts])
    store_records(place, intake, print)
    status = statuses_of(place)[0]
    assert (status.state, status.reasons) == (
        ("failed", ("it broke ::error::",)) if stands else ("fresh", ())
    )


def test_record_for_another_fingerprint_is_left_out_and_says_why(
    small: Path, place: Project, artifacts: Path
) -> None:
    hand_over(artifacts / "a", "first.ipynb", content(honest(place)))
    replace(small / "examples" / "first.py", "count = 1", "count = 2")
    intake = read_incoming(load_project(small, "offline"), [artifacts])
    assert (intake.records, intake.left_out) == (
        {},
        ("a/first.ipynb: left out: code of cell 1 changed",),
    )


@pytest.mark.parametrize("change", [{"schema": SCHEMA + 1}, {"unknown": 1}], ids=["schema", "key"])
def test_record_of_another_version_of_cardbook_is_left_out(
    place: Project, artifacts: Path, change: dict[str, int]
) -> None:
    found = content(honest(place))
    found["metadata"]["cardbook"] |= change
    hand_over(artifacts / "a", "first.ipynb", found)
    intake = read_incoming(place, [artifacts])
    assert intake.records == {} and len(intake.left_out) == 1


def test_record_of_an_example_that_read_data_is_fresh_while_they_are_the_same(
    small: Path, place: Project, artifacts: Path
) -> None:
    found = content(honest(place))
    claims = found["metadata"]["cardbook"]
    write(small / "data.csv", "1")
    claims["parts"]["data"] = hash_data(small, ["data.csv"])
    claims["fingerprint"] = Fingerprint(claims["parts"]).digest
    hand_over(artifacts, "first.ipynb", found)
    assert set(read_incoming(place, [artifacts]).records) == {"first"}
    write(small / "data.csv", "2")
    assert read_incoming(place, [artifacts]).left_out == (
        "artifacts/first.ipynb: left out: data file data.csv changed",
    )


def provenance(key: str, value: object) -> Spoil:
    return lambda found: found["metadata"]["cardbook"].update({key: value})


def output(value: dict[str, Any]) -> Spoil:
    def spoil(found: dict[str, Any]) -> None:
        next(cell for cell in found["cells"] if cell["cell_type"] == "code")["outputs"].append(value)
        agree(found)

    return spoil


def shown(**data: str) -> dict[str, Any]:
    media = {key.replace("__", "+").replace("_", "/"): value for key, value in data.items()}
    return {"output_type": "display_data", "data": media, "metadata": {}}


def read(name: str, digest: str = "1" * 64) -> Spoil:
    def spoil(found: dict[str, Any]) -> None:
        claims = found["metadata"]["cardbook"]
        claims["parts"]["data"] = {name: digest}
        claims["fingerprint"] = Fingerprint(claims["parts"]).digest

    return spoil


HOSTILE: dict[str, tuple[Spoil, str]] = {
    "no notebook": (lambda found: found.pop("cells"), "is not a notebook"),
    "a cell of no kind": (lambda found: found["cells"][1].update(cell_type=1.5), "is not a notebook"),
    "other code": (lambda found: found["cells"][1].update(source="count = 7"), "other code"),
    "a cell more": (
        lambda found: found["cells"].append({**found["cells"][1], "id": "more", "outputs": []}),
        "other code",
    ),
    "changed output": (lambda found: found["cells"][1]["outputs"].pop(), "not those of its run"),
    "html": (output(shown(text_html="<script>alert(1)</script>")), "could act in a reader's browser"),
    "javascript": (output(shown(application_javascript="alert(1)")), "could act in a reader's browser"),
    "svg": (output(shown(image_svg__xml="<svg onload='alert(1)'/>")), "could act in a reader's browser"),
    "markdown": (output(shown(text_markdown="<img src=x onerror=alert(1)>")), "could act in a reader's"),
    "nothing": (output(shown()), "an output without content"),
    "no picture": (output(shown(image_png=base64.b64encode(b"<script>").decode())), "is not a PNG"),
    "no base64": (output(shown(image_png="../../../etc/passwd")), "is not a PNG"),
    "another kind of picture": (output(shown(image_png=picture(kind="GIF"))), "is not a PNG"),
    "a huge picture": (output(shown(image_png=picture((10_000, 5_000)))), "10000 × 5000 pixels"),
    "an interactive output of an unknown kind": (
        output(
            {**shown(text_plain="x"), "data": {"application/vnd.cardbook.page+json": {}, "text/plain": "x"}}
        ),
        "of an unknown kind: application/vnd.cardbook.page",
    ),
    "an interactive output of another form": (
        output({**shown(), "data": {"application/vnd.cardbook.sampling+json": [1], "text/plain": "x"}}),
        r"break the schema of sampling: \$: type",
    ),
    "an interactive output without text": (
        output({**shown(), "data": {"application/vnd.cardbook.sampling+json": {}}}),
        "not just its data and text/plain",
    ),
    "metadata": (
        output({**shown(text_plain="x"), "metadata": {"image/png": {"width": 1, "style": "x"}}}),
        "metadata that no figure has",
    ),
    "error": (
        output({"output_type": "error", "ename": "E", "evalue": "", "traceback": []}),
        "of a kind that pages do not show",
    ),
    "result": (
        output({**shown(text_plain="1"), "output_type": "execute_result", "execution_count": 1}),
        "of a kind that pages do not show",
    ),
    "another stream": (
        output({"output_type": "stream", "name": "extra", "text": ""}),
        "of a kind that pages do not show",
    ),
    "another example": (provenance("example", "second"), "another example"),
    "invented fingerprint": (provenance("fingerprint", "f" * 64), "not that of its parts"),
    "forged parts": (provenance("parts", {"code": []}), "not that of its parts"),
    "data": (read("../secret"), "that no book can have"),
    "data elsewhere": (read("/etc/passwd"), "that no book can have"),
    "data by a second name": (read("./first.csv"), "that no book can have"),
    "data that is a model": (read(".cardbook/weights"), "that no book can have"),
    "commit": (provenance("commit", "main; rm -rf /"), r"\$.commit: pattern"),
    "device": (provenance("device", "GPU\n::add-mask::x"), r"impossible provenance: \$.device: not"),
    "long device": (provenance("device", "x" * 5000), r"impossible provenance: \$.device: maxLength"),
    "seconds": (provenance("seconds", -1.0), r"impossible provenance: \$.seconds: m"),
    "endless seconds": (provenance("seconds", 1e308), r"impossible provenance: \$.seconds: m"),
    "memory": (provenance("peak_memory", True), r"impossible provenance: \$.peak_memory: type"),
    "gpu memory": (provenance("gpu_memory", "1 GB"), r"impossible provenance: \$.gpu_memory: type"),
    "no time": (provenance("started", "yesterday"), r"\$.started: pattern"),
    "no zone": (provenance("started", "2026-01-01T00:00:00"), r"\$.started: pattern"),
    "future": (provenance("started", "2999-01-01T00:00:00+00:00"), "in the future"),
    "another zone": (provenance("started", "2026-11-24T18:00:00+23:59"), r"\$.started: pattern"),
    "a line after the time": (provenance("started", "2026-11-24T18:00:00+00:00\n"), r"\$.started: pattern"),
    "no such day": (provenance("started", "2026-02-30T18:00:00+00:00"), "an impossible date or time"),
    "year 1": (provenance("started", "0001-01-01T00:00:00+00:00"), "before 2020"),
    "1970": (provenance("started", "1970-01-01T00:00:00+00:00"), "before 2020"),
    "centuries": (provenance("seconds", 9e18), r"\$.seconds: maximum"),
    "right to left": (provenance("device", "GPU \u202e0001"), r"\$.device: not"),
    "driver": (provenance("driver", "\x1b]0;x\x07"), r"\$.driver: not"),
    "line after the commit": (provenance("commit", "a" * 40 + "\n"), r"\$.commit: "),
    "data that was not there": (read("first.csv", ""), "impossible provenance"),
    "data with NUL": (read("a\0b"), "impossible provenance"),
    "data with a long name": (read("a" * 5000), "impossible provenance"),
}


@pytest.mark.parametrize("name", ["docs", "loop/x", "outside", "a" * 1999])
def test_record_whose_data_file_has_become_another_thing_is_left_out(
    place: Project, artifacts: Path, name: str
) -> None:
    """An earlier commit may have had a file of this name; the other records still count."""
    (place.root / "docs").mkdir(exist_ok=True)
    (place.root / "loop").symlink_to("loop")
    (place.root / "outside").symlink_to("/etc/hostname")
    found = content(honest(place))
    read(name)(found)
    hand_over(artifacts, "first.ipynb", found)
    hand_over(artifacts, "second.ipynb", content(honest(place, "second")))
    intake = read_incoming(place, [artifacts])
    assert set(intake.records) == {"second"}
    (reason,) = intake.left_out
    assert reason.startswith(f"artifacts/first.ipynb: left out: data file {name[:50]}")


@pytest.mark.parametrize(
    ("key", "value"), [("packages", {"torch": "0.1"}), ("models", {"org/one": {}}), ("packages", {})]
)
def test_names_of_packages_and_models_are_those_of_this_checkout(
    place: Project, artifacts: Path, key: str, value: object
) -> None:
    """They may have been corrected since the run: `needs` in book.yml, a licence in models.toml."""
    received = honest(place)
    found = content(received)
    provenance(key, value)(found)
    hand_over(artifacts, "first.ipynb", found)
    (record,) = read_incoming(place, [artifacts]).records.values()
    assert record.provenance == received.provenance
    hand_over(place.records.folder, "first.ipynb", found)
    fresh = status_of(place, "first").fresh_record
    assert fresh is not None and fresh.provenance == received.provenance


@pytest.mark.parametrize("case", HOSTILE)
def test_record_that_no_honest_run_leaves_is_refused(place: Project, artifacts: Path, case: str) -> None:
    spoil, reason = HOSTILE[case]
    found = content(honest(place))
    assert isinstance(inspect_record(place, place.plans["first"], content(honest(place))), Record)
    spoil(found)
    hand_over(artifacts / "a", "first.ipynb", found)
    with pytest.raises(InputError, match=reason):
        read_incoming(place, [artifacts])


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("first.py", "print(1)", "is not a file that a run"),
        ("first.ipynb.exe", "{}", "is not a file that a run"),
        ("first.ipynb", "{", "is not JSON"),
        ("first.ipynb", "[]", "is not a notebook"),
        ("first.failed.json", "[]", "is not the failure of a run"),
        ("first.ipynb", '{"a": 1, "a": 2}', "has a key twice"),
        ("first.ipynb", '{"a": NaN}', "has NaN"),
        ("first.ipynb", '{"a":' * 100_000, "nested too deeply"),
        ("first.ipynb", '{"a": ' + "1" * 5000 + "}", "has an integer of 5000 digits"),
        ("first.ipynb", '{"a": "\\ud800"}', "has half of a character"),
        ("first.ipynb", " " * 20_000_001, "is larger than 20 MB"),
        ("first.failed.json", "{}", "is not the failure of a run"),
        (
            "first.failed.json",
            '{"fingerprint": 1, "started": "", "message": "", "after": ""}',
            "is not the failure of a run",
        ),
        ("first.failed.json", " " * 100_001, "is larger than 0.1 MB"),
    ],
)
def test_file_that_no_honest_run_leaves_is_refused(
    place: Project, artifacts: Path, name: str, text: str, reason: str
) -> None:
    hand_over(artifacts / "a", name, text)
    with pytest.raises(InputError, match=reason):
        read_incoming(place, [artifacts])


@pytest.mark.parametrize("kind", ["ipynb", "failed.json"])
def test_record_of_an_example_that_the_book_no_longer_has_is_left_out_unread(
    place: Project, artifacts: Path, kind: str
) -> None:
    hand_over(artifacts / "a", f"third.{kind}", "not even JSON")
    hand_over(artifacts / "a", "first.ipynb", content(honest(place)))
    incoming = read_incoming(place, [artifacts])
    assert incoming.left_out == (f"a/third.{kind}: left out: the book has no example of this name",)
    assert list(incoming.records) == ["first"] and not incoming.failures


def test_only_ordinary_files_are_read(place: Project, artifacts: Path, tmp_path: Path) -> None:
    hand_over(tmp_path, "secret", content(honest(place)))
    (artifacts / "a").mkdir(parents=True)
    (artifacts / "a" / "first.ipynb").symlink_to(tmp_path / "secret")
    os.mkfifo(artifacts / "a" / "second.ipynb")
    (artifacts / "b" / "deeper").mkdir(parents=True)
    (artifacts / "c").symlink_to(tmp_path)
    with pytest.raises(InputError) as refused:
        read_incoming(place, [artifacts])
    assert [(problem.file, problem.what) for problem in refused.value.problems] == [
        ("a/first.ipynb", "is not a regular file"),
        ("a/second.ipynb", "is not a regular file"),
        ("artifacts/c", "is not a file that a run writes"),
        ("b/deeper", "is a folder where only records belong"),
    ]


def test_nothing_is_taken_over_from_whom_one_file_is_refused(
    small: Path, place: Project, artifacts: Path, cardbook: Cardbook
) -> None:
    hand_over(artifacts / "a", "first.ipynb", content(honest(place)))
    hand_over(artifacts / "b", "evil.sh\n::error::", "")
    outcome = cardbook("import-records", artifacts, "--root", small)
    assert outcome.returncode == 1
    assert "b/evil.sh ::error::: is not a file that a run writes: do not publish" in outcome.stderr
    assert "No record was stored." in outcome.stderr
    assert place.records.read("first") is None


def test_publisher_without_gpu_expects_records_from_one_when_told_to(
    small: Path, artifacts: Path, cardbook: Cardbook
) -> None:
    gpu = load_project(small, "offline", device="cuda")
    for name in ("first", "second"):
        hand_over(artifacts, f"{name}.ipynb", content(honest(gpu, name)))
    outcome = cardbook("import-records", artifacts, "--root", small, "--device", "cpu")
    assert "left out: device cuda" in outcome.stdout
    assert cardbook("check", "--root", small).returncode == 1
    outcome = cardbook("import-records", artifacts, "--root", small, CARDBOOK_DEVICE="cuda")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert cardbook("check", "--root", small, CARDBOOK_DEVICE="cuda").returncode == 0
    outcome = cardbook("check", "--root", small)
    assert outcome.returncode == 1 and "stale: device cuda" in outcome.stderr
