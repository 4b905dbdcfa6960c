# %% [markdown]
# # What a gated model asks for: an account, a token, an accepted licence
#
# Most models on the Hugging Face Hub can be downloaded by anyone. Llama 2 is *gated*:
# its files go only to people who have accepted Meta's licence. We ask for a file of it
# without a token, with a token, and with the same token after accepting the licence.
# The client is the real `huggingface_hub`; the Hub is a stand-in on this computer.

# %% [markdown]
# The stand-in answers as the Hub does: status 401 to a stranger, 403 to somebody known
# who has no access, and in both cases the header `X-Error-Code: GatedRepo`. Those with
# access get the file. Its content here is only a placeholder.

# %%
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

model = "meta-llama/Llama-2-7b-hf"
accepted_licence = set()
content = b'{"model_type": "llama"}'


class Hub(BaseHTTPRequestHandler):
    def do_HEAD(self):
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token in accepted_licence:
            self.send_response(200)
            self.send_header("ETag", "placeholder")
            self.send_header("X-Repo-Commit", 40 * "0")
            self.send_header("Content-Length", len(content))
        else:
            self.send_response(403 if token else 401)
            self.send_header("X-Error-Code", "GatedRepo")
        self.end_headers()

    def do_GET(self):
        self.do_HEAD()
        self.wfile.write(content)

    def log_message(self, *details):
        pass


# %% [markdown]
# `endpoint` is the address that the client asks instead of <https://huggingface.co>. In
# offline mode (`HF_HUB_OFFLINE=1`) the client's own HTTP session refuses every request,
# even to a server on the same computer. So we give it a session that does not.

# %%
from threading import Thread

import httpx2
from huggingface_hub import set_client_factory

server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
Thread(target=server.serve_forever, daemon=True).start()
stand_in = f"http://127.0.0.1:{server.server_port}"
set_client_factory(lambda: httpx2.Client(follow_redirects=True))

# %% [markdown]
# Each request downloads into an empty folder: a file that is already in the cache would
# be found there, and nobody would have to allow it.

# %%
from tempfile import TemporaryDirectory

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import GatedRepoError


def ask_for_config(token, endpoint):
    with TemporaryDirectory() as empty:
        try:
            hf_hub_download(
                model, "config.json", token=token, endpoint=endpoint, cache_dir=empty
            )
            print("Downloaded.")
        except GatedRepoError as problem:
            print(type(problem).__name__, "- status", problem.response.status_code)


# %% [markdown]
# Without an account there is no token: `token=False` sends none.

# %%
ask_for_config(False, stand_in)

# %% [markdown]
# An account, and a token from *Settings → Access Tokens*, lead only this far: the Hub
# knows who is asking, and still says no. With `from_pretrained` the same answer appears
# as an `OSError` about a gated repo.

# %%
token = "hf_made_up_for_this_page"
ask_for_config(token, stand_in)

# %% [markdown]
# What is missing is not in the token. You have to open the
# [model's page](https://huggingface.co/meta-llama/Llama-2-7b-hf), logged in with the
# same account, fill in the form and accept the licence. The owner may take a while to
# agree. In the stand-in that is one line, and the token has not changed.

# %%
accepted_licence.add(token)
ask_for_config(token, stand_in)
server.shutdown()
server.server_close()

# %% [markdown]
# A token is a password, so it belongs neither in code nor in a notebook. The command
# `hf auth login` asks for it once, or lets you log in with the browser, and keeps it in
# a file that only you can read; every later call finds it there. On a server or in
# Colab, set `HF_TOKEN` among the secrets instead. If you ever write such a file
# yourself, take care of its permissions. On Linux and macOS they should look like this:

# %%
import stat
from pathlib import Path

with TemporaryDirectory() as folder:
    secret = Path(folder, "token")
    secret.touch(mode=0o600)
    secret.write_text(token)
    print(stat.filemode(secret.stat().st_mode))

# %% [markdown]
# Make a token no stronger than its task. To download, *read* is enough. A
# *fine-grained* token can be cut down further; for Llama 2 it then needs the permission
# to read gated repositories, or it is refused although you have access.
#
# With your own token in `HF_TOKEN`, and online, the last cell asks the real Hub.

# %%
import os

from huggingface_hub import is_offline_mode

if os.environ.get("HF_TOKEN") and not is_offline_mode():
    ask_for_config(None, None)
else:
    print("The real Hub was not asked: no HF_TOKEN, or offline.")
