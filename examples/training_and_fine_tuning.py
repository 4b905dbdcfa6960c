# %% [markdown]
# # From scratch, or from a pretrained model?
#
# A language model learned its English from the web. We fine-tune it on two
# dozen sentences from film reviews, watch its text change, and measure how well
# it then predicts other reviews, and news. A model with random weights trains on
# the same sentences.

# %% tags=["parameters"]
checkpoint = "HuggingFaceTB/SmolLM2-135M-Instruct"
revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"
steps = 6

# %%
import random
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import torch
from gensim.test.utils import datapath
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

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


def write(model):
    for opening in ("This film is", "The minister said"):
        batch = tokenizer(opening, return_tensors="pt").to(device)
        output = model.generate(**batch, max_new_tokens=16, do_sample=False)
        print(tokenizer.decode(output[0], skip_special_tokens=True))


write(pretrained())

# %% [markdown]
# ## Two kinds of text
#
# Film reviews to learn from, and news stories as a control: no model trains on
# news. Both corpora ship with gensim. Each text is cut to its first 16 tokens.
# Eight texts of each kind are held out to measure on. Eight others of each
# served to choose the learning rate and the number of steps; they are not used
# here.


# %%
def first_tokens(texts):
    rows = tokenizer(texts)["input_ids"]
    rows = [ids[:16] for ids in rows if len(ids) >= 16]
    return torch.tensor(rows, device=device)


path = Path(datapath("pang_lee_polarity.cor"))
lines = path.read_text(encoding="cp1252").splitlines()
reviews = [line.split(maxsplit=1)[1] for line in lines]
random.Random(0).shuffle(reviews)
news = Path(datapath("lee_background.cor")).read_text().splitlines()
reviews, news = first_tokens(reviews), first_tokens(news)
held_out = {"film reviews": reviews[8:16], "news (control)": news[8:16]}
training = reviews[16:]
for name, tokens in held_out.items():
    print(f"{name}: {tokenizer.decode(tokens[0])}")

# %% [markdown]
# ## Two starts
#
# **Fine-tuning** of large models often leaves their weights as they are.
# [LoRA](https://arxiv.org/abs/2106.09685) freezes them, adds to the matrix `W`
# of each linear layer but the last a product of two thin matrices, `W + BA`, and
# trains only these.
# `B` starts at zero, so at first nothing has changed. **From scratch**, random
# weights hold nothing to keep, so all of them train. That model has the same
# architecture but is smaller, to save time.


# %%
def fine_tuned():
    lora = LoraConfig(target_modules="all-linear", task_type="CAUSAL_LM")
    return get_peft_model(pretrained(), lora)


def from_scratch():
    small = {"num_hidden_layers": 2, "hidden_size": 128, "head_dim": 64}
    small |= {"num_attention_heads": 2, "num_key_value_heads": 2}
    small |= {"intermediate_size": 256, "revision": revision}
    config = AutoConfig.from_pretrained(checkpoint, **small)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    return model.to(device)


# %% [markdown]
# ## One loop for both
#
# **Perplexity** is `exp(−mean log p(next token))`: at 50, the model is as
# unsure as if it chose among 50 equally likely tokens.


# %%
@torch.inference_mode()
def measure(model):
    losses = [model(input_ids=t, labels=t).loss for t in held_out.values()]
    return [loss.exp().item() for loss in losses]


def train(start, seed):
    torch.manual_seed(seed)
    batches = training[torch.randperm(len(training))].split(4)
    model = start()
    weights = [w for w in model.parameters() if w.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=4e-3)
    curve = {0: measure(model)}
    for step in range(1, steps + 1):
        batch = batches[step % len(batches)]
        model(input_ids=batch, labels=batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if step in (steps // 3, steps):
            curve[step] = measure(model)
    return model, curve


# %% [markdown]
# ## After
#
# Three runs of each, which differ in their seed. The model of seed 0 continues
# the two openings again. The second has nothing to do with films.

# %%
curves = {}
for start in (fine_tuned, from_scratch):
    for seed in (2, 1, 0):
        model, curves[start.__name__, seed] = train(start, seed)
    trained = sum(w.numel() for w in model.parameters() if w.requires_grad)
    count = sum(w.numel() for w in model.parameters())
    print(f"{start.__name__}: {trained:,} of {count:,} weights trained")
    write(model)

# %%
rows = []
for (start, seed), curve in sorted(curves.items()):
    for number, kind in enumerate(held_out):
        values = [values[number] for values in curve.values()]
        rows.append([start, kind, seed, *values])
columns = ["start", "perplexity of", "seed"]
columns += [f"step {step}" for step in curve]
table = pd.DataFrame(rows, columns=columns)
print(table.to_markdown(index=False, floatfmt=",.0f"))

# %% alt="Perplexity on held-out texts during fine-tuning, one line for each of three seeds and each kind of text. On film reviews it falls; on news, the control, it falls a little in the first steps and then rises above where it began."
plt.figure(figsize=(5, 4), layout="constrained")
for number, name in enumerate(held_out):
    for seed in range(3):
        curve = curves["fine_tuned", seed]
        values = [values[number] for values in curve.values()]
        plt.plot(list(curve), values, color=f"C{number}", marker=".")
    plt.text(steps, values[-1], f" {name}", color=f"C{number}")
plt.xlim(0, steps * 1.4)
plt.xticks(list(curve))
plt.xlabel("step")
plt.ylabel("perplexity on held-out texts")
plt.show()

# %% [markdown]
# Fine-tuning about halves the perplexity of held-out reviews, from 630 to
# between 270 and 335. How much of that is their subject and how much their
# spelling (all lower case, spaced punctuation), this does not say. What the
# model writes about a film now repeats itself.
#
# It also **forgets**: the perplexity of news first falls from 190 to about 150,
# a gain that has nothing to do with films, and then rises to between 200 and
# 370. The pretrained weights are frozen, but the matrices added by LoRA take
# part in every answer (`with model.disable_adapter():` switches them off).
#
# From scratch, the same steps do not make a language model.
#
# LoRA [learns less and forgets less](https://arxiv.org/abs/2405.09673) than
# training all weights.
# [*Hands-On Large Language Models*](https://github.com/HandsOnLLM/Hands-On-Large-Language-Models),
# chapter 12, fine-tunes with LoRA on a 4-bit model (QLoRA); the library is
# [PEFT](https://huggingface.co/docs/peft). The
# [SmolLM2 paper](https://arxiv.org/abs/2502.02737) tells how the pretrained
# model was made.
