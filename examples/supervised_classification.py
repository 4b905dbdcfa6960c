# %% [markdown]
# # Learning to classify from labelled sentences
#
# Is this sentence from a film review praise, blame or neither? An encoder turns
# each sentence into a vector, and a small classifier learns from labelled
# vectors. The encoder stays *frozen*: none of its weights change. The card
# speaks of training the encoder too (fine-tuning); the example of the card
# "Fine-Tuning BERT for Classification" does that.

# %% tags=["parameters"]
checkpoint = "sentence-transformers/all-MiniLM-L6-v2"
revision = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from gensim.test.utils import datapath
from sentence_transformers import SentenceTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    StratifiedKFold,
    StratifiedShuffleSplit,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline

encoder = SentenceTransformer(checkpoint, revision=revision)

# %% [markdown]
# The package gensim ships 200 sentences of the review collection of
# [Pang and Lee (2005)](https://arxiv.org/abs/cs/0506075), half positive, half
# negative. Nobody labelled them one by one: each got its label
# [automatically](http://www.cs.cornell.edu/people/pabo/movie-review-data/),
# from the verdict of its whole review. The collection has no neutral sentences,
# so 16 plain facts were written for this page.

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
the film was first shown at a festival in january .""".splitlines()

# %%
reviews = Path(datapath("pang_lee_polarity.cor")).read_text("cp1252")
pairs = [line.split(maxsplit=1) for line in reviews.splitlines()]
sentences = np.array([sentence for _, sentence in pairs] + neutral)
labels = [label.removeprefix("__label__") for label, _ in pairs]
labels = np.array(labels + ["neutral"] * len(neutral))
vectors = encoder.encode(list(sentences))

classifier = LogisticRegression(class_weight="balanced")
classifier.fit(vectors, labels)
print(pd.Series(labels).value_counts().to_markdown())

# %% [markdown]
# `balanced` gives the 16 neutral sentences as much weight as each hundred. Now
# eight sentences that the classifier has not seen, with the label that we would
# give, the label predicted, and the probability of each label:

# %%
ours = {
    "Beautifully acted and deeply moving.": "pos",
    "Dull, loud and far too long.": "neg",
    "The poster shows a red bicycle.": "neutral",
    "The actress sings all the songs herself.": "neutral",
    "I laughed from start to finish.": "pos",
    "I want my money back.": "neg",
    "You will not regret the ticket.": "pos",
    "Not bad at all.": "pos",
}
new = encoder.encode(list(ours))
table = pd.DataFrame({"sentence": ours.keys(), "ours": ours.values()})
table["predicted"] = classifier.predict(new)
table[classifier.classes_] = classifier.predict_proba(new)
print(table.to_markdown(index=False, floatfmt=".2f"))

# %% [markdown]
# The first four say plainly what they are. The last four need more: a laugh is
# praise for a comedy, wanting one's money back is blame, and *not* turns a word
# round.

# %% [markdown] tags=["offline"]
# Of the first four, the classifier is least sure of the two facts, which are
# about other things than the 16 it learned. Of the last four, it labels one as
# we do, and barely.

# %% [markdown]
# ## How often is it right?
#
# In five-fold cross-validation, each sentence is labelled by a classifier that
# learned only from the other four fifths. Rows are true labels, columns
# predicted ones; *recall* is the share of a row that is right.

# %%
folds = StratifiedKFold(5, shuffle=True, random_state=0)
probability = cross_val_predict(
    classifier, vectors, labels, cv=folds, method="predict_proba"
)
predicted = classifier.classes_[probability.argmax(axis=1)]
counts = pd.crosstab(labels, predicted, rownames=["true label"])
counts["recall"] = np.diag(counts) / counts.sum(axis=1)
print(counts.to_markdown(floatfmt=("", "g", "g", "g", ".2f")))

# %%
wrong = labels != predicted
factual = (labels == "neutral") | (predicted == "neutral")
print("praise and blame confused:", (wrong & ~factual).sum())
print("opinion and fact confused:", (wrong & factual).sum())

plain = LogisticRegression()
unweighted = cross_val_predict(plain, vectors, labels, cv=folds)
found = (unweighted == "neutral")[labels == "neutral"].sum()
print(f"neutral found without 'balanced': {found} of {len(neutral)}")

# %% [markdown] tags=["offline"]
# Facts and opinions are about different things, and that seems to be what these
# vectors hold best.

# %% [markdown]
# The neutral sentences are an easy case: all by one hand. Praise and blame say
# opposite things about the same films, which is harder. Below are the mistakes it was surest of. Not every label is beyond
# doubt, either: the review of a good film may blame it in one sentence.

# %%
table = pd.DataFrame({"sentence": sentences, "label": labels})
table["predicted"] = predicted
table["probability"] = probability.max(axis=1)
surest = table[wrong].nlargest(5, "probability")
print(surest.to_markdown(index=False, floatfmt=".2f"))

# %% [markdown]
# ## What does the encoder add?
#
# The same logistic regression can learn from counted words instead, or from
# counted letter sequences (both TF-IDF: rare ones weigh more). Which needs fewer
# labels? Praise and blame only, thirty random splits for each size, each tested
# on 60 sentences that were not learned from. The bars are one standard deviation
# of the splits.

# %%
opinion = labels != "neutral"
texts, polarity = sentences[opinion], labels[opinion]
words = TfidfVectorizer()
letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5))
rivals = {
    "sentence vectors": (LogisticRegression(), vectors[opinion]),
    "letters": (make_pipeline(letters, LogisticRegression()), texts),
    "words": (make_pipeline(words, LogisticRegression()), texts),
}

# %%
sizes = [10, 20, 40, 80, 140]
rows = pd.MultiIndex.from_product([sizes, range(30)])
accuracy = pd.DataFrame(index=rows)
for name, (model, inputs) in rivals.items():
    scores = []
    for size in sizes:
        splits = StratifiedShuffleSplit(
            30, train_size=size, test_size=60, random_state=0
        )
        scores += list(cross_val_score(model, inputs, polarity, cv=splits))
    accuracy[name] = scores
mean = accuracy.groupby(level=0).mean().rename_axis("labels")
print("Mean accuracy; guessing would reach 0.50\n")
print(mean.to_markdown(floatfmt=("g", ".2f", ".2f", ".2f")))

# %%
last = accuracy.loc[140]
for name in ("words", "letters"):
    wins = (last["sentence vectors"] > last[name]).sum()
    print(f"140 labels: vectors beat {name} in {wins} of 30 splits")

for kind, stop_words in {"words": None, "content words": "english"}.items():
    words_of = TfidfVectorizer(stop_words=stop_words).build_analyzer()
    shares = []
    for learn, test in splits.split(texts, polarity):
        known = {word for text in texts[learn] for word in words_of(text)}
        new = [word for text in texts[test] for word in words_of(text)]
        shares.append(np.mean([word not in known for word in new]))
    print(f"{kind} never seen with a label: {np.mean(shares):.0%}")

# %% alt="Line chart of mean accuracy against the number of labelled sentences, with bars of one standard deviation over thirty splits. Sentence vectors lie above letters and words at every size and climb; letters and words begin at guessing and stay near it."
figure, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
spread = accuracy.groupby(level=0).std()
for name, line in mean.items():
    bars = axes.errorbar(sizes, line, spread[name], fmt="o-", capsize=3)
    side = "top" if name == "words" else "bottom"
    colour = bars[0].get_color()
    axes.text(144, line[140], name, va=side, color=colour, fontsize=11)
axes.axhline(0.5, color="grey", linestyle="--")
axes.text(144, 0.5, "guessing", va="top", color="grey", fontsize=11)
axes.set(xlim=(5, 185), xticks=sizes, xlabel="labelled sentences")
axes.set(title="Right on sentences it has not seen", ylabel="accuracy")
plt.show()

# %% [markdown]
# A word that no labelled sentence contained tells a word counter nothing. The
# encoder has most likely met it before, in the text that it was trained on, and
# gives it a place near words of like meaning: a few labels go further.
#
# **Where to go from here.** Chapter 4 of [Hands-On Large Language
# Models](https://github.com/HandsOnLLM/Hands-On-Large-Language-Models) classifies
# the whole collection, also with models already fine-tuned for sentiment
# (`pipeline("text-classification", model=…)`) and by asking a generative model,
# which needs no labels at all.
# [SetFit](https://github.com/huggingface/setfit) fine-tunes the encoder itself on
# a few labels.
