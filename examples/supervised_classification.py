# %% [markdown]
# # Learning from labelled sentences
#
# Sentences from film reviews, each labelled positive or negative by a person, teach a
# small classifier to label sentences it has not seen. The language model is not trained
# at all: it only turns each sentence into a vector. The question is how much that
# vector helps, compared with counting words and with not reading at all.

# %% tags=["parameters"]
checkpoint = "sentence-transformers/all-MiniLM-L6-v2"
revision = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from gensim.test.utils import datapath
from scipy.stats import binomtest
from sentence_transformers import SentenceTransformer
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    StratifiedKFold,
    StratifiedShuffleSplit,
    cross_val_predict,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline

# %% [markdown]
# ## The sentences
#
# The package gensim ships, among its test data, 200 sentences of the review collection
# of [Pang and Lee (2005)](https://arxiv.org/abs/cs/0506075), half of them positive. The
# file is not in UTF-8 but in an older Western encoding.

# %%
text = Path(datapath("pang_lee_polarity.cor")).read_text(encoding="cp1252")
pairs = [line.split(maxsplit=1) for line in text.splitlines()]
labels = np.array([label.removeprefix("__label__") for label, _ in pairs])
sentences = np.array([sentence for _, sentence in pairs])
for label in ("neg", "pos"):
    print(label, sum(labels == label), "sentences, the first:", end=" ")
    print(sentences[labels == label][0])

# %% [markdown]
# A part is held out before anything is fitted, with both labels equally frequent in
# both parts. What follows never learns from the held-out sentences.

# %%
learn, held_out = train_test_split(
    np.arange(len(labels)), test_size=60, stratify=labels, random_state=0
)
print(len(learn), "sentences to learn from,", len(held_out), "held out")

# %% [markdown]
# ## Three classifiers
#
# The baseline always gives the most frequent label. The second counts words, weighting
# rare ones more (TF-IDF), and learns a weight for each word. The third learns a weight
# for each number of the sentence vector. Both learners are the same logistic
# regression, with its default settings.

# %%
model = SentenceTransformer(checkpoint, revision=revision)
vectors = model.encode(list(sentences))
classifiers = {
    "most frequent label": (DummyClassifier(), vectors),
    "words": (make_pipeline(TfidfVectorizer(), LogisticRegression()), sentences),
    "sentence vectors": (LogisticRegression(), vectors),
}

# %%
rows = []
for name, (classifier, inputs) in classifiers.items():
    classifier.fit(inputs[learn], labels[learn])
    right = int(sum(classifier.predict(inputs[held_out]) == labels[held_out]))
    interval = binomtest(right, len(held_out)).proportion_ci(method="wilson")
    rows.append((name, right, right / len(held_out), interval.low, interval.high))
columns = ["what it sees", "right of 60", "accuracy", "95 % from", "to"]
print(pd.DataFrame(rows, columns=columns).to_markdown(index=False, floatfmt=".2f"))

# %% [markdown]
# The last two columns are the 95 % confidence interval (Wilson). Sixty sentences are
# few, so the intervals are wide, and another split would give other numbers. So we
# repeat everything with fifty random splits of the same size.

# %%
splits = StratifiedShuffleSplit(n_splits=50, test_size=60, random_state=1)
accuracy = pd.DataFrame(
    {
        name: cross_val_score(classifier, inputs, labels, cv=splits)
        for name, (classifier, inputs) in classifiers.items()
    }
)
summary = accuracy.quantile([0.05, 0.5, 0.95]).T
summary.columns = ["5 % of splits below", "median", "5 % of splits above"]
summary.insert(0, "mean accuracy", accuracy.mean())
print(f"Held-out accuracy in {len(accuracy)} splits:\n")
print(summary.to_markdown(floatfmt=".2f"))

# %%
better = (accuracy["sentence vectors"] > accuracy["words"]).sum()
print(f"Sentence vectors beat words in {better} of {len(accuracy)} splits.")

# %% alt="Mean held-out accuracy of three classifiers over fifty splits, with bars from the 5th to the 95th percentile."
figure, panel = plt.subplots(figsize=(6, 2.6), layout="constrained")
for name, (low, _, high) in accuracy.quantile([0.05, 0.5, 0.95]).items():
    mean = accuracy[name].mean()
    panel.errorbar(mean, name, xerr=[[mean - low], [high - mean]], fmt="o", capsize=4)
panel.set(xlabel="held-out accuracy", title="Fifty splits of 200 sentences")
panel.set(xlim=(0.4, 0.9), ylim=(-0.5, 2.5))
plt.show()

# %% [markdown]
# The splits draw from the same 200 sentences, so their spread tells how much luck there
# is in a split, not how the classifiers would do on other reviews. What can be said:
# with so few labelled sentences, words alone barely rise above guessing, because most
# words of a new sentence were never seen with a label. The vectors bring knowledge from
# the text the model was trained on. Neither is good enough to be relied upon.
#
# ## A third label: neutral
#
# The card names three labels. The collection has no neutral sentences, so here are 40
# that were written for this page in the same style. Being all by one hand and all plain
# facts, they are an easier case than neutral sentences found in real reviews.

# %%
neutral = """the film runs for two hours and four minutes .
it was shot in prague during the autumn of 2001 .
the director lives in toronto with his family .
the story is based on a novel from 1938 .
the cast includes three actors from the first part .
tickets for the evening show cost nine dollars .
the picture opens in twelve cities on friday .
the script was written by two brothers from leeds .
the action takes place on an island off the coast of chile .
it is the second film in a series of four .
the music was recorded by an orchestra in budapest .
the studio bought the rights in the spring .
the dialogue is in danish , with subtitles in english .
the main character works as a postman in a small town .
a version with commentary is sold on dvd .
the film was first shown at a festival in january .
it has been rated pg-13 .
the producer previously worked in television .
the scenes in the desert were filmed in morocco .
a sequel has been announced for next year .
the role of the mother is played by a stage actress .
the film is shown in black and white .
the plot follows a family from 1950 to 1980 .
the company released five films last year .
the movie begins with a train arriving at night .
it was adapted from a play by the same author .
the editor and the director had worked together before .
the first half is set in london and the second in cairo .
shooting took eleven weeks .
the screening is followed by a talk with the writer .
the costumes were made in rome .
the narrator is the older of the two sisters .
the print was restored from the original negative .
the film was made by a crew of thirty people .
it is a remake of a japanese film from 1966 .
the hotel in the story stands near the harbour .
the credits list four composers .
the cinema on main street shows it at six and at nine .
the animation was drawn by hand .
the documentary covers the years before the war .""".splitlines()
all_sentences = np.append(sentences, neutral)
all_labels = np.append(labels, ["neutral"] * len(neutral))
print(len(all_labels), "sentences with three labels")

# %% [markdown]
# This time every sentence is predicted once, by a classifier that learned from the
# other four fifths. Each row of the table is a true label, each column a predicted one;
# *recall* is the share of the row that is right.

# %%
all_vectors = np.vstack([vectors, model.encode(neutral)])
folds = StratifiedKFold(5, shuffle=True, random_state=0)
predicted = cross_val_predict(LogisticRegression(), all_vectors, all_labels, cv=folds)
counts = pd.crosstab(all_labels, predicted, rownames=["true label"])
counts["recall"] = np.diag(counts) / counts.sum(axis=1)
print(counts.to_markdown(floatfmt=("", "g", "g", "g", ".2f")))

# %%
most_frequent = max(np.mean(all_labels == label) for label in counts.index)
print(f"right: {np.mean(predicted == all_labels):.2f}, ", end="")
print(f"by always giving a most frequent label: {most_frequent:.2f}")

# %% [markdown]
# Compare how often praise and blame are taken for each other with how often either is
# taken for neutral. A plain fact differs from an opinion in what it is about, and
# sentence vectors hold that well; praise and blame use much the same words about the
# same things. Training the language model itself on the labels (fine-tuning) can
# sharpen just this difference, but asks for more labelled sentences than there are
# here.
