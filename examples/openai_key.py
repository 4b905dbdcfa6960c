# %% [markdown]
# # A key for the OpenAI API, and where to keep it
#
# A service has to know who is asking, so every request carries a secret key. We use
# the official `openai` client without a key, with the right key, and with a wrong one.
# If you have set a key of your own, the requests go to OpenAI and are billed to you.
# Otherwise they go to a stand-in on this computer, and cost nothing.

# %% tags=["parameters"]
service_model = "gpt-6-luna"
checkpoint = "HuggingFaceTB/SmolLM2-135M-Instruct"
revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"

# %% [markdown]
# The client looks for the key in the environment variable `OPENAI_API_KEY`. There it
# is out of your code, your notebook and your repository. Print whether it is set,
# never what it is. Without a key the client does not even start.

# %%
import os

from openai import AuthenticationError, OpenAI, OpenAIError

print("OPENAI_API_KEY is set:", "OPENAI_API_KEY" in os.environ)
try:
    OpenAI()
    print("The client has found it.")
except OpenAIError as problem:
    print(type(problem).__name__, "-", problem)

# %% [markdown]
# Now the stand-in: a small web server in front of a small local model. It reads the key
# from the header `Authorization: Bearer …`, which is where OpenAI reads it too. A
# request with any other key gets status 401, unauthorized.

# %%
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class StandIn(BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] == f"Bearer {issued_key}":
            chat = generate(request["messages"], max_new_tokens=50, do_sample=False)
            message = chat[0]["generated_text"][-1]
            self.answer(200, {"choices": [{"index": 0, "message": message}]})
        else:
            self.answer(401, {"error": {"message": "Incorrect API key provided."}})

    def answer(self, status, content):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *details):
        pass


# %% [markdown]
# Creating a key is simple for the service: it draws a long random text and remembers
# whom it gave it to. Nobody can guess it, and whoever has it can spend your money.

# %%
import secrets
from threading import Thread

import torch
from transformers import pipeline

generate = pipeline(
    "text-generation", checkpoint, revision=revision, dtype=torch.float32
)
issued_key = "sk-" + secrets.token_urlsafe(32)
server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
Thread(target=server.serve_forever, daemon=True).start()
print("characters in a new key:", len(issued_key))

# %% [markdown]
# For OpenAI you create the key on <https://platform.openai.com/api-keys>, copy it at
# once, since it is shown only then, and set the variable before you start Python:
# `export OPENAI_API_KEY=…` on Linux and macOS, `setx OPENAI_API_KEY …` on Windows, the
# panel *Secrets* on Colab. Here we put the stand-in's key and address where yours
# would be.

# %%
if "OPENAI_API_KEY" not in os.environ:
    os.environ["OPENAI_API_KEY"] = issued_key
    os.environ["OPENAI_BASE_URL"] = f"http://127.0.0.1:{server.server_port}/v1"
    service_model = checkpoint

# %% [markdown]
# From here on the code is the same for both. `OpenAI()` takes key and address from the
# environment.

# %%
client = OpenAI()
messages = [{"role": "user", "content": "What is the capital of France?"}]
reply = client.chat.completions.create(model=service_model, messages=messages)
print(service_model, "says:", reply.choices[0].message.content)

# %% [markdown]
# A wrong key is a different error from a missing one: now the service itself refuses.
# If you meet it, the key was mistyped, deleted, or belongs to another service.

# %%
stranger = OpenAI(api_key="sk-wrong")
try:
    stranger.chat.completions.create(model=service_model, messages=messages)
except AuthenticationError as problem:
    print(type(problem).__name__, "- status", problem.status_code)

# %% [markdown]
# A right key is still not enough at OpenAI: a new account pays in advance, and without
# credit every request is refused with status 429. If a key has ever been in a commit,
# a notebook or a chat, delete it on the page above and create another.

# %%
server.shutdown()
server.server_close()
