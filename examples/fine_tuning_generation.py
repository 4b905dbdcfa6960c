# %% [markdown]
# # Fine-tuning a generation model
#
# A T5 model reads text and writes text. Here a pretrained one is fine-tuned to write
# ordinals in figures (*forty second* → 42nd), from a few hundred examples, and tested on
# numbers kept out of that training. The same training from random weights shows what the
# earlier training was worth.

# %% tags=["parameters"]
checkpoint = ""  # empty: build a small model and pretrain it here
revision = ""
learning_rate = 3e-3
epochs = 12

# %%
import random
from tempfile import mkdtemp

import pandas as pd
import torch
from transformers import (
    AutoTokenizer,
    ByT5Tokenizer,
    DataCollatorForSeq2Seq,
    PrinterCallback,
    T5Config,
    T5ForConditionalGeneration,
    Trainer,
    TrainingArguments,
    set_seed,
)

# %% [markdown]
# ## Two tasks, and numbers kept out of both
#
# The task to learn is ordinals; the task for pretraining, where that is done here, is
# plain numbers (*forty two* → 42). Both use the numbers 0 to 999. The numbers set aside
# appear in neither training, in neither form.

# %%
words = """zero one two three four five six seven eight nine ten eleven twelve thirteen
fourteen fifteen sixteen seventeen eighteen nineteen
twenty thirty forty fifty sixty seventy eighty ninety"""
small, tens = words.split()[:20], words.split()[20:]
irregular = {"one": "first", "two": "second", "three": "third", "five": "fifth"}
irregular |= {"eight": "eighth", "nine": "ninth", "twelve": "twelfth"}
irregular |= {ten: ten[:-1] + "ieth" for ten in tens}


def cardinal(n):
    if n < 20:
        return small[n]
    if n < 100:
        return tens[n // 10 - 2] + (f" {small[n % 10]}" if n % 10 else "")
    return f"{small[n // 100]} hundred" + (f" {cardinal(n % 100)}" if n % 100 else "")


def ordinal(n):
    *front, last = cardinal(n).split()
    return " ".join([*front, irregular.get(last, last + "th")])


def digits(n):
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"{n}th" if n % 100 in (11, 12, 13) else f"{n}{endings.get(n % 10, 'th')}"


# %%
random.seed(0)
numbers = random.sample(range(1000), 1000)
unseen, tuned, known = numbers[:200], numbers[200:500], numbers[200:]
cardinals = [(cardinal(n), str(n)) for n in known]
ordinals = [(ordinal(n), digits(n)) for n in tuned]
held_out = [(ordinal(n), digits(n)) for n in unseen]

# %% [markdown]
# ## The training, as on the card
#
# What the card leaves out is the form of `train_dataset`: each example holds the tokens
# of the input and, as `labels`, the tokens of the wanted output. The collator pads a
# batch to one length and marks padding in the labels so that it does not count. The
# loss says how likely the wanted output was; `write` lets the model write its own.


# %%
def train(model, pairs, epochs):
    training_args = TrainingArguments(
        output_dir=mkdtemp(),
        num_train_epochs=epochs,
        per_device_train_batch_size=32,
        learning_rate=learning_rate,
        warmup_steps=0.1,
        save_strategy="no",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        report_to="none",
    )
    trainer = Trainer(
        model=model,
        args=training_args,
        train_dataset=[tokenizer(text, text_target=goal) for text, goal in pairs],
        data_collator=DataCollatorForSeq2Seq(tokenizer),
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()


def write(model, texts):
    batch = tokenizer(list(texts), padding=True, return_tensors="pt").to(model.device)
    written = model.eval().generate(**batch, max_new_tokens=12, do_sample=False)
    return tokenizer.batch_decode(written, skip_special_tokens=True)


# %% [markdown]
# ## The model to start from
#
# Without a checkpoint, a T5 of two layers with random weights is built; its tokenizer
# needs no vocabulary file, since its tokens are bytes. It is then pretrained on the
# cardinals: a stand-in for the large general training of a real T5. One thread is
# enough for a model this small, and gives the same result on every number of cores.

# %%
set_seed(0)
torch.set_num_threads(1)
if checkpoint:
    tokenizer = AutoTokenizer.from_pretrained(checkpoint, revision=revision)
    model = T5ForConditionalGeneration.from_pretrained(checkpoint, revision=revision)
    print("Start:", checkpoint)
else:
    tokenizer = ByT5Tokenizer()
    config = T5Config(
        vocab_size=len(tokenizer),
        num_layers=2,
        num_heads=4,
        d_model=64,
        d_kv=16,
        d_ff=128,
        dropout_rate=0,
        decoder_start_token_id=0,
    )
    model = T5ForConditionalGeneration(config)
    train(model, cardinals, epochs=20)
    print("Start: a small T5, pretrained here on", len(cardinals), "cardinals")
print(f"{model.num_parameters():,} parameters")

# %% [markdown]
# ## Fine-tuning, from two starting points
#
# `beginner` has the same shape and random weights. Both see the same examples equally
# often. An answer counts only if every character is right.

# %%
questions, goals = zip(*held_out, strict=True)


def exact_match(answers):
    return sum(map(str.__eq__, answers, goals)) / len(goals)


beginner = T5ForConditionalGeneration(model.config)
rows, answers = [], {}
for name, learner in [("pretrained", model), ("random weights", beginner)]:
    before = write(learner, questions)
    train(learner, ordinals, epochs)
    after = write(learner, questions)
    rows.append((name, exact_match(before), exact_match(after)))
    answers[name] = (before, after)

# %%
print(len(ordinals), "examples to learn from,", len(held_out), "held out")

# %%
scores = pd.DataFrame(rows, columns=["starting point", "before", "after fine-tuning"])
print(scores.to_markdown(index=False, floatfmt=".3f"))

# %% [markdown]
# ## What it writes
#
# The first held-out inputs, answered by the pretrained model before and after
# fine-tuning. The column `before` shows what it brought along.

# %%
before, after = answers["pretrained"]
sample = pd.DataFrame(
    {"input": questions, "wanted": goals, "before": before, "after": after}
)
sample["right"] = ["yes" if a == b else "no" for a, b in zip(after, goals, strict=True)]
print(sample.head(8).to_markdown(index=False))

# %% [markdown]
# And some of its errors, if there are any. Which part is wrong, the number or the
# ending? Does the ending fit the number that was written?

# %%
print(sample[sample["right"] == "no"].head(8).to_markdown(index=False))
