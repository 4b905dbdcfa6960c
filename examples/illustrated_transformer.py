# %% [markdown]
# # Inside a transformer, one layer at a time
#
# One sentence goes through a small BERT. Every part it meets (positions, attention,
# feed-forward network) is rebuilt here in a few lines from the model's own weights, and
# the rebuilt parts give the same numbers as the library.

# %% tags=["parameters"]
checkpoint = "sentence-transformers/all-MiniLM-L6-v2"
revision = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"

# %%
import matplotlib.pyplot as plt
import pandas as pd
import torch
from torch.nn.functional import gelu, normalize, scaled_dot_product_attention
from transformers import AutoModel, AutoTokenizer

torch.set_grad_enabled(False)
tokenizer = AutoTokenizer.from_pretrained(checkpoint, revision=revision)
model = AutoModel.from_pretrained(
    checkpoint, revision=revision, attn_implementation="eager"
)

# %% [markdown]
# `eager` attention is the plain kind: slower than the default, but it also returns its
# weights, which are drawn further down. The model's hidden states, one before the first
# layer and one after each, are what the rebuilt parts have to reproduce.

# %%
sentence = "The bank by the river lent money to the bank in town."
inputs = tokenizer(sentence, return_tensors="pt")
tokens = inputs.tokens()
outputs = model(**inputs, output_hidden_states=True, output_attentions=True)

print(len(tokens), "tokens:", " ".join(tokens))
print(len(outputs.hidden_states), "hidden states of", outputs.hidden_states[0].shape)

# %% [markdown]
# ## Positions
#
# Attention by itself sees a bag of words, so a vector that stands for the position is
# added to each token's vector. The first transformer computed these vectors from sines
# and cosines of many wavelengths. BERT learns them like any other weight.

# %%
learned = model.embeddings.position_embeddings.weight
length, width = learned.shape

position = torch.arange(length)[:, None]
column = torch.arange(width)
angle = position / 10_000 ** (2 * (column // 2) / width)
sinusoidal = torch.where(column % 2 == 0, angle.sin(), angle.cos())


def similarity(table):
    rows = normalize(table - table.mean(dim=0))
    return rows @ rows.T


# %% alt="Two heat maps of the similarity between positions 0 to 99. Sinusoidal: one bright diagonal that fades smoothly. Learned: the same bright diagonal among parallel weaker stripes."
figure, panels = plt.subplots(1, 2, figsize=(7, 3.4), layout="constrained")
tables = {"Sinusoidal": sinusoidal, "Learned by the model": learned}
for panel, (name, table) in zip(panels, tables.items(), strict=True):
    image = panel.imshow(similarity(table)[:100, :100], vmin=-1, vmax=1)
    panel.set(title=name, xlabel="position", ylabel="position")
figure.colorbar(image, ax=panels, label="cosine similarity", shrink=0.8)
plt.show()

# %% [markdown]
# In both tables near positions have similar vectors. Nobody told the model to arrange
# them so.

# %%
distances = [1, 2, 4, 8, 64]
rows = {"positions apart": distances}
for name, table in tables.items():
    rows[name] = [similarity(table).diagonal(d).mean().item() for d in distances]
print(pd.DataFrame(rows).to_markdown(index=False, floatfmt=(".0f", ".2f", ".2f")))

# %% [markdown]
# ## Attention
#
# Each token asks with a query, is found by its key, and hands over its value. The
# scores of a query against all keys become weights that sum to one. Dividing by the
# square root of the width keeps the scores from growing with it.


# %%
def attention(query, key, value):
    scores = query @ key.mT / query.shape[-1] ** 0.5
    weights = scores.softmax(dim=-1)
    return weights @ value


def split_heads(vectors):
    return vectors.unflatten(-1, (model.config.num_attention_heads, -1)).transpose(1, 2)


x = outputs.hidden_states[0]
look = model.encoder.layer[0].attention.self
query, key, value = (split_heads(f(x)) for f in (look.query, look.key, look.value))

ours = attention(query, key, value)
difference = (ours - scaled_dot_product_attention(query, key, value)).abs().max()
print(
    "largest difference from PyTorch's attention below 1e-6:", bool(difference < 1e-6)
)

# %% [markdown]
# ## A whole layer
#
# Attention moves information between tokens. The feed-forward network then works on
# each token alone: it widens the vector, bends it with GELU, and narrows it again. Both
# times the result is added to what came in and normalised.


# %%
def encoder_layer(layer, x):
    look, mix = layer.attention.self, layer.attention.output
    query, key, value = (split_heads(f(x)) for f in (look.query, look.key, look.value))
    heads = attention(query, key, value).transpose(1, 2).flatten(start_dim=2)
    x = mix.LayerNorm(x + mix.dense(heads))

    wide = gelu(layer.intermediate.dense(x))
    return layer.output.LayerNorm(x + layer.output.dense(wide))


for number, layer in enumerate(model.encoder.layer, start=1):
    x = encoder_layer(layer, x)
    difference = (x - outputs.hidden_states[number]).abs().max()
    print(f"after layer {number}, difference below 1e-4:", bool(difference < 1e-4))

# %% [markdown]
# ## Where it looks
#
# Of all heads in all layers, two are picked by a measurement: the head that gives most
# weight to the token just before, and the head in which the two words "bank" give most
# weight to each other. The first follows position, the second follows content.

# %%
maps = torch.cat(outputs.attentions)
layers, heads, size, _ = maps.shape
one, other = (place for place, token in enumerate(tokens) if token == "bank")

before = maps.diagonal(-1, dim1=2, dim2=3).mean(dim=-1)
twin = (maps[:, :, one, other] + maps[:, :, other, one]) / 2
picks = {"the token before": before, "the same word": twin}
where = {name: divmod(score.argmax().item(), heads) for name, score in picks.items()}

rows = [
    [name, where[name][0] + 1, where[name][1] + 1, score.max().item(), 1 / size]
    for name, score in picks.items()
]
columns = ["looks at", "layer", "head", "mean weight", "if spread evenly"]
print(pd.DataFrame(rows, columns=columns).to_markdown(index=False, floatfmt=".2f"))

# %% alt="Two attention maps over the tokens of the sentence. Left: a bright line one step below the diagonal, each token looks at the one before it. Right: the two words bank look at each other, the other tokens mostly at the first token, CLS."
figure, panels = plt.subplots(1, 2, figsize=(7, 4), layout="constrained")
for panel, (name, (layer, head)) in zip(panels, where.items(), strict=True):
    panel.imshow(maps[layer, head], vmin=0, vmax=1)
    panel.set_title(f"Looks at {name}")
    panel.set_xticks(range(size), tokens, rotation=90)
    panel.set_yticks(range(size), tokens)
    panel.set(xlabel="looked at", ylabel="looking")
plt.show()

# %% [markdown]
# Each row of a map sums to one, so a head that finds nothing to look at must still put
# its weight somewhere. The right-hand map shows where: on the first token, `[CLS]`.
#
# ## Where the parameters are
#
# In every layer the feed-forward network is the larger part. In a model as small as
# this one, compare it with the table of word vectors.


# %%
def parameters(*parts):
    return sum(weights.numel() for part in parts for weights in part.parameters())


block = model.encoder.layer[0]
parts = {
    "word vectors": (1, parameters(model.embeddings.word_embeddings)),
    "positions": (1, parameters(model.embeddings.position_embeddings)),
    "attention": (layers, parameters(block.attention)),
    "feed-forward": (layers, parameters(block.intermediate, block.output)),
}
rows = [[name, times, each, times * each] for name, (times, each) in parts.items()]
rest = parameters(model) - sum(row[-1] for row in rows)
rows.append(["the rest", 1, rest, rest])

# %%
counts = pd.DataFrame(rows, columns=["part", "times", "parameters each", "together"])
counts["share"] = counts["together"] / parameters(model)
print(f"{parameters(model):,} parameters in all\n")
print(counts.to_markdown(index=False, intfmt=",", floatfmt=".0%"))
