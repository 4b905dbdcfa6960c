"""Reading offline: the list of the site's files for the service worker, and the web app manifest.

web/service_worker.ts fetches the files of the list, checks each by its hash, and caches them.
"""

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path, PurePosixPath

WORKER = "service-worker.js"
MANIFEST = "manifest.webmanifest"
SOURCE = PurePosixPath("assets", "built", WORKER)
# The files that pages need: no downloads, no source maps, no language files or search of Material.
KEPT = (".html", ".css", ".js", ".woff2", ".webp", ".svg", ".webmanifest")
NOT_KEPT = ("assets/javascripts/lunr/", "assets/javascripts/workers/")
# JSON files that scripts fetch.
DATA = ("search/", "study/", "figures/", "glossary.json")


def write_manifest(site: Path, name: str) -> None:
    """Write the web app manifest of a book: with it, browsers offer to install the site as an app."""
    manifest = {
        "name": name,
        "short_name": name.split(",")[0],
        "start_url": "./",
        "scope": "./",
        "display": "minimal-ui",
        "background_color": "#fbf9f4",
        "theme_color": "#fbf9f4",
        "icons": [{"src": "assets/favicon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any"}],
        "shortcuts": [{"name": "Study", "url": "study/"}],
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
    (site / MANIFEST).write_text(text, encoding="utf-8")


def write_service_worker(site: Path) -> None:
    """Write the service worker of a site with the list of its files; call it again when a file has changed.

    A site without the built script, such as one with its own theme, gets none.
    """
    source = site / SOURCE
    if not source.exists():
        return
    files = {path: _hash(site / path) for path in _kept_files(site)}
    listed = json.dumps(files, separators=(",", ":"))
    script = source.read_text(encoding="utf-8")
    version = sha256(f"{listed}{script}".encode()).hexdigest()[:16]
    text = f'const BOOK={{version:"{version}",files:{listed}}};\n{script}'
    (site / WORKER).write_text(text, encoding="utf-8")


def _kept_files(site: Path) -> list[str]:
    paths = [PurePosixPath(path.relative_to(site).as_posix()) for path in site.rglob("*") if path.is_file()]
    return sorted(str(path) for path in paths if _is_kept(path))


def _is_kept(path: PurePosixPath) -> bool:
    if path.suffix == ".json":
        return str(path).startswith(DATA)
    return path.suffix in KEPT and not str(path).startswith(NOT_KEPT) and path.name != WORKER


def _hash(path: Path) -> str:
    return b64encode(sha256(path.read_bytes()).digest()).decode()
