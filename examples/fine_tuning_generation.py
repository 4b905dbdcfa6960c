# %% [markdown]
# # Fine-tuning a generation model
#
# People book tables in their own words: *Table for four at Red Lion on
# Friday*. A computer wants a row: `Red Lion, 4, Friday`. We fine-tune a
# pretrained model to write such rows, and compare it with the same model
# **prompted** with examples, which needs no training.

# %% tags=["parameters"]
checkpoint = "HuggingFaceTB/SmolLM2-135M-Instruct"
revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"
learning_rate = 3e-3

# %%
import math
import random
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import torch
from gensim.test.utils import datapath
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    DataCollatorForSeq2Seq,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)

# %% [markdown]
# ## Before
#
# The model as it comes, asked for rows with and without examples.

# %%
tokenizer = AutoTokenizer.from_pretrained(checkpoint, revision=revision)
tokenizer.padding_side = "left"  # generated text must follow its prompt


def load():
    return AutoModelForCausalLM.from_pretrained(
        checkpoint, revision=revision, dtype=torch.float32
    )


def write(model, prompts):
    batch = tokenizer(prompts, padding=True, return_tensors="pt")
    batch = batch.to(model.device)
    output = model.eval().generate(
        **batch,
        max_new_tokens=12,
        do_sample=False,
    )
    new = output[:, batch["input_ids"].shape[1] :]
    texts = tokenizer.decode(new, skip_special_tokens=True)
    return [text.partition("\n")[0].strip() for text in texts]


examples = """Blue Door on Monday, we are six = Blue Door, 6, Monday
Table for two at Old Mill on Sunday = Old Mill, 2, Sunday
Friday, Green Oak, for seven = Green Oak, 7, Friday
"""
request = "Table for four at Red Lion on Friday ="
model = load()
print("zero-shot:", *write(model, [request]))
print("few-shot: ", *write(model, [examples + request]))

# %% [markdown]
# ## Data
#
# Drawn from four templates and eight places. No request held out is in the
# training data.

# %%
words = ["two", "three", "four", "five", "six", "seven", "eight"]
days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Sunday"]
places = ["Red Lion", "Old Mill", "Blue Door", "Green Oak"]
places += ["White Horse", "Black Swan", "Golden Anchor", "Royal Garden"]
templates = [
    "Table for {n} at {place} on {day} =",
    "{n} people at {place}, {day} =",
    "{day}, {place}, for {n} =",
    "{place} on {day}, we are {n} =",
]
random.seed(0)
pairs = {}
while len(pairs) < 84:
    number, day = random.randint(2, 8), random.choice(days)
    place, text = random.choice(places), random.choice(templates)
    text = text.format(n=words[number - 2], place=place, day=day)
    pairs[text] = f"{place}, {number}, {day}"
training, held_out = list(pairs.items())[:64], list(pairs.items())[64:]
for text, answer in held_out[:3]:
    print(text, answer)

# %% [markdown]
# ## Training with LoRA
#
# The card names T5, an encoder-decoder. Today most generation models are
# decoders, and fine-tuning rarely changes all weights:
# [LoRA](https://arxiv.org/abs/2106.09685) freezes them and trains a small
# product of two matrices beside each. The loss is the ordinary one, the
# cross-entropy of the next token; it counts in the answer only (−100 in
# `labels` means: ignore).


# %%
def encode(text, answer):
    prompt = tokenizer(text)["input_ids"]
    target = [*tokenizer(" " + answer)["input_ids"], tokenizer.eos_token_id]
    return {
        "input_ids": prompt + target,
        "attention_mask": [1] * len(prompt + target),
        "labels": [-100] * len(prompt) + target,
    }


def fine_tune(seed):
    set_seed(seed)
    lora = LoraConfig(target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(load(), lora)
    with TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            num_train_epochs=1,
            per_device_train_batch_size=4,
            learning_rate=learning_rate,
            warmup_steps=0.1,  # a tenth of all steps
            logging_strategy="no",
            save_strategy="no",
            seed=seed,
        )
        trainer = Trainer(
            model=model,
            args=arguments,
            train_dataset=[encode(*pair) for pair in training],
            data_collator=DataCollatorForSeq2Seq(tokenizer),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return model


tuned = [fine_tune(seed) for seed in range(3)]
tuned[0].print_trainable_parameters()

# %% [markdown]
# ## After
#
# An answer counts as right only if every character is. Also measured is what
# a request costs, in tokens of its prompt, and what the training spoiled:
# the perplexity of news stories, a control that has nothing to do with tables.

# %%
stories = Path(datapath("lee_background.cor")).read_text().splitlines()
ids = tokenizer(stories[:4])["input_ids"]
news = torch.tensor([story[:40] for story in ids])


@torch.inference_mode()
def perplexity(model):
    tokens = news.to(model.device)
    return math.exp(model(input_ids=tokens, labels=tokens).loss.item())


requests, wanted = zip(*held_out, strict=True)
rows, answers = [], {}
models = {f"fine-tuned, seed {seed}": m for seed, m in enumerate(tuned)}
for name, m in {"zero-shot": model, "few-shot": model, **models}.items():
    prefix = examples if name == "few-shot" else ""
    prompts = [prefix + text for text in requests]
    answers[name] = write(m, prompts)
    right = (np.array(answers[name]) == wanted).mean()
    length = np.mean([len(ids) for ids in tokenizer(prompts)["input_ids"]])
    rows.append([name, right, round(length), round(perplexity(m))])
columns = ["model", "exactly right", "prompt tokens", "news perplexity"]
print(pd.DataFrame(rows, columns=columns).to_markdown(index=False))

# %%
shown = pd.DataFrame({"request": requests, "wanted": wanted})
for name in ("few-shot", "fine-tuned, seed 0"):
    shown[name] = answers[name]
print(shown[:6].to_markdown(index=False))

# %% [markdown]
# Fine-tuning moves the task from the prompt into the weights: each request is
# shorter, and nobody tells the model what a row is. Whether it is also more
# often right than a prompt with examples depends on the model and on the
# number of training pairs, so measure both: when the prompt does as well or
# better, it is the cheaper way.

# %% [markdown]
# ## Does it still answer other questions?

# %%
question = ["The capital of France is"]
for name, m in [("before", model), ("after", tuned[0])]:
    print(f"{name}: {question[0]} {write(m, question)[0]}")

# %% [markdown]
# [*Hands-On Large Language Models*](https://github.com/HandsOnLLM/Hands-On-Large-Language-Models),
# chapter 12, goes on from here: a chat model
# made with supervised fine-tuning on a 4-bit model
# ([QLoRA](https://arxiv.org/abs/2305.14314)), then preference tuning
# ([DPO](https://arxiv.org/abs/2305.18290)). The libraries are
# [PEFT](https://huggingface.co/docs/peft) and
# [TRL](https://huggingface.co/docs/trl). For T5, `Seq2SeqTrainer` with
# `predict_with_generate=True` writes text when it evaluates.
