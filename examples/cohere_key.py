# %% [markdown]
# # A key for Cohere, beside one for OpenAI
#
# Sign up on <https://dashboard.cohere.com> and open *API keys*. A *trial key*
# is free, and limited to 1,000 calls a month and 20 chat requests a minute. A
# *production key* is paid; with the newest chat models it has the
# [limits of a trial key](https://docs.cohere.com/docs/rate-limits).
#
# As in the example for OpenAI, the client is the real one, and its transport
# is a function that accepts one key and gives fixed answers.

# %%
import cohere
import httpx

answer = {
    "id": "1",
    "message": {"content": [{"type": "text", "text": "Paris."}]},
    "embeddings": {"float": [[0.1, 0.2, 0.3]]},
}
sent = []


def service(request):
    """Check the key as Cohere does, and remember the request."""
    sent.append(request)
    if request.headers["Authorization"] == "Bearer made-up":
        return httpx.Response(200, json=answer)
    return httpx.Response(401, json={"message": "invalid api token"})


transport = httpx.MockTransport(service)
connection = httpx.Client(transport=transport)

# %% [markdown]
# The variable is called `CO_API_KEY`. Without it the client does not start.

# %%
import os

try:
    cohere.ClientV2(httpx_client=connection)
    print("The client found a key.")
except cohere.core.ApiError as error:
    print(error.body)

# %% [markdown]
# ## One key, several endpoints
#
# Chat, embeddings and reranking take the same key. Cohere wants to know what a
# text is embedded for: `search_document` for what will be searched,
# `search_query` for the question. A chat answer is a list, since some models
# put their thinking before the text.

# %%
os.environ["CO_API_KEY"] = "made-up"
client = cohere.ClientV2(httpx_client=connection)

chat_model, embed_model = "command-a-03-2025", "embed-v4.0"
question = "What is the capital of France?"
messages = [{"role": "user", "content": question}]
reply = client.chat(model=chat_model, messages=messages)
print("chat: ", reply.message.content[0].text)

reply = client.embed(
    model=embed_model,
    texts=[question],
    input_type="search_query",
)
print("embed:", reply.embeddings.float_[0])

# %% [markdown]
# What left the client:

# %%
for request in sent:
    print(request.method, request.url)
    print(request.content.decode(), end="\n\n")

# %% [markdown]
# ## Cohere and OpenAI side by side
#
# Now both clients send a wrong key, each found in its own variable. The table
# shows the header `Authorization` and the error of each.

# %%
import httpx2
import openai


def refuse(request):
    sent.append(request)
    return httpx2.Response(401)


sent.clear()
errors = []
for variable in ["OPENAI_API_KEY", "CO_API_KEY"]:
    os.environ[variable] = f"wrong key in {variable}"

try:
    refused = httpx2.Client(transport=httpx2.MockTransport(refuse))
    other = openai.OpenAI(http_client=refused)
    other.responses.create(model="gpt-6-luna", input=question)
except openai.AuthenticationError as error:
    errors.append(error)

try:
    stranger = cohere.ClientV2(httpx_client=connection)
    stranger.chat(model=chat_model, messages=messages)
except cohere.UnauthorizedError as error:
    errors.append(error)

# %%
import pandas as pd

table = pd.DataFrame(index=["OpenAI", "Cohere"])
table["address"] = [s.url.host + s.url.path for s in sent]
table["Authorization"] = [s.headers["Authorization"] for s in sent]
table["status"] = [error.status_code for error in errors]
table["error"] = [type(error).__name__ for error in errors]
print(table.T.to_markdown())

# %% [markdown]
# Cohere also understands OpenAI's protocol, at a
# [compatibility address](https://docs.cohere.com/docs/compatibility-api): then
# OpenAI's client is enough for both. The book uses a Cohere key in
# [chapter 8](https://github.com/HandsOnLLM/Hands-On-Large-Language-Models),
# for search and reranking.
