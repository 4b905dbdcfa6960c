# %% [markdown]
# # A Python environment, made and checked
#
# The card's three steps are: create an environment, activate it, install into it. Only
# the first is executed here; the others are shown as commands. Then we check which
# Python to choose, what differs from the wanted versions, and whether the models run.
#
# The book's own notebooks and their `requirements.txt` are in its
# [repository](https://github.com/HandsOnLLM/Hands-On-Large-Language-Models).

# %% tags=["parameters"]
checkpoint = "HuggingFaceTB/SmolLM2-135M-Instruct"
revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"
embedder = "sentence-transformers/all-MiniLM-L6-v2"
embedder_revision = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"

# %%
import os
import subprocess
import sys
from importlib.metadata import metadata, version
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import torch
from packaging.specifiers import SpecifierSet
from sentence_transformers import SentenceTransformer
from transformers import pipeline

# %% [markdown]
# ## Make one
#
# `python -m venv` comes with Python; conda is not needed. `--without-pip` only saves
# time here: leave it out to install packages.

# %%
look = """import sys, importlib.metadata, importlib.util
print("environment:", sys.prefix.rpartition("thellmbook")[1])
print("packages:", len(list(importlib.metadata.distributions())))
print("torch found:", importlib.util.find_spec("torch") is not None)"""
with TemporaryDirectory() as parent:
    folder = Path(parent) / "thellmbook"
    venv = [sys.executable, "-m", "venv", "--without-pip", folder]
    subprocess.run(venv, check=True)
    inside = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    print(subprocess.check_output([inside, "-c", look], text=True))

# %% [markdown]
# The new environment has its own Python and no packages: PyTorch, which this page
# itself imported a moment ago, is not found in it. By hand, it is filled like this:
#
# ```bash
# python -m venv .venv
# source .venv/bin/activate         # PowerShell: .venv\Scripts\Activate.ps1
# pip install -r requirements.txt
# ```
#
# [uv](https://docs.astral.sh/uv/) does the same faster (`uv venv`, `uv pip install`)
# and can fetch the Python as well. Which build of PyTorch fits your GPU, or a machine
# without one, its [selector](https://pytorch.org/get-started/locally/) says. In Colab
# the environment is there already.

# %% [markdown]
# ## Which Python
#
# A package states which Python versions it accepts (`Requires-Python`; pip refuses the
# others) and which it has been made for (its classifiers). Of the packages installed here:

# %%
requirements = [
    "huggingface_hub==2.4.0",
    "numpy==2.4.6",
    "pandas==3.1.1",
    "scikit-learn==1.9.1",
    "scipy==1.17.1",
    "sentence-transformers==6.2.0",
    "tokenizers==0.23.3",
    "torch==2.13.0",
    "transformers==5.23.0",
]
packages = [line.split("==")[0] for line in requirements]

# %%
rows = []
for python in ["3.10", "3.11", "3.12", "3.13", "3.14", "3.15"]:
    refused, silent = [], []
    for package in packages:
        facts = metadata(package)
        named = facts.get_all("Classifier")
        if python not in SpecifierSet(facts["Requires-Python"]):
            refused.append(package)
        elif f"Programming Language :: Python :: {python}" not in named:
            silent.append(package)
    rows.append((python, ", ".join(refused), ", ".join(silent)))
table = pd.DataFrame(rows, columns=["Python", "refused by", "not named by"])
table = table.replace("", "none")
print(table.to_markdown(index=False, disable_numparse=True))

# %% [markdown]
# A version that no package refuses and every package names is the safe choice. Not
# being named is no proof of failure, but there may be no ready-made wheel.
#
# Python 3.10, which the card asks for, had its
# [end of life](https://devguide.python.org/versions/) in October 2026. The book's own
# `requirements.txt` is another matter: it pins NumPy 1.26.4, which
# [supports Python 3.9 to 3.12](https://numpy.org/devdocs/release/1.26.4-notes.html).
# For the book's notebooks choose 3.11 or 3.12, which still get security fixes.

# %% [markdown]
# ## What differs
#
# The versions wanted by this page, and three that the book's repository pins, against
# what is installed:


# %%
def differences(requirements):
    rows = []
    for line in requirements:
        package, wanted = line.split("==")
        found = version(package).split("+")[0]  # without +cpu
        if found != wanted:
            rows.append((package, wanted, found))
    print(len(requirements), "wanted,", len(rows), "different")
    return pd.DataFrame(rows, columns=["package", "wanted", "found"])


book = ["numpy==1.26.4", "torch==2.3.1", "transformers==4.41.2"]
differences(requirements)
print(differences(book).to_markdown(index=False))

# %% [markdown]
# One environment cannot hold both lists: that is what environments are for.
#
# ## The proof
#
# One pass through each model. The first call downloads it, into a cache that all
# environments share: the folder `hub` under `HF_HOME`, by default
# *~/.cache/huggingface*.

# %%
device = "cuda" if torch.cuda.is_available() else "cpu"
generator = pipeline(
    "text-generation",
    checkpoint,
    revision=revision,
    device=device,
)
text = "The capital of France is"
answer = generator(text, max_new_tokens=1, do_sample=False)
print(answer[0]["generated_text"])

# %%
encoder = SentenceTransformer(
    embedder,
    revision=embedder_revision,
    device=device,
)
vector = encoder.encode(text)
print(len(vector), f"numbers, of length {np.linalg.norm(vector):.3f}")

# %% [markdown]
# This machine, as far as it matters; no GPU is needed for the examples:

# %% tags=["varies"]
gpu = torch.cuda.get_device_name() if device == "cuda" else "none"
print("Python", sys.version.split()[0], "on", sys.platform, "· GPU:", gpu)
