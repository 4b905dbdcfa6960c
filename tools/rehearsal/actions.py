"""What each action that the workflows use does here, on folders instead of GitHub's services."""

import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
NEEDED = {
    "checkout": {"contents": "read"},
    "attest": {"attestations": "write", "id-token": "write"},
    "deploy-pages": {"pages": "write", "id-token": "write"},
}
Inputs = Mapping[str, Any]


class ActionError(Exception):
    """An action that would fail on GitHub; the text says why."""


@dataclass(frozen=True)
class Stage:
    """Where the services of GitHub keep things here, and the job's own empty folder, `work`."""

    folder: Path
    work: Path

    @property
    def artifacts(self) -> Path:
        """The artifacts of this run of the workflow, one folder each."""
        return self.folder / "artifacts"

    @property
    def caches(self) -> Path:
        """The caches of the repository, one folder each."""
        return self.folder / "caches"


def use(stage: Stage, action: str, inputs: Inputs, job: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Carry out an action; return a remark and its outputs. Raises ActionError if GitHub would fail it."""
    name = action.split("@")[0].removeprefix("actions/")
    granted = job["permissions"]
    if lacking := [
        right for right, level in NEEDED.get(name, {}).items() if granted.get(right) not in (level, "write")
    ]:
        raise ActionError(f"{name}: the job lacks the permissions {', '.join(lacking)}")
    return ACTIONS[name](stage, inputs, job)


def check_out(stage: Stage, inputs: Inputs, _: object) -> tuple[str, dict[str, str]]:
    """Clone the last commit, as actions/checkout does; only some folders if the checkout is sparse."""
    run = [
        "git",
        "clone",
        "--quiet",
        "--depth",
        "1",
        "--no-checkout",
        (stage.folder / "remote").as_uri(),
        ".",
    ]
    commands = [run, ["git", "checkout", "--quiet", "main"]]
    if folders := str(inputs.get("sparse-checkout", "")).split():
        commands.insert(1, ["git", "sparse-checkout", "set", *folders])
    for command in commands:
        subprocess.run(command, cwd=stage.work, check=True)
    return "", {}


def set_up_python(stage: Stage, _: Inputs, __: object) -> tuple[str, dict[str, str]]:
    """Lend the environment of this checkout, in place of an installation from nothing."""
    for venv in (".venv", ".cardbook/light"):
        (stage.work / venv).mkdir(parents=True)
        for entry in (ROOT / ".venv").iterdir():
            if entry.name != ".ready":
                (stage.work / venv / entry.name).symlink_to(entry.resolve())
        (stage.work / venv / ".ready").touch()
    return "not run: the environment of this checkout is used", {}


def set_up_node(stage: Stage, _: Inputs, __: object) -> tuple[str, dict[str, str]]:
    """Lend this checkout's Node.js packages."""
    (stage.work / "node_modules").mkdir()
    for entry in (ROOT / "node_modules").iterdir():
        if entry.name != ".package-lock.json":
            (stage.work / "node_modules" / entry.name).symlink_to(entry.resolve())
    (stage.work / "node_modules" / ".package-lock.json").touch()
    if (ROOT / ".cardbook" / "programs").is_dir():
        (stage.work / ".cardbook").mkdir(exist_ok=True)
        (stage.work / ".cardbook" / "programs").symlink_to((ROOT / ".cardbook" / "programs").resolve())
    return "not run: the packages of this checkout are used", {}


def restore_cache(stage: Stage, inputs: Inputs, _: object) -> tuple[str, dict[str, str]]:
    """Restore the cache with the key, else the newest whose key begins with it or a restore key."""
    for prefix in [inputs["key"], *str(inputs.get("restore-keys", "")).split()]:
        found = [path for path in stage.caches.iterdir() if path.name.startswith(prefix)]
        if found:
            newest = max(found, key=lambda path: path.stat().st_mtime_ns)
            shutil.copytree(newest, stage.work / inputs["path"], dirs_exist_ok=True)
            return f"restored {newest.name}", {"cache-matched-key": newest.name}
    return "no cache", {}


def save_cache(stage: Stage, inputs: Inputs, _: object) -> tuple[str, dict[str, str]]:
    """Save a folder as a cache; caches are immutable."""
    if (stage.caches / inputs["key"]).exists():
        raise ActionError(f"the cache {inputs['key']} is already there")
    shutil.copytree(stage.work / inputs["path"], stage.caches / inputs["key"])
    time.sleep(0.01)
    (stage.caches / inputs["key"]).touch()
    return f"saved {inputs['key']}", {}


def upload(stage: Stage, inputs: Inputs, _: object) -> tuple[str, dict[str, str]]:
    """Upload a folder, a file, or the files that a pattern matches."""
    target = stage.artifacts / inputs["name"]
    if target.exists():
        if not inputs.get("overwrite"):
            raise ActionError(f"an artifact {inputs['name']} is already there")
        shutil.rmtree(target)
    base = stage.work / inputs["path"]
    base, matches = (base, base.rglob("*")) if base.is_dir() else (base.parent, base.parent.glob(base.name))
    files = [path for path in matches if path.is_file()]
    if not inputs.get("include-hidden-files"):
        files = [path for path in files if not any(part[0] == "." for part in path.relative_to(base).parts)]
    if not files and inputs.get("if-no-files-found") == "error":
        raise ActionError(f"{inputs['path']}: no files to upload")
    for path in files:
        copy = target / path.relative_to(base)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    return f"{len(files)} files", {}


def download(stage: Stage, inputs: Inputs, _: object) -> tuple[str, dict[str, str]]:
    """Download an artifact into a folder, or each that a pattern matches into a folder of its own."""
    if "name" in inputs:
        if not (stage.artifacts / inputs["name"]).exists():
            raise ActionError(f"no artifact {inputs['name']}")
        shutil.copytree(stage.artifacts / inputs["name"], stage.work / inputs["path"], dirs_exist_ok=True)
        return "", {}
    found = [path for path in stage.artifacts.iterdir() if fnmatch(path.name, inputs["pattern"])]
    for path in found:
        shutil.copytree(path, stage.work / inputs["path"] / path.name)
    return f"{len(found)} artifacts", {}


def upload_pages(stage: Stage, inputs: Inputs, _: object) -> tuple[str, dict[str, str]]:
    """Pack the pages into artifact.tar, without links, which GitHub Pages refuses."""
    if links := [path for path in (stage.work / inputs["path"]).rglob("*") if path.is_symlink()]:
        raise ActionError(f"{links[0]} is a link")
    (stage.artifacts / inputs["name"]).mkdir()
    with tarfile.open(stage.artifacts / inputs["name"] / "artifact.tar", "w") as archive:
        archive.add(stage.work / inputs["path"], ".")
    return "", {}


def attest(stage: Stage, inputs: Inputs, _: object) -> tuple[str, dict[str, str]]:
    """Check that there is something to attest, and no more than GitHub takes."""
    subjects = []
    for pattern in str(inputs["subject-path"]).split():
        if not (found := [path for path in stage.work.glob(pattern) if path.is_file()]):
            raise ActionError(f"{pattern}: no such file")
        subjects += found
    if len(subjects) > 1024:
        raise ActionError(f"{len(subjects)} subjects, 1024 are allowed")
    return f"not run: {len(subjects)} files would be attested", {}


def deploy(stage: Stage, inputs: Inputs, job: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Unpack the pages in place of the published ones."""
    if job.get("environment", {}).get("name") != "github-pages":
        raise ActionError("the job is not in the environment github-pages")
    archive = stage.artifacts / inputs.get("artifact_name", "github-pages") / "artifact.tar"
    if not archive.exists():
        raise ActionError(f"no artifact {inputs.get('artifact_name', 'github-pages')}")
    shutil.rmtree(stage.folder / "published", ignore_errors=True)
    with tarfile.open(archive) as pages:
        pages.extractall(stage.folder / "published", filter="data")
    return "not run: unpacked into published/ instead", {"page_url": "https://owner.example/book/"}


ACTIONS: dict[str, Callable[[Stage, Inputs, Mapping[str, Any]], tuple[str, dict[str, str]]]] = {
    "checkout": check_out,
    "setup-python": set_up_python,
    "setup-node": set_up_node,
    "cache/restore": restore_cache,
    "cache/save": save_cache,
    "upload-artifact": upload,
    "download-artifact": download,
    "upload-pages-artifact": upload_pages,
    "attest": attest,
    "deploy-pages": deploy,
}
