# %% [markdown]
# # A key for the OpenAI API, and what the client does with it
#
# Sign up on <https://platform.openai.com>,
# [buy credit](https://help.openai.com/en/articles/8264644), open *API keys*,
# create a secret key for a project and copy it: it is shown only once. Before
# the first request, set a monthly budget for the project (*Settings*,
# *Limits*), and give the key only the permissions it needs.
#
# The client below is OpenAI's own. Its transport is a function in this file:
# nothing is sent, nothing is billed, and we can read the whole request. The
# answer is fixed, since this page is about keys.

# %%
import httpx2

paris = {"type": "output_text", "text": "Paris."}
message = {"type": "message", "role": "assistant", "content": [paris]}
choice = {"message": {"role": "assistant", "content": "Paris."}}
answer = {"output": [message], "choices": [choice]}
sent = []


def service(request):
    """Check the key as OpenAI does, and remember the request."""
    sent.append(request)
    key = request.headers["Authorization"].removeprefix("Bearer ")
    if key == "sk-proj-of-an-empty-account":
        status, code = 429, "insufficient_quota"
    elif key != "sk-proj-made-up":
        status, code = 401, "invalid_api_key"
    else:
        return httpx2.Response(200, json=answer)
    return httpx2.Response(status, json={"error": {"code": code}})


# %% [markdown]
# ## No key
#
# `OpenAI()` reads the key from the environment variable `OPENAI_API_KEY`, so
# that it stands neither in your code nor in your repository. Without the
# variable the client does not start.

# %%
from openai import OpenAI, OpenAIError

try:
    OpenAI()
    print("The client found a key.")
except OpenAIError as error:
    print(f"{type(error).__name__}: {error}")

# %% [markdown]
# ## The right key
#
# Set the variable in a terminal with `export OPENAI_API_KEY=KEY` (Linux,
# macOS) or `setx OPENAI_API_KEY KEY` (Windows), or keep it in a file *.env*
# that *.gitignore* lists. In a notebook, `getpass()` asks for the key without
# showing it; Colab has a panel *Secrets*. Here the key is made up.
#
# Without `http_client`, the same lines talk to OpenAI. For new projects OpenAI
# recommends
# [Responses](https://developers.openai.com/api/docs/guides/migrate-to-responses).
# Chat Completions remains supported, and many other services and local
# programs understand it.

# %%
import os

os.environ["OPENAI_API_KEY"] = "sk-proj-made-up"
transport = httpx2.MockTransport(service)
client = OpenAI(http_client=httpx2.Client(transport=transport))

model = "gpt-6-luna"
question = "What is the capital of France?"
response = client.responses.create(model=model, input=question)
print("Responses:       ", response.output_text)

messages = [{"role": "user", "content": question}]
chat = client.chat.completions.create(model=model, messages=messages)
print("Chat Completions:", chat.choices[0].message.content)

# %% [markdown]
# This is what left the client. The key is one line of the header, the same
# for both APIs; whoever has it can spend your credit.

# %%
for request in sent:
    print(request.method, request.url)
    print("Authorization:", request.headers["Authorization"][:12] + "…")
    print(request.content.decode(), end="\n\n")

# %% [markdown]
# ## Three keys, three outcomes
#
# A wrong key and an empty account are different errors. An empty account gives
# the same status as a rate limit, 429. So the client tries again, twice by
# default, although waiting does not help: the `code` tells the two apart.

# %%
import pandas as pd
from openai import APIStatusError

keys = {
    "right": "sk-proj-made-up",
    "mistyped": "sk-proj-mad-eup",
    "of an empty account": "sk-proj-of-an-empty-account",
}
rows = []
for name, key in keys.items():
    sent.clear()
    row = {"key": name, "status": 200, "error": "", "code": ""}
    try:
        stranger = client.with_options(api_key=key)
        stranger.responses.create(model=model, input=question)
    except APIStatusError as error:
        row["status"] = error.status_code
        row["error"], row["code"] = type(error).__name__, error.code
    rows.append(row | {"requests sent": len(sent)})
print(pd.DataFrame(rows).to_markdown(index=False))

# %% [markdown]
# If a key has ever been in a commit, a notebook or a chat, delete it on
# [the page of your keys](https://platform.openai.com/api-keys) and create
# another. Chapter 4 of
# [the book](https://github.com/HandsOnLLM/Hands-On-Large-Language-Models)
# classifies film reviews with such a key.
