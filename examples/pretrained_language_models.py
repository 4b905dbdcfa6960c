# %% [markdown]
# # Four jobs, two models, no training
#
# A pretrained model can be put to work as it is. A decoder continues sentences,
# and an encoder classifies, groups and searches headlines. No weight changes, and
# beside each score of the encoder stands the score of counted letters. The card's
# fifth use, pictures, has a card of its own: "Visual Domain Text Generation".

# %% tags=["parameters"]
encoder_checkpoint = "sentence-transformers/all-MiniLM-L6-v2"
encoder_revision = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
decoder_checkpoint = "HuggingFaceTB/SmolLM2-135M-Instruct"
decoder_revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sentence_transformers import SentenceTransformer
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.pairwise import cosine_similarity
from transformers import pipeline

# %% [markdown]
# ## Generate: what comes next?

# %%
generator = pipeline(
    "text-generation",
    decoder_checkpoint,
    revision=decoder_revision,
    dtype="float32",
)
beginnings = [
    "The capital of Italy is",
    "The chemical symbol for gold is",
    "Romeo and Juliet was written by",
    "The largest planet in the solar system is",
    "Bees make",
    "A week has",
]
for [result] in generator(beginnings, max_new_tokens=8, do_sample=False):
    print(" ".join(result["generated_text"].split()))

# %% [markdown]
# A model continues text; it does not look anything up. Where a sentence leaves
# one likely end, that end is often a fact. Where it leaves many, anything fluent
# may follow. How far do facts go? Sixteen capitals, and as a control the same
# beginning without the country:

# %%
pairs = """Italy Rome, France Paris, Spain Madrid, Germany Berlin,
Japan Tokyo, Egypt Cairo, Russia Moscow, China Beijing, Greece Athens,
Poland Warsaw, Cuba Havana, Kenya Nairobi, Sweden Stockholm, Peru Lima,
Austria Vienna, Portugal Lisbon"""
capitals = dict(pair.split() for pair in pairs.split(","))
beginnings = [f"The capital of {country} is" for country in capitals]
results = generator(
    [*beginnings, "The capital is"],
    max_new_tokens=3,
    do_sample=False,
    return_full_text=False,
)
*ends, control = [result["generated_text"].strip() for [result] in results]
pairs = list(zip(capitals.values(), ends, strict=True))
right = [capital for capital, end in pairs if end.startswith(capital)]
other = [end for capital, end in pairs if not end.startswith(capital)]
print(f"{len(right)} of {len(capitals)} right; the others:", other)
print(f"without a country: The capital is {control}")

# %% [markdown]
# An end that is not the name need not be an error: where a sentence about the capital
# begins, three tokens do not show whether its name would follow.
#
# ## Classify: which description is nearest?
#
# The encoder turns any text into a vector. The 24 headlines were written for
# this page, six for each topic; some lean towards a second one on purpose. No
# headline is labelled for the model: it gets each topic in words, and a headline
# goes to the description whose vector is most similar (*zero-shot*
# classification, [Yin et al. 2019](https://arxiv.org/abs/1909.00161)).

# %%
text = """
sport   Late goal sends the home side into the final
sport   Veteran goalkeeper to retire at the end of the season
sport   Sprinter breaks a national record that stood for decades
sport   Rain delays the second day of the cricket test
sport   Star striker misses the cup tie with a torn ligament
sport   Club sold to an investor for a record sum
health  New vaccine protects infants against a common virus
health  Doctors warn of longer waits for heart operations
health  Study links short nights to high blood pressure
health  Hospital opens a clinic for people with diabetes
health  Price of insulin to be capped from January
health  Walking half an hour a day helps the elderly, trial finds
money   Central bank keeps its key rate unchanged
money   Shares fall as inflation rises again
money   Carmaker reports a loss for the third quarter
money   House prices slip for a second month
money   Pension funds move billions into government bonds
money   Drug maker's stock jumps after takeover offer
space   Probe sends back first pictures of an icy moon
space   Telescope finds a planet twice the size of ours
space   Rocket explodes minutes after lift-off
space   Astronauts return after six months in orbit
space   Asteroid will pass safely, astronomers say
space   Budget cuts put mission to Venus in doubt
"""
rows = [line.split(maxsplit=1) for line in text.strip().splitlines()]
topic, headlines = zip(*rows, strict=True)
topic = np.array(topic)
topics = {
    "sport": "This headline is about sport.",
    "health": "This headline is about health and medicine.",
    "money": "This headline is about money and business.",
    "space": "This headline is about space and astronomy.",
}

# %% [markdown]
# The baseline counts how often each sequence of three to five letters occurs
# (TF-IDF: rare ones weigh more).

# %%
encoder = SentenceTransformer(encoder_checkpoint, revision=encoder_revision)
letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5))
letters.fit(headlines)
encoders = {
    "letters": lambda texts: letters.transform(texts).toarray(),
    "encoder": encoder.encode,
}
vectors = {name: encode(headlines) for name, encode in encoders.items()}

# %%
for name, encode in encoders.items():
    descriptions = encode(list(topics.values()))
    similarity = cosine_similarity(vectors[name], descriptions)
    given = np.array(list(topics))[similarity.argmax(axis=1)]
    print(f"{name}: {(given == topic).sum()} of {len(topic)} right")
table = pd.DataFrame({"headline": headlines, "ours": topic, "given": given})
print("\nThe encoder gives another topic than ours to\n")
print(table[given != topic].to_markdown(index=False))

# %% alt="Heat map of 24 headlines, written beside the rows, and four topics as columns. Nearly every headline is darkest under its own topic, so that the dark cells form a staircase from the upper left to the lower right; one, about a club sold to an investor, is darker under money than under sport."
figure, axes = plt.subplots(figsize=(5, 7.2), layout="constrained")
axes.imshow(similarity, cmap="Blues", aspect="auto")
axes.set_yticks(range(len(headlines)), headlines, fontsize=9)
axes.set_xticks(range(len(topics)), topics, fontsize=11, rotation=90)
axes.xaxis.tick_top()
axes.tick_params(length=0)
figure.suptitle("Darker: more similar to the topic", weight="bold")
plt.show()

# %% [markdown]
# ## Cluster and name: which belong together?
#
# K-means gets the vectors and the number four, nothing else. For a name, each
# group gets the four words of the headlines whose vectors are most similar to the
# direction from the mean of all headlines to the centre of the group. Below: how
# many headlines of each topic are in each group.

# %%
headline_vectors = vectors["encoder"]
kmeans = KMeans(4, n_init=20, random_state=0).fit(headline_vectors)
counter = CountVectorizer(stop_words="english").fit(headlines)
words = counter.get_feature_names_out()
directions = kmeans.cluster_centers_ - headline_vectors.mean(axis=0)
near = cosine_similarity(directions, encoder.encode(list(words)))
names = words[near.argsort(axis=1)[:, :-5:-1]]
table = pd.crosstab(kmeans.labels_, topic)
table.insert(0, "nearest words", [", ".join(name) for name in names])
print(table.to_markdown(index=False))

# %% [markdown]
# Agreement with the topics is measured by the *adjusted* Rand index: 1 is the
# same grouping, 0 what random groups reach on average. Five runs of k-means:

# %%
for name in encoders:
    scores = []
    for seed in range(5):
        kmeans = KMeans(4, n_init=20, random_state=seed)
        groups = kmeans.fit_predict(vectors[name])
        scores.append(adjusted_rand_score(topic, groups))
    low, mean, high = np.min(scores), np.mean(scores), np.max(scores)
    print(f"{name}: {mean:.2f} on average, from {low:.2f} to {high:.2f}")

# %% [markdown]
# ## Search: which headline is meant?
#
# Eight requests in other words, each with the beginning of the headline wanted.

# %%
requests = {
    "an athlete who is injured": "Star striker",
    "bad weather interrupts a match": "Rain delays",
    "getting enough sleep": "Study links",
    "cheaper medicine for diabetics": "Price of insulin",
    "exercise for old people": "Walking half",
    "the cost of buying a home": "House prices",
    "worlds around other stars": "Telescope finds",
    "a spacecraft accident": "Rocket explodes",
}
for name, encode in encoders.items():
    found = cosine_similarity(encode(list(requests)), vectors[name])
    best = [headlines[i] for i in found.argmax(axis=1)]
    goals = zip(best, requests.values(), strict=True)
    right = [headline.startswith(goal) for headline, goal in goals]
    print(f"{name}: {sum(right)} of {len(right)} found first")
table = pd.DataFrame({"request": requests.keys(), "encoder finds": best})
table["right"] = right
print()
print(table.to_markdown(index=False))

# %% [markdown]
# Short headlines on topics this distinct are an easy case, and with so few of
# them one more mistake moves a score a good deal. What this does show is how
# little each job needed: a beginning, a description, a number, a request. The
# next cards take up each job on its own, as do chapters 4 to 8 of [Hands-On Large
# Language Models](https://github.com/HandsOnLLM/Hands-On-Large-Language-Models).
