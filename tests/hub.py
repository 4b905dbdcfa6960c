"""A Hub on loopback that answers for models as the real one does; large files lie on a host of their own."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

Files = Mapping[str, bytes]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def git_hash(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@dataclass(frozen=True)
class Hub:
    """Where the Hub answers, and which paths it was asked for and has not."""

    endpoint: str
    refused: list[str] = field(default_factory=list)


@contextmanager
def serve_hub(repositories: Mapping[tuple[str, str], Files], spoilt: Files | None = None) -> Iterator[Hub]:
    """Serve the files of each (model id, revision); `spoilt` is sent in place of the files it names."""
    files, large, trees = {}, {}, {}
    for (model_id, revision), contents in repositories.items():
        trees[f"/api/models/{model_id}/tree/{revision}"] = [
            {"type": "file", "path": name, "oid": git_hash(content), "size": len(content)}
            for name, content in contents.items()
        ]
        for name, content in contents.items():
            files[f"/{model_id}/resolve/{revision}/{name}"] = revision, name, content
            large[f"/large/{sha256(content)}"] = name, content

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            path = urlsplit(self.path).path
            if path in files:
                self.send_file(*files[path])
            elif path in large:
                self.send_content(*large[path], {})
            elif path in trees:
                self.send_body(200, json.dumps(trees[path]).encode(), {"Content-Type": "application/json"})
            else:
                hub.refused.append(path)
                known = any(
                    f"{model_id}/" in path and revision in path for model_id, revision in repositories
                )
                self.send_body(404, b"", {"X-Error-Code": "EntryNotFound" if known else "RevisionNotFound"})

        do_GET = do_HEAD

        def send_file(self, revision: str, name: str, content: bytes) -> None:
            headers = {"X-Repo-Commit": revision}
            if not name.endswith(".safetensors"):
                self.send_content(name, content, headers | {"ETag": f'"{git_hash(content)}"'})
                return
            headers |= {"X-Linked-ETag": f'"{sha256(content)}"', "X-Linked-Size": str(len(content))}
            self.send_body(302, b"", headers | {"Location": f"{storage}/large/{sha256(content)}"})

        def send_content(self, name: str, content: bytes, headers: Mapping[str, str]) -> None:
            self.send_body(200, (spoilt or {}).get(name, content), headers)

        def send_body(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
    endpoint, storage = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    hub = Hub(endpoint)
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
