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
learning_rate = 2e-3

# %%
import random
from pathlib import Path
from tempfile import TemporaryDirectory

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
)

# %% [markdown]
# ## Before
#
# The model as it comes, asked for a row without and with three examples.

# %%
tokenizer = AutoTokenizer.from_pretrained(checkpoint, revision=revision)
tokenizer.padding_side = "left"  # generated text must follow its prompt


def load():
    source = {"revision": revision, "dtype": torch.float32}
    return AutoModelForCausalLM.from_pretrained(checkpoint, **source)


def write(model, prompts):
    batch = tokenizer(prompts, padding=True, return_tensors="pt")
    batch.to(model.device)
    output = model.generate(**batch, max_new_tokens=10, do_sample=False)
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
# Drawn from four templates and eight places. The last 32 requests are held
# out; none of them is in the training data. The settings of the training were
# chosen on other requests.

# %%
numbers = ["two", "three", "four", "five", "six", "seven", "eight"]
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
while len(pairs) < 182:
    number, day = random.randint(2, 8), random.choice(days)
    place, text = random.choice(places), random.choice(templates)
    text = text.format(n=numbers[number - 2], place=place, day=day)
    pairs[text] = f"{place}, {number}, {day}"
training, held_out = list(pairs.items())[:150], list(pairs.items())[150:]
for text, answer in held_out[:3]:
    print(text, answer)

# %% [markdown]
# ## Training with LoRA
#
# The card names T5, an encoder-decoder. Today most generation models are
# decoders. Fine-tuning of large models often leaves their weights as they are:
# [LoRA](https://arxiv.org/abs/2106.09685) freezes them and trains a product of
# two thin matrices beside a weight matrix; at the end it can be added to it. We
# train the upper 18 of 30 layers, which takes less time than all. The loss is
# the ordinary one, the cross-entropy of the next token; it counts in the answer
# only (−100 in `labels` means: ignore).


# %%
def encode(text, answer):
    prompt = tokenizer(text)["input_ids"]
    target = [*tokenizer(" " + answer)["input_ids"], tokenizer.eos_token_id]
    labels = [-100] * len(prompt) + target
    return {"input_ids": prompt + target, "labels": labels}


def fine_tune(seed):
    torch.manual_seed(seed)
    upper = r".*layers\.(1[2-9]|2\d)\..*_proj"  # layers 12 to 29
    lora = LoraConfig(target_modules=upper, task_type="CAUSAL_LM")
    model = get_peft_model(load(), lora)
    with TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            num_train_epochs=1,
            per_device_train_batch_size=2,
            learning_rate=learning_rate,
            warmup_steps=0.1,  # a tenth of all steps
            logging_strategy="no",
            save_strategy="no",
            seed=seed,
        )
        data = [encode(*pair) for pair in training]
        collator = DataCollatorForSeq2Seq(tokenizer)
        trainer = Trainer(model, arguments, collator, data)
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    if seed == 0:
        model.print_trainable_parameters()
    return model.merge_and_unload().eval()


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
requests, wanted = zip(*held_out, strict=True)
rows, answers = [], pd.DataFrame({"request": requests, "wanted": wanted})


@torch.inference_mode()
def evaluate(name, model, prefix=""):
    prompts = [prefix + text for text in requests]
    answers[name] = write(model, prompts)
    right = (answers[name] == answers["wanted"]).sum()
    length = sum(map(len, tokenizer(prompts)["input_ids"])) / len(prompts)
    tokens = news.to(model.device)
    loss = model(input_ids=tokens, labels=tokens).loss
    rows.append([name, right, round(length), loss.exp().item()])


evaluate("zero-shot", model)
evaluate("few-shot", model, examples)
for seed in (2, 1, 0):
    tuned = fine_tune(seed)
    evaluate(f"fine-tuned, seed {seed}", tuned)

# %%
columns = ["model", "right of 32", "prompt tokens", "news perplexity"]
table = pd.DataFrame(rows, columns=columns)
print(table.to_markdown(index=False, floatfmt=".0f"))

# %%
shown = ["request", "wanted", "few-shot", "fine-tuned, seed 0"]
print(answers[shown][:6].to_markdown(index=False))

# %% [markdown] tags=["offline"]
# Here the prompt with three examples is right more often than each fine-tuned
# model. Fine-tuning also spoils the model for other text: the perplexity of news
# becomes several times as high. What it saves is tokens: 9 instead of 59 for each
# request.
#
# One epoch over some of the layers is little training. In trials on other requests,
# two and three epochs over all layers were right more often than the prompt, for
# two to three times the cost, and half the learning rate spoiled the news less. So
# train long enough, measure both, and keep the prompt where it does as well: it is
# the cheaper way.

# %% [markdown] tags=["hub"]
# The column *right of 32* says whether the training was worth it, the last column
# what it spoiled: a perplexity of news that rises is other text, forgotten. What
# it saves is tokens of the prompt. When the prompt does as well or better, it is
# the cheaper way.

# %% [markdown]
# ## Does it still answer other questions?

# %%
question = "The capital of France is"
print(f"before: {question} {write(model, [question])[0]}")
print(f"after: {question} {write(tuned, [question])[0]}")

# %% [markdown] tags=["offline"]
# This one it does, though it predicts other text worse, as the news show.

# %% [markdown]
# [*Hands-On Large Language Models*](https://github.com/HandsOnLLM/Hands-On-Large-Language-Models),
# chapter 12, goes on from here: a chat model
# made with supervised fine-tuning on a 4-bit model
# ([QLoRA](https://arxiv.org/abs/2305.14314)), then preference tuning
# ([DPO](https://arxiv.org/abs/2305.18290)). The libraries are
# [PEFT](https://huggingface.co/docs/peft) and
# [TRL](https://huggingface.co/docs/trl). For T5, `Seq2SeqTrainer` with
# `predict_with_generate=True` writes text when it evaluates.
