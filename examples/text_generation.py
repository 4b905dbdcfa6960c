# %% [markdown]
# # Writing one token at a time
#
# A generative model does one thing: given the text so far, it assigns a probability to
# every token that could come next. Everything else is a rule for picking one. The
# prompt is the one on the card, "The sky is"; the same probabilities are used greedily,
# then by drawing lots, and last to answer a question.

# %% tags=["parameters"]
checkpoint = "HuggingFaceTB/SmolLM2-135M-Instruct"
revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"

# %%
import matplotlib.pyplot as plt
import pandas as pd
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

device = "cuda" if torch.cuda.is_available() else "cpu"
tokenizer = AutoTokenizer.from_pretrained(checkpoint, revision=revision)
model = AutoModelForCausalLM.from_pretrained(
    checkpoint, revision=revision, dtype=torch.float32
).to(device)
print(f"{model.num_parameters() / 1e6:.0f} million parameters")

# %% [markdown]
# ## What could come next?

# %%
prompt = tokenizer("The sky is", return_tensors="pt").to(device)
with torch.inference_mode():
    logits = model(**prompt).logits[0, -1]
probabilities = logits.softmax(dim=0).cpu()
print("tokens with a probability:", len(probabilities))
print(f"their sum: {probabilities.sum():.3f}")

# %% alt="Bar chart of the ten most probable next tokens after The sky is, with their probabilities."
top = probabilities.topk(10)
tokens = [f"“{tokenizer.decode(i)}”" for i in top.indices]
figure, panel = plt.subplots(figsize=(6, 3.4), layout="constrained")
bars = panel.barh(tokens, top.values)
panel.bar_label(bars, fmt="%.3f", padding=3)
panel.invert_yaxis()
panel.margins(x=0.12)
panel.set(xlabel="probability", title="The sky is …")
plt.show()

# %% [markdown]
# The card continues with "blue". Whether a model does depends on the text it was
# trained on, and there the sky may be many things. Where does "blue" stand?

# %%
blue = tokenizer.encode(" blue")[0]
rank = (probabilities > probabilities[blue]).sum() + 1
print(f"rank of “ blue”: {rank}, probability {probabilities[blue]:.4f}")

# %% [markdown]
# ## Always the most probable: greedy
#
# Take the best token, append it, ask again. This loop is all there is to it; `generate`
# does the same, only faster, because it keeps intermediate results.

# %%
ids = prompt.input_ids
for _ in range(16):
    with torch.inference_mode():
        best = model(ids).logits[0, -1].argmax()
    ids = torch.cat([ids, best.view(1, 1)], dim=1)
greedy = model.generate(**prompt, max_new_tokens=16, do_sample=False)
print(tokenizer.decode(ids[0]))
print("generate agrees:", torch.equal(ids, greedy))

# %% [markdown]
# Greedy text is the same every time, and it tends to repeat itself.
#
# ## Drawing lots: temperature and top-p
#
# Sampling draws the next token according to the probabilities. The **temperature**
# divides the logits first: below 1 sharpens the distribution, above 1 flattens it.
# **Top-p** then keeps only the most probable tokens that together reach the share p.
# What the two do to the very first draw can be measured: how probable is the favourite,
# and how many equally probable choices would leave the same uncertainty (the
# exponential of the entropy)?

# %%
settings = [(0.3, 1.0), (1.0, 1.0), (1.5, 1.0), (1.0, 0.5), (1.5, 0.5)]
rows = []
for temperature, top_p in settings:
    ordered = (logits.cpu() / temperature).softmax(dim=0).sort(descending=True).values
    kept = ordered[ordered.cumsum(dim=0) - ordered < top_p]
    chances = kept / kept.sum()
    choices = torch.special.entr(chances).sum().exp().item()
    rows.append((temperature, top_p, chances[0].item(), choices))
columns = ["temperature", "top_p", "chance of the favourite", "equal choices"]
table = pd.DataFrame(rows, columns=columns)
print(table.to_markdown(index=False, floatfmt=("g", "g", ".3f", ".1f")))

# %% [markdown]
# Now the texts themselves, two for each setting. Every setting starts from the same
# seed, so the differences come from temperature and top-p, and running the cell again
# on the same machine gives the same text.


# %%
def sample(temperature, top_p, seed=1):
    torch.manual_seed(seed)
    rule = {"temperature": temperature, "top_p": top_p, "top_k": 0, "do_sample": True}
    texts = model.generate(**prompt, **rule, num_return_sequences=2, max_new_tokens=13)
    texts = tokenizer.decode(texts, skip_special_tokens=True)
    return [" ".join(text.split()) for text in texts]


samples = [(t, p, text) for t, p in settings for text in sample(t, p)]
print(len(samples), "texts:\n")
table = pd.DataFrame(samples, columns=["temperature", "top_p", "text"])
print(table.to_markdown(index=False, floatfmt="g"))

# %%
again = sample(*settings[0])
print("same seed, same text:", again == [text for _, _, text in samples[:2]])

# %% [markdown]
# A low temperature stays close to the greedy text; a high one reaches for tokens that
# the model itself finds improbable, and falls apart. Top-p cuts that long tail off.
#
# ## Questions
#
# A chat is the same game with a longer prompt: a template wraps the question in the
# marks that the model saw during its training on conversations, and the most probable
# way to go on is then an answer.


# %%
def prompt_for(question):
    return tokenizer.apply_chat_template(
        [{"role": "user", "content": question}],
        add_generation_prompt=True,
        return_dict=True,
        return_tensors="pt",
    ).to(device)


easy = prompt_for("What is the capital of France?")
print(tokenizer.decode(easy.input_ids[0]))

# %%
hard = prompt_for("Why is the sky blue? Answer in one sentence.")
for question in (easy, hard):
    text = model.generate(**question, max_new_tokens=60, do_sample=False)[0]
    answer = text[question.input_ids.shape[1] :]
    print("*", tokenizer.decode(answer, skip_special_tokens=True).strip())

# %% [markdown]
# Check the second answer against what you know. A model of 135 million parameters is
# very small; assistants in daily use have billions. It writes fluently, but it says
# wrong things in the same tone as right ones, and drifts away from what it was told to
# do. (In the offline edition the weights were rebuilt from a four-bit copy, which adds
# mistakes of its own.) The mechanism is the same in large models; their probabilities
# are better.
#
# ## What about reinforcement learning and variational autoencoders?
#
# The card names both as more advanced ways to generate text. **Reinforcement learning**
# is not another way to produce the next token; it is a way to go on training a model
# that already writes autoregressively, so that people or a checking program prefer its
# answers ([Ouyang and others, 2022](https://arxiv.org/abs/2203.02155)). The result
# still writes one token at a time, as above. **Variational autoencoders** have been
# tried for sentences ([Bowman and others, 2016](https://arxiv.org/abs/1511.06349)), but
# there, too, an autoregressive decoder does the writing, and they are rare for text.
# Diversity, which the card expects from them, is here a matter of temperature and top-p
# ([Holtzman and others, 2020](https://arxiv.org/abs/1904.09751)).
