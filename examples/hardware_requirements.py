# %% [markdown]
# # How much memory a model needs
#
# A model's weights need their number times the bytes of each. Below, a real language
# model is held in 32, 16 and 8 bits per weight, its memory measured, and the price
# looked at: how far its predictions move. The same arithmetic then says which models
# fit a graphics card with 16 GB of video memory (VRAM).

# %% tags=["parameters"]
checkpoint = "HuggingFaceTB/SmolLM2-135M-Instruct"
revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"

# %%
import ctypes
import gc
import os
import sys

import matplotlib.pyplot as plt
import pandas as pd
import psutil
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

device = "cuda" if torch.cuda.is_available() else "cpu"

# %% [markdown]
# The machine this page was made on:

# %% tags=["varies"]
if device == "cuda":
    card = torch.cuda.get_device_properties(0)
    print(f"{card.name} with {card.total_memory / 2**30:.0f} GiB of video memory")
else:
    total = psutil.virtual_memory().total
    print(f"No GPU, a processor with {total / 2**30:.0f} GiB of memory")

# %% [markdown]
# ## One model in three precisions
#
# `float32` has four bytes, `bfloat16` two. For `int8`, every row of a weight matrix gets
# one scale, so that its largest weight becomes 127, and all weights of the row are
# rounded to whole steps of it. The scale is multiplied back in when the row is used.


# %%
class RoundedLinear(torch.nn.Module):
    def __init__(self, linear, bits):
        super().__init__()
        weight = linear.weight.detach().float()
        scale = weight.abs().amax(dim=1, keepdim=True) / (2 ** (bits - 1) - 1)
        self.scale = torch.nn.Buffer(scale)
        self.steps = torch.nn.Buffer((weight / scale).round().to(torch.int8))

    def forward(self, x):
        return torch.nn.functional.linear(x, (self.steps * self.scale).to(x.dtype))


def load(dtype):
    model = AutoModelForCausalLM.from_pretrained(
        checkpoint, revision=revision, dtype=dtype
    )
    return model.to(device)


def load_rounded(bits):
    model = load(torch.bfloat16)
    for name, part in list(model.named_modules()):
        if isinstance(part, torch.nn.Linear) and name != "lm_head":
            model.set_submodule(name, RoundedLinear(part, bits))
    return model


# %% [markdown]
# The embeddings, which this model also uses as its output layer, stay in `bfloat16`, as
# is usual: they are few and sensitive.

# %%
text = """The harbour was quiet before sunrise. Two fishermen carried their nets to the
boat, checked the engine and looked at the sky. Clouds in the west meant rain by noon,
so they decided to stay close to the coast. A good soup begins with onions, cut small
and cooked slowly in butter until they are soft. Add the carrots, then the water and a
little salt, and let everything simmer for half an hour. In 1969 the first people
walked on the Moon. They collected rocks, set up instruments and returned to Earth a
few days later. A list in Python can hold values of any type. To add a value at the end,
call its append method; to sort it, call sort. The train to the city leaves every hour,
except on Sundays, when there are only four."""
tokenizer = AutoTokenizer.from_pretrained(checkpoint, revision=revision)
tokens = tokenizer(text, return_tensors="pt").input_ids.to(device)

# %% [markdown]
# Besides the weights, a model that writes keeps the keys and values of all tokens so far
# (the KV cache). Its size, too, is a product. The formula, and the tensors the model
# really keeps:


# %%
def cache_bytes(layers, heads, width, tokens, number):
    return 2 * layers * heads * width * tokens * number


for dtype in (torch.float32, torch.bfloat16):
    model = load(dtype)
    with torch.no_grad():
        cache = model(tokens).past_key_values
    c = model.config
    shape = (c.num_hidden_layers, c.num_key_value_heads, c.head_dim)
    computed = cache_bytes(*shape, tokens.numel(), dtype.itemsize)
    kept = sum(layer.keys.nbytes + layer.values.nbytes for layer in cache.layers)
    print(f"{tokens.numel()} tokens in {dtype}: {computed=:,} {kept=:,} bytes")
    del model, cache

# %% [markdown]
# Now each precision: the bytes of its tensors, the memory it really takes, and its
# predictions for every next token of the text. Two settings make the memory of a
# processor's process measurable: load in one thread, and hand freed memory back.


# %%
def memory_in_use():
    gc.collect()
    if device == "cuda":
        return torch.cuda.memory_allocated()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
    return psutil.Process().memory_info().rss


# %%
os.environ["HF_DEACTIVATE_ASYNC_LOAD"] = "1"
ways = {
    "float32": lambda: load(torch.float32),
    "bfloat16": lambda: load(torch.bfloat16),
    "int8": lambda: load_rounded(8),
    "4 bits": lambda: load_rounded(4),
}
sizes, freed, predicted = {}, {}, {}
for name, build in ways.items():
    model = build()
    with torch.no_grad():
        predicted[name] = model(tokens).logits[0].float().log_softmax(dim=-1).cpu()
    sizes[name] = sum(t.nbytes for t in [*model.parameters(), *model.buffers()])
    held = memory_in_use()
    del model
    freed[name] = held - memory_in_use()

# %%
weights = sizes["float32"] / 4
frame = pd.DataFrame({"precision": sizes.keys(), "MB of weights": sizes.values()})
frame["bytes per weight"] = frame["MB of weights"] / weights
frame["MB of weights"] /= 1e6
three = frame.head(3)  # four bits are looked at below, but not stored as such
print(three.to_markdown(index=False, floatfmt=("", ".1f", ".2f")))

# %% [markdown]
# Measured on this machine: the memory that came free when the model was deleted, in MB.
# On a processor the operating system has a say in it, so it may be a little off.

# %% tags=["varies"]
measured = three[["precision", "MB of weights"]].copy()
measured["MB freed"] = [freed[name] / 1e6 for name in measured["precision"]]
print(measured.to_markdown(index=False, floatfmt=".0f"))

# %% [markdown]
# ## The price
#
# KL divergence says how far the predicted probabilities are from those at `float32`
# (0: not at all), agreement how often the most probable next token is the same. The last
# row uses only the 15 steps that fit in four bits. Four-bit formats in practical use
# have a scale for each few dozen weights instead of one per row, and lose far less.

# %%
rows = []
full = predicted["float32"]
for name, other in predicted.items():
    kl = (full.exp() * (full - other)).sum(dim=-1).mean().item()
    same = (full.argmax(dim=-1) == other.argmax(dim=-1)).float().mean().item()
    rows.append((name, kl, same))
price = pd.DataFrame(rows, columns=["precision", "KL divergence", "agreement"])
print(price.to_markdown(index=False, floatfmt=("", ".3f", ".2f")))

# %% [markdown]
# Where two tokens are about equally probable, a small shift is enough to make them
# change places; so agreement falls before the predictions are much worse.

# %% [markdown]
# ## What fits into 16 GB
#
# Six models in sizes as they are published: billions of weights, layers, key-value
# heads, width of a head. Assumed here: all weights in one precision (four bits are half
# a byte, scales not counted), one conversation of 8192 tokens, a cache of two bytes per
# number, and 1 GiB for activations and libraries.

# %%
shapes = {
    "1B": (1.24, 16, 8, 64),
    "3B": (3.21, 28, 8, 128),
    "8B": (8.03, 32, 8, 128),
    "14B": (14.8, 48, 8, 128),
    "32B": (32.8, 64, 8, 128),
    "70B": (70.6, 80, 8, 128),
}
bytes_each = {"float32": 4, "bfloat16": 2, "int8": 1, "4 bits": 0.5}
need = pd.DataFrame(index=shapes)
for name, each in bytes_each.items():
    need[name] = [
        (billions * 1e9 * each + cache_bytes(*shape, 8192, 2)) / 2**30 + 1
        for billions, *shape in shapes.values()
    ]
print(need.rename_axis("GiB").to_markdown(floatfmt=".1f"))

# %% alt="Memory needed against model size, both on logarithmic scales, one line per precision, and a horizontal line at 16. The lines cross it one after the other, float32 first and 4 bits last."
billions = [shape[0] for shape in shapes.values()]
figure, axis = plt.subplots(figsize=(6.8, 4), layout="constrained")
for name in need:
    axis.plot(billions, need[name], marker="o", label=name)
axis.axhline(16, color="gray", linestyle="--", label="16 GB card")
axis.set(xscale="log", yscale="log", xlabel="model", ylabel="memory needed in GiB")
axis.set_xticks(billions, need.index)
axis.set_yticks([2, 4, 8, 16, 32, 64, 128, 256], [2, 4, 8, 16, 32, 64, 128, 256])
axis.minorticks_off()
axis.set_title("Which models fit, in which precision")
axis.legend()
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
tensors = [*layer.parameters(), *(p.grad for p in layer.parameters())]
for state in optimizer.state.values():
    tensors += [state["exp_avg"], state["exp_avg_sq"]]
count = sum(p.numel() for p in layer.parameters())
each = sum(t.nbytes for t in tensors) / count
print(f"{each:.0f} bytes per weight, before any activations")
print(f"16 GiB are full at {16 * 2**30 / each / 1e9:.1f} billion weights")
