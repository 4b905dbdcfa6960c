# %% [markdown]
# # Rate limits: being refused, and trying again the right way
#
# A service that answers "429 Too Many Requests" is not broken: it asks for patience.
# We start a small server with a limit, run into the limit without care, and then send
# the same requests through a client that waits and tries again.

# %% [markdown]
# The server answers at most `limit` requests in any one second. To every further one it
# says 429, and in the header `Retry-After` how many seconds to wait. Real limits are
# counted per minute, and often in tokens as well as in requests. (`request_queue_size`
# is how many callers may wait for the server's attention; the usual five are too few.)

# %%
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

limit = 4
answered, lock = deque(maxlen=limit), Lock()


class LimitedService(BaseHTTPRequestHandler):
    def do_GET(self):
        with lock:
            now = time.monotonic()
            busy = len(answered) == limit and now - answered[0] < 1
            if not busy:
                answered.append(now)
        self.send_response(429 if busy else 200)
        if busy:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"data": []}')

    def log_message(self, *details):
        pass


ThreadingHTTPServer.request_queue_size = 50
server = ThreadingHTTPServer(("127.0.0.1", 0), LimitedService)
Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}"

# %% [markdown]
# Twelve requests at once is the situation of twelve documents to process, or of twelve
# users. Every attempt is noted, with its time and the server's answer. The careless
# client tries once.

# %%
import requests

attempts = []


def attempt(client, number):
    response = requests.get(address)
    seconds = time.monotonic() - start
    attempts.append((client, number, seconds, response.status_code))
    return response


def careless(number):
    return attempt("careless", number).status_code == 200


# %% [markdown]
# The patient client waits as long as the server asks, plus a random time. The random
# part (*jitter*) keeps twelve clients, all refused in the same moment, from coming back
# in the same moment. Its range doubles with each refusal (*exponential backoff*), so
# that the crowd thins out if the service stays busy. After eight refusals it gives up:
# a client that tries forever hides a real fault.

# %%
import random


def patient(number):
    for refusals in range(9):
        response = attempt("patient", number)
        if response.status_code == 200:
            return True
        asked_for = float(response.headers["Retry-After"])
        time.sleep(asked_for + random.uniform(0, 0.2 * 2**refusals))
    return False


# %% [markdown]
# Each client sends its twelve requests in the same moment. The second of rest after
# each round lets the limit start afresh.

# %%
from concurrent.futures import ThreadPoolExecutor

count = 12
outcomes = {}
with ThreadPoolExecutor(count) as pool:
    for client in [careless, patient]:
        start = time.monotonic()
        outcomes[client.__name__] = list(pool.map(client, range(1, count + 1)))
        time.sleep(1)

print("careless lost at least one request:", not all(outcomes["careless"]))
print("patient got all its answers:", all(outcomes["patient"]))

# %% [markdown]
# The price of patience is time: no client gets past the limit, so twelve requests at
# four a second need more than two seconds.

# %% tags=["varies"]
import pandas as pd

log = pd.DataFrame(attempts, columns=["client", "request", "seconds", "status"])
log["refused"] = log["status"] == 429
summary = log.groupby("client").agg(
    attempts=("status", "size"), refused=("refused", "sum"), seconds=("seconds", "max")
)
print(summary.reset_index().to_markdown(index=False, floatfmt=".1f"))

# %% tags=["varies"] alt="Two panels, time across and request number upwards. Careless: all twelve requests at time zero, four answered and the rest refused for good. Patient: refused requests come back later, spread out, until each of the twelve has been answered."
import matplotlib.pyplot as plt

figure, panels = plt.subplots(
    1, 2, sharex=True, sharey=True, figsize=(7, 3.2), layout="constrained"
)
for panel, (client, rows) in zip(panels, log.groupby("client"), strict=True):
    for status, label, marker in [(429, "refused (429)", "x"), (200, "answered", "o")]:
        shown = rows[rows["status"] == status]
        panel.scatter(shown["seconds"], shown["request"], marker=marker, label=label)
    panel.set(title=client, xlabel="seconds")
panels[0].set_ylabel("request")
panels[0].legend(loc="center right")
plt.show()

# %% [markdown]
# You rarely have to write this yourself. The clients of OpenAI and Cohere try again on
# their own, twice unless told otherwise; `max_retries` says how often. They wait as
# `Retry-After` asks. One kind of 429 does not pass with time: an account without
# credit. Its message says so, and only paying helps.

# %%
from openai import OpenAI, RateLimitError


def ask(max_retries):
    client = OpenAI(base_url=address, api_key="unused", max_retries=max_retries)
    try:
        return client.models.list() is not None
    except RateLimitError:
        return False


with ThreadPoolExecutor(count) as pool:
    for max_retries in [0, 8]:
        replies = list(pool.map(ask, [max_retries] * count))
        print(f"max_retries={max_retries}, all answered:", all(replies))

# %%
server.shutdown()
server.server_close()
