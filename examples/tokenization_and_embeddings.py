# %% [markdown]
# # From text to numbers: tokens, then vectors
#
# A network cannot read letters. A **tokenizer** cuts the text into tokens from a fixed
# vocabulary and replaces each by its number, its id. An **embedding layer** holds one
# vector for each id. The book treats both in its chapter 2
# ([code](https://github.com/HandsOnLLM/Hands-On-Large-Language-Models)).

# %% tags=["parameters"]
encoder_checkpoint = "sentence-transformers/all-MiniLM-L6-v2"
encoder_revision = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
decoder_checkpoint = "HuggingFaceTB/SmolLM2-135M-Instruct"
decoder_revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"

# %%
import json
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import torch
from torch.nn.functional import cosine_similarity, normalize
from transformers import AutoModel, AutoTokenizer

wordpiece = AutoTokenizer.from_pretrained(
    encoder_checkpoint, revision=encoder_revision
)
bpe = AutoTokenizer.from_pretrained(
    decoder_checkpoint, revision=decoder_revision
)

# %% [markdown]
# ## The same text, cut three ways
#
# - **WordPiece** (the BERT family) takes, from the left, the longest token that fits;
#   `##` marks a token that continues a word.
# - **Byte-level BPE** (the GPT family) starts from bytes and joins the pairs that were
#   frequent in its training text.
# - The third is that same BPE, trained here within seconds on another text: the Python
#   code of the standard library. Only the training text and the size differ.

# %%
folder = Path(json.__file__).parents[1]
code = [path.read_text("utf-8") for path in sorted(folder.glob("*.py"))]
code_bpe = bpe.train_new_from_iterator(code, 8_000, show_progress=False)

tokenizers = {
    "WordPiece (BERT)": wordpiece,
    "Byte-level BPE (SmolLM2)": bpe,
    "The same BPE, trained on Python code": code_bpe,
}
lines = [
    "Tokenizers cut CAPITALS.",
    "    if x == 31415926:",
    "Καλημέρα κόσμε",
]
rows = [
    [
        name,
        len(tokenizer),
        *(len(tokenizer.tokenize(line)) for line in lines),
    ]
    for name, tokenizer in tokenizers.items()
]
columns = ["tokenizer", "vocabulary", "English", "code", "Greek"]
print(pd.DataFrame(rows, columns=columns).to_markdown(index=False))

# %% alt="Three lines of text, cut into coloured tokens by three tokenizers. WordPiece lower-cases and splits both Greek words into letters. SmolLM2's BPE splits capitals and digits. The BPE trained on code needs the most tokens for the Greek line; all but the space are parts of characters."
figure, panels = plt.subplots(3, figsize=(5.6, 5), layout="constrained")
for panel, (name, tokenizer) in zip(
    panels, tokenizers.items(), strict=True
):
    panel.set(title=name, xlim=(0, 63), ylim=(2.6, -0.6))
    panel.axis("off")
    for y, line in enumerate(lines):
        x = 0.2
        ids = tokenizer(line, add_special_tokens=False).input_ids
        for i, token in enumerate(tokenizer.decode([i]) for i in ids):
            box = {
                "facecolor": f"C{(0, 3, 2)[i % 3]}",
                "edgecolor": "none",
                "pad": 2,
            }
            look = {"family": "monospace", "size": 10, "bbox": box}
            token = token.replace(" ", "·")
            panel.text(x, y, token, color=figure.get_facecolor(), **look)
            x += len(token) + 0.9
        panel.text(x, y, f"{len(ids)} tokens")
plt.show()

# %% [markdown]
# A dot is a space, and � a byte that is only a part of a character. Writing that the
# training text lacks falls apart into bytes, and every token costs time and money.
# (`tiktoken` counts them for OpenAI's models.) The tokenizer trained on code needs as
# many tokens for the line of code as SmolLM2's: both cut the number into digits, and
# cut the rest alike.
#
# ## From text to ids and back

# %%
sentence = "Zürich's cafés sell ☕ and 🫠."
for tokenizer in (wordpiece, bpe):
    ids = tokenizer(sentence).input_ids
    print(ids)
    print(tokenizer.decode(ids), "\n")

# %% [markdown]
# An id is a position in one vocabulary, so a model needs its own tokenizer. This
# WordPiece tokenizer first normalises the text, which loses case and accents, and
# then encloses it in `[CLS]` and `[SEP]`. A word with a *character* that it lacks
# becomes `[UNK]`. Byte-level BPE can spell anything in bytes, and loses nothing.

# %% [markdown]
# All four texts in tokens with their ids, for each of the three tokenizers, and without
# `[CLS]` and `[SEP]`. On this book's site you choose the tokenizer; a notebook shows one
# line of text instead.


# %%
class Tokens(dict):
    def __repr__(self):
        return "The four texts in tokens with their ids, by tokenizer"

    def _repr_mimebundle_(self, **_):
        return {"application/vnd.cardbook.tokens+json": dict(self)}


def cut(tokenizer, line):
    ids = tokenizer(line, add_special_tokens=False).input_ids
    return [[tokenizer.decode([i]), i] for i in ids]


texts = [*lines, sentence]
Tokens(
    tokenizers=[
        {"name": name, "lines": [cut(tokenizer, text) for text in texts]}
        for name, tokenizer in tokenizers.items()
    ]
)

# %% [markdown]
# ## An embedding layer is a table
#
# The layer takes the ids of a sentence and returns one vector for each.

# %%
model = AutoModel.from_pretrained(
    encoder_checkpoint, revision=encoder_revision
)
layer = model.get_input_embeddings()
ids = wordpiece("The bank was closed.", return_tensors="pt").input_ids[0]
print(layer)
print(tuple(ids.shape), "->", tuple(layer(ids).shape))
print("rows of the table:", torch.equal(layer(ids), layer.weight[ids]))

# %% [markdown]
# Nothing is computed, and yet the row of "bank" carries meaning: these eight rows
# are the closest by cosine similarity, `a·b / (|a| |b|)`. Then the similarity of four
# words:

# %%
table = layer.weight.detach()
row = table[wordpiece.convert_tokens_to_ids("bank")]
similarity = cosine_similarity(table, row, dim=1)
closest = similarity.topk(9).indices[1:].tolist()
print(", ".join(wordpiece.convert_ids_to_tokens(closest)))
for word in ("money", "loan", "river", "shore"):
    i = wordpiece.convert_tokens_to_ids(word)
    print(f"{word}: {similarity[i]:.2f}")

# %% [markdown]
# The one row has to serve every sense of the word; most of what it says is money.
#
# ## The same word in ten sentences
#
# The layers above take the rest of the sentence into account. In each pair below (the
# first river and the first money sentence, and so on) "bank" has the same position.

# %%
river = """\
The bank was muddy and overgrown with reeds.
We sat on the bank and watched the boats.
The heron stood very still on the bank.
The children fished from the river bank.
After the rain, the bank of the river collapsed."""
money = """\
The bank was slow to approve our mortgage.
She works at the bank as a cashier.
I opened a savings account at the bank.
She deposited her salary at the bank.
After a year, the bank raised its interest rates."""
sentences = river.splitlines() + money.splitlines()
batch = wordpiece(sentences, padding=True, return_tensors="pt")
with torch.inference_mode():
    states = model(**batch, output_hidden_states=True).hidden_states

# %% [markdown]
# For each layer: is the most similar "bank" one of the same sense? All vectors of one
# word have much in common, so their mean is subtracted first. The full stop, whose
# meaning never changes, is the control.

# %%
is_river = torch.arange(10) < 5
same_sense = is_river[:, None] == is_river
itself = torch.eye(10, dtype=torch.bool)


def compare(state, token):
    vectors = state[
        batch.input_ids == wordpiece.convert_tokens_to_ids(token)
    ]
    vectors = normalize(vectors - vectors.mean(dim=0), dim=1)
    similarity = vectors @ vectors.T
    nearest = similarity.masked_fill(itself, -1).argmax(dim=1)
    return similarity, (is_river[nearest] == is_river).sum().item()


rows = []
for number, state in enumerate(states):
    similarity, right = compare(state, "bank")
    rows.append(
        {
            "after layer": number,
            "same sense": similarity[same_sense & ~itself].mean().item(),
            "other sense": similarity[~same_sense].mean().item(),
            "nearest bank right": f"{right} of 10",
            "nearest full stop right": f"{compare(state, '.')[1]} of 10",
        }
    )
print(pd.DataFrame(rows).to_markdown(index=False, floatfmt=".2f"))

# %% [markdown]
# Before any layer (0: the row, plus vectors for position and segment, normalised) the
# most similar "bank" is the one at the same position, which has the other sense by
# construction. The layers turn this round: the embedding that is looked up is fixed,
# the one that comes out is *contextual* ([Peters and others,
# 2018](https://arxiv.org/abs/1802.05365)).
#
# The control warns against reading too much into it. If the full stop finds its sense
# nearly as often, then a vector carries what the whole *sentence* is about, not only
# the sense of its word. This model was trained to compare sentences.
