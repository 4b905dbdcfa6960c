"""The models of this book, as they lie in the store."""

import json
import os
import subprocess
import sys

from cardbook.models.manifest import read_models
from cardbook.models.store import ModelStore
from tests.conftest import ROOT

SNIPPET = """
from sentence_transformers import SentenceTransformer
from transformers import AutoModelForCausalLM, AutoTokenizer
name, revision = "sentence-transformers/all-MiniLM-L6-v2", "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
print(SentenceTransformer(name, revision=revision).encode("hello").shape)
name, revision = "HuggingFaceTB/SmolLM2-135M-Instruct", "12fd25f77366fa6b3b4b768ec3050bf629380bac"
tokenizer = AutoTokenizer.from_pretrained(name, revision=revision)
model = AutoModelForCausalLM.from_pretrained(name, revision=revision)
prompt = tokenizer("The capital of France is", return_tensors="pt")
print(tokenizer.decode(model.generate(**prompt, max_new_tokens=2, do_sample=False)[0]))
"""


def test_snippets_load_from_the_store_in_plain_python() -> None:
    # Other tests run beside it; threads that wait for a core take the time of those.
    threads = {"OMP_NUM_THREADS": "1"}
    variables = (
        os.environ | {"HF_HUB_CACHE": str(ROOT / ".cardbook" / "hub"), "HF_HUB_OFFLINE": "1"} | threads
    )
    outcome = subprocess.run([sys.executable, "-c", SNIPPET], capture_output=True, text=True, env=variables)
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.splitlines()[0] == "(384,)"
    assert "Paris" in outcome.stdout


def test_receipt_names_source_and_every_file() -> None:
    model = read_models(ROOT)["sentence-transformers/all-MiniLM-L6-v2"]
    receipt = json.loads(ModelStore(ROOT).receipt(model).read_text())
    assert receipt["stored"]["files"] == dict(model.files)
