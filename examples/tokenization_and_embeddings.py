# %% [markdown]
# # From text to numbers: tokens, then vectors
#
# A network cannot read letters. A **tokenizer** cuts the text into pieces from a fixed
# list and replaces each by its number in that list; an **embedding matrix** holds one
# row of numbers for each piece. Below, two real tokenizers cut the same sentence, one
# row of a matrix is looked up by hand, and the word "bank" shows what the layers of the
# network then do to a row.

# %% tags=["parameters"]
encoder = "sentence-transformers/all-MiniLM-L6-v2"
encoder_revision = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
decoder = "HuggingFaceTB/SmolLM2-135M-Instruct"
decoder_revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"

# %%
from itertools import product, zip_longest

import matplotlib.pyplot as plt
import pandas as pd
import torch
from transformers import AutoModel, AutoTokenizer

wordpiece = AutoTokenizer.from_pretrained(encoder, revision=encoder_revision)
bpe = AutoTokenizer.from_pretrained(decoder, revision=decoder_revision)
print("pieces in the WordPiece list: ", len(wordpiece))
print("pieces in the byte-level list:", len(bpe))

# %% [markdown]
# ## One sentence, two ways to cut it
#
# **WordPiece** (the BERT family) goes through a word from the left and always takes the
# longest piece in its list; `##` marks a piece that continues a word, and `[CLS]` and
# `[SEP]` are added around the text. **Byte-level BPE** (the GPT family) starts from
# bytes and joins pairs that were frequent in its training text; `Ġ` stands for a space
# before the piece, and odd letters such as `Ã©` are single bytes shown as characters
# (here, the two bytes of é).

# %%
sentence = "Tokenization turns Zürich's cafés into numbers 🙂."
rows = []
for tokenizer in (wordpiece, bpe):
    ids = tokenizer(sentence).input_ids
    rows += [tokenizer.convert_ids_to_tokens(ids), ids]
columns = ["WordPiece", "WordPiece id", "byte-level BPE", "BPE id"]
table = pd.DataFrame(zip_longest(*rows, fillvalue=""), columns=columns)
print(table.to_markdown(index=False))

# %% [markdown]
# The numbers mean nothing by themselves: they are positions in two different lists, so
# a model only works with its own tokenizer. Turning them back into text shows what each
# list can express.

# %%
for name, tokenizer in {"WordPiece": wordpiece, "byte-level BPE": bpe}.items():
    ids = tokenizer(sentence).input_ids
    text = tokenizer.decode(ids, skip_special_tokens=True)
    print(f"{name}: {text}   unchanged: {text == sentence}")

# %% [markdown]
# This WordPiece tokenizer lower-cases, drops accents, and has only `[UNK]` (unknown)
# for what is not in its list. Byte-level BPE loses nothing: whatever it has no piece
# for, it spells in bytes.
#
# ## An embedding layer is a table
#
# Looking up a token means taking the row with its number. Nothing is computed yet.

# %%
model = AutoModel.from_pretrained(encoder, revision=encoder_revision).eval()
layer = model.get_input_embeddings()
matrix = layer.weight.detach()
bank = wordpiece.convert_tokens_to_ids("bank")
print("rows, columns:", tuple(matrix.shape))
print(f"row {bank} begins:", [round(x, 3) for x in matrix[bank, :4].tolist()])
print("same as the layer:", torch.equal(layer(torch.tensor(bank)), matrix[bank]))

# %% [markdown]
# The row already carries meaning: rows of related words point in similar directions.
# Here are the rows closest to that of "bank", by cosine similarity.

# %%
similarity = torch.cosine_similarity(matrix, matrix[bank], dim=1)
nearest = similarity.topk(9).indices.tolist()[1:]
print(", ".join(wordpiece.convert_ids_to_tokens(nearest)))

# %% [markdown]
# ## The same word in ten sentences
#
# One row has to serve a river bank and a bank with money. The layers above it take the
# rest of the sentence into account, so there the same word gets a different vector in
# each sentence. In every pair below, river 1 and money 1 and so on, "bank" stands at
# the same position.

# %%
sentences = {
    "river 1": "The bank was muddy and overgrown with reeds.",
    "river 2": "We sat on the bank and watched the boats.",
    "river 3": "The heron stood very still on the bank.",
    "river 4": "The children fished from the river bank.",
    "river 5": "After the rain, the bank of the river collapsed.",
    "money 1": "The bank was slow to approve our mortgage.",
    "money 2": "She works at the bank as a cashier.",
    "money 3": "I opened a savings account at the bank.",
    "money 4": "She deposited her salary at the bank.",
    "money 5": "After a year, the bank raised its interest rates.",
}
batch = wordpiece(list(sentences.values()), padding=True, return_tensors="pt")
with torch.inference_mode():
    states = model(**batch, output_hidden_states=True).hidden_states
is_bank = batch.input_ids == bank
print("position of bank:", is_bank.int().argmax(dim=1).tolist())

# %%
river = torch.tensor([name.startswith("river") for name in sentences])
same_meaning = river[:, None] == river
not_itself = ~torch.eye(10, dtype=torch.bool)
rows, maps = [], []
for state in states:
    vectors = torch.nn.functional.normalize(state[is_bank], dim=1)
    cosines = vectors @ vectors.T
    maps.append(cosines)
    nearest = cosines.masked_fill(~not_itself, -1).argmax(dim=1)
    rows.append(
        {
            "after layer": len(rows),
            "same meaning": cosines[same_meaning & not_itself].mean().item(),
            "other meaning": cosines[~same_meaning].mean().item(),
            "nearest has same meaning": f"{(river == river[nearest]).sum()} of 10",
        }
    )
print(pd.DataFrame(rows).to_markdown(index=False, floatfmt=".2f"))

# %% [markdown]
# Row 0 is the looked-up vector plus a vector for its position, before any layer. There
# the nearest "bank" is simply the one at the same position, whatever it means, with a
# cosine of one. Compare the last row, and the two maps.

# %% alt="Two heat maps of cosine similarities between the word bank in five river and five money sentences. Before the first layer, equal positions match. After the last layer, a river block and a money block stand out."
figure, panels = plt.subplots(1, 2, figsize=(7, 3.9), sharey=True, layout="constrained")
titles = ["before the first layer", "after the last layer"]
for panel, cosines, title in zip(panels, (maps[0], maps[-1]), titles, strict=True):
    panel.imshow(cosines, vmin=0.5, vmax=1)
    panel.set_title(title)
    panel.set_xticks(range(10), sentences, rotation=90)
    panel.set_yticks(range(10), sentences)
    for row, column in product(range(10), repeat=2):
        value = cosines[row, column].item()
        style = {"color": "black" if value > 0.75 else "white", "size": 6}
        panel.text(column, row, f"{value:.2f}", ha="center", va="center", **style)
figure.suptitle("Cosine similarity of “bank” between sentences")
plt.show()

# %% [markdown]
# So there are two kinds of embedding: a fixed one per token, looked up, and a
# contextual one per occurrence, computed. This model was trained to compare whole
# sentences, so its last vectors also carry what the sentence is about, not only the
# sense of the word; and the groups differ by degree: vectors of the same word stay
# fairly similar in all ten sentences.
