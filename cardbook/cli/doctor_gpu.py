"""`doctor --gpu`: checks whether a machine can be a runner with a GPU."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from cardbook.base.files import write_whole
from cardbook.cli.doctor import Finding
from cardbook.records.comparison import Tolerance
from cardbook.records.drift import compare_example
from cardbook.records.environment import driver_version
from cardbook.records.status import Project, load_project
from cardbook.records.store import RecordSet
from cardbook.run.scheduler import run_examples
from cardbook.source.book import read_book

GIGABYTE = 10**9
# For the packages with CUDA and the models of the hub profile, with room to spare. Not measured on a GPU.
DISK_GB = 15
# The largest model of the hub profile has 1.9 GB. Not measured on a GPU.
GPU_MEMORY_GB = 6

BOOK = """\
title: Probe
deck: probe
chapters:
  - id: machine
    title: Probe
    description: About this machine.
    introduction: One example.
    cards: [{id: probe, card: Probe, example: probe}]
"""
DECK = "# Flashcards: Probe (Part 1)\n\n---\n\n#### Probe\n:p What?\n??x\nThis.\nx??\n"
PROBE = """\
# %% [markdown]
# # Probe

# %%
import json

import torch

inherited = torch.cuda.is_initialized()
device = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(0)
network = torch.nn.Sequential(torch.nn.Linear(512, 512), torch.nn.GELU(), torch.nn.Linear(512, 8)).to(device)
optimizer = torch.optim.AdamW(network.parameters(), lr=0.001)
samples = torch.randn(256, 512, device=device)
for _ in range(20):
    loss = network(samples).sub(1).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

# %%
print(f"loss after 20 steps: {loss.item():.4f}")

# %% tags=["varies"]
facts = {"device": device, "inherited": inherited, "cuda": torch.version.cuda or "", "free": 0}
if device == "cuda":
    facts |= {"device": torch.cuda.get_device_name(), "free": torch.cuda.mem_get_info()[0]}
print(json.dumps(facts))
"""


def examine_gpu(root: Path) -> list[Finding]:
    """Return the requirements of a runner with a GPU, and what this machine has; takes up to a minute.

    Runs an example that trains a small network, twice, like an example of a book.
    """
    book = read_book(root)
    limit = max((book.options(name).memory for name in book.examples), default=0.0)
    memory = psutil.virtual_memory().available / GIGABYTE
    disk = shutil.disk_usage(root).free / GIGABYTE
    driver = driver_version()
    return [
        Finding(
            "NVIDIA driver",
            "any",
            driver or "absent",
            bool(driver),
            "install NVIDIA's driver, or give the container the GPU",
        ),
        Finding(
            "memory",
            f"{limit:g} GB free, the largest limit of an example",
            f"{memory:.1f} GB free",
            memory >= limit,
            "end other programs, or lower the limit in book.yml",
        ),
        Finding("disk", f"{DISK_GB} GB free", f"{disk:.1f} GB free", disk >= DISK_GB, "free disk space"),
        *_examine_runs(),
    ]


def _examine_runs() -> Iterator[Finding]:
    with tempfile.TemporaryDirectory(prefix="cardbook-doctor-") as name:
        root = Path(name)
        for path, text in (("book.yml", BOOK), ("flashcards/probe.md", DECK), ("examples/probe.py", PROBE)):
            (root / path).parent.mkdir(exist_ok=True)
            write_whole(root / path, text)
        write_whole(root / "card-ids.yml", "probe: Probe\n")
        project = load_project(root, "offline")
        again = replace(project, records=RecordSet(root / "again"))
        notes: list[str] = []
        faults = [*_run_probe(project, notes), *_run_probe(again, notes)]
        if faults:
            yield Finding("example in the sandbox", "runs twice", faults[0], False, "see the message")
            return
        yield from examine_facts(_read_facts(project), notes)
        drift = compare_example(project.records, again.records, "probe", Tolerance())
        lines = [line for cell in drift.cells for part in cell.differences for line in part.lines]
        yield Finding(
            "outputs of two runs",
            "equal within the tolerance",
            "; ".join(lines) if drift.drifted else "equal within the tolerance",
            not drift.drifted,
            "publish from another machine",
        )


def _run_probe(project: Project, notes: list[str]) -> list[str]:
    """Run the probe; append the runner's messages to `notes`; return the reasons of a failure."""
    statuses = run_examples(project, ["probe"], 1, lambda event: notes.append(event.message))
    return [reason for status in statuses if status.state != "fresh" for reason in status.reasons]


def _read_facts(project: Project) -> dict[str, Any]:
    record = project.records.read("probe")
    assert record is not None
    facts: dict[str, Any] = json.loads(record.outputs[-1][0].text)
    return facts


def examine_facts(facts: Mapping[str, Any], notes: Sequence[str]) -> Iterator[Finding]:
    """Return the findings from `facts`, which the probe prints, and `notes`, the runner's messages."""
    version = f"torch {metadata.version('torch')}"
    build = f"{version}, CUDA {facts['cuda']}" if facts["cuda"] else f"{version}, without CUDA"
    remedy = "install torch from the Python package index, which has CUDA on Linux: remove .venv, then: make"
    yield Finding("CUDA build of torch", "CUDA", build, bool(facts["cuda"]), remedy)
    has_gpu = facts["device"] != "cpu"
    remedy = "provide the two above; if both are there, the driver is too old for this build"
    yield Finding("device in the sandbox", "a GPU", facts["device"], has_gpu, remedy)
    blockers = [note for note in notes if note.startswith(("Kernels are no longer forked", "Kernels cannot"))]
    found = "; ".join(blockers) or ("CUDA inherited from the fork server" if facts["inherited"] else "forked")
    passed = not blockers and not facts["inherited"]
    yield Finding(
        "kernel", "forked, before CUDA is initialised", found, passed, "report this: a library causes it"
    )
    free = f"{facts['free'] / GIGABYTE:.1f} GB free" if has_gpu else "no GPU"
    passed = facts["free"] >= GPU_MEMORY_GB * GIGABYTE
    remedy = "end other programs on the GPU, or use a larger one" if has_gpu else "provide the above"
    yield Finding("GPU memory", f"{GPU_MEMORY_GB} GB free", free, passed, remedy)
