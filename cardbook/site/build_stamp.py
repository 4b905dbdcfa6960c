"""The build stamp: digests of what the site was made from, so that an unchanged site is not rebuilt."""

import json
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cardbook.base.files import NOT_WRITTEN, PACKAGE, digest_of, hash_parts, read_utf8
from cardbook.base.paths import SITE, ProjectPaths

# Folders of the root that do not affect pages; docs/ is hashed after its pages are written.
EXCLUDED = NOT_WRITTEN | {SITE, "docs", "build", "dist"}
# Prefixes of variables that can change a page, besides those that mkdocs.yml reads.
VARIABLES = ("BOOK_", "CARDBOOK_")


@dataclass(frozen=True)
class SitePaths:
    """The folders of one build: the book's, that of its records, and the profile."""

    root: Path
    profile: str
    records: Path

    @property
    def site(self) -> Path:
        """The finished site."""
        return ProjectPaths(self.root).site

    @property
    def draft(self) -> Path:
        """Where a site is built before it replaces the finished one."""
        return ProjectPaths(self.root).draft

    @property
    def stamp(self) -> Path:
        """The file that says what the finished site was made from."""
        return ProjectPaths(self.root).build_stamp


Parts = dict[str, str]


def is_finished(paths: SitePaths) -> bool:
    """Return whether the site is unchanged since the last build, and that build had today's inputs."""
    try:
        kept = json.loads(paths.stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return paths.site.is_dir() and bool(kept == build_inputs(paths))


def build_inputs(paths: SitePaths) -> Parts:
    """Return a digest of each thing that the site depends on, and of the site itself."""
    made = {"records": paths.records, "docs": paths.root / "docs", "site": paths.site}
    return source_digests(paths) | {name: digest_of(path) for name, path in made.items()}


def source_digests(paths: SitePaths) -> Parts:
    """Return digests of the sources, the package, the installed distributions, settings and models."""
    here = [path for path in sorted(paths.root.iterdir()) if not is_excluded(path)]
    return {
        "book": hash_parts(f"{path.name} {digest_of(path)}" for path in here),
        **program_digests(),
        "settings": hash_parts([paths.profile, *_settings(paths.root)]),
        "models": hash_parts(_model_states(paths.root)),
    }


def program_digests() -> Parts:
    """Return digests of the package and of the names and versions of the installed distributions."""
    installed = hash_parts([sys.version, platform.machine(), *_installed()])
    return {"package": digest_of(PACKAGE), "installed": installed}


def is_excluded(path: Path) -> bool:
    """Return whether this file or folder of the root does not affect pages."""
    return path.name in EXCLUDED or path.name.startswith(".") or path.suffix == ".egg-info"


def _installed() -> list[str]:
    """Return the names, with versions, of the distributions that this interpreter finds."""
    folders = [folder for folder in map(Path, sys.path) if folder.is_dir()]
    return sorted({path.name for folder in folders for path in folder.glob("*-info")})


def _settings(root: Path) -> Iterator[str]:
    """Yield the environment variables that can change a page, and the date if a skip can end.

    Raises InputError when mkdocs.yml or book.yml is not UTF-8.
    """
    config, book = (
        read_utf8(root / name, name) if (root / name).exists() else "" for name in ("mkdocs.yml", "book.yml")
    )
    for name, value in sorted(os.environ.items()):
        if name.startswith(VARIABLES) or ("!ENV" in config and name in config):
            yield f"{name}={value}"
    if "skip:" in book:
        yield date.today().isoformat()


def _model_states(root: Path) -> Iterator[str]:
    """Yield each model's receipt, and the size and time of its files: hashing the files takes seconds."""
    for path in sorted(ProjectPaths(root).receipts.glob("*.json")):
        yield (text := path.read_text(encoding="utf-8"))
        receipt = json.loads(text)
        snapshot = ProjectPaths(root).hub / path.stem / "snapshots" / receipt["stored"]["revision"]
        for name in sorted(receipt["stamps"]):
            status = (snapshot / name).stat() if (snapshot / name).exists() else None
            yield f"{name} {status.st_size} {status.st_mtime_ns}" if status else f"{name} is gone"
