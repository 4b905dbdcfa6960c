# %% [markdown]
# # Two kinds of language model at work
#
# A **generative model** (a decoder, such as GPT) continues text. A **representation
# model** (an encoder, such as BERT) turns text into vectors. Below, each does what it
# was made for; then both classify; then a look inside shows what remains different.
# The book introduces both kinds in its chapter 1
# ([code](https://github.com/HandsOnLLM/Hands-On-Large-Language-Models)).

# %% tags=["parameters"]
encoder_checkpoint = "sentence-transformers/all-MiniLM-L6-v2"
encoder_revision = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
decoder_checkpoint = "HuggingFaceTB/SmolLM2-135M-Instruct"
decoder_revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from transformers import pipeline

decoder = pipeline(
    "text-generation",
    decoder_checkpoint,
    revision=decoder_revision,
    dtype="float32",
)
encoder = pipeline(
    "feature-extraction", encoder_checkpoint, revision=encoder_revision
)

# %% [markdown]
# ## The generative model writes

# %%
start = "The soup was cold and the waiter"
output = decoder(start, max_new_tokens=18, do_sample=False)
print(output[0]["generated_text"])

# %% [markdown]
# ## The representation model classifies
#
# The encoder gives one vector for each token; their mean stands for the text. A
# logistic regression on the vectors of eight labelled reviews is then a classifier.
# (The library `sentence-transformers` wraps these steps.)

# %%
labelled = """\
I laughed from the first scene to the last.
The soup was cold and the waiter was rude.
The best noodles in town, and so fresh.
The plot makes no sense and nobody cares.
The actors are superb.
Too much salt, and far too expensive.
We loved every dish.
Two hours that I will never get back.""".splitlines()
labels = {
    "topic": ["film", "food", "food", "film"] * 2,
    "sentiment": ["positive", "negative"] * 4,
}


def vectors(texts):
    return np.array([np.mean(encoder(text)[0], axis=0) for text in texts])


classifiers = {
    task: LogisticRegression().fit(vectors(labelled), labels[task])
    for task in labels
}
mine = ["The popcorn was better than the acting.", "What a lovely dessert!"]
for task, classifier in classifiers.items():
    print(task, "->", *classifier.predict(vectors(mine)))

# %% [markdown]
# The first of the two is a joke, and a hard case: it is meant as a negative review.
#
# ## The generative model classifies too
#
# Write a prompt that ends just before the label and see which label is the more
# probable next token ([Brown and others, 2020](https://arxiv.org/abs/2005.14165)).
# Nothing is trained, and the model sees no labelled review.


# %%
def classify(prompt, words, text):
    tokenizer, model = decoder.tokenizer, decoder.model
    inputs = tokenizer(prompt.format(text), return_tensors="pt")
    with torch.inference_mode():
        logits = model(**inputs.to(model.device)).logits[0, -1]
    ids = [tokenizer.encode(" " + word)[0] for word in words]
    return list(words.values())[logits[ids].argmax()]


topics = {"film": "film", "food": "food"}
print([classify("{} This is a review of a", topics, text) for text in mine])

# %% [markdown]
# ## Who is right more often?
#
# Here are 16 reviews with labels that neither model has seen. A third classifier
# gets the same eight labelled reviews, but only their letters.

# %%
texts = """\
A warm and moving story about growing up.
The whole cinema applauded at the end.
She gives the performance of her life.
Funny, clever and beautifully shot.
I fell asleep before the murder was solved.
The jokes are stale and the ending is predictable.
Cheap effects and a lazy script.
The hero looks as if he wants to go home.
The bread was still warm and smelled wonderful.
Generous portions at a fair price.
I can still taste that chocolate cake.
The chef came out and we all thanked her.
We waited an hour for a burnt pizza.
The vegetables tasted of nothing.
There was a hair in my coffee.
I was ill the whole night after the oysters.""".splitlines()
truth = {
    "topic": np.repeat(["film", "food"], 8),
    "sentiment": np.tile(np.repeat(["positive", "negative"], 4), 2),
}

# %%
letters = make_pipeline(
    TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4)),
    LogisticRegression(),
)
rows = []
for task, answers in truth.items():
    guess = letters.fit(labelled, labels[task]).predict(texts)
    rows.append((task, "letters", (guess == answers).sum()))
    guess = classifiers[task].predict(vectors(texts))
    rows.append((task, "encoder", (guess == answers).sum()))

good = {"good": "positive", "bad": "negative"}
same = {"positive": "positive", "negative": "negative"}
prompts = [
    ("topic", "{} This is a review of a", topics),
    ("topic", "{} This review is about", topics),
    ("topic", "{} The topic is", topics),
    ("sentiment", "{} It was", good),
    ("sentiment", "{} All in all, it was", good),
    ("sentiment", "{} In one word, it was", good),
    ("sentiment", "{} The sentiment of this review is", same),
]
for task, prompt, words in prompts:
    guess = [classify(prompt, words, text) for text in texts]
    name = f"decoder, “{prompt.format('…')}”"
    rows.append((task, name, (guess == truth[task]).sum()))
table = pd.DataFrame(rows, columns=["task", "classifier", "right of 16"])
print(table.sort_values("task").to_markdown(index=False))

# %% [markdown]
# So classification is not what separates the two kinds. Here the encoder needed labelled
# examples, for the small classifier on top (in the chapter *Using pretrained models* one
# classifies without any). A decoder classifies from a prompt, as well as its
# wording lets it: three prompts ask for the topic and four for the sentiment. (With 16
# reviews, a difference of two or three means little.)
#
# ## What separates them: which tokens may look at which
#
# In every layer a token gathers information from other tokens, in shares called
# attention weights. The figure shows them, averaged over all layers and heads; an
# empty field is exactly zero.


# %%
def attention(pipe, text):
    pipe.model.set_attn_implementation("eager")
    inputs = pipe.tokenizer(text, return_tensors="pt").to(pipe.model.device)
    with torch.inference_mode():
        weights = pipe.model(**inputs, output_attentions=True).attentions
    return inputs.tokens(), torch.cat(weights).mean(dim=(0, 1)).cpu()


# %% alt="Two squares, one above the other, of attention weights between the tokens of The bank was overgrown with reeds. Encoder: every field is coloured. Decoder: the upper right half is empty, no token looks at a later one."
pipes = {"encoder": encoder, "decoder": decoder}
figure, panels = plt.subplots(2, figsize=(4.6, 8.4), layout="constrained")
for panel, (name, pipe) in zip(panels, pipes.items(), strict=True):
    tokens, weights = attention(pipe, "The bank was overgrown with reeds.")
    words = [token.strip("Ġ") for token in tokens]
    seen = weights.where(weights > 0, torch.nan)
    panel.imshow(seen, norm="log", vmin=0.01)
    panel.set_xticks(range(len(words)), words, rotation=90, size=11)
    panel.set_yticks(range(len(words)), words, size=11)
    panel.set_title(f"{name}: a row looks at the columns")
    ahead = weights.triu(diagonal=1).sum() / weights.sum()
    print(f"{name}: {ahead:.0%} of the weight goes to later tokens")
plt.show()

# %% [markdown]
# The encoder is *bidirectional*: every token sees the whole text. The decoder is
# *causal*: when it writes a word, the later ones do not exist yet. (The bright first
# column is an [attention sink](https://arxiv.org/abs/2309.17453).)
#
# This has a consequence. Below, "bank" means two things, and the clue stands either
# after the word or before it. How similar are the two vectors of "bank"?


# %%
def vector_of_bank(pipe, text):
    inputs = pipe.tokenizer(text, return_tensors="pt").to(pipe.model.device)
    with torch.inference_mode():
        output = pipe.model.base_model(**inputs)
    place = inputs.char_to_token(text.index("bank"))
    return output.last_hidden_state[0, place]


pairs = {
    "after": (
        "The bank was overgrown with reeds.",
        "The bank raised its interest rates.",
    ),
    "before": (
        "We walked along the muddy bank.",
        "We opened an account at the bank.",
    ),
}
rows = []
for clue, pair in pairs.items():
    row = {"the clue stands": clue}
    for name, pipe in pipes.items():
        river, money = (vector_of_bank(pipe, text) for text in pair)
        row[name] = torch.cosine_similarity(river, money, dim=0).item()
    rows.append(row)
print(pd.DataFrame(rows).to_markdown(index=False, floatfmt=".2f"))

# %% [markdown]
# For the decoder, a clue that comes later comes too late: at the word "bank" the two
# texts are still the same, and so are the vectors. The encoder has read to the end.
#
# Training follows from this. A decoder learns to predict the next token. BERT hides
# tokens and learns to fill them in from both sides
# ([Devlin and others, 2018](https://arxiv.org/abs/1810.04805)). The encoder above was
# trained to compare sentences and has no layer that fills in. With
# `pipeline("fill-mask", "google-bert/bert-base-uncased")` you can try the original.
#
# A third kind has both parts: in an encoder-decoder such as T5, a bidirectional part
# reads and a causal part writes ([Raffel and others,
# 2019](https://arxiv.org/abs/1910.10683)). Encoders are still being renewed, as in
# [ModernBERT](https://arxiv.org/abs/2412.13663) of 2024.
