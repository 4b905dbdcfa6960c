"""The hub profile end to end, without the Hub: real names and revisions on loopback, with tiny models."""

import ast
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cardbook.models.manifest import Model, read_models
from cardbook.models.store import ModelStore
from cardbook.records.interactive import interactive_media
from cardbook.records.store import Record, RecordSet
from cardbook.source.book import Book, read_book
from tests.conftest import ROOT, Cardbook, replace
from tests.hub import Hub, serve_hub, sha256

HASH = re.compile(r'"(?P<name>.+)" = "[0-9a-f]{64}"')


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    return read_models(ROOT)


@pytest.fixture(scope="module")
def files(models: dict[str, Model], tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """The tiny files by model: those that models.toml lists, and no other."""
    # Imported here: transformers takes seconds that only these tests should cost.
    from tests.book.tiny_models import build_models

    text = (ROOT / "flashcards" / "part-01.md").read_text(encoding="utf-8").splitlines()
    built = build_models(tmp_path_factory.mktemp("models"), text)
    return {model.id: {name: built[model.id][name] for name in model.files} for model in models.values()}


@pytest.fixture(scope="module")
def hub(models: dict[str, Model], files: dict[str, dict[str, bytes]]) -> Iterator[Hub]:
    with serve_hub({(i, model.revision): files[i] for i, model in models.items()}) as hub:
        yield hub


@pytest.fixture(scope="module")
def root(files: dict[str, dict[str, bytes]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the book whose models.toml has the hashes of the tiny files."""
    root = tmp_path_factory.mktemp("book")
    for folder in ("flashcards", "examples"):
        shutil.copytree(ROOT / folder, root / folder)
    for name in ("book.yml", "card-ids.yml"):
        shutil.copy(ROOT / name, root / name)
    text = (ROOT / "models.toml").read_text(encoding="utf-8")
    (root / "models.toml").write_text(with_hashes(text, files), encoding="utf-8")
    return root


def with_hashes(text: str, files: dict[str, dict[str, bytes]]) -> str:
    lines, model_id = [], ""
    for line in text.split("\n"):
        if line.startswith("["):
            model_id = line.split('"')[1]
        if found := HASH.fullmatch(line):
            line = f'"{found["name"]}" = "{sha256(files[model_id][found["name"]])}"'
        lines.append(line)
    return "\n".join(lines)


@pytest.fixture(scope="module")
def filled(root: Path, hub: Hub, cardbook: Cardbook) -> "subprocess.CompletedProcess[str]":
    outcome = cardbook("models", "--root", root, "--profile", "hub", **online(hub))
    assert outcome.returncode == 0, outcome.stderr
    return outcome


def online(hub: Hub) -> dict[str, str]:
    return {"HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": "0", "PIP_NO_INDEX": "1"}


def examples_of(book: Book) -> list[str]:
    return [name for name in book.examples if book.options(name).hub]


@pytest.fixture(scope="module")
def records(root: Path, filled: object, cardbook: Cardbook) -> dict[str, Record]:
    """The records that the examples with hub parameters left when they ran in the hub profile."""
    names = examples_of(read_book(root))
    outcome = cardbook("run", *names, "--root", root, "--profile", "hub")
    assert outcome.returncode == 0, outcome.stderr
    found = {name: RecordSet(root / ".cardbook" / "records" / "hub").read(name) for name in names}
    return {name: record for name, record in found.items() if record}


def test_every_model_comes_from_the_hub(root: Path, filled: "subprocess.CompletedProcess[str]") -> None:
    models = read_models(root)
    for model in models.values():
        assert f"{model.id}: fetched from the Hub, verified" in filled.stdout
        stored = ModelStore(root).verify(model)
        assert stored is not None and stored.source == "hub"


def test_examples_run_with_their_hub_parameters(root: Path, records: dict[str, Record]) -> None:
    book = read_book(root)
    assert records.keys() == set(examples_of(book))
    for name, record in records.items():
        values = book.options(name).hub
        assert values.items() <= parameters_of(record).items(), name


def parameters_of(record: Record) -> dict[str, object]:
    cell = next(cell for cell in record.notebook.cells if "parameters" in cell.metadata.get("tags", []))
    assignments = [node for node in ast.parse(cell.source).body if isinstance(node, ast.Assign)]
    return {ast.unparse(node.targets[0]): ast.literal_eval(node.value) for node in assignments}


def test_records_name_the_models_of_the_hub(models: dict[str, Model], records: dict[str, Record]) -> None:
    for name, record in records.items():
        used = record.provenance.models
        assert used.keys() == models.keys() & set(parameters_of(record).values()), name
        for model_id, model in used.items():
            assert model["revision"] == models[model_id].revision
            assert model["source"] == "hub"
    only_there = {model.id for model in models.values() if not model.offline}
    assert only_there <= {model_id for record in records.values() for model_id in record.provenance.models}


def test_records_hold_pictures_and_no_complaints(records: dict[str, Record]) -> None:
    for name, record in records.items():
        for output in itertools.chain(*record.outputs):
            # Random weights write bytes for which no font has a glyph.
            complaint = output.get("name") == "stderr" and "missing from font" not in output.text
            assert not complaint, (name, output)
            data = output.get("data", {"image/png": ""})
            assert "image/png" in data or interactive_media(data), (name, output)


def test_another_revision_is_not_found(
    root: Path, hub: Hub, models: dict[str, Model], cardbook: Cardbook, tmp_path: Path
) -> None:
    wanted, other = models["google-bert/bert-base-uncased"].revision, "0" * 40
    shutil.copy(root / "models.toml", tmp_path)
    replace(tmp_path / "models.toml", wanted, other)
    outcome = cardbook("models", "--root", tmp_path, "--profile", "hub", **online(hub))
    assert outcome.returncode == 1
    assert (
        "google-bert/bert-base-uncased: only the Hub has it, and the Hub did not deliver it (404"
        in outcome.stderr
    )
    assert [path for path in hub.refused if other in path] == [
        f"/google-bert/bert-base-uncased/resolve/{other}/config.json"
    ]


SNIPPET = """
import json, sys
import transformers as t
from sentence_transformers import CrossEncoder, SentenceTransformer

revisions = json.loads(sys.argv[1])

def load(kind, name, **settings):
    return kind.from_pretrained(name, revision=revisions[name], **settings)

name = "sentence-transformers/all-MiniLM-L6-v2"
print(SentenceTransformer(name, revision=revisions[name]).encode("hello").shape)
name = "HuggingFaceTB/SmolLM2-135M-Instruct"
chat = load(t.AutoTokenizer, name).apply_chat_template([{"role": "user", "content": "hi"}], tokenize=False)
print(chat.split(), type(load(t.AutoModelForCausalLM, name)).__name__)
name = "google-bert/bert-base-uncased"
print(load(t.AutoTokenizer, name).cls_token, type(load(t.AutoModelForMaskedLM, name)).__name__)
name = "Qwen/Qwen3-4B-Instruct-2507"
print(type(load(t.AutoModelForCausalLM, name)).__name__)
name = "Qwen/Qwen3-Embedding-0.6B"
print(SentenceTransformer(name, revision=revisions[name]).encode_query("hello").shape)
name = "cross-encoder/ms-marco-MiniLM-L6-v2"
print(CrossEncoder(name, revision=revisions[name]).predict([("hello", "world")]).shape)
name = "HuggingFaceTB/SmolVLM-500M-Instruct"
print(type(t.pipeline("image-text-to-text", name, revision=revisions[name]).model).__name__)
"""

LOADED = """\
(32,)
['<|im_start|>user', 'hi<|im_end|>'] LlamaForCausalLM
[CLS] BertForMaskedLM
Qwen3ForCausalLM
(32,)
(1,)
Idefics3ForConditionalGeneration
"""


def test_plain_python_loads_every_model_from_the_hub(
    hub: Hub, models: dict[str, Model], tmp_path: Path
) -> None:
    revisions = json.dumps({model.id: model.revision for model in models.values()})
    variables = os.environ | online(hub) | {"HF_HUB_CACHE": str(tmp_path), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", SNIPPET, revisions]
    outcome = subprocess.run(command, capture_output=True, text=True, env=variables)
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout == LOADED
