# %% [markdown]
# # The same few steps, from scratch and from a pretrained model
#
# Two language models of one architecture read the same news in the same order, a few
# sentences each. One starts from random weights, the other from weights that have seen
# a large part of the web. Loss and perplexity show what a start is worth.

# %% tags=["parameters"]
checkpoint = "HuggingFaceTB/SmolLM2-135M-Instruct"
revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"
steps = 10

# %%
import math
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import torch
from gensim.test.utils import datapath
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, set_seed

device = "cuda" if torch.cuda.is_available() else "cpu"

# %% [markdown]
# ## Text
#
# The openings of news stories from the Lee corpus, which ships with gensim. The stories
# at the end are held out: no model trains on them. Each step takes two stories that
# have not been used before.

# %%
text = Path(datapath("lee_background.cor")).read_text()
stories = list(dict.fromkeys(text.splitlines()))
tokenizer = AutoTokenizer.from_pretrained(checkpoint, revision=revision)
openings = [tokenizer(story)["input_ids"][:40] for story in stories]
tokens = torch.tensor([ids for ids in openings if len(ids) == 40], device=device)

training, held_out = tokens[: 2 * steps].split(2), tokens[-12:]
print(f"{2 * steps} openings to train on, {len(held_out)} held out; the first:")
print(tokenizer.decode(tokens[0]))

# %% [markdown]
# ## Two starts
#
# `from_config` builds the architecture with random weights, `from_pretrained` also
# loads the weights. When a pretrained model is fine-tuned, its lower layers and word
# vectors are often left as they are, which saves time and memory; here the lower half
# is frozen. Random weights are worth nothing, so from scratch all of them train, at a
# higher rate: that run gets more computing for the same steps.


# %%
def from_scratch():
    config = AutoConfig.from_pretrained(checkpoint, revision=revision)
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32)


def pretrained():
    model = AutoModelForCausalLM.from_pretrained(
        checkpoint, revision=revision, dtype=torch.float32
    )
    lower_half = model.model.layers[: len(model.model.layers) // 2]
    for part in (model.model.embed_tokens, lower_half):
        part.requires_grad_(False)
    return model


starts = {"from scratch": (from_scratch, 1e-3), "pretrained": (pretrained, 3e-4)}

# %% [markdown]
# ## One loop for both
#
# The loss is the mean of minus the logarithm of the probability given to each next
# token. Perplexity is its exponential: a model with perplexity 50 is as unsure as if it
# had to choose among 50 equally likely tokens.


# %%
@torch.inference_mode()
def perplexity(model):
    return math.exp(model(input_ids=held_out, labels=held_out).loss.item())


def train(model, rate):
    learning = [weights for weights in model.parameters() if weights.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=rate, fused=True)
    losses = []
    for batch in training:
        loss = model(input_ids=batch, labels=batch).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


# %%
rows, curves = [], {}
for name, (start, rate) in starts.items():
    set_seed(0)
    model = start().to(device)
    before = perplexity(model)
    curves[name] = train(model, rate)
    rows.append([name, before, perplexity(model)])

# %% [markdown]
# ## Perplexity on stories neither has trained on
#
# Rounded to two digits. A model that gives every token the same probability has a
# perplexity equal to the size of its vocabulary.

# %%
columns = ["start", "perplexity before", "perplexity after"]
table = pd.DataFrame(rows, columns=columns).map(
    lambda value: value if isinstance(value, str) else float(f"{value:.2g}")
)
print(f"vocabulary: {len(tokenizer):,} tokens\n")
print(table.to_markdown(index=False, floatfmt=",.0f"))

# %% alt="Training loss by step, one curve for each start, with a dotted line at the loss of pure guessing. The curve from scratch starts at that line; the pretrained curve runs far below it."
plt.figure(figsize=(6, 3.8), layout="constrained")
for name, losses in curves.items():
    plt.plot(range(1, len(losses) + 1), losses, marker=".", label=name)
guessing = math.log(len(tokenizer))
plt.axhline(guessing, linestyle=":", color="gray", label="guessing")
plt.ylim(bottom=0)
plt.title("Loss on each new pair of stories")
plt.xlabel("step")
plt.ylabel("loss (nats per token)")
plt.legend()
plt.show()

# %% [markdown]
# The loop is the same for both; only the start differs. The pretrained start was paid
# for by others, with far more steps than a laptop could run. That model may also have
# met these very stories, which are old and public, so read its perplexity before
# training with care: the gain is safer to trust than the level.
