# %% [markdown]
# # Showing photographs to a language model
#
# A language model reads vectors, not words: each token is first looked up in a table.
# Whatever makes such vectors can speak to it. Here a small vision transformer and one
# linear layer, the *projector*, turn pieces of two photographs into vectors for a
# language model whose own weights never change. That is the design of
# [Frozen](https://arxiv.org/abs/2106.13884), and of the first stage of
# [LLaVA](https://arxiv.org/abs/2304.08485), in small.

# %% tags=["parameters"]
checkpoint = "HuggingFaceTB/SmolLM2-135M-Instruct"
revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"
captioner = ""  # a pretrained vision-language model, or none
captioner_revision = ""

# %%
import random
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from PIL import Image
from sklearn.datasets import load_sample_image
from sklearn.linear_model import Ridge
from sklearn.neighbors import NearestCentroid
from torch.nn.functional import cross_entropy
from transformers import ViTConfig, ViTModel, pipeline

generator = pipeline(
    "text-generation", checkpoint, revision=revision, dtype="float32"
)
llm = generator.model.requires_grad_(False)
tokenizer = generator.tokenizer

# %% [markdown]
# ## A vector in place of a word
#
# A prompt with a gap, ▢, and in the gap a vector. Before the prompt stands
# `<|im_start|>`, the token with which this model's texts begin. First the vector is
# that of a word:


# %%
def embed(text):
    tokens = tokenizer(text, return_tensors="pt").to(llm.device)
    return llm.get_input_embeddings()(tokens.input_ids)[0]


def fill(before, vectors, after):
    start, end = embed("<|im_start|>" + before), embed(after)
    rows = [torch.cat([start, v[None], end]) for v in vectors]
    return torch.stack(rows)


def poems(vectors):
    inputs = fill("A poem about the", vectors, ":\n")
    length = {"max_new_tokens": 12, "do_sample": False}
    written = llm.generate(inputs_embeds=inputs, **length)
    texts = tokenizer.batch_decode(written, skip_special_tokens=True)
    return [" ".join(text.split()) for text in texts]


print(*poems(embed(" moon")))

# %% [markdown]
# ## Two photographs
#
# scikit-learn ships them (by danielbuechele and vultilion on Flickr, CC BY 2.0). Six
# regions have a name. Pieces of 56 × 56 pixels from the left half of each region are
# for training, from the right half for testing.

# %%
photos = [load_sample_image(f"{name}.jpg") for name in ("china", "flower")]
regions = {  # photo, left, top, right, bottom
    " sky": (0, 330, 0, 640, 130),
    " temple": (0, 110, 130, 310, 340),
    " trees": (0, 340, 320, 640, 427),
    " lake": (0, 350, 240, 545, 300),
    " flower": (1, 185, 110, 430, 340),
    " leaves": (1, 450, 0, 640, 427),
}
words = torch.stack([embed(word)[0] for word in regions])
word_ids = torch.tensor([tokenizer.encode(word)[0] for word in regions])


def pieces(half, each):
    crops = []
    for photo, left, top, right, bottom in regions.values():
        middle = (left + right) // 2
        start, end = (left, middle) if half == "left" else (middle, right)
        for _ in range(each):
            x = random.randint(start, end - 56)
            y = random.randint(top, bottom - 56)
            crops.append(photos[photo][y : y + 56, x : x + 56])
    return np.stack(crops), torch.arange(6).repeat_interleave(each)


# %% [markdown]
# The encoder learns to tell the six apart, as the first
# [vision transformer](https://arxiv.org/abs/2010.11929) learnt by classifying images.
# With one thread, training gives the same result however many cores there are.


# %%
def encode(encoder, crops):
    images = torch.tensor(crops, device=llm.device).permute(0, 3, 1, 2)
    return encoder(images / 127.5 - 1).last_hidden_state.mean(dim=1)


def train_encoder(steps=200):
    sizes = {"image_size": 56, "patch_size": 14, "hidden_size": 64}
    layers = {"num_hidden_layers": 2, "num_attention_heads": 4}
    config = ViTConfig(**sizes, **layers, intermediate_size=128)
    encoder = ViTModel(config, add_pooling_layer=False).to(llm.device)
    head = torch.nn.Linear(64, 6).to(llm.device)
    weights = [*encoder.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(weights)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, steps)
    for _ in range(steps):
        crops, labels = pieces("left", 4)
        logits = head(encode(encoder, crops))
        cross_entropy(logits, labels.to(llm.device)).backward()
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    return encoder.eval().requires_grad_(False)


# %% [markdown]
# The projector starts from a ridge regression: from a piece, as the encoder gives it,
# to the vector that the piece's word has in the language model.


# %%
def start_projector(encoder):
    crops, labels = pieces("left", 40)
    ridge = Ridge().fit(encode(encoder, crops).cpu(), words.cpu()[labels])
    projector = torch.nn.Linear(64, words.shape[1])
    projector.weight.data = torch.tensor(ridge.coef_).float()
    projector.bias.data = torch.tensor(ridge.intercept_).float()
    return projector.to(llm.device)


torch.set_num_threads(1)
eyes = []
for seed in range(3):
    torch.manual_seed(seed)
    random.seed(seed)
    encoder = train_encoder()
    eyes.append((encoder, start_projector(encoder)))

# %% [markdown]
# Now the gap holds a piece of a photograph, from a half not used in training. The
# language model has never met a picture. Beside it, what it writes about the word.

# %%
encoder, projector = eyes[0]
crops, _ = pieces("right", 1)
with torch.no_grad():
    seen = projector(encode(encoder, crops))
frame = pd.DataFrame({"A poem about": list(regions)})
frame["from the piece"] = poems(seen)
frame["from the word"] = poems(words)
print(frame.to_markdown(index=False))
same = frame["from the piece"] == frame["from the word"]
print(f"\nthe same in both columns: {same.sum()} of {len(same)}")

# %% [markdown]
# Where the two texts are the same word for word, the piece does what its word does.
# Little more than the kind comes through the gap.

# %% [markdown] tags=["offline"]
# And not always the right one: the piece of the lake is taken for sky.

# %% [markdown]
# ## Training through the language model
#
# Frozen and LLaVA have no list of words to start from. They show a picture with its
# caption, let the frozen model predict the caption, and send the gradient of the loss
# back *through* it, to the projector (LLaVA) or the whole encoder (Frozen). A few such
# steps for the projector follow, with *A photo of the ▢: the …* as the caption. Pieces
# for testing say how often the model, free to choose any token of its
# vocabulary, names the right one: four pieces of each region. (The settings were chosen
# while looking at such pieces, so the scores may be a little too good. With the halves
# swapped, other numbers of steps and other rates did about as well.)


# %%
def next_token(seen):
    inputs = fill("A photo of the", seen, ": the")
    return llm(inputs_embeds=inputs, logits_to_keep=1).logits[:, 0].cpu()


@torch.no_grad()
def named_right(encoder, projector):
    logits = next_token(projector(encode(encoder, test_crops)))
    answers = logits.argmax(dim=1) == word_ids[test_labels]
    return answers.float().mean().item()


# %%
rows = []
test_crops, test_labels = pieces("right", 4)
for seed, (encoder, projector) in enumerate(eyes):
    before = named_right(encoder, projector)
    optimizer = torch.optim.AdamW(projector.parameters(), lr=1e-3)
    for _ in range(6):
        crops, labels = pieces("left", 1)
        logits = next_token(projector(encode(encoder, crops)))
        cross_entropy(logits, word_ids[labels]).backward()
        optimizer.step()
        optimizer.zero_grad()
    rows.append((f"seed {seed}", before, named_right(encoder, projector)))

# %% [markdown]
# The baseline knows only the mean colour of each kind, and has six answers to choose
# from.

# %%
crops, labels = pieces("left", 40)
baseline = NearestCentroid().fit(crops.mean(axis=(1, 2)), labels)
score = baseline.score(test_crops.mean(axis=(1, 2)), test_labels)
rows.append(("mean colour", score, ""))
columns = ["named right", "before the steps", "after 6 steps"]
frame = pd.DataFrame(rows, columns=columns)
print(frame.to_markdown(index=False, floatfmt=".2f"))

# %% [markdown] tags=["offline"]
# The steps help with every seed. Before them seed 0 is no better than the mean colour,
# which takes no steps; after them all three are ahead.

# %% [markdown]
# All of these are pieces of the same two photographs. How the encoder would do on a
# third, this does not say: to see in general takes millions of pictures.
#
# Both photographs in squares, with what the language model says about each. In grey:
# a token that is none of the six words. A square that shows two things has no right
# answer; others are simply named wrongly. The first of the two cells below does nothing
# unless `captioner` names a model; then that model's words become the titles.

# %%
titles = ["china", "flower"]
if captioner:  # what a pretrained model says about each photograph
    vlm = pipeline(
        "image-text-to-text", captioner, revision=captioner_revision
    )
    question = "<image>Describe this photograph in a few words."
    prompt = f"<|im_start|>User:{question}<end_of_utterance>\nAssistant:"
    images = [Image.fromarray(photo) for photo in photos]
    answers = vlm(
        images,
        text=[prompt] * 2,
        max_new_tokens=20,
        do_sample=False,
        return_full_text=False,
    )
    titles = [answer["generated_text"].strip() for answer in answers]

# %% alt="A photograph of a Chinese temple by a lake and one of an orange flower, each cut into squares; on every square stands the word that the language model says about it, in the colour of its kind, or in grey where it is none of the six."
encoder, projector = eyes[0]
figure, axes = plt.subplots(2, figsize=(6.4, 8.6), layout="constrained")
for axis, title, photo in zip(axes, titles, photos, strict=True):
    axis.imshow(photo)
    axis.set_title(title, wrap=True)
    axis.axis("off")
    places = list(product(range(12, 584, 80), range(13, 371, 80)))
    squares = np.stack([photo[y : y + 56, x : x + 56] for x, y in places])
    with torch.no_grad():
        said = next_token(projector(encode(encoder, squares))).argmax(dim=1)
    for (x, y), token in zip(places, said, strict=True):
        match = (word_ids == token).nonzero().flatten().tolist()
        colour = f"C{match[0]}" if match else "#4a5464"
        word = tokenizer.decode(token).strip()
        style = {
            "color": figure.get_facecolor(),
            "size": 11,
            "ha": "center",
        }
        style["bbox"] = {"facecolor": colour, "linewidth": 0, "pad": 2}
        axis.text(x + 28, y + 32, word, **style)
plt.show()

# %% [markdown]
# CLIP, whose shared space of images and text the card means, only compares the two.
# Models that talk about images join a large pretrained encoder to a language model, as
# is done here. [SmolVLM](https://arxiv.org/abs/2504.05299), with a SmolLM2, also trains
# the language model. [BLIP-2](https://arxiv.org/abs/2301.12597), in the book's chapter
# 9, keeps both frozen and trains only what stands between them.
