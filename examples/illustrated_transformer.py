# %% [markdown]
# # Inside a transformer, one layer at a time
#
# [The Illustrated Transformer](https://jalammar.github.io/illustrated-transformer/) is
# Jay Alammar's article of 2018. In drawings, it explains the model of [Attention Is All
# You Need](https://arxiv.org/abs/1706.03762), an encoder-decoder that translates. The
# book extends it to language models in its chapter 3
# ([code](https://github.com/HandsOnLLM/Hands-On-Large-Language-Models)). Here a small
# BERT, which is the encoder half, looks at the article's own sentence; then the
# whole model is rebuilt.

# %% tags=["parameters"]
checkpoint = "sentence-transformers/all-MiniLM-L6-v2"
revision = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
decoder_checkpoint = "HuggingFaceTB/SmolLM2-135M-Instruct"
decoder_revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"

# %%
import matplotlib.pyplot as plt
import pandas as pd
import torch
from torch.nn.functional import gelu, normalize
from transformers import AutoConfig, AutoModel, AutoTokenizer

torch.set_grad_enabled(False)
tokenizer = AutoTokenizer.from_pretrained(checkpoint, revision=revision)
model = AutoModel.from_pretrained(
    checkpoint, revision=revision, attn_implementation="eager"
)
heads = model.config.num_attention_heads

# %% [markdown]
# ## What does "it" look at?
#
# In each layer every token gathers information from the others, through several *heads*
# at once; an attention weight is the share it takes from one token. Of all heads, take
# the one in which "it" gives most weight to "animal".


# %%
def look(sentence):
    inputs = tokenizer(sentence, return_tensors="pt")
    attentions = model(**inputs, output_attentions=True).attentions
    return inputs.tokens(), torch.cat(attentions).flatten(0, 1)


text = "The animal didn't cross the street because it was too "
tokens, weights = look(text + "tired.")
it, animal, street = map(tokens.index, ("it", "animal", "street"))
it_head = weights[:, it, animal].argmax().item()
print(f"layer {it_head // heads + 1}, head {it_head % heads + 1}")

for end in ("tired.", "wide."):
    row = look(text + end)[1][it_head, it]
    print(f"too {end} animal {row[animal]:.2f}, street {row[street]:.2f}")

# %% [markdown]
# In the first sentence "it" is the animal, in the second the street, and there the head
# has it wrong: it still prefers the animal. A head that was picked because it fits one
# sentence proves little.
#
# So try it on others. The next head is picked for "bank": no other lets the two
# occurrences give each other more weight. Does it join other repeated words?

# %%
sentences = {
    "bank": "The bank by the river lent money to the bank in town.",
    "dog": "The dog barked until another dog came along.",
    "car": "A red car stood behind the blue car all day.",
    "book": "She put the book back and took a newer book home.",
    "tree": "One tree is tall, but the other tree is older.",
    "music": "He likes loud music, she likes quiet music more.",
    "letter": "My letter crossed your letter in the post.",
    "in": "She lives in Paris and works in London.",
    "the": "Then the cat chased the mouse.",
}


def mutual(word, sentence):
    tokens, weights = look(sentence)
    one, two = (i for i, token in enumerate(tokens) if token == word)
    return (weights[:, one, two] + weights[:, two, one]) / 2


twin_head = mutual("bank", sentences["bank"]).argmax().item()
rows = []
for word, sentence in sentences.items():
    scores = mutual(word, sentence)
    rank = (scores > scores[twin_head]).sum().item() + 1
    rows.append(
        (word, scores[twin_head].item(), scores.mean().item(), rank)
    )
print(f"layer {twin_head // heads + 1}, head {twin_head % heads + 1}")
columns = ["repeated word", "its weight", "mean of all heads", "rank"]
print(
    pd.DataFrame(rows, columns=columns).to_markdown(
        index=False, floatfmt=".2f"
    )
)

# %% [markdown]
# In six of the eight other sentences the head ranks first among all 72, and second in
# one; for "the" it is only 25th.

# %% alt="Words in two columns, joined by lines as thick as the attention weight. Left, the head picked for it: a thick orange line leads from it to animal. Right, the head picked for repeated words: thick orange lines join each dog to the other dog, grey ones most other words to the first token, CLS."
figure, panels = plt.subplots(1, 2, figsize=(5.6, 5), layout="constrained")
examples = [
    ("What “it” looks at", text + "tired.", it_head),
    ("A repeated word", sentences["dog"], twin_head),
]
for panel, (title, sentence, head) in zip(panels, examples, strict=True):
    tokens, weights = look(sentence)
    panel.set(title=title, xlim=(-1.7, 2.7), ylim=(len(tokens), -1))
    panel.axis("off")
    for i, token in enumerate(tokens):
        panel.text(-0.1, i, token, ha="right", va="center", size=11)
        panel.text(1.1, i, token, ha="left", va="center", size=11)
    for i, j in (weights[head] > 0.03).nonzero().tolist():
        chosen = tokens[i] in ("it", "dog")
        colour = "C1" if chosen else "#8a94a6"
        width = 6 * weights[head, i, j].item()
        panel.plot((0, 1), (i, j), colour, lw=width, zorder=chosen)
plt.show()

# %% [markdown]
# Weights below 0.03 are not drawn. All of them, with those of "wide", token by token: on
# this book's site you choose a word and see where it looks; a notebook shows one line of
# text instead.


# %%
class Attention(dict):
    def __repr__(self):
        return "What each word of three sentences looks at, in one head"

    def _repr_mimebundle_(self, **_):
        return {"application/vnd.cardbook.attention+json": dict(self)}


def one_head(title, sentence, head):
    tokens, weights = look(sentence)
    return {
        "title": title,
        "tokens": tokens,
        "weights": weights[head].double().round(decimals=4).tolist(),
        "start": tokens.index("dog" if "dog" in tokens else "it"),
    }


examples.insert(1, ("“it”, too wide", text + "wide.", it_head))
Attention(sentences=[one_head(*example) for example in examples])

# %% [markdown]
# The weights of a token sum to one; what finds nothing else often goes to the first
# token, an [attention sink](https://arxiv.org/abs/2309.17453).
#
# ## Rebuilt: the embeddings
#
# A token starts as the sum of three learned vectors, for the word, the position and the
# segment, which is then normalised.

# %%
inputs = tokenizer(sentences["bank"], return_tensors="pt")
states = model(**inputs, output_hidden_states=True).hidden_states

embeddings = model.embeddings
words = embeddings.word_embeddings(inputs.input_ids)
positions = embeddings.position_embeddings.weight[: words.shape[1]]
segment = embeddings.token_type_embeddings.weight[0]
x = embeddings.LayerNorm(words + positions + segment)
print("same as the library:", torch.allclose(x, states[0], atol=1e-5))

# %% [markdown]
# ## Rebuilt: attention and the whole layer
#
# Each token asks with a query *Q*, is found by its key *K* and hands over its value *V*:
# `softmax(Q Kᵀ / √d) V`. The feed-forward network then works on each token alone.
# Both times the result is added to what came in (the *residual stream*) and normalised.


# %%
def attention(query, key, value):
    scores = query @ key.mT / query.shape[-1] ** 0.5
    return scores.softmax(dim=-1) @ value


def split_heads(vectors):
    return vectors.unflatten(-1, (heads, -1)).transpose(1, 2)


def encoder_layer(layer, x):
    project, output = layer.attention.self, layer.attention.output
    query = split_heads(project.query(x))
    key = split_heads(project.key(x))
    value = split_heads(project.value(x))
    mixed = attention(query, key, value).transpose(1, 2).flatten(2)
    x = output.LayerNorm(x + output.dense(mixed))
    wide = gelu(layer.intermediate.dense(x))
    return layer.output.LayerNorm(x + layer.output.dense(wide))


differences = []
for layer, state in zip(model.encoder.layer, states[1:], strict=True):
    x = encoder_layer(layer, x)
    differences.append((x - state).abs().max().item())
print(
    len(differences), f"layers, largest difference {max(differences):.4f}"
)

# %% [markdown]
# ## Positions
#
# Without positions, attention sees a bag of words. The paper of 2017 computes them from
# sines and cosines of many wavelengths; BERT learns them. How similar are positions
# that are *d* apart? (Cosine similarity, after subtracting the mean vector.)

# %%
learned = embeddings.position_embeddings.weight
length, width = learned.shape
column = torch.arange(width)
angle = torch.arange(length)[:, None] / 10_000 ** (
    2 * (column // 2) / width
)
sinusoidal = torch.where(column % 2 == 0, angle.sin(), angle.cos())

# %% alt="Similarity of two positions against their distance, 1 to 100. The sinusoidal curve falls almost steadily towards zero. The learned curve swings up and down around it several times and dips below zero."
figure, panel = plt.subplots(figsize=(5.6, 3.4), layout="constrained")
for name, table in {"sinusoidal": sinusoidal, "learned": learned}.items():
    rows = normalize(table - table.mean(dim=0))
    similarity = rows @ rows.T
    curve = [similarity.diagonal(d).mean().item() for d in range(1, 101)]
    panel.plot(range(1, 101), curve, label=name)
    print(
        f"{name}, distance 1 to 8:",
        *(f"{value:.2f}" for value in curve[:8]),
    )
panel.set(xlabel="distance d", ylabel="mean similarity")
panel.legend(fontsize=11)
plt.show()

# %% [markdown]
# Neighbours are similar in both: in one by its formula, in the other because training
# made them so. The learned curve does not fall steadily.
#
# ## Where the parameters are


# %%
sizes = pd.Series({n: p.numel() for n, p in model.named_parameters()})
parts = {
    "word embeddings": "word_embeddings",
    "attention": "[.]attention[.]",
    "feed-forward": "[0-9][.](intermediate|output)[.]",
}
for name, pattern in parts.items():
    part = sizes.filter(regex=pattern).sum() / sizes.sum()
    print(f"{name} {part:.0%}")

# %% [markdown]
# ## The decoder, and what has changed since 2017
#
# A token of a decoder sees only itself and earlier ones (a causal mask), and a last
# matrix and softmax turn each final vector into probabilities for the next token. In
# an encoder-decoder, the decoder also looks at the encoder's output (*cross-attention*).
# Language models such as GPT keep the decoder alone. This is one layer of a present-day
# one, without weights:

# %%
config = AutoConfig.from_pretrained(
    decoder_checkpoint, revision=decoder_revision
)
with torch.device("meta"):
    decoder = AutoModel.from_config(config)
print(config.num_attention_heads, "query heads")
print(config.num_key_value_heads, "key-value heads")
print(decoder.layers[0])

# %% [markdown]
# Compare it with the layer above. Where there are fewer key-value heads than query
# heads, several of these share one, which saves memory for the *KV cache* (grouped-query
# attention, [GQA](https://arxiv.org/abs/2305.13245)). RMSNorm comes before each part
# and not after it. The feed-forward network has a gate
# ([SwiGLU](https://arxiv.org/abs/2002.05202)). No position is added to the vectors:
# queries and keys are rotated by an angle that grows with the position
# ([RoPE](https://arxiv.org/abs/2104.09864)).
