import json
import re
from pathlib import Path
from typing import Any

import pytest

from cardbook.cli.doctor_gpu import examine_facts
from cardbook.records.environment import find_device
from tests.conftest import Cardbook, write

GPU: dict[str, Any] = {"device": "Some GPU", "inherited": False, "cuda": "13.0", "free": 20 * 10**9}
NOTE = "Kernels are no longer forked, an import initialised CUDA: each imports its libraries itself."


def test_wrong_and_absent_packages_are_found(small: Path, cardbook: Cardbook) -> None:
    write(small / "requirements.txt", "click==1.0\nno-such-package==2.0  \n# comment\n")
    outcome = cardbook("doctor", "--root", small)
    assert outcome.returncode == 1
    assert re.search(r"click +1\.0 .*fix this", outcome.stdout)
    assert re.search(r"no-such-package +2\.0 +absent +fix this", outcome.stdout)


def test_requirements_that_are_not_text_are_refused(small: Path, cardbook: Cardbook) -> None:
    (small / "requirements.txt").write_bytes("click==1.0".encode("utf-16"))
    outcome = cardbook("doctor", "--root", small)
    assert (outcome.returncode, outcome.stderr) == (2, "requirements.txt: is not UTF-8: save it as UTF-8\n")


@pytest.mark.slow
@pytest.mark.skipif(find_device("") == "cuda", reason="this machine has a GPU")
def test_machine_without_gpu_will_not_do_and_is_told_why(small: Path, cardbook: Cardbook) -> None:
    outcome = cardbook("doctor", "--gpu", "--json", "--root", small)
    assert (outcome.returncode, outcome.stderr) == (1, "")
    findings = {finding["what"]: finding for finding in json.loads(outcome.stdout)}
    assert findings["NVIDIA driver"]["found"] == "absent"
    assert "install NVIDIA's driver" in findings["NVIDIA driver"]["remedy"]
    assert findings["device in the sandbox"]["found"] == "cpu"
    # What needs no GPU is examined all the same: an example runs in the sandbox, twice.
    assert findings["kernel"]["passed"] and findings["outputs of two runs"]["passed"]


@pytest.mark.parametrize(
    ("change", "notes", "failed"),
    [
        ({}, [], []),
        ({"cuda": ""}, [], ["CUDA build of torch"]),
        ({"device": "cpu", "free": 0}, [], ["device in the sandbox", "GPU memory"]),
        ({"inherited": True}, [], ["kernel"]),
        ({}, [NOTE], ["kernel"]),
        ({"free": 10**9}, [], ["GPU memory"]),
    ],
)
def test_what_a_gpu_lacks_is_found(change: dict[str, Any], notes: list[str], failed: list[str]) -> None:
    findings = list(examine_facts(GPU | change, notes))
    assert [finding.what for finding in findings if not finding.passed] == failed
