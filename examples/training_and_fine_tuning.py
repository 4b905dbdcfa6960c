# %% [markdown]
# # From scratch, or from a pretrained model?
#
# A language model learned its English from the web. We fine-tune it on a few
# dozen sentences from film reviews, watch its text change, and measure what it
# learns about reviews and what it forgets about the news. A model with random
# weights reads the same sentences.

# %% tags=["parameters"]
checkpoint = "HuggingFaceTB/SmolLM2-135M-Instruct"
revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"
steps = 12

# %%
import math
import random
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import torch
from gensim.test.utils import datapath
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    set_seed,
)

device = "cuda" if torch.cuda.is_available() else "cpu"

# %% [markdown]
# ## Before
#
# The model continues two openings, always with the most likely token. We leave
# out the chat template: here it is a plain language model.

# %%
tokenizer = AutoTokenizer.from_pretrained(checkpoint, revision=revision)


def pretrained():
    model = AutoModelForCausalLM.from_pretrained(
        checkpoint, revision=revision, dtype=torch.float32
    )
    return model.to(device)


def write(model, opening):
    batch = tokenizer(opening, return_tensors="pt").to(device)
    output = model.generate(**batch, max_new_tokens=16, do_sample=False)
    print(tokenizer.decode(output[0], skip_special_tokens=True))


model = pretrained()
write(model, "This film is")
write(model, "The minister said")

# %% [markdown]
# ## Two kinds of text
#
# Film reviews to learn from, and news stories as a control: no model trains on
# news. Both corpora ship with gensim. Each text is cut to its first 20 tokens;
# eight texts of each kind are held out.

# %%
path = Path(datapath("pang_lee_polarity.cor"))
lines = path.read_text(encoding="cp1252").splitlines()
reviews = [line.split(maxsplit=1)[1] for line in lines]
random.Random(0).shuffle(reviews)
news = Path(datapath("lee_background.cor")).read_text().splitlines()


def first_tokens(texts):
    rows = tokenizer(texts)["input_ids"]
    rows = [ids[:20] for ids in rows if len(ids) >= 20]
    return torch.tensor(rows, device=device)


reviews, news = first_tokens(reviews), first_tokens(news)
held_out = {"film reviews": reviews[:8], "news (control)": news[:8]}
training = reviews[8:]
for name, tokens in held_out.items():
    print(f"{name}: {tokenizer.decode(tokens[0])}")

# %% [markdown]
# ## Two starts
#
# **Fine-tuning** today rarely changes all weights.
# [LoRA](https://arxiv.org/abs/2106.09685) freezes them and adds to each weight
# matrix `W` a product of two thin matrices, `W + BA`, and trains only these.
# **From scratch**, random weights hold nothing to keep, so all of them train.
# That model has the same architecture but is smaller, to save time.


# %%
def with_lora():
    lora = LoraConfig(target_modules="all-linear", task_type="CAUSAL_LM")
    return get_peft_model(pretrained(), lora)


def from_scratch():
    config = AutoConfig.from_pretrained(
        checkpoint,
        revision=revision,
        num_hidden_layers=2,
        hidden_size=128,
        intermediate_size=256,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=64,
    )
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    return model.to(device)


for name, start in [("from scratch", from_scratch), ("LoRA", with_lora)]:
    weights = list(start().parameters())
    count = sum(w.numel() for w in weights)
    trained = sum(w.numel() for w in weights if w.requires_grad)
    print(f"{name}: {trained:,} of {count:,} weights are trained")

# %% [markdown]
# ## One loop for both
#
# **Perplexity** is `exp(−mean log p(next token))`: at 50, the model is as
# unsure as if it chose among 50 equally likely tokens.


# %%
@torch.inference_mode()
def measure(model):
    losses = {
        name: model(input_ids=tokens, labels=tokens).loss.item()
        for name, tokens in held_out.items()
    }
    return {name: math.exp(loss) for name, loss in losses.items()}


def train(start, rate, seed):
    set_seed(seed)
    model = start()
    weights = [w for w in model.parameters() if w.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=rate)
    batches = training[torch.randperm(len(training))].split(4)
    curve = [measure(model)]
    for step in range(steps):
        batch = batches[step % (len(batches) - 1)]
        model(input_ids=batch, labels=batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if (step + 1) % (steps // 3) == 0:
            curve.append(measure(model))
    return model, pd.DataFrame(curve)


tuned = [train(with_lora, 2e-3, seed) for seed in range(3)]
scratch = [train(from_scratch, 2e-3, seed) for seed in range(3)]

# %% [markdown]
# ## After
#
# The fine-tuned model (seed 0) with the same two openings, then the model from
# scratch. The second opening is not one for a film review.

# %%
for model in (tuned[0][0], scratch[0][0]):
    write(model, "This film is")
    write(model, "The minister said")
    print()

# %%
rows = []
for name, runs in [("fine-tuned", tuned), ("from scratch", scratch)]:
    for seed, (_, curve) in enumerate(runs):
        rows.append([name, seed, *curve.iloc[0], *curve.iloc[-1]])
columns = ["start", "seed", "reviews before", "news before"]
columns += ["reviews after", "news after"]
table = pd.DataFrame(rows, columns=columns)
print(table.to_markdown(index=False, floatfmt=",.0f"))

# %% [markdown]
# The way there, as a mean of the three fine-tuning runs:

# %%
at = [0, steps // 3, 2 * (steps // 3), 3 * (steps // 3)]
mean = sum(curve for _, curve in tuned) / len(tuned)
mean.insert(0, "step", at)
print(mean.to_markdown(index=False, floatfmt=".0f"))

# %% alt="Perplexity on held-out texts during fine-tuning, one line for each of three seeds and each kind of text. On film reviews it falls; on news, the control, it falls a little in the first steps and then rises above where it began."
plt.figure(figsize=(5, 4), layout="constrained")
for color, name in zip(["C0", "C1"], held_out, strict=True):
    for _, curve in tuned:
        plt.plot(at, curve[name], color=color, marker=".")
    plt.text(at[-1], curve[name].iloc[-1], " " + name, color=color)
plt.xlim(0, steps * 1.4)
plt.xticks(at)
plt.xlabel("step")
plt.ylabel("perplexity on held-out texts")
plt.show()

# %% [markdown]
# Fine-tuning learns reviews. It also **forgets** where the control ends higher
# than it began, though the pretrained weights are frozen: the matrices added by
# LoRA take part in every answer (`with model.disable_adapter():` switches them
# off). Where the control falls, in the first steps, the gain is not about films.
# From scratch, the same steps do not make a language model.
#
# LoRA [learns less and forgets less](https://arxiv.org/abs/2405.09673) than
# training all weights.
# [*Hands-On Large Language Models*](https://github.com/HandsOnLLM/Hands-On-Large-Language-Models),
# chapter 12, fine-tunes with LoRA on a 4-bit model (QLoRA); the library is
# [PEFT](https://huggingface.co/docs/peft). How the start was made is told in
# the [SmolLM2 paper](https://arxiv.org/abs/2502.02737).
