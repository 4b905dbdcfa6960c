# %% [markdown]
# # One sentence, read by two kinds of model
#
# A **representation model** (an encoder, such as BERT) turns text into vectors. A
# **generative model** (a decoder, such as GPT) turns text into more text. Both get the
# same sentence here. At the end, their own attention weights show the difference in
# construction that lies behind it.

# %% tags=["parameters"]
encoder_checkpoint = "sentence-transformers/all-MiniLM-L6-v2"
encoder_revision = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
decoder_checkpoint = "HuggingFaceTB/SmolLM2-135M-Instruct"
decoder_revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"

# %%
import matplotlib.pyplot as plt
import pandas as pd
import torch
from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer

sentence = "The cat sat on the warm windowsill and"

# %% [markdown]
# ## The encoder: a vector to compare
#
# `eager` asks for the plain way of computing attention, which lets the weights be
# looked at later. The vector of a text is the mean over its tokens.

# %%
reader = AutoTokenizer.from_pretrained(encoder_checkpoint, revision=encoder_revision)
encoder = AutoModel.from_pretrained(
    encoder_checkpoint, revision=encoder_revision, attn_implementation="eager"
)


def vector(text):
    with torch.inference_mode():
        states = encoder(**reader(text, return_tensors="pt")).last_hidden_state
    return states[0].mean(dim=0)


print("numbers in the vector:", len(vector(sentence)))

# %% [markdown]
# A vector says nothing to a person, but it can be compared. Which of these is the
# sentence closest to?

# %%
others = [
    "A kitten rests by the window.",
    "The dog sleeps on the sofa.",
    "The recipe needs two eggs.",
    "Interest rates rose again in March.",
]
near = pd.DataFrame({"sentence": others})
near["cosine"] = [
    torch.cosine_similarity(vector(sentence), vector(other), dim=0).item()
    for other in others
]
near = near.sort_values("cosine", ascending=False)
print(near.to_markdown(index=False, floatfmt=".2f"))

# %% [markdown]
# ## The decoder: a continuation to read

# %%
writer = AutoTokenizer.from_pretrained(decoder_checkpoint, revision=decoder_revision)
decoder = AutoModelForCausalLM.from_pretrained(
    decoder_checkpoint,
    revision=decoder_revision,
    dtype=torch.float32,
    attn_implementation="eager",
)
prompt = writer(sentence, return_tensors="pt")
text = decoder.generate(**prompt, max_new_tokens=15, do_sample=False)[0]
print(writer.decode(text))

# %% [markdown]
# ## Who may look at whom
#
# In every layer each token gathers information from other tokens; an attention weight
# says how much it takes from which. Here are the weights of both models for the
# sentence, averaged over all layers and heads. A field left blank is exactly zero.


# %%
def read(model, tokenizer, text):
    batch = tokenizer(text, return_tensors="pt")
    with torch.inference_mode():
        output = model(**batch, output_attentions=True, output_hidden_states=True)
    return tokenizer.convert_ids_to_tokens(batch.input_ids[0]), output


models = {"encoder": (encoder, reader), "decoder": (decoder, writer)}
maps = {}
for name, (model, tokenizer) in models.items():
    tokens, output = read(model, tokenizer, sentence)
    maps[name] = tokens, torch.cat(output.attentions).mean(dim=(0, 1))
    print(f"{name}: {len(output.attentions)} layers, {len(tokens)} tokens")

# %% alt="Attention weights of both models for the sentence. The encoder's square is filled: every token takes from every token. The decoder's square is filled only on and below the diagonal: no token takes from a later one."
figure, panels = plt.subplots(1, 2, figsize=(7, 3.5), layout="constrained")
for panel, (name, (tokens, weights)) in zip(panels, maps.items(), strict=True):
    image = panel.imshow(weights, norm="log", vmin=0.01, vmax=1)
    panel.set_xticks(range(len(tokens)), tokens, rotation=90)
    panel.set_yticks(range(len(tokens)), tokens)
    panel.set(title=name, xlabel="… takes from this one")
panels[0].set_ylabel("this token …")
figure.colorbar(image, ax=panels, label="mean attention weight", shrink=0.6)
plt.show()

# %% [markdown]
# The encoder is *bidirectional*: it reads the whole text before it settles on any
# vector. The decoder is *causal*: no token sees a later one, because at the time of
# writing the later ones do not exist yet. (The bright columns are tokens that many
# others look at, often the first; trained transformers tend to park there the weight
# that they have no use for.)
#
# The consequence can be measured. Take the vector of "cat" from the text "The cat" and
# from the whole sentence: does reading on change it?

# %%
rows = []
for name, (model, tokenizer) in models.items():
    cats = []
    for text in ("The cat", sentence):
        tokens, output = read(model, tokenizer, text)
        place = [token.strip("Ġ") for token in tokens].index("cat")
        cats.append(output.hidden_states[-1][0, place])
    later = maps[name][1].triu(diagonal=1).sum() / maps[name][1].sum()
    same = torch.cosine_similarity(*cats, dim=0)
    rows.append((name, later.item(), same.item()))
columns = [
    "model",
    "share of weight on later tokens",
    "cosine of the two vectors of cat",
]
print(pd.DataFrame(rows, columns=columns).to_markdown(index=False, floatfmt=".3f"))

# %% [markdown]
# So the encoder is the one to ask when the whole text is there and a vector or a label
# is wanted: classification, clustering, search. It cannot continue a text; it was never
# trained to predict what comes next. The decoder is the one to ask for new text. It can
# be made to classify, by writing the name of the label, and its vectors can be used as
# well, but without further training they are seldom as good for comparing texts. What
# it writes is likely, not necessarily true.
#
# There is a third kind, the encoder-decoder such as T5: a bidirectional part reads, a
# causal part writes.
