# %% [markdown]
# # From scratch, or from a pretrained model?
#
# A language model learned its English from the web. We fine-tune it on two
# dozen sentences from film reviews, at two learning rates, watch its text change,
# and measure how well it then predicts other reviews, and news. A model with
# random weights trains on the same sentences.

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
# served to choose the learning rates and the number of steps; they are not used
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
# [LoRA](https://arxiv.org/abs/2106.09685) freezes them, adds to a matrix `W` a
# product of two thin matrices, `W + BA`, and trains only these: here in the upper
# half of the layers, which is faster than in all. `B` starts at zero, so at first
# nothing has changed. **From scratch**, random weights hold nothing to keep, so
# all of them train. That model has the same architecture but is smaller, to save
# time.


# %%
def fine_tuned():
    upper = r".*layers\.(1[5-9]|2\d)\..*_proj"  # layers 15 to 29
    lora = LoraConfig(target_modules=upper, task_type="CAUSAL_LM")
    return get_peft_model(pretrained(), lora)


def from_scratch():
    small = {"num_hidden_layers": 2, "hidden_size": 128, "head_dim": 64}
    small |= {"num_attention_heads": 2, "num_key_value_heads": 2}
    small |= {"intermediate_size": 256, "revision": revision}
    config = AutoConfig.from_pretrained(checkpoint, **small)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    return model.to(device)


# %% [markdown]
# ## One loop for all
#
# **Perplexity** is `exp(−mean log p(next token))`: at 50, the model is as
# unsure as if it chose among 50 equally likely tokens.


# %%
@torch.inference_mode()
def measure(model):
    losses = [model(input_ids=t, labels=t).loss for t in held_out.values()]
    return [loss.exp().item() for loss in losses]


def train(start, rate, seed):
    torch.manual_seed(seed)
    batches = training[torch.randperm(len(training))].split(4)
    model = start()
    weights = [w for w in model.parameters() if w.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=rate)
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
# Three ways to train, three runs of each, which differ in their seed. The model of
# seed 0 continues the two openings again. The second has nothing to do with films.

# %%
ways = {
    "moderate rate": (fine_tuned, 4e-3),
    "high rate": (fine_tuned, 8e-3),
    "from scratch": (from_scratch, 4e-3),
}
curves = {}
for way, (start, rate) in ways.items():
    for seed in (2, 1, 0):
        model, curves[way, seed] = train(start, rate, seed)
    trained = sum(w.numel() for w in model.parameters() if w.requires_grad)
    count = sum(w.numel() for w in model.parameters())
    print(
        f"\n{way}, learning rate {rate}: {trained:,} of {count:,} trained"
    )
    write(model)

# %%
rows = []
for way in ways:
    for number, kind in enumerate(held_out):
        for seed in range(3):
            values = [now[number] for now in curves[way, seed].values()]
            rows.append([way, kind, seed, *values])
columns = ["training", "perplexity of", "seed"]
columns += [f"step {step}" for step in curves["moderate rate", 0]]
table = pd.DataFrame(rows, columns=columns)
print(table.to_markdown(index=False, floatfmt=",.0f"))

# %% alt="Two panels, one above the other: perplexity on held-out texts during fine-tuning at two learning rates, one line for each of three seeds and each kind of text."
figure, panels = plt.subplots(2, figsize=(5, 6.4), sharex=True, sharey=True)
figure.set_layout_engine("constrained")
for panel, way in zip(panels, ["moderate rate", "high rate"], strict=True):
    for number, name in enumerate(held_out):
        for seed in range(3):
            curve = curves[way, seed]
            values = [now[number] for now in curve.values()]
            panel.plot(list(curve), values, color=f"C{number}", marker=".")
        panel.text(steps, values[-1], f" {name}", color=f"C{number}")
    panel.set(title=way, xlim=(0, steps * 1.4), xticks=list(curve))
    panel.set(ylim=(0, None), ylabel="perplexity")
panels[1].set_xlabel("step")
plt.show()

# %% [markdown] tags=["offline"]
# At the moderate rate, fine-tuning about halves the perplexity of held-out
# reviews. News becomes a little easier too: that much of the gain has nothing to do
# with films. How much of the rest is their subject and how much their spelling (all
# lower case, spaced punctuation), this does not say. And predicting better is not
# writing better: see what it says about a film.
#
# At twice the rate the model **forgets**: news first becomes easier and then harder
# than before the training; compare also what the minister says.

# %% [markdown] tags=["hub"]
# Where the perplexity of news falls too, that much of a gain has nothing to do with
# films; where it rises above its first value, the model **forgets**. Predicting
# better is not writing better: compare also what the minister says.

# %% [markdown]
# The pretrained weights are frozen, but the matrices added by LoRA take part in every
# answer (`with model.disable_adapter():` switches them off). Such a control shows it
# early: raise the rate only as long as it holds.
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
