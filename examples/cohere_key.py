# %% [markdown]
# # A key for Cohere, used for chat and for embeddings
#
# Cohere's official client works like OpenAI's: a key from the environment, sent with
# every request. With one key we ask for a text and for embeddings. If you have set a
# key of your own, the requests go to Cohere. Otherwise they go to a stand-in on this
# computer, which speaks the same protocol with two small local models behind it.

# %% tags=["parameters"]
service_chat_model = "command-a-plus-05-2026"
service_embed_model = "embed-v4.0"
chat_checkpoint = "HuggingFaceTB/SmolLM2-135M-Instruct"
chat_revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"
embed_checkpoint = "sentence-transformers/all-MiniLM-L6-v2"
embed_revision = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"

# %% [markdown]
# The variable is called `CO_API_KEY`. You create the key on
# <https://dashboard.cohere.com/api-keys>. A trial key is free, and limited in requests
# per minute and per month.

# %%
import os

import cohere

print("CO_API_KEY is set:", "CO_API_KEY" in os.environ)
try:
    cohere.ClientV2()
    print("The client has found a key.")
except cohere.core.ApiError as problem:
    print(type(problem).__name__, "-", problem.body)

# %% [markdown]
# The stand-in has two addresses, as Cohere has: `/v2/chat` and `/v2/embed`.

# %%
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class StandIn(BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, content = 200, {"id": "1"}
        if self.headers["Authorization"] != f"Bearer {issued_key}":
            status, content = 401, {"message": "invalid api token"}
        elif self.path == "/v2/chat":
            chat = generate(request["messages"], max_new_tokens=50, do_sample=False)
            text = chat[0]["generated_text"][-1]["content"]
            content["message"] = {"content": [{"type": "text", "text": text}]}
        elif self.path == "/v2/embed":
            vectors = encoder.encode(request["texts"]).tolist()
            content["embeddings"] = {"float": vectors}
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *details):
        pass


# %%
import secrets
from threading import Thread

import torch
from sentence_transformers import SentenceTransformer
from transformers import pipeline

generate = pipeline(
    "text-generation", chat_checkpoint, revision=chat_revision, dtype=torch.float32
)
encoder = SentenceTransformer(embed_checkpoint, revision=embed_revision)
issued_key = secrets.token_urlsafe(30)
server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
Thread(target=server.serve_forever, daemon=True).start()

# %% [markdown]
# Without a key of yours, we use the one that the stand-in issued, and its address.
# `None` means Cohere's own address.

# %%
address = None
if "CO_API_KEY" not in os.environ:
    os.environ["CO_API_KEY"] = issued_key
    address = f"http://127.0.0.1:{server.server_port}"
    service_chat_model, service_embed_model = chat_checkpoint, embed_checkpoint
client = cohere.ClientV2(base_url=address)

# %% [markdown]
# First a chat. The request has the same form as OpenAI's. The answer comes in parts,
# since some of Cohere's models show their thinking before the text.

# %%
messages = [{"role": "user", "content": "What is the capital of France?"}]
reply = client.chat(model=service_chat_model, messages=messages)
for part in reply.message.content:
    if part.type == "text":
        print(service_chat_model, "says:", part.text)


# %% [markdown]
# Then embeddings. Cohere wants to know what a text is for: `search_document` for what
# will be searched, `search_query` for the question. Its models make a difference
# between the two; the stand-in's model does not.


# %%
def embed(texts, purpose):
    response = client.embed(
        model=service_embed_model,
        texts=texts,
        input_type=purpose,
        embedding_types=["float"],
    )
    return torch.tensor(response.embeddings.float_)


# %% [markdown]
# The sentence that answers the question should be the closest, although the two have
# no word in common.

# %%
import pandas as pd

sentences = [
    "Your secret key is shown once, right after you create it.",
    "The river floods the meadows every spring.",
    "Bake the bread for forty minutes in a hot oven.",
]
question = embed(["When can I read my password?"], "search_query")
similarity = torch.cosine_similarity(question, embed(sentences, "search_document"))
table = pd.DataFrame({"sentence": sentences, "similarity": similarity.tolist()})
print(table.to_markdown(index=False, floatfmt=".2f"))

# %% [markdown]
# A wrong key is refused by the service, with status 401.

# %%
stranger = cohere.ClientV2("wrong-key", base_url=address)
try:
    stranger.chat(model=service_chat_model, messages=messages)
except cohere.UnauthorizedError as problem:
    print(type(problem).__name__, "- status", problem.status_code)

# %%
server.shutdown()
server.server_close()
