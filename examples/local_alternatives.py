# %% [markdown]
# # When the service is gone: the same request to your own computer
#
# Many programs that run models locally understand OpenAI's protocol. Then a
# local model is a second address for the same function. We let a service
# reach its limit, pull the plug, and go on with the model on this computer.

# %% tags=["parameters"]
checkpoint = "HuggingFaceTB/SmolLM2-135M-Instruct"
revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"

# %% [markdown]
# In a terminal, `transformers serve MODEL --port PORT` starts a local server.
# Here the same server runs in a thread of this program. A local server needs
# no key, but the client insists on one. It tries up to eleven times, with pauses of up
# to eight seconds, which gives the model most of a minute to load.

# %%
import logging
import socket
import time
from threading import Thread

from openai import OpenAI
from transformers.cli.serve import Serve

logging.disable(logging.INFO)  # the server tells of each request
with socket.create_server(("localhost", 0)) as free:
    port = free.getsockname()[1]
model = f"{checkpoint}@{revision}"
options = {"port": port, "log_level": "error"}
Thread(target=Serve, args=[model], kwargs=options, daemon=True).start()

address = f"http://localhost:{port}/v1"
local = OpenAI(base_url=address, api_key="unused", max_retries=10)

# %% [markdown]
# One function asks the local model, and later the service.


# %%
def ask(client, model, question):
    messages = [{"role": "user", "content": question}]
    return client.chat.completions.create(
        model=model, messages=messages, max_completion_tokens=8, seed=0
    )


reply = ask(local, model, "What is the capital of France?")
print(reply.choices[0].message.content)

# %% [markdown]
# ## The service refuses, then disappears
#
# For the service, OpenAI's client gets a function as its transport. It gives a
# fixed answer to three requests and refuses the others, and when we pull the
# plug, nobody answers.

# %%
import httpx2
from openai import APIConnectionError, RateLimitError

plugged_in, answered = True, 0
message = {"role": "assistant", "content": "(an answer of the service)"}


def answer(request):
    global answered
    if not plugged_in:
        raise httpx2.ConnectError("no network")
    answered += 1
    if answered > 3:
        return httpx2.Response(429)
    return httpx2.Response(200, json={"choices": [{"message": message}]})


connection = httpx2.Client(transport=httpx2.MockTransport(answer))
service = OpenAI(api_key="made-up", http_client=connection, max_retries=0)

# %% [markdown]
# After either error, the local model takes over. In a program of your own,
# let the client retry first (`max_retries`), so that a short interruption does
# not change the model that answers.

# %%
import pandas as pd

rows = []
for country in ["France", "Japan", "Italy", "Egypt", "Kenya", "Peru"]:
    plugged_in = country not in ["Kenya", "Peru"]
    question = f"What is the capital of {country}?"
    row = {"question": question, "service": "answers", "by": "service"}
    try:
        reply = ask(service, "gpt-6-luna", question)
    except (RateLimitError, APIConnectionError) as error:
        row |= {"service": type(error).__name__, "by": "local model"}
        reply = ask(local, model, question)
    rows.append(row | {"answer": reply.choices[0].message.content})
print(pd.DataFrame(rows).to_markdown(index=False))

# %% [markdown]
# ## Eighteen requests in a row
#
# The same eighteen questions to both: to the service, plugged in again and with
# a fresh limit of three, and to the local model, which has no limit.

# %%
capitals = """France Paris, Japan Tokyo, Italy Rome, Egypt Cairo,
Kenya Nairobi, Peru Lima, Spain Madrid, Germany Berlin, Russia Moscow,
China Beijing, Canada Ottawa, Greece Athens, Norway Oslo, Poland Warsaw,
Sweden Stockholm, Cuba Havana, Australia Canberra, Ghana Accra"""
pairs = [pair.split() for pair in capitals.split(",")]


def ask_all(client, model):
    replies = []
    for country, _ in pairs:
        try:
            question = f"What is the capital of {country}?"
            replies.append(ask(client, model, question))
        except RateLimitError:
            pass
    return replies


plugged_in, answered = True, 0
count = len(ask_all(service, "gpt-6-luna"))
print("service:    ", count, "answers to", len(pairs), "requests")

start = time.perf_counter()
replies = ask_all(local, model)
seconds = time.perf_counter() - start
print("local model:", len(replies), "answers to", len(pairs), "requests")

# %% [markdown]
# No limit does not mean good or fast: both depend on the model that fits into
# your computer. Each answer has at most eight tokens. The wrong ones, and then the
# speed:

# %%
answers = [reply.choices[0].message.content for reply in replies]
right = 0
for (country, capital), text in zip(pairs, answers, strict=True):
    right += capital in text
    if capital not in text:
        print(f"{country}: {text}")
print("right:", right, "of", len(pairs))

# %% tags=["varies"]
tokens = sum(reply.usage.completion_tokens for reply in replies)
print(f"{tokens} tokens, {tokens / seconds:.0f} a second")

# %% [markdown]
# In practice the local server is one of these:
#
# | program | commands | `base_url` |
# |---|---|---|
# | [Ollama](https://docs.ollama.com/api/openai-compatibility) | `ollama serve`, then `ollama pull MODEL` | `http://localhost:11434/v1` |
# | [llama.cpp](https://github.com/ggml-org/llama.cpp/tree/master/tools/server) | `llama-server -m FILE.gguf` | `http://localhost:8080/v1` |
# | [LM Studio](https://lmstudio.ai/docs/developer/openai-compat) | `lms server start` | `http://localhost:1234/v1` |
# | [vLLM](https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html) | `vllm serve MODEL` | `http://localhost:8000/v1` |
#
# Each downloads or needs the weights once; after that no network is needed.
# The [book](https://github.com/HandsOnLLM/Hands-On-Large-Language-Models)
# runs its local models without a server, with `transformers` or, in chapter 7,
# with `llama-cpp-python`.
