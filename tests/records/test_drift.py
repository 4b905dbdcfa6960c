import base64
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from cardbook.records.comparison import Tolerance
from cardbook.records.drift import compare_records, pair_cells
from cardbook.records.fingerprint import Fingerprint
from cardbook.records.store import Provenance, Record, RecordSet, hash_outputs
from tests.conftest import Cardbook, write, write_small
from tests.records.test_comparison import draw

TABLE = "| name | score |\n|:--|--:|\n| one | 0.50 |\n| two | 0.75 |\n"

FIRST = f"""\
# %% [markdown]
# # One

# %%
print("loss 0.50000")

# %% tags=["varies"]
print("took 3 s")

# %%
print({TABLE!r})
"""


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory, cardbook: Cardbook) -> Path:
    """The records of a small book that has run, once for all tests."""
    book = write_small(tmp_path_factory.mktemp("drift"))
    write(book / "examples" / "first.py", FIRST)
    assert cardbook("run", "--root", book).returncode == 0
    return book / ".cardbook" / "records" / "offline"


@pytest.fixture
def base(ran: Path, tmp_path: Path) -> Path:
    """A copy of the records; today's, another copy, stand in a book beside it."""
    shutil.copytree(ran, tmp_path / ".cardbook" / "records" / "offline")
    return Path(shutil.copytree(ran, tmp_path / "base"))


def today(base: Path) -> RecordSet:
    return RecordSet(base.parent / ".cardbook" / "records" / "offline")


def change(base: Path, before: str, after: str) -> None:
    """Change an output of today's record, as a run that printed something else would have left it."""
    record = read(today(base), "first")
    for outputs in record.outputs:
        for output in outputs:
            output.text = output.text.replace(before, after)
    keep(base, record)


def keep(base: Path, record: Record, **facts: object) -> None:
    """Keep a record as a run would have left it, with these facts in its provenance."""
    provenance = {**vars(record.provenance), "outputs": hash_outputs(record.notebook), **facts}
    provenance["fingerprint"] = Fingerprint(provenance["parts"]).digest
    today(base).write(Record(record.notebook, Provenance(**provenance)))


def read(records: RecordSet, name: str) -> Record:
    record = records.read(name)
    assert record is not None
    return record


def test_equal_records_do_not_drift(base: Path, cardbook: Cardbook) -> None:
    outcome = cardbook("drift", base, "--root", base.parent)
    assert (outcome.returncode, outcome.stdout) == (0, "0 of 2 examples drifted.\n")


def test_number_within_the_tolerance_is_no_drift(base: Path, cardbook: Cardbook) -> None:
    change(base, "loss 0.50000", "loss 0.50001")
    assert cardbook("drift", base, "--root", base.parent).returncode == 0
    outcome = cardbook("drift", base, "--root", base.parent, "--numbers", "0")
    assert outcome.returncode == 1
    assert "-loss 0.50000\n    +loss 0.50001" in outcome.stdout


def test_changed_text_is_shown_as_a_diff_with_its_cell(base: Path, cardbook: Cardbook) -> None:
    change(base, "loss 0.50000", "loss 0.60000")
    outcome = cardbook("drift", base, "--root", base.parent)
    assert outcome.returncode == 1
    assert "first: drifted (time ×1.00, memory ×1.00)\n  cell 1:\n" in outcome.stdout
    assert "-loss 0.50000\n    +loss 0.60000" in outcome.stdout


def test_changed_table_is_told_cell_by_cell(base: Path, cardbook: Cardbook) -> None:
    change(base, "0.75", "0.25")
    outcome = cardbook("drift", base, "--root", base.parent)
    assert outcome.returncode == 1
    assert '  cell 3:\n    table 1:\n    row 2 "two", column "score": 0.75 → 0.25\n' in outcome.stdout


def test_cell_that_may_vary_is_reported_and_is_no_drift(base: Path, cardbook: Cardbook) -> None:
    change(base, "took 3 s", "took 9 s")
    outcome = cardbook("drift", base, "--root", base.parent)
    assert outcome.returncode == 0
    assert "first: differs only where it may vary" in outcome.stdout
    assert "cell 2, which may vary:" in outcome.stdout and "+took 9 s" in outcome.stdout


def test_what_determines_the_outputs_and_changed_is_named(base: Path, cardbook: Cardbook) -> None:
    record = read(today(base), "first")
    record.provenance.parts["packages"]["torch"] = "2.13.0"
    keep(base, record, device="NVIDIA L4")
    outcome = cardbook("drift", base, "--root", base.parent)
    assert outcome.returncode == 0
    assert "  torch absent → 2.13.0\n" in outcome.stdout
    assert "→ NVIDIA L4\n" in outcome.stdout


def test_time_and_memory_are_ratios(base: Path) -> None:
    record = read(today(base), "first")
    keep(base, record, seconds=3 * record.provenance.seconds)
    first, _ = compare_records(RecordSet(base), today(base), Tolerance())
    assert first.seconds == pytest.approx(3)
    assert first.memory == 1


def test_damaged_and_missing_records_are_reported(base: Path, cardbook: Cardbook) -> None:
    today(base).path("first").write_text("garbage")
    today(base).path("second").unlink()
    outcome = cardbook("drift", base, "--root", base.parent)
    assert outcome.returncode == 1
    assert "first: the later record: the record is not JSON\n" in outcome.stdout
    assert "second: it has no later record\n" in outcome.stdout


def test_new_example_is_reported_and_is_no_drift(base: Path, cardbook: Cardbook) -> None:
    (base / "second.ipynb").unlink()
    outcome = cardbook("drift", base, "--root", base.parent)
    assert outcome.returncode == 0
    assert "second: the same outputs" not in outcome.stdout
    assert "second: new" in outcome.stdout


def test_record_without_whole_provenance_is_reported(base: Path, cardbook: Cardbook) -> None:
    keep(base, read(today(base), "first"), parts={"code": []})
    outcome = cardbook("drift", base, "--root", base.parent)
    assert outcome.returncode == 1
    assert "first: its provenance is incomplete" in outcome.stdout


def test_markdown_cannot_be_left_by_what_an_output_says(base: Path, cardbook: Cardbook) -> None:
    change(base, "loss 0.50000", "````\n</details><script>alert(1)</script> @everyone\x1b[31m")
    outcome = cardbook("drift", base, "--root", base.parent, "--markdown")
    assert outcome.returncode == 1
    assert outcome.stdout.startswith("**1 of 2 examples drifted**")
    begin = outcome.stdout.index("`````diff\n")
    end = outcome.stdout.index("\n`````\n", begin)
    assert begin < outcome.stdout.index("<script>") < outcome.stdout.index("@everyone") < end
    assert outcome.stdout.count("<script>") == 1 and "\x1b" not in outcome.stdout


def test_markdown_shows_both_figures_side_by_side(base: Path, cardbook: Cardbook) -> None:
    for records, figure in ((RecordSet(base), draw()), (today(base), draw((300, 100)))):
        record = read(records, "first")
        picture = {
            "output_type": "display_data",
            "data": {"image/png": base64.b64encode(figure).decode(), "text/plain": "<Figure>"},
            "metadata": {},
        }
        code = [cell for cell in record.notebook.cells if cell.cell_type == "code"]
        code[0].outputs.append(type(record.notebook)(picture))
        code[0].outputs[-1].data = type(record.notebook)(picture["data"])
        provenance = {**vars(record.provenance), "outputs": hash_outputs(record.notebook)}
        records.write(Record(record.notebook, Provenance(**provenance)))
    folder = base.parent / "images"
    outcome = cardbook("drift", base, "--root", base.parent, "--markdown", "--images", folder)
    assert outcome.returncode == 1
    assert f"(<{folder}/first-1-1.png>)" in outcome.stdout
    assert "figure 1 differs by" in outcome.stdout
    with Image.open(folder / "first-1-1.png") as sheet:
        assert sheet.size == (2 * 600 + 24, 350)


def test_json_tells_a_script_what_drifted(base: Path, cardbook: Cardbook) -> None:
    change(base, "loss 0.50000", "loss 0.60000")
    outcome = cardbook("drift", base, "--root", base.parent, "--json")
    assert outcome.returncode == 1
    first, second = json.loads(outcome.stdout)
    assert (first["example"], first["drifted"], second["drifted"]) == ("first", True, False)
    assert first["cells"][0]["cell"] == 1


def test_folder_without_records_is_bad_usage(base: Path, cardbook: Cardbook, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    outcome = cardbook("drift", empty, "--records", empty)
    assert outcome.returncode == 2
    assert "no records here: name a folder of records" in outcome.stderr


def test_cells_of_equal_code_belong_together() -> None:
    assert list(pair_cells(["a", "b", "c"], ["a", "x", "b", "d"])) == [(0, 0), (None, 1), (1, 2), (2, 3)]
    assert list(pair_cells(["a", "b"], ["b"])) == [(0, None), (1, 0)]
