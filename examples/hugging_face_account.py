# %% [markdown]
# # What a gated model asks for: an account, a token, an accepted licence
#
# Most models on the Hugging Face Hub can be downloaded by anyone. Llama 2 is
# [*gated*](https://huggingface.co/docs/hub/models-gated): its files go only to
# people to whom Meta has granted access. The client below is the real
# `huggingface_hub`. The Hub is a function in this file, which answers with the
# Hub's statuses and headers; its file is a placeholder. Without the last two
# lines of this cell, and with your own token, the next cells ask the real Hub.

# %%
import httpx2
from huggingface_hub import set_client_factory

model = "meta-llama/Llama-2-7b-hf"
granted = set()


def hub(request):
    if request.url.path == f"/api/models/{model}":
        return httpx2.Response(200, json={"id": model, "gated": "manual"})
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token in granted:
        file = {"ETag": "placeholder", "X-Repo-Commit": 40 * "0"}
        return httpx2.Response(200, headers=file, content=b"{}")
    gate = {"X-Error-Code": "GatedRepo"}
    return httpx2.Response(403 if token else 401, headers=gate)


transport = httpx2.MockTransport(hub)
set_client_factory(lambda: httpx2.Client(transport=transport))

# %% [markdown]
# Three attempts, each into an empty folder: without a token, with one, and
# with the same token once access is granted.

# %%
from tempfile import TemporaryDirectory

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import GatedRepoError


def download(token, file="config.json"):
    with TemporaryDirectory() as folder:
        try:
            hf_hub_download(model, file, token=token, cache_dir=folder)
            return "downloaded"
        except GatedRepoError as error:
            return f"GatedRepoError, status {error.response.status_code}"


token = "hf_made_up"
print("no token:               ", download(token=False))
print("a token:                ", download(token))
granted.add(token)
print("a token, access granted:", download(token))

# %% [markdown]
# The card stops at the second line. The token is right, and has not changed in
# the third; the account behind it was let in. For that, log in, open the
# [model's page](https://huggingface.co/meta-llama/Llama-2-7b-hf), fill in the
# form, accept the licence, and wait. A request that is still pending gives 403
# as well. `from_pretrained` reports both as an `OSError` about a gated repo.
#
# You can ask first, without a download: everybody may read whether a model is
# gated, and `auth_check` raises the same error when you have no access.

# %%
from huggingface_hub import auth_check, model_info

print("gated:", model_info(model).gated)
auth_check(model, token=token)
print("auth_check raised nothing: this token has access")

# %% [markdown]
# With `manual`, the owner approves each request; with `auto`, whoever accepts
# the terms is in. A token is a password: create it under *Settings*,
# *Access Tokens* with the role
# [read](https://huggingface.co/docs/hub/security-tokens), and let
# `hf auth login` keep it; on a server or in Colab's *Secrets*, set `HF_TOKEN`.
#
# Llama 2 has open weights, but its licence
# [is not open source](https://opensource.org/blog/metas-llama-2-license-is-not-open-source).
# The models that this site runs, such as
# [SmolLM2](https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct) under
# Apache 2.0, need neither account nor token.
