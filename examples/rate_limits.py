# %% [markdown]
# # Rate limits: being refused, and trying again the right way
#
# A service that answers "429 Too Many Requests" is not broken: it asks you to
# wait. We let OpenAI's client run into a limit and compare four ways to go on.
# Its transport is the limited service itself, a function in this file.
#
# Real limits count requests and tokens per minute; these count per half
# second, so that the page need not wait long. Each limit is a *token bucket*: a request
# takes its share out of both buckets, which fill up again all the time.
# [As at OpenAI](https://developers.openai.com/api/docs/guides/rate-limits),
# the headers of an answer say what is left, and the tokens that an answer may
# have are counted in advance. A refusal says when to come back.

# %%
import json
import time
from threading import Lock

import httpx2

period = 0.5  # seconds; at a real service, 60
limits = {"requests": 4, "tokens": 2000}  # per period
left, lock, log = dict(limits), Lock(), []
last = start = time.monotonic()


def service(request):
    global last
    body = json.loads(request.content)
    cost = {"requests": 1, "tokens": body["max_completion_tokens"]}
    with lock:
        now = time.monotonic()
        for kind, limit in limits.items():
            more = limit * (now - last) / period
            left[kind] = min(limit, left[kind] + more)
        last = now
        wait = max((cost[k] - left[k]) / limits[k] for k in limits)
        wait *= period
        if wait <= 0:
            for kind in limits:
                left[kind] -= cost[kind]
        headers = {}
        for kind, limit in limits.items():
            headers[f"x-ratelimit-limit-{kind}"] = str(limit)
            headers[f"x-ratelimit-remaining-{kind}"] = str(int(left[kind]))
    if wait > 0:
        headers["retry-after-ms"] = f"{1000 * wait + 1:.0f}"
    status = 429 if wait > 0 else 200
    log.append((body["messages"][0]["content"], now - start, status))
    return httpx2.Response(status, headers=headers, json={"choices": []})


# %% [markdown]
# Six requests in a row, twice. In this run, first the requests run out. Then each
# may have a long answer, and the tokens run out although requests are left: ask
# for no more tokens than you need.

# %%
from openai import OpenAI, RateLimitError

transport = httpx2.MockTransport(service)
connection = httpx2.Client(transport=transport)
client = OpenAI(api_key="made-up", http_client=connection)


def ask(text, max_retries=0, tokens=100):
    chat = client.with_options(max_retries=max_retries).chat.completions
    return chat.with_raw_response.create(
        model="gpt-6-luna",
        messages=[{"role": "user", "content": text}],
        max_completion_tokens=tokens,
    ).headers


# %% tags=["varies"]
import pandas as pd

rows = []
for tokens in [100, 900]:
    left.update(limits)
    for number in range(1, 7):
        try:
            status, headers = 200, ask("Hello", tokens=tokens)
        except RateLimitError as error:
            status, headers = 429, error.response.headers
        row = {"tokens": tokens, "request": number, "status": status}
        for name in ["remaining-requests", "remaining-tokens"]:
            row[name] = headers[f"x-ratelimit-{name}"]
        row["retry-after-ms"] = headers.get("retry-after-ms", "")
        rows.append(row)
print(pd.DataFrame(rows).to_markdown(index=False))

# %% [markdown]
# ## Four ways to send twelve documents
#
# OpenAI's client tries again by itself, twice unless told otherwise, and so
# does Cohere's. It waits exactly as long as the refusal says, and so do all
# others that were refused: they come back together, and one gets through.
#
# The third way waits a random time, in a range that doubles with each refusal:
# *exponential backoff* with *jitter*. It gives up after eight attempts: a client
# that never gives up hides a real fault. The fourth sends one document at a
# time, and pauses when the headers say that no request is left.

# %%
import random
from functools import partial


def backoff(text):
    for attempt in range(7):
        try:
            return ask(text)
        except RateLimitError:
            time.sleep(random.uniform(0, 0.25 * 2**attempt))
    return ask(text)  # the eighth attempt; its refusal is an error


def paced(text):
    headers = ask(text)
    if headers["x-ratelimit-remaining-requests"] == "0":
        time.sleep(period / int(headers["x-ratelimit-limit-requests"]))


ways = {
    "two retries": partial(ask, max_retries=2),
    "ten retries": partial(ask, max_retries=10),
    "backoff": backoff,
    "paced": paced,
}

# %%
from concurrent.futures import ThreadPoolExecutor

documents = [f"Summarize document {number}" for number in range(12)]
logs, failed = {}, {}
for name, send in ways.items():
    left.update(limits)
    log.clear()
    start = time.monotonic()
    with ThreadPoolExecutor(1 if name == "paced" else 12) as pool:
        sent = [pool.submit(send, text) for text in documents]
    failed[name] = sum(f.exception() is not None for f in sent)
    columns = ["document", "seconds", "status"]
    logs[name] = pd.DataFrame(log, columns=columns)

# %% [markdown]
# Nobody gets past the limit: with four at once and eight more a second, twelve
# answers take at least one second. The ways differ in how many documents fail,
# and in how often the service has to refuse. At OpenAI,
# [refused requests count as well](https://help.openai.com/en/articles/5955604).

# %% tags=["varies"]
rows = []
for name, entries in logs.items():
    answered, refused = (sum(entries["status"] == s) for s in (200, 429))
    duration = entries["seconds"].max()
    rows.append([name, answered, failed[name], refused, duration])
columns = ["way", "answered", "failed", "refusals", "seconds"]
table = pd.DataFrame(rows, columns=columns)
print(table.to_markdown(index=False, floatfmt=".1f"))

# %% tags=["varies"] alt="Four panels, one below the other, with seconds across and a row for each of twelve documents. Two retries: four documents are answered at once, the others come back together twice, and many of them are lost. Ten retries: whole columns of refusals an eighth of a second apart, with about one answer in each. Backoff: refusals are scattered. Paced: one answer after another and no refusal."
import matplotlib.pyplot as plt

figure, panels = plt.subplots(
    len(logs), sharex=True, figsize=(6.4, 7), layout="constrained"
)
looks = {429: {"color": "C1", "marker": "x"}, 200: {"color": "C0"}}
for panel, (name, entries) in zip(panels, logs.items(), strict=True):
    for status, shown in entries.groupby("status"):
        row = shown["document"].map(documents.index)
        panel.scatter(shown["seconds"], row, **looks[status])
    panel.set(title=name, yticks=[])
panels[0].text(0.6, 5, "● answered", color="C0")
panels[0].text(0.6, 2, "× refused", color="C1")
panels[-1].set_xlabel("seconds")
plt.show()

# %% [markdown]
# The third way is one decorator of the library `tenacity`;
# [OpenAI's cookbook](https://cookbook.openai.com/examples/how_to_handle_rate_limits)
# has it, and a script for many requests in parallel. To count tokens before
# you send them, use `tiktoken`. Work that can wait a day belongs in the
# [Batch API](https://developers.openai.com/api/docs/guides/batch), which has
# limits of its own.
