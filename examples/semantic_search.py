# %% [markdown]
# # Searching Python's library by what you mean
#
# You know what a function should do, but not what it is called. Search by words
# needs the words of the help text; search by meaning compares vectors. Here 28
# such requests are put to Python's own library. The function wanted is known for
# each, so that both searches can be scored.

# %% tags=["parameters"]
checkpoint = "sentence-transformers/all-MiniLM-L6-v2"
revision = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
reranker = ""  # a cross-encoder, or none
reranker_revision = ""

# %%
import inspect
from importlib import import_module

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sentence_transformers import CrossEncoder, SentenceTransformer
from sklearn.feature_extraction.text import CountVectorizer
from torch.nn.functional import normalize

encoder = SentenceTransformer(checkpoint, revision=revision)
encoder.max_seq_length = 48  # tokens, to save time

# %% [markdown]
# A document is a name and the first paragraph of its help; the model reads the
# first 48 tokens of each.

# %%
modules = """calendar difflib heapq itertools math os os.path
random shutil statistics textwrap time webbrowser"""
places = {name: import_module(name) for name in modules.split()}
places |= {"str": str, "list": list, "dict": dict, "set": set}
helps = {}
for place, contents in places.items():
    for name in getattr(contents, "__all__", dir(contents)):
        function = getattr(contents, name)
        text = inspect.getdoc(function)
        if callable(function) and text and not name.startswith("_"):
            helps[f"{place}.{name}"] = text.split("\n\n")[0]
names, texts = np.array(list(helps)), list(helps.values())
documents = [f"{name}: {text}" for name, text in helps.items()]

# %% [markdown]
# Each document becomes a vector once, each request when it comes. The result is
# the documents with the highest cosine, `a·b / (|a| |b|)`.

# %%
vectors = encoder.encode_document(documents)
for request in (
    "put a list into random order",
    "delete a folder and all that is inside",
    "how much room is left on the drive?",
    "does the text begin with these letters?",
    "roll a die",
):
    cosine = encoder.similarity(encoder.encode_query(request), vectors)[0]
    found = names[cosine.argsort(descending=True)[:3]]
    print(f"{request}\n    {', '.join(found)}")
print(f"\n... of {len(documents)} documents")

# %% [markdown]
# ## How good is it?
#
# The requests are in our own everyday words, each after the name of the function
# wanted. Requests in the words of the help would suit a search by words better.

# %%
wanted = """
str.upper: write a text in capital letters
str.strip: remove spaces from both ends of a text
str.split: cut a sentence into words
str.join: glue strings together with commas between them
str.startswith: does the text begin with these letters?
random.shuffle: put a list into random order
random.choice: pick one item by chance
random.randint: roll a die
statistics.median: the value in the middle
shutil.copytree: copy a folder with everything in it
shutil.rmtree: delete a folder and all that is inside
shutil.disk_usage: how much room is left on the drive?
os.path.exists: is there such a file?
os.path.basename: file name at the end of a path
os.getcwd: which folder am I in?
math.gcd: largest number that divides both
math.radians: turn an angle in degrees into one in radians
calendar.isleap: is this a year with 366 days?
itertools.permutations: all possible orders of some items
itertools.cycle: start again from the front when the items run out
list.append: put one more item at the end of a list
list.reverse: turn a list back to front
heapq.nsmallest: the few smallest items
textwrap.dedent: remove the indentation that all lines share
difflib.get_close_matches: which words may a misspelled one stand for?
time.sleep: wait for some seconds
shutil.which: where is the program that a command starts?
webbrowser.open: show a web page to the user
"""
pairs = [line.split(": ") for line in wanted.strip().splitlines()]
goals = [int(np.flatnonzero(names == name)[0]) for name, _ in pairs]
requests = [request for _, request in pairs]

# %% [markdown]
# The rival is [BM25](https://en.wikipedia.org/wiki/Okapi_BM25), the usual search
# by words. A shared word counts more if it is rare
# (`log(1 + (N - n + ½) / (n + ½))`, where `n` of `N` documents have it) and less in a
# long document; each repetition adds less than the one before.


# %%
def by_words(documents, k=1.5, b=0.75):
    counter = CountVectorizer(token_pattern="[A-Za-z]+")
    counts = counter.fit_transform(documents).toarray()
    having = (counts > 0).sum(axis=0)
    rare = np.log(1 + (len(documents) - having + 0.5) / (having + 0.5))
    length = counts.sum(axis=1, keepdims=True)
    damped = counts + k * (1 - b + b * length / length.mean())
    weights = rare * counts * (k + 1) / damped
    return counter.transform(requests).toarray() @ weights.T


queries = encoder.encode_query(requests)


def by_meaning(vectors):
    return encoder.similarity(queries, vectors).numpy()


# %% [markdown]
# What is indexed matters as much as how. The **rank** of the function wanted is 1
# if it comes first (a tie counts as lost); the *mean reciprocal rank* is the
# average of 1 / rank.


# %%
def ranks(scores):
    right = scores[np.arange(len(goals)), goals]
    return (scores >= right[:, None]).sum(axis=1)


indexed = {"names": list(names), "help": texts, "both": documents}
scores = {("words", kind): by_words(indexed[kind]) for kind in indexed}
for kind in ("names", "help"):
    encoded = encoder.encode_document(indexed[kind])
    scores["meaning", kind] = by_meaning(encoded)
scores["meaning", "both"] = by_meaning(vectors)


def summarise(scores):
    rank = pd.DataFrame({key: ranks(scores[key]) for key in scores})
    table = pd.DataFrame({"first": (rank == 1).sum()})
    table["in first 3"] = (rank <= 3).sum()
    table["mean reciprocal rank"] = (1 / rank).mean()
    table = table.rename_axis(["search by", "index"]).reset_index()
    print(table.to_markdown(index=False, floatfmt=".2f"))


summarise(scores)

# %% alt="For each of 28 requests, written at the left, an orange dot for the rank of the function wanted in search by meaning and a blue square for its rank in search by words, on a logarithmic scale. Most dots stand at or near 1, most squares far to the right."
meaning, words = scores["meaning", "both"], scores["words", "both"]
rank = pd.DataFrame({"meaning": ranks(meaning), "words": ranks(words)})
order = rank.sort_values(["meaning", "words"], ascending=False).index
figure, axes = plt.subplots(figsize=(5, 7.6), layout="constrained")
axes.hlines(range(28), *rank.loc[order].T.to_numpy(), color="lightgrey")
for kind, marker in {"words": "s", "meaning": "o"}.items():
    axes.plot(rank.loc[order, kind], range(28), marker, label=f"by {kind}")
axes.set_yticks(range(28), [requests[i] for i in order], fontsize=9)
axes.set(xscale="log", xticks=[1, 10, 100], xticklabels=[1, 10, 100])
figure.suptitle("Where in the list is the function I mean?", weight="bold")
axes.legend(loc="upper center", fontsize=10)
plt.show()

# %%
better = (rank["meaning"] < rank["words"]).sum()
worse = (rank["meaning"] > rank["words"]).sum()
print(f"meaning ranks better for {better} requests, words for {worse}\n")
missed = rank.index[rank["meaning"] > 3]
table = pd.DataFrame({"request": [requests[i] for i in missed]})
table["wanted"] = names[[goals[i] for i in missed]]
table["rank"] = rank.loc[missed, "meaning"].to_list()
table["found first"] = names[meaning[missed].argmax(axis=1)]
print(table.to_markdown(index=False))

# %% [markdown] tags=["offline"]
# A short request gives the model little to go on ("is there such a file?"), and a
# request may name a purpose where the help names a mechanism ("roll a die"). Neither
# explains every miss: we do not know why `shutil.which` comes only seventh.

# %% [markdown]
# ## Two usual improvements, tried
#
# **Hybrid** search adds up `1 / (60 + rank)` of both lists ([reciprocal rank
# fusion](https://dl.acm.org/doi/10.1145/1571941.1572114)). **Reranking** looks at
# the first ten again, closer and slower: here each token of the request finds its
# best match among the document's tokens ([ColBERT](https://arxiv.org/abs/2004.12832)'s
# late interaction), with the same encoder.

# %%
hybrid = 1 / (60 + rankdata(-meaning, axis=1))
hybrid += 1 / (60 + rankdata(-words, axis=1))
reranked = meaning.copy()
for request, row in zip(requests, reranked, strict=True):
    first = row.argsort()[-10:]
    query, *found = encoder.encode(
        [request, *(documents[i] for i in first)],
        output_value="token_embeddings",
    )
    for i, document in zip(first, found, strict=True):
        match = normalize(query) @ normalize(document).T
        best = match.max(dim=1).values.mean().item()
        row[i] = 1 + best  # above all that are not among the ten
improved = {"meaning": meaning, "hybrid": hybrid, "reranked": reranked}

# %%
if reranker:  # a model trained for the job
    cross_encoder = CrossEncoder(reranker, revision=reranker_revision)
    improved["cross-encoder"] = meaning.copy()
    rows = zip(requests, improved["cross-encoder"], strict=True)
    for request, row in rows:
        first = row.argsort()[-10:]
        found = [(request, documents[i]) for i in first]
        row[first] = 100 + cross_encoder.predict(found)
summarise({(name, "both"): value for name, value in improved.items()})

# %% [markdown] tags=["offline"]
# Here both make it worse.

# %% [markdown]
# Fusion pays where both lists are good, and this encoder learned to compare whole
# texts, not tokens. A useful reranker is trained for the job: a
# [cross-encoder](https://sbert.net/examples/sentence_transformer/applications/retrieve_rerank/README.html)
# reads request and document together.
#
# ## Where it leads
#
# Comparing with every document is exact, but slow for millions. *Approximate*
# search gives up a few results for speed: IVF looks only into the groups of
# vectors nearest to the request, HNSW ([Malkov and Yashunin
# 2016](https://arxiv.org/abs/1603.09320)) walks along a graph of neighbours.
# [FAISS](https://github.com/facebookresearch/faiss) has both. Chapter 8 of
# [Hands-On Large Language
# Models](https://github.com/HandsOnLLM/Hands-On-Large-Language-Models) goes on to
# retrieval-augmented generation (RAG), where a generative model answers from the
# documents found.
