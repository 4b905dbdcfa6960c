# %% [markdown]
# # Text about images: a shared space and a captioner
#
# Two ways to connect images and text, both small enough to be trained here on pictures
# the code draws itself. First, images and captions are embedded in one space, so that a
# caption finds its picture. Then the vision transformer trained that way becomes the
# eyes of a text decoder that writes captions. Both are tested on pairs of colour and
# shape that they have never seen together.

# %% tags=["parameters"]
captioner = ""  # empty: only the models trained here
captioner_revision = ""
matcher = ""
matcher_revision = ""

# %%
import random
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from PIL import Image, ImageDraw
from transformers import (
    AutoProcessor,
    BlipForConditionalGeneration,
    CLIPConfig,
    CLIPModel,
    GPT2Config,
    GPT2LMHeadModel,
    VisionEncoderDecoderModel,
    set_seed,
)

# %% [markdown]
# ## Pictures and captions
#
# A scene is a size, a colour, a shape and a place. Every drawing of it is a little
# different in position and size.

# %%
sizes = {"small": 17, "large": 30}
colours = ["red", "green", "blue", "yellow", "purple"]
corners = {"triangle": (3, 0), "square": (4, 0), "diamond": (4, 45)}
shapes = ["circle", *corners]
places = {"top left": (34, 34), "top right": (94, 34)}
places |= {"bottom left": (34, 94), "bottom right": (94, 94)}


def draw(size, colour, shape, place):
    picture = Image.new("RGB", (128, 128), "white")
    radius = sizes[size] + random.randint(-3, 3)
    x, y = (middle + random.randint(-4, 4) for middle in places[place])
    if shape == "circle":
        ImageDraw.Draw(picture).circle((x, y), radius, fill=colour)
    else:
        sides, turn = corners[shape]
        ImageDraw.Draw(picture).regular_polygon((x, y, radius), sides, turn, colour)
    return picture


def caption(scene):
    return "a {} {} {} at the {}".format(*scene)


# %% [markdown]
# Four pairs of colour and shape are kept out of training altogether: the models see red
# things and they see circles, but no red circle.

# %%
scenes = list(product(sizes, colours, shapes, places))
kept_out = set(zip(colours, shapes, strict=False))
unseen = [scene for scene in scenes if scene[1:3] in kept_out]
seen = [scene for scene in scenes if scene[1:3] not in kept_out]
print(len(seen), "scenes to learn from,", len(unseen), "kept out, such as:")
print(caption(unseen[0]))

# %%
words = sorted({word for scene in scenes for word in caption(scene).split()})
vocabulary = ["<start>", *words, "<end>"]
end = len(vocabulary) - 1
device = "cuda" if torch.cuda.is_available() else "cpu"


def tokens(scenes):
    texts = [[*caption(scene).split(), "<end>"] for scene in scenes]
    ids = [[vocabulary.index(word) for word in text] for text in texts]
    return torch.tensor(ids, device=device)


def pixels(pictures):
    small = np.stack([np.asarray(picture.resize((32, 32))) for picture in pictures])
    return torch.tensor(small, device=device).permute(0, 3, 1, 2) / 127.5 - 1


set_seed(0)
batches = [pixels([draw(*scene) for scene in seen]) for _ in range(20)]
goals = tokens(seen)

# %% [markdown]
# ## One space for images and text
#
# CLIP has two encoders. The vision transformer cuts an image into patches and reads
# them like words; the text encoder reads the caption. Training draws the embedding of
# every image to that of its own caption and away from those of all others in the batch.
# One thread suffices for models this small, and gives the same result on every machine
# of a kind, however many cores it has.

# %%
torch.set_num_threads(1)
text = {"vocab_size": len(vocabulary), "bos_token_id": 0, "eos_token_id": end}
vision = {"image_size": 32, "patch_size": 8}
layers = {"hidden_size": 64, "intermediate_size": 128}
layers |= {"num_hidden_layers": 2, "num_attention_heads": 4}
config = CLIPConfig(
    text_config=text | layers, vision_config=vision | layers, projection_dim=64
)
clip = CLIPModel(config).to(device)


def train(model, steps, **inputs):
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    for step in range(steps):
        images = batches[step % len(batches)]
        model(pixel_values=images, **inputs).loss.backward()
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    model.eval()


train(clip, 250, input_ids=goals, return_loss=True)
print(f"{clip.num_parameters():,} parameters")

# %% [markdown]
# The test: new drawings of all scenes, and every caption has to find its own among
# them. By chance, one in as many as there are pictures is right.

# %%
pictures = [draw(*scene) for scene in scenes]
with torch.no_grad():
    out = clip(input_ids=tokens(scenes), pixel_values=pixels(pictures))
nearest = out.logits_per_text.cpu().argsort(descending=True)
found = {scene: nearest[i, 0].item() == i for i, scene in enumerate(scenes)}
rows = [
    ("seen together", len(seen), np.mean([found[scene] for scene in seen])),
    ("never seen together", len(unseen), np.mean([found[scene] for scene in unseen])),
    ("chance", len(scenes), 1 / len(scenes)),
]
columns = ["colour and shape", "captions", "picture found"]
print(pd.DataFrame(rows, columns=columns).to_markdown(index=False, floatfmt=".3f"))

# %% alt="Three captions of pairs never seen in training, each with the four pictures nearest to it in the shared space, the nearest first."
queries = unseen[::11]
figure, axes = plt.subplots(3, 4, figsize=(6, 5.8), layout="constrained")
for row, query in zip(axes, queries, strict=True):
    row[0].set_title(caption(query).replace(" at", "\nat"), loc="left", fontsize=8)
    for axis, index in zip(row, nearest[scenes.index(query)], strict=False):
        axis.imshow(pictures[index])
        axis.set(xticks=[], yticks=[])
figure.suptitle("The four pictures nearest to a caption")
plt.show()

# %% [markdown]
# ## A decoder that says what it sees
#
# The trained vision transformer is joined to a new text decoder. At each word the
# decoder looks at the patches (cross-attention) and at the words it has written so far.

# %%
writer = GPT2LMHeadModel(
    GPT2Config(
        vocab_size=len(vocabulary),
        n_embd=64,
        n_layer=2,
        n_head=4,
        bos_token_id=0,
        eos_token_id=end,
        add_cross_attention=True,
    )
)
model = VisionEncoderDecoderModel(encoder=clip.vision_model, decoder=writer).to(device)
model.config.decoder_start_token_id = model.config.pad_token_id = 0
train(model, 150, labels=goals)
print(f"{model.num_parameters():,} parameters")


# %%
def describe(pictures):
    written = model.generate(
        pixel_values=pixels(pictures),
        max_new_tokens=10,
        do_sample=False,
        decoder_start_token_id=0,
        pad_token_id=0,
    )
    return [" ".join(vocabulary[i] for i in row if 0 < i < end) for row in written]


# %% [markdown]
# Again on new drawings, five of every scene. A caption is right if all its words are;
# the other rows say which of them the model gets right.

# %%
parts = {"size": slice(1, 2), "colour": slice(2, 3), "shape": slice(3, 4)}
parts |= {"place": slice(6, 8), "whole caption": slice(None)}
choices = np.array([len(sizes), len(colours), len(shapes), len(places), len(scenes)])
scores = pd.DataFrame({"part": parts.keys(), "chance": 1 / choices})
for name, group in [("seen together", seen * 5), ("never seen together", unseen * 5)]:
    wanted = [caption(scene).split() for scene in group]
    written = [text.split() for text in describe([draw(*scene) for scene in group])]
    pairs = list(zip(written, wanted, strict=True))
    scores[name] = [np.mean([a[p] == b[p] for a, b in pairs]) for p in parts.values()]
print(scores.to_markdown(index=False, floatfmt=".3f"))

# %% [markdown]
# Compare the rows for colour and shape in the last column. One explanation of what is
# lost there: from its captions a decoder also learns which words go together, and a
# pair it has never read seems unlikely to it, whatever the picture shows. Whether the
# shared space suffers as much, the table further up says.

# %% alt="Eight pictures of pairs never seen in training, each with the caption the decoder wrote above it and below it whether the caption is right."
shown = [unseen[4 * i + i % 4] for i in range(8)]
examples = [draw(*scene) for scene in shown]
figure, axes = plt.subplots(2, 4, figsize=(7, 4.9), layout="constrained")
for axis, scene, picture, text in zip(
    axes.flat, shown, examples, describe(examples), strict=True
):
    axis.imshow(picture)
    axis.set_title(text.replace(" at", "\nat"), loc="left", fontsize=8)
    axis.set_xlabel("right" if text == caption(scene) else "wrong")
    axis.set(xticks=[], yticks=[])
figure.suptitle("Captions for pairs of colour and shape never seen together")
plt.show()

# %% [markdown]
# ## Models trained on millions of images
#
# BLIP writes captions and CLIP compares images with texts, both without any training on
# such drawings: first the captions for the pictures in the figure, then the test of the
# shared space with the same pictures and captions.

# %%
if captioner:
    processor = AutoProcessor.from_pretrained(
        captioner, revision=captioner_revision, backend="pil"
    )
    blip = BlipForConditionalGeneration.from_pretrained(
        captioner, revision=captioner_revision
    ).to(device)
    inputs = processor(images=examples, return_tensors="pt").to(device)
    written = blip.generate(**inputs, max_new_tokens=20, do_sample=False)
    texts = processor.batch_decode(written, skip_special_tokens=True)
    frame = pd.DataFrame({"drawn": map(caption, shown), "written by BLIP": texts})
    print(frame.to_markdown(index=False))
else:
    print("A pretrained captioner runs only in the hub profile.")

# %%
if matcher:
    processor = AutoProcessor.from_pretrained(
        matcher, revision=matcher_revision, backend="pil"
    )
    large = CLIPModel.from_pretrained(matcher, revision=matcher_revision).to(device)
    texts = [caption(scene) for scene in scenes]
    inputs = processor(text=texts, images=pictures, return_tensors="pt", padding=True)
    with torch.no_grad():
        best = large(**inputs.to(device)).logits_per_text.argmax(dim=1).tolist()
    right = np.mean([index == i for i, index in enumerate(best)])
    print(f"{matcher} finds {right:.3f} of the pictures")
else:
    print("A pretrained CLIP runs only in the hub profile.")
