# %% [markdown]
# # Checking a local environment
#
# An environment is good when its packages have the wanted versions, the models can be
# found, and one pass through each model works. This page checks all three, and shows
# why Python 3.10 is too old.

# %% tags=["parameters"]
checkpoint = "HuggingFaceTB/SmolLM2-135M-Instruct"
revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"
embedder = "sentence-transformers/all-MiniLM-L6-v2"
embedder_revision = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"

# %% [markdown]
# ## Packages: wanted and found
#
# Three commands set up everything; conda is not needed. On Windows the second one is
# `.venv\Scripts\activate`.
#
# ```bash
# python -m venv .venv
# source .venv/bin/activate
# pip install -r requirements.txt
# ```
#
# Every installed package carries a file with its version and the Python versions it
# accepts, so nothing has to be imported to find out.

# %%
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, metadata

import pandas as pd
from packaging.specifiers import SpecifierSet
from packaging.version import Version

wanted = {
    "accelerate": "1.15.0",
    "gensim": "4.4.0",
    "huggingface_hub": "2.4.0",
    "matplotlib": "3.11.2",
    "numpy": "2.4.6",
    "pandas": "3.1.1",
    "scikit-learn": "1.9.1",
    "scipy": "1.17.1",
    "sentence-transformers": "6.2.0",
    "tabulate": "0.10.0",
    "tokenizers": "0.23.3",
    "torch": "2.13.0",
    "transformers": "5.23.0",
}

# %%
rows = []
for package, version in wanted.items():
    try:
        facts = metadata(package)
    except PackageNotFoundError:
        rows.append((package, version, "-", "missing", ""))
        continue
    found = Version(facts["Version"]).public  # without a suffix such as +cpu
    verdict = "as in the book"
    if found != version:
        verdict = "newer" if Version(found) > Version(version) else "older"
    rows.append((package, version, found, verdict, facts["Requires-Python"] or ""))

# %%
columns = ["package", "wanted", "found", "verdict", "Python"]
packages = pd.DataFrame(rows, columns=columns)
print(packages.to_markdown(index=False, disable_numparse=True))

# %% [markdown]
# A version newer than wanted often works; results may then differ from those shown in
# the book. The last column says which Python a package accepts. All of them together:

# %%
for python in ["3.10", "3.11", "3.12", "3.13"]:
    refusing = [row[0] for row in rows if python not in SpecifierSet(row[-1])]
    print(f"Python {python} is refused by", ", ".join(refusing) or "none")

# %% [markdown]
# ## This machine
#
# What differs from one computer to the next. No GPU is needed for the examples.

# %% tags=["varies"]
import torch

print("Python", platform.python_version(), "on", platform.system())
print("virtual environment:", "yes" if sys.prefix != sys.base_prefix else "no")
device = "cuda" if torch.cuda.is_available() else "cpu"
print("GPU:", torch.cuda.get_device_name() if device == "cuda" else "none")
print("model cache:", "HF_HUB_CACHE" if "HF_HUB_CACHE" in os.environ else "default")

# %% [markdown]
# ## Models
#
# A model is downloaded once, by the first `from_pretrained`, into a cache that all
# projects share: the folder named by the variable `HF_HUB_CACHE` if it is set, otherwise
# *.cache/huggingface/hub* in the home folder. Inside, every model has a folder of its
# own, with its revisions side by side.

# %%
from huggingface_hub import try_to_load_from_cache

models = {checkpoint: revision, embedder: embedder_revision}
rows = []
for model, version in models.items():
    row = {"folder": "models--" + model.replace("/", "--")}
    for file in ["config.json", "model.safetensors"]:
        path = try_to_load_from_cache(model, file, revision=version)
        row[file] = "there" if isinstance(path, str) else "not yet"
    rows.append(row)
print(pd.DataFrame(rows).to_markdown(index=False))

# %% [markdown]
# ## The proof
#
# One pass through each model: the first gives the most probable next token, the second
# turns a sentence into numbers.

# %%
from sentence_transformers import SentenceTransformer
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(checkpoint, revision=revision)
model = AutoModelForCausalLM.from_pretrained(
    checkpoint, revision=revision, dtype=torch.float32
).to(device)
text = "The capital of France is"
with torch.no_grad():
    logits = model(**tokenizer(text, return_tensors="pt").to(device)).logits[0, -1]
print(text + "…" + tokenizer.decode(logits.argmax()))

# %%
encoder = SentenceTransformer(embedder, revision=embedder_revision, device=device)
vector = encoder.encode(text)
length = (vector @ vector) ** 0.5
print("An embedding of", len(vector), "numbers, of length", f"{length:.3f}")
