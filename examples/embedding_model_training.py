# %% [markdown]
# # Teaching an embedding model to find Python functions
#
# A general embedding model is asked to match descriptions with the names of the
# functions they describe. Then it trains briefly on such pairs. What it gains is
# measured on modules it has not trained on, and what it loses is looked for among news
# stories.

# %% tags=["parameters"]
checkpoint = "sentence-transformers/all-MiniLM-L6-v2"
revision = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
epochs = 1

# %%
import importlib
import inspect
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from datasets import Dataset
from gensim.test.utils import datapath
from scipy.stats import spearmanr
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.sentence_transformer.losses import (
    MultipleNegativesRankingLoss,
)
from transformers import PrinterCallback

# %% [markdown]
# ## Pairs that belong together
#
# Python documents itself: the first line of a docstring says what a function or class
# is for. Lines that are not a sentence are skipped. Every second module, in
# alphabetical order, is held out whole.

# %%
listing = """
argparse ast asyncio base64 bisect calendar codecs collections contextlib copy csv
datetime decimal difflib dis email.utils enum filecmp fnmatch fractions functools gc
glob gzip hashlib heapq hmac html http.client inspect io ipaddress itertools json
logging math mimetypes operator os pathlib pickle platform pprint profile queue random
re secrets selectors shelve shlex shutil signal smtplib socket socketserver sqlite3
ssl stat statistics string struct subprocess sys tarfile tempfile textwrap threading
timeit tokenize traceback tracemalloc types unicodedata unittest.mock urllib.parse
uuid warnings weakref webbrowser zipfile
"""
modules = listing.split()


def described(modules):
    names = {}
    for module in modules:
        members = inspect.getmembers(importlib.import_module(module), callable)
        for name, thing in members:
            line = (inspect.getdoc(thing) or "").partition("\n")[0]
            if name[0] != "_" and line.endswith(".") and len(line.split()) > 3:
                names.setdefault(line, f"{module}.{name}")
    return pd.DataFrame(names.items(), columns=["description", "name"])


held_out = described(modules[::2])
training = described([module for module in modules if module not in modules[::2]])
training = training[~training["description"].isin(held_out["description"])]
print(held_out[::90].to_markdown(index=False))
print(f"\n{len(held_out)} such pairs held out, {len(training)} to train on")

# %% [markdown]
# ## Before
#
# A description is a query, all held-out names are the candidates. To see what training
# costs elsewhere, the model also judges how alike fifty news stories are, and its order
# is compared with that of people.

# %%
model = SentenceTransformer(checkpoint, revision=revision)
model.max_seq_length = 64

stories = Path(datapath("lee.cor")).read_text(encoding="latin-1").splitlines()
human = np.loadtxt(datapath("similarities0-1.txt"))
story_pairs = np.triu_indices(len(stories), k=1)


def examine():
    texts = held_out["description"], held_out["name"], stories
    descriptions, names, news = (model.encode(list(some)) for some in texts)
    scores = model.similarity(descriptions, names).numpy()
    ranks = 1 + (scores > scores.diagonal()[:, None]).sum(axis=1)
    alike = model.similarity(news, news).numpy()
    agreement = spearmanr(alike[story_pairs], human[story_pairs]).statistic
    return scores.argmax(axis=1), ranks, agreement


first_before, ranks_before, news_before = examine()

# %% [markdown]
# ## Training
#
# The loss needs no wrong answers of its own. Of the names in a batch, one belongs to a
# description and all the others serve as wrong: the model learns to pick the right one.
# A larger batch makes the exercise harder.

# %%
columns = {"anchor": list(training["description"]), "positive": list(training["name"])}
with TemporaryDirectory() as folder:
    arguments = SentenceTransformerTrainingArguments(
        folder,
        num_train_epochs=epochs,
        per_device_train_batch_size=32,
        learning_rate=1e-4,
        warmup_steps=5,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        seed=0,
    )
    trainer = SentenceTransformerTrainer(
        model,
        arguments,
        train_dataset=Dataset.from_dict(columns),
        loss=MultipleNegativesRankingLoss(model),
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()

# %% [markdown]
# ## After
#
# Recall at 1 is the share of descriptions whose own name comes first. The mean
# reciprocal rank also gives credit for second place (a half), third (a third), and so
# on.

# %%
first_after, ranks_after, news_after = examine()
rows = [
    ["recall at 1", (ranks_before == 1).mean(), (ranks_after == 1).mean()],
    ["mean reciprocal rank", (1 / ranks_before).mean(), (1 / ranks_after).mean()],
    ["news: agreement with people", news_before, news_after],
]
table = pd.DataFrame(rows, columns=["measure", "before", "after"])
print(table.to_markdown(index=False, floatfmt=".2f"))

# %% [markdown]
# An average hides that training also spoils answers that were right. Changes of both
# kinds are counted, and the first few of each are shown.

# %%
gained = (ranks_after == 1) & (ranks_before > 1)
lost = (ranks_after > 1) & (ranks_before == 1)
print(f"newly right: {gained.sum()}, newly wrong: {lost.sum()}\n")

names = held_out["name"].to_numpy()
shown = np.concatenate([np.flatnonzero(gained)[:4], np.flatnonzero(lost)[:2]])
changes = held_out.loc[shown].assign(
    before=names[first_before[shown]], after=names[first_after[shown]]
)
print(changes.to_markdown(index=False))

# %% [markdown]
# The queries are the library's own words. People who search for a function word it less
# precisely, so the numbers for real questions would be lower.
