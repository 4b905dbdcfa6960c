# %% [markdown]
# # The same request to a service and to your own computer
#
# Many programs that run models locally speak the protocol of OpenAI's API. Then moving
# from a service to your own computer, or back, changes an address and not the program.
# We send the same questions to both and compare answers, cost and time.

# %% tags=["parameters"]
checkpoint = "HuggingFaceTB/SmolLM2-135M-Instruct"
revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"
service_model = "gpt-6-luna"
dollars_per_million_in = 0.10
dollars_per_million_out = 0.50
prices_as_of = "2026-11-22"

# %% [markdown]
# First the local side. In a terminal it is one line,
# `transformers serve MODEL --port PORT`, after **`pip install "transformers[serving]"`**.
# Here the same server runs in a thread of this process, and ends with it.

# %%
import logging
import socket
from threading import Thread

from transformers.cli.serve import Serve

logging.disable(logging.INFO)
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
local_model = f"{checkpoint}@{revision}"
options = {"host": "127.0.0.1", "port": port, "dtype": "float32", "log_level": "error"}
serving = Thread(target=Serve, args=[local_model], kwargs=options, daemon=True)
serving.start()

# %% [markdown]
# Loading the model takes a moment. Until then nobody answers at that address.

# %%
import time

while serving.is_alive():
    time.sleep(0.1)
    with socket.socket() as door:
        if door.connect_ex(("127.0.0.1", port)) == 0:
            print("The local model is ready.")
            break

# %% [markdown]
# Then the service. If `OPENAI_API_KEY` is set, it is OpenAI. Otherwise a stand-in takes
# its place: it waits for `delay` seconds, as if the way were long, and then hands the
# request on to the local server.

# %%
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

local_address = f"http://127.0.0.1:{port}/v1"
delay = 0.5


class FarAway(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(delay)
        headers = {"Content-Type": "application/json"}
        with urlopen(Request(local_address + self.path, body, headers)) as answer:
            content = answer.read()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *details):
        pass


# %%
import os

from openai import OpenAI

server = ThreadingHTTPServer(("127.0.0.1", 0), FarAway)
Thread(target=server.serve_forever, daemon=True).start()
real = "OPENAI_API_KEY" in os.environ
if real:
    service = OpenAI()
else:
    service_model = local_model
    address = f"http://127.0.0.1:{server.server_port}"
    service = OpenAI(base_url=address, api_key="unused")
local = OpenAI(base_url=local_address, api_key="unused")
print("service is", "OpenAI" if real else "a stand-in with an added delay")

# %% [markdown]
# Everything below is written once and used for both. The client does not know which
# one it talks to. A local server needs no key, but the client insists on one, so any
# word will do.

# %%
questions = [
    "What is the capital of France?",
    "What is the capital of Japan?",
    "How many days are in a week?",
]


def ask(client, model, question):
    start = time.perf_counter()
    message = {"role": "user", "content": question}
    reply = client.chat.completions.create(model=model, messages=[message])
    return reply, time.perf_counter() - start


ask(local, local_model, questions[0])  # a first request is slower, so it is not timed
replies = {
    "service": [ask(service, service_model, question) for question in questions],
    "local": [ask(local, local_model, question) for question in questions],
}

# %%
import pandas as pd

answers = pd.DataFrame({"question": questions})
for place, results in replies.items():
    answers[place] = [reply.choices[0].message.content for reply, _ in results]
print(answers.to_markdown(index=False))

# %% [markdown]
# A service charges for tokens, those you send and those you get. The prices above are
# an assumption: OpenAI's list price for `gpt-6-luna`, as of the date beside it. Read
# today's on <https://developers.openai.com/api/docs/pricing>. The local model sends no
# bill, though the computer and its electricity are not free either. Every model counts
# in its own tokens: the stand-in's numbers are those of the small model behind it.

# %%
rows = []
for place, results in replies.items():
    tokens_in = sum(reply.usage.prompt_tokens for reply, _ in results)
    tokens_out = sum(reply.usage.completion_tokens for reply, _ in results)
    dollars = tokens_in * dollars_per_million_in + tokens_out * dollars_per_million_out
    per_million = dollars / len(questions) if place == "service" else 0
    rows.append([place, tokens_in, tokens_out, per_million])
columns = ["where", "tokens in", "tokens out", "dollars for a million such requests"]
print("Prices as of", prices_as_of)
print()
print(pd.DataFrame(rows, columns=columns).to_markdown(index=False, floatfmt=".2f"))

# %% [markdown]
# The time is another matter. With the stand-in, the difference is the delay that we
# added, more or less, and says nothing about OpenAI. A real service adds the way there
# and back, but computes on far larger machines. A local model has no way to go, no
# limit per minute, and works without a network, at the speed of your computer. Measure
# with your own key and your own task. And compare the answers first: a model as small
# as this one is no match for those of a large service.

# %% tags=["varies"]
seconds = pd.DataFrame(
    {place: [second for _, second in results] for place, results in replies.items()}
)
seconds.insert(0, "question", questions)
print("Seconds until the answer:")
print()
print(seconds.to_markdown(index=False, floatfmt=".2f"))

# %%
server.shutdown()
server.server_close()
