# %% [markdown]
# # What a model needs: memory, then speed
#
# A language model writes a sentence on this machine, and we weigh it while it does:
# how many bytes its weights take, how fast it writes, what fewer bits cost. The same
# arithmetic then says which models fit which graphics card. A model as small as this
# one needs none: a CPU will do. Memory is given in decimal units: 1 GB is 10⁹ bytes.

# %% tags=["parameters"]
checkpoint = "HuggingFaceTB/SmolLM2-135M-Instruct"
revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"

# %%
import timeit

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.colors import ListedColormap
from transformers import AutoModelForCausalLM, AutoTokenizer

device = "cuda" if torch.cuda.is_available() else "cpu"
tokenizer = AutoTokenizer.from_pretrained(checkpoint, revision=revision)


def load(dtype):
    model = AutoModelForCausalLM.from_pretrained(
        checkpoint, revision=revision, dtype=dtype
    )
    return model.to(device)


# %%
model = load(torch.float32)
prompt = tokenizer("A graphics card is", return_tensors="pt").to(device)
written = model.generate(**prompt, max_new_tokens=24, do_sample=False)
print(tokenizer.decode(written[0]))

# %% [markdown]
# ## Weights: their number times their bytes

# %%
models = {"float32": model, "bfloat16": load(torch.bfloat16)}
for name, each in models.items():
    size, count = each.get_memory_footprint(), each.num_parameters()
    print(f"{name}: {count / 1e6:.1f} million weights,", end=" ")
    print(f"{size / 1e6:.0f} MB, {size / count:.2f} bytes each")

# %% [markdown]
# A model that writes also keeps the keys and values of all tokens so far, the KV
# cache: `2 × layers × key-value heads × head size × tokens × bytes`. The formula, and
# the tensors that this model really keeps:


# %%
def cache_bytes(layers, heads, head_size, tokens, each):
    return 2 * layers * heads * head_size * tokens * each


c = model.config
shape = (c.num_hidden_layers, c.num_key_value_heads, c.head_dim)
cache = model(**prompt).past_key_values
computed = cache_bytes(*shape, prompt.input_ids.numel(), 4)
kept = sum(t.keys.nbytes + t.values.nbytes for t in cache.layers)
print(f"{prompt.input_ids.numel()} tokens: {computed=:,} {kept=:,} bytes")

# %% [markdown]
# ## Speed
#
# Every weight is read once for every token. The yardstick is therefore the time it
# takes to read them all, here by adding them up. It is a rough one: where adding is
# slower than reading, as it can be for bfloat16 on a CPU, it shows less than the memory
# could give. Eight texts written at once share the reading. Each is timed several times
# and the fastest counts, since other programs on the machine only slow it down.


# %%
def write(model, texts):
    batch = tokenizer(["A graphics card is"] * texts, return_tensors="pt")
    length = {"min_new_tokens": 16, "max_new_tokens": 16}
    model.generate(**batch.to(device), **length, do_sample=False)


def read(model):
    float(sum(weights.detach().sum() for weights in model.parameters()))


def per_second(times, function, *inputs):
    seconds = timeit.repeat(
        lambda: function(*inputs), number=1, repeat=times
    )
    return 1 / min(seconds)


# %% tags=["varies"]
rows = []
for name, each in models.items():
    one, eight = (16 * n * per_second(2, write, each, n) for n in (1, 8))
    rows.append((name, per_second(30, read, each), one, eight))
columns = ["tokens per second", "reading only", "1 text", "8 texts"]
speed = pd.DataFrame(rows, columns=columns)
print(speed.to_markdown(index=False, floatfmt=".0f"))
print("on", torch.cuda.get_device_name() if device == "cuda" else "a CPU")

# %% [markdown]
# Far below the yardstick, something else is the limit: computing, or, for a small model
# on a fast GPU, the overhead of each step. Fewer bytes help only if turning them into
# numbers that the hardware computes with costs less than reading the larger ones. A T4,
# Colab's usual free GPU, has [no native
# bfloat16](https://github.com/vllm-project/vllm/issues/1157), so use `float16` there.
#
# ## What fewer bits cost
#
# Below 16 bits, weights are rounded to few steps (255 at 8 bits, 15 at 4), and every row
# of a matrix, or every block of 32 weights, keeps a scale. KL divergence says how far the predictions
# then are from those at `float32` (0: not at all).


# %%
def rounded(bits, block):
    model = load(torch.float32)
    for name, part in model.named_modules():
        if isinstance(part, torch.nn.Linear) and name != "lm_head":
            weights = part.weight.data.view(-1, block or part.in_features)
            scale = weights.abs().amax(dim=1, keepdim=True)
            scale = scale / (2 ** (bits - 1) - 1)
            weights.copy_((weights / scale).round() * scale)
    return model


text = """The harbour was quiet before sunrise. Two fishermen carried their
nets to the boat, checked the engine and looked at the sky. A good soup
begins with onions, cut small and cooked slowly in butter until they are
soft. In 1969 the first people walked on the Moon. A list in Python can
hold values of any type; to add one at the end, call its append method."""
tokens = tokenizer(text, return_tensors="pt").to(device)


# %%
@torch.no_grad()
def predictions(model):
    return model(**tokens).logits[0].float().log_softmax(dim=-1)


def divergence(other):
    other = predictions(other)
    return (full.exp() * (full - other)).sum(dim=-1).mean().item()


full = predictions(model)
price = {
    "bfloat16": divergence(models["bfloat16"]),
    "8 bits, scale per row": divergence(rounded(8, None)),
    "4 bits, scale per row": divergence(rounded(4, None)),
    "4 bits, scale per 32": divergence(rounded(4, 32)),
}
price = pd.Series(price, name="KL divergence").rename_axis("weights")
print(price.to_markdown(floatfmt=".3f"))

# %%
block = model.model.layers[0].mlp.up_proj.weight[0, :32]
print("values in a block of 32 weights:", block.unique().numel())

# %% [markdown]
# Sixteen values or fewer say that the weights come from a 4-bit file, as they do where
# this page was made without the Hub. Then the table is the price of rounding a second
# time. In practice a library rounds while loading, with
# `BitsAndBytesConfig(load_in_4bit=True)` in transformers, or with `torchao`; a GGUF
# file, for llama.cpp and Ollama, is rounded already. The
# [Visual Guide to Quantization](https://newsletter.maartengrootendorst.com/p/a-visual-guide-to-quantization)
# by one of the book's authors draws all of this.
#
# ## Does it fit?
#
# Needed: the weights, a KV cache for 8192 tokens with 2 bytes per number, and 1 GB for
# everything else. The number of weights (in billions) is from each model's page; the
# numbers of layers and key-value heads and the head size are in its `config.json` or
# follow from it. With their scales, 4 bits become 4.5. *Tight* is more than 80 % of the
# card.

# %%
shapes = {
    "Llama 3.2 1B": (1.24, 16, 8, 64),
    "Llama 3.2 3B": (3.21, 28, 8, 128),
    "Llama 3.1 8B": (8.03, 32, 8, 128),
    "Qwen2.5 14B": (14.8, 48, 8, 128),
    "Qwen2.5 32B": (32.8, 64, 8, 128),
    "Llama 3.1 70B": (70.6, 80, 8, 128),
}
need = pd.DataFrame(index=shapes)
for bits, size in {"16 bits": 2, "8 bits": 1, "4 bits": 4.5 / 8}.items():
    need[bits] = [
        billions * size + cache_bytes(*shape, 8192, 2) / 1e9 + 1
        for billions, *shape in shapes.values()
    ]
print(need.rename_axis("GB needed").to_markdown(floatfmt=".1f"))

# %% alt="Two tables of six models against graphics cards of 8, 16, 24 and 80 GB, one for 16 bits per weight and one for 4: green where the model fits, yellow where it is tight, red where it does not fit. With 4 bits less than half of the red is left."
cards = [8, 16, 24, 80]
colours = ListedColormap(["#8fce8b", "#ffe08a", "#f4a6a0"])
figure, axes = plt.subplots(2, figsize=(6.4, 7), layout="constrained")
for axis, bits in zip(axes, ["16 bits", "4 bits"], strict=True):
    shares = [[size / card for card in cards] for size in need[bits]]
    grid = np.digitize(shares, [0.8, 1])
    axis.imshow(grid, colours, vmin=0, vmax=2, aspect="auto")
    style = {"ha": "center", "va": "center", "color": "k", "fontsize": 11}
    for (row, column), level in np.ndenumerate(grid):
        word = ["fits", "tight", "no"][level]
        axis.text(column, row, word, **style)
    axis.set_title(f"{bits} per weight")
    axis.set_xticks(range(4), [f"{card} GB" for card in cards])
    axis.set_yticks(range(6), need.index)
    axis.tick_params(length=0)
plt.show()

# %% [markdown]
# ## Training needs more
#
# For every weight there is also a gradient, and the optimizer AdamW keeps two running
# averages. Counted on one layer:

# %%
layer = torch.nn.Linear(1000, 1000)
optimizer = torch.optim.AdamW(layer.parameters())
layer(torch.ones(1, 1000)).sum().backward()
optimizer.step()
weight, state = layer.weight, optimizer.state[layer.weight]
tensors = [weight, weight.grad, state["exp_avg"], state["exp_avg_sq"]]
each = sum(t.nbytes for t in tensors) / weight.numel()
print(f"{each:.0f} bytes per weight, before any activations")
lora = 4.5 / 8 + each / 100
print(f"{lora:.2f} with 4-bit weights and adapters of 1 %")
print(f"16 GB: {16 / each:.0f} or {16 / lora:.0f} billion weights")

# %% [markdown]
# The second way is [QLoRA](https://arxiv.org/abs/2305.14314), the subject of the
# book's chapter 12; its authors fine-tune 65 billion weights on a card of 48 GB.
