# %% [markdown]
# # Sorting news into topics nobody named
#
# Three ways to turn a news story into a vector are compared: counted words, word
# vectors trained here with Word2Vec, and a pretrained sentence model. Each is clustered
# with k-means and held against what people said about the likeness of stories. The
# clusters then get their names from the words that set them apart.

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
from scipy.stats import spearmanr
from sentence_transformers import SentenceTransformer
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.preprocessing import normalize

# %% [markdown]
# The Lee corpus ships with gensim: news stories of the Australian Broadcasting
# Corporation to learn from, and fifty more that people compared with each other, pair
# by pair. Repeated stories are dropped.

# %%
news = list(
    dict.fromkeys(Path(datapath("lee_background.cor")).read_text().splitlines())
)
judged = Path(datapath("lee.cor")).read_text(encoding="latin-1").splitlines()
human = np.loadtxt(datapath("similarities0-1.txt"))
pairs = np.triu_indices(len(judged), k=1)

print(len(news), "stories to cluster,", len(judged), "judged by people")
print(shorten(judged[0], 160))

# %% [markdown]
# ## Three kinds of vectors
#
# Word2Vec has a vector for each word and none for a story. The usual remedy is the
# average over the story's words, whatever their order.


# %%
def words(story):
    return simple_preprocess(remove_stopwords(story.lower()))


word2vec = Word2Vec(
    [words(story) for story in news], sg=1, epochs=20, workers=1, seed=1
)


def average(stories):
    vectors = [word2vec.wv[[w for w in words(s) if w in word2vec.wv]] for s in stories]
    return normalize([v.mean(axis=0) for v in vectors])


# %% [markdown]
# The sentence model was trained on a great many texts long before it met these. It
# reads words in their order and gives one vector for the whole. Here it sees only the
# beginning of each story, where news says what it is about.

# %%
model = SentenceTransformer(checkpoint, revision=revision)
model.max_seq_length = 96
tfidf = TfidfVectorizer(stop_words="english").fit(news)

encoders = {
    "counted words (TF-IDF)": lambda stories: tfidf.transform(stories).toarray(),
    "averaged Word2Vec": average,
    "sentence model": lambda stories: model.encode(stories, normalize_embeddings=True),
}
vectors = {name: (f(news), f(judged)) for name, f in encoders.items()}

# %% [markdown]
# ## What people say
#
# None of the three has seen the judgements. The first number is the rank correlation of
# cosine similarity with human similarity over all pairs. Then k-means, fitted on the
# other stories, sorts the fifty: in a good clustering, people find two stories of one
# cluster more alike than two of different clusters.

# %%
topics = 8
rows, clusterings = [], {}
for name, (of_news, of_judged) in vectors.items():
    rank = spearmanr((of_judged @ of_judged.T)[pairs], human[pairs]).statistic
    kmeans = KMeans(topics, n_init=10, random_state=0).fit(of_news)
    clusterings[name] = kmeans.labels_
    labels = kmeans.predict(of_judged)
    same = (labels[:, None] == labels)[pairs]
    rows.append([name, rank, human[pairs][same].mean(), human[pairs][~same].mean()])

columns = ["vectors", "rank correlation", "same cluster", "different clusters"]
print(pd.DataFrame(rows, columns=columns).to_markdown(index=False, floatfmt=".2f"))

# %% [markdown]
# People do not agree perfectly with each other either, and fifty stories are few, so a
# difference of a few hundredths means little. Where the last two numbers are close or
# reversed, the clusters mean nothing to people.
#
# ## Naming the clusters
#
# A cluster is only a list of stories. Class-based TF-IDF treats each cluster as one
# long text and looks for words that are frequent in it and rare elsewhere. The square
# root tames words such as "said" that every reporter uses.

# %%
labels = clusterings["sentence model"]
counter = CountVectorizer(stop_words="english", min_df=3)
counts = counter.fit_transform(news).toarray()
by_topic = np.array([counts[labels == topic].sum(axis=0) for topic in range(topics)])

frequency = by_topic / by_topic.sum(axis=1, keepdims=True)
rarity = np.log(1 + by_topic.sum(axis=1).mean() / by_topic.sum(axis=0))
best = (frequency**0.5 * rarity).argsort(axis=1)[:, ::-1]
names = [list(counter.get_feature_names_out()[row[:6]]) for row in best]

print(f"{counts.shape[1]:,} words to choose from\n")
sizes = np.bincount(labels)
table = pd.DataFrame({"stories": sizes, "words": [", ".join(name) for name in names]})
print(table.sort_values("stories", ascending=False).to_markdown(index=False))

# %% [markdown]
# The number of topics was our choice, and k-means puts every story somewhere. Look for
# the sharp topics, and for those whose words do not belong together.
#
# ## A map
#
# Principal components squeeze the vectors into the two directions in which they differ
# most. Clusters that overlap here can still lie apart in the other directions.

# %% alt="Scatter plot of the news stories in two dimensions, coloured by cluster. Stories of one cluster lie together; some clusters stand apart at the edges and others overlap in the middle."
pca = PCA(2, random_state=0)
map_of_news = pca.fit_transform(vectors["sentence model"][0])
plt.figure(figsize=(7, 5), layout="constrained")
for topic in range(topics):
    name = ", ".join(names[topic][:3])
    plt.scatter(*map_of_news[labels == topic].T, s=18, label=name)
share = pca.explained_variance_ratio_.sum()
plt.title(f"News by sentence model ({share:.0%} of the variance)")
plt.xlabel("first component")
plt.ylabel("second component")
plt.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()
