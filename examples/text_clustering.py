# %% [markdown]
# # Sorting news into topics nobody named
#
# Some three hundred news stories of 2001, no labels: an embedding model turns
# each into a vector, k-means groups the vectors, and the groups get their names
# from the words that set them apart. Then people's own judgements say how far the
# vectors, and the groups, can be trusted.

# %% tags=["parameters"]
checkpoint = "sentence-transformers/all-MiniLM-L6-v2"
revision = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"

# %%
from pathlib import Path
from textwrap import shorten

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from gensim.models import Word2Vec
from gensim.parsing.preprocessing import remove_stopwords
from gensim.test.utils import datapath
from gensim.utils import simple_preprocess
from sentence_transformers import SentenceTransformer
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.manifold import TSNE
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.preprocessing import normalize

# %% [markdown]
# The stories come from the Australian Broadcasting Corporation and ship with
# gensim (the Lee corpus). To be quick, the model reads the first 96 tokens of
# each; news says early what it is about.

# %%
lines = Path(datapath("lee_background.cor")).read_text().splitlines()
news = list(dict.fromkeys(lines))  # without repeated stories
model = SentenceTransformer(checkpoint, revision=revision)
model.max_seq_length = 96
vectors = model.encode(news, normalize_embeddings=True)
kmeans = KMeans(8, n_init=10, random_state=0).fit(vectors)
topic = kmeans.labels_

# %% [markdown]
# A group is only a list of stories. Class-based TF-IDF treats it as one long text
# and scores each word by `√(share of the group's words) · log(1 + A / f)`, where
# `f` is how often the word occurs anywhere and `A` the mean number of words in a
# group. Beside the best words stand the two stories nearest to the centre.

# %%
counter = CountVectorizer(stop_words="english", min_df=3)
counts = counter.fit_transform(news).toarray()
in_topic = np.array([counts[topic == t].sum(axis=0) for t in range(8)])
share = in_topic / in_topic.sum(axis=1, keepdims=True)
rarity = np.log(1 + in_topic.sum() / 8 / in_topic.sum(axis=0))
best = (share**0.5 * rarity).argsort(axis=1)[:, ::-1]
words = counter.get_feature_names_out()[best[:, :6]]
nearest = (vectors @ kmeans.cluster_centers_.T).argsort(axis=0)[::-1]

# %%
for t in np.argsort(-np.bincount(topic)):
    print(f"{sum(topic == t)} stories: {', '.join(words[t])}")
    for story in nearest[:2, t]:
        print("   -", news[story][:68])

# %% alt="Map of the news stories by t-SNE, one dot per story, coloured by group, with the two best words of each group written on it. Some groups hold together, such as those on Israel and Palestine and on Qantas; others are spread over the middle."
places = TSNE(metric="cosine", random_state=0).fit_transform(vectors)
figure, axes = plt.subplots(figsize=(6.4, 5.6), layout="constrained")
for t in range(8):
    axes.scatter(*places[topic == t].T, s=30, alpha=0.7)
plate = {"facecolor": axes.get_facecolor(), "linewidth": 0, "pad": 1}
for t in range(8):
    x, y = np.median(places[topic == t], axis=0)
    name = "\n".join(words[t, :2])
    axes.text(x, y, name, ha="center", va="center", fontsize=11, bbox=plate)
axes.set(title="News of 2001, grouped without labels")
axes.axis("off")
plt.show()

# %% [markdown]
# Which story is which dot? On this book's site you point at them; a notebook shows one
# line of text instead.


# %%
class StoryMap(dict):
    def __repr__(self):
        return f"The map again: {len(self['points'])} stories to point at"

    def _repr_mimebundle_(self, **_):
        return {"application/vnd.cardbook.map+json": dict(self)}


points = [
    [round(x, 2), round(y, 2), int(t), shorten(story, 100, placeholder="…")]
    for (x, y), t, story in zip(places.tolist(), topic, news, strict=True)
]
StoryMap(groups=[", ".join(words[t]) for t in range(8)], points=points)

# %% [markdown]
# t-SNE keeps neighbours together; the distances between islands mean little.
#
# ## How many topics?
#
# Eight was our choice. *Silhouette* says how much nearer stories are to their own
# group than to the next (1 at best, 0 on the border); *agreement* compares two
# runs of k-means with other random starts (adjusted Rand index: 1 is the same
# grouping, 0 is chance).

# %%
rows = []
for number in (2, 4, 8, 12, 16):
    runs = [
        KMeans(number, n_init=10, random_state=seed).fit_predict(vectors)
        for seed in range(3)
    ]
    silhouette = np.mean([silhouette_score(vectors, run) for run in runs])
    pairs = [(a, b) for a in runs for b in runs if a is not b]
    agreement = np.mean([adjusted_rand_score(a, b) for a, b in pairs])
    rows.append((number, silhouette, agreement))
columns = ["topics", "silhouette", "agreement"]
table = pd.DataFrame(rows, columns=columns)
print(table.to_markdown(index=False, floatfmt=("g", ".2f", ".2f")))

# %% [markdown]
# No number stands out: the silhouette is near 0 for all of them, and from 2
# to 12 topics the runs agree less and less. News does not fall into clean groups;
# k-means puts every story somewhere all the same, and another start draws other
# groups, not only other edges.
#
# ## Do people agree?
#
# Fifty other stories of the collection were compared by people, pair by pair.
# Their mean judgement can be held beside the cosine of two vectors: of the model,
# of counted words (TF-IDF), and of Word2Vec, the card's example, whose vectors of
# words are averaged over a story. (The card means a pretrained one. To need no
# download, this one learns from the stories above. TF-IDF and Word2Vec read whole
# stories.)


# %%
def tokens(story):
    return simple_preprocess(remove_stopwords(story.lower()))


corpus = [tokens(story) for story in news]
word2vec = Word2Vec(corpus, sg=1, epochs=20, workers=1, seed=1).wv
tfidf = TfidfVectorizer(stop_words="english").fit(news)


def average(stories):
    known = [[w for w in tokens(s) if w in word2vec] for s in stories]
    return normalize([word2vec[words].mean(axis=0) for words in known])


# %%
judged = Path(datapath("lee.cor")).read_text("latin-1").splitlines()
human = np.loadtxt(datapath("similarities0-1.txt"))
rivals = {
    "counted words": [tfidf.transform(x).toarray() for x in (news, judged)],
    "averaged Word2Vec": [average(news), average(judged)],
    "sentence model": [
        vectors,
        model.encode(judged, normalize_embeddings=True),
    ],
}

# %%
upper = np.triu_indices(len(judged), k=1)  # each pair once
people = pd.Series(human[upper])
rows = []
for name, (train, test) in rivals.items():
    cosine = pd.Series((test @ test.T)[upper])
    correlation = [people.corr(cosine, m) for m in ("pearson", "spearman")]
    same, largest = [], []
    for seed in range(5):
        groups = KMeans(8, n_init=10, random_state=seed).fit(train)
        group = groups.predict(test)
        together = (group[:, None] == group)[upper]
        same.append(people[together].mean() - people[~together].mean())
        largest.append(np.bincount(group).max())
    rows.append([name, *correlation, np.mean(same), np.mean(largest)])
columns = ["vectors", "Pearson", "Spearman", "same - other", "largest"]
table = pd.DataFrame(rows, columns=columns)
print(table.to_markdown(index=False, floatfmt=".2f"))

test = rivals["counted words"][1]
high = (test @ test.T)[upper] > 0.1
print(f"\ncounted words: {high.sum()} of {len(high)} pairs above 0.1")
print(f"people find those {people[high].mean():.2f} alike,", end=" ")
print(f"the others {people[~high].mean():.2f}")

# %% [markdown]
# **Pairs.** Pearson follows the size of the similarities, Spearman only their
# order. They rank the two simple methods differently: counted words recognise the
# few pairs of stories that are very much alike, and give nearly all others a
# similarity close to zero, whose order says little. The sentence model comes first
# by both. For scale, [Lee, Pincombe and Welsh
# (2005)](https://www.semanticscholar.org/paper/28db8ff78fd0596dcac6b8190390f7eb41ea9d3f), who made this collection,
# report about 0.6 between two people, 0.6 for the best Latent Semantic Analysis
# and 0.5 for the best count of words. (A mean of people, as here, is easier to
# predict than one of them.)
#
# **Groups**, means of five runs. *same - other* says how much more alike people
# find two stories of one group than of two. *largest* says how many of the fifty
# fall into one group; counted words throw nearly all into one, which tells
# nothing. The sentence model's groups are no better than those of Word2Vec: its
# advantage between pairs is lost in eight groups.
#
# **In practice** this is [BERTopic](https://maartengr.github.io/BERTopic/)
# ([Grootendorst 2022](https://arxiv.org/abs/2203.05794)), which the naming above
# follows (its option `reduce_frequent_words` is the square root). It reduces the
# vectors with UMAP and groups them with HDBSCAN, which needs no number of topics
# and leaves outliers alone. Chapter 5 of [Hands-On Large Language
# Models](https://github.com/HandsOnLLM/Hands-On-Large-Language-Models) does so with
# tens of thousands of abstracts, and lets a generative model write the names.
