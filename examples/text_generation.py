# %% [markdown]
# # Writing one token at a time
#
# An autoregressive language model does one thing: given the text so far, it assigns a
# probability to every token that could come next. All else is a rule for picking one.
# The card's own prompt, "The sky is", shows both. (The book's chapter 6 goes further,
# [code](https://github.com/HandsOnLLM/Hands-On-Large-Language-Models).)

# %% tags=["parameters"]
checkpoint = "HuggingFaceTB/SmolLM2-135M-Instruct"
revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"

# %%
import matplotlib.pyplot as plt
import pandas as pd
import torch
from torch.distributions import Categorical
from transformers import (
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
    pipeline,
)

torch.set_grad_enabled(False)
generator = pipeline(
    "text-generation", checkpoint, revision=revision, dtype="float32"
)
model, tokenizer = generator.model, generator.tokenizer

# %% [markdown]
# This model is tuned for conversations. First it just continues text, each time with
# the most probable token (*greedy*).

# %%
prompts = ["The sky is", "The capital of France is"]
for prompt in prompts:
    output = generator(prompt, max_new_tokens=16, do_sample=False)
    print("*", " ".join(output[0]["generated_text"].split()))


# %% alt="Two bar charts, one above the other, of the most probable next tokens with their probabilities. One is for The sky is, with blue in another colour, the other for The capital of France is."
def next_logits(text):
    inputs = tokenizer(text, return_tensors="pt").to(model.device)
    return model(**inputs).logits[0, -1].float().cpu()


blue = tokenizer.encode(" blue")[0]
figure, panels = plt.subplots(2, figsize=(5.6, 6.4), layout="constrained")
for panel, prompt in zip(panels, prompts, strict=True):
    probabilities = next_logits(prompt).softmax(dim=0)
    ids = probabilities.topk(7).indices.tolist()
    if prompt == "The sky is" and blue not in ids:
        ids.append(blue)
    names = [f"“{tokenizer.decode([i])}”" for i in ids]
    if ids[7:]:
        names[7] = f"… {names[7]}"
    colours = ["C1" if i == blue else "C0" for i in ids]
    bars = panel.barh(names, probabilities[ids], color=colours)
    panel.bar_label(bars, fmt="%.2f", padding=3, size=11)
    panel.tick_params(axis="y", labelsize=12)
    panel.set(title=f"{prompt} …", xlim=(0, 1), xlabel="probability")
    panel.invert_yaxis()
plt.show()

# %% [markdown]
# How unsure is the model? The *perplexity* of a step is the exponential of the entropy:
# the number of equally probable tokens that would leave it as unsure.

# %%
for prompt in prompts:
    step = Categorical(logits=next_logits(prompt))
    print(f"{prompt} …: perplexity {step.entropy().exp():.1f}")

sky = next_logits("The sky is").softmax(dim=0)
rank = (sky > sky[blue]).sum().item() + 1
print(f"{len(sky)} probabilities, their sum {sky.sum():.3f}")
print(f"rank of “ blue”: {rank}, probability {sky[blue]:.3f}")

# %% [markdown] tags=["offline"]
# The card's continuation, "blue", is one of many: text says all sorts of things about
# the sky. Of the capital of France it mostly says one.

# %% [markdown]
# ## The loop
#
# Take the best token, append it, ask again. The *KV cache* keeps the keys and values of
# all earlier tokens, so that each step computes only the newest one.

# %%
inputs = tokenizer("The sky is", return_tensors="pt").to(model.device)
ids = newest = inputs.input_ids
cache = None
for _ in range(16):
    output = model(newest, past_key_values=cache)
    cache = output.past_key_values
    newest = output.logits[:, -1:].argmax(dim=-1)
    ids = torch.cat([ids, newest], dim=1)

greedy = model.generate(**inputs, max_new_tokens=16, do_sample=False)
print("same as generate:", torch.equal(ids, greedy))

# %% [markdown]
# Greedy text is the same every time. (*Beam search* goes on with several texts at once
# and returns the most probable of them; it is used where there is one right answer, as
# in translation.)
#
# ## Sampling
#
# Sampling draws the next token according to `softmax(logits / T)`. A **temperature** *T*
# below 1 sharpens the distribution, above 1 it flattens it. **Top-k** keeps the *k* most
# probable tokens; **top-p** keeps the most probable ones that together reach *p*
# ([Holtzman and others, 2020](https://arxiv.org/abs/1904.09751)). These are the
# classes that `generate` itself applies:

# %%
settings = [
    (0.3, 0, 1.0),
    (1.0, 0, 1.0),
    (1.5, 0, 1.0),
    (1.5, 5, 1.0),
    (1.5, 0, 0.5),
]
logits = next_logits("The sky is")[None]
rows = []
for temperature, top_k, top_p in settings:
    scores = TemperatureLogitsWarper(temperature)(None, logits)
    if top_k:
        scores = TopKLogitsWarper(top_k)(None, scores)
    if top_p < 1:
        scores = TopPLogitsWarper(top_p)(None, scores)
    best = scores.softmax(dim=-1).max().item()
    perplexity = Categorical(logits=scores).entropy().exp().item()
    left = scores.isfinite().sum().item()
    rows.append((temperature, top_k, top_p, left, best, perplexity))
columns = ["T", "top_k", "top_p", "tokens left", "best token", "perplexity"]
table = pd.DataFrame(rows, columns=columns)
formats = ("g", "g", "g", ".0f", ".2f", ".1f")
print(table.to_markdown(index=False, floatfmt=formats))

# %% [markdown]
# More settings to try: the next cell hands on the logits, and on this book's site sliders
# are drawn from them. A notebook shows one line of text instead. The first thousand
# logits are listed, the others in groups of 100.


# %%
class NextToken(dict):
    def __repr__(self):
        return f"The next token after “{self['prompt']}”, at any setting"

    def _repr_mimebundle_(self, **_):
        return {"application/vnd.cardbook.sampling+json": dict(self)}


ordered, ids = logits[0].sort(descending=True)
means = [(g.exp().mean().log(), len(g)) for g in ordered[1000:].split(100)]
NextToken(
    prompt="The sky is",
    tokens=[tokenizer.decode([i]) for i in ids[:20]],
    logits=[round(logit, 3) for logit in ordered[:1000].tolist()],
    groups=[[round(mean.item(), 3), count] for mean, count in means],
)

# %% [markdown]
# Two texts for each setting, always from the same seed:

# %%
samples = []
for temperature, top_k, top_p in settings:
    torch.manual_seed(1)
    texts = generator(
        "The sky is",
        max_new_tokens=13,
        num_return_sequences=2,
        do_sample=True,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
    )
    for text in texts:
        written = " ".join(text["generated_text"].split())
        samples.append((temperature, top_k, top_p, written))
table = pd.DataFrame(samples, columns=["T", "top_k", "top_p", "text"])
print(table.to_markdown(index=False, floatfmt="g"))

# %% [markdown]
# A low temperature stays close to the greedy text. A high one reaches for tokens that
# the model itself finds improbable; top-k and top-p cut that long tail off.
#
# ## Questions
#
# A chat is the same with a longer prompt: a template wraps the question in the marks of
# the conversations on which the model was tuned. An answer is then the probable
# continuation.

# %%
questions = [
    "What is the capital of France?",
    "Why is the sky blue? Answer in one sentence.",
]
for question in questions:
    chat = [{"role": "user", "content": question}]
    output = generator(chat, max_new_tokens=60, do_sample=False)
    print("*", output[0]["generated_text"][-1]["content"].strip())

print(
    tokenizer.apply_chat_template(
        chat, tokenize=False, add_generation_prompt=True
    )
)

# %% [markdown]
# Check the second answer: the sky is blue because air scatters short waves of light
# more than long ones, which is called Rayleigh scattering. Whatever a model gets wrong,
# it says in the same tone as what it gets right, and small ones get much wrong. The
# lines under this example name the weights that ran here.
#
# ## The card's other methods
#
# **Reinforcement learning** is no other way to produce a token. It trains the same
# model further, towards answers that people prefer ([Ouyang and others,
# 2022](https://arxiv.org/abs/2203.02155)). **Variational autoencoders** were tried for
# sentences ([Bowman and others, 2016](https://arxiv.org/abs/1511.06349)), with an
# autoregressive decoder. Diffusion models for text do work differently: they fill
# in many tokens at once, in several rounds
# ([LLaDA, 2025](https://arxiv.org/abs/2502.09992)).
