"""The actions that the workflows use, on folders instead of GitHub's services."""

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
    """The folder that stands for GitHub's services, and the job's own folder, `work`."""

    folder: Path
    work: Path

    @property
    def artifacts(self) -> Path:
        """The artifacts of this run of the workflow, each in NAME/ID/."""
        return self.folder / "artifacts"

    def begin_artifact(self, name: str, *, overwrite: bool) -> Path:
        """Return an empty folder for an artifact; one of that name is replaced, under another ID."""
        target = self.artifacts / name
        if target.exists():
            if not overwrite:
                raise ActionError(f"an artifact {name} is already there")
            shutil.rmtree(target)
        folder = target / str(time.monotonic_ns())
        folder.mkdir(parents=True)
        return folder

    def find_artifacts(self, name: str, artifact_id: str = "*") -> list[Path]:
        """Return the folders of the artifacts whose name and ID match these patterns."""
        return sorted(
            path for path in self.artifacts.glob(f"*/{artifact_id}") if fnmatch(path.parent.name, name)
        )

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
    """Link the environment of this checkout, instead of installing one."""
    for venv in (".venv", ".cardbook/light"):
        (stage.work / venv).mkdir(parents=True)
        for entry in (ROOT / ".venv").iterdir():
            if entry.name != ".ready":
                (stage.work / venv / entry.name).symlink_to(entry.resolve())
        (stage.work / venv / ".ready").touch()
    return "not run: the environment of this checkout is used", {}


def set_up_node(stage: Stage, _: Inputs, __: object) -> tuple[str, dict[str, str]]:
    """Link this checkout's Node.js packages."""
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
    base = stage.work / inputs["path"]
    base, matches = (base, base.rglob("*")) if base.is_dir() else (base.parent, base.parent.glob(base.name))
    files = [path for path in matches if path.is_file()]
    if not inputs.get("include-hidden-files"):
        files = [path for path in files if not any(part[0] == "." for part in path.relative_to(base).parts)]
    if not files and inputs.get("if-no-files-found") == "error":
        raise ActionError(f"{inputs['path']}: no files to upload")
    if not files:
        return "no files", {}
    target = stage.begin_artifact(inputs["name"], overwrite=bool(inputs.get("overwrite")))
    for path in files:
        copy = target / path.relative_to(base)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    return f"{len(files)} files", {"artifact-id": target.name}


def download(stage: Stage, inputs: Inputs, _: object) -> tuple[str, dict[str, str]]:
    """Download an artifact into a folder, or each that a pattern matches into its own folder.

    As on GitHub, an empty `artifact-ids` is the same as none: all artifacts are downloaded.
    """
    artifact_id = str(inputs.get("artifact-ids") or "")
    found = stage.find_artifacts(inputs.get("name", inputs.get("pattern", "*")), artifact_id or "*")
    if not found and ("name" in inputs or artifact_id):
        raise ActionError(f"no artifact {inputs.get('name', f'of ID {artifact_id}')}")
    for path in found:
        folder = stage.work / inputs["path"]
        # A single match is downloaded without its own folder, even if a pattern found it.
        shutil.copytree(path, folder if len(found) == 1 else folder / path.parent.name, dirs_exist_ok=True)
    return f"{len(found)} artifacts", {}


def upload_pages(stage: Stage, inputs: Inputs, _: object) -> tuple[str, dict[str, str]]:
    """Pack the pages into artifact.tar, without links, which GitHub Pages refuses."""
    if links := [path for path in (stage.work / inputs["path"]).rglob("*") if path.is_symlink()]:
        raise ActionError(f"{links[0]} is a link")
    folder = stage.begin_artifact(inputs["name"], overwrite=False)
    with tarfile.open(folder / "artifact.tar", "w") as archive:
        archive.add(stage.work / inputs["path"], ".")
    return "", {"artifact_id": folder.name}


def attest(stage: Stage, inputs: Inputs, _: object) -> tuple[str, dict[str, str]]:
    """Check that there are files to attest, at most as many as GitHub accepts."""
    subjects = []
    for pattern in str(inputs["subject-path"]).split():
        if not (found := [path for path in stage.work.glob(pattern) if path.is_file()]):
            raise ActionError(f"{pattern}: no such file")
        subjects += found
    if len(subjects) > 1024:
        raise ActionError(f"{len(subjects)} subjects, 1024 are allowed")
    return f"not run: {len(subjects)} files would be attested", {}


def deploy(stage: Stage, inputs: Inputs, job: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Replace the published pages."""
    if job.get("environment", {}).get("name") != "github-pages":
        raise ActionError("the job is not in the environment github-pages")
    name = inputs.get("artifact_name", "github-pages")
    if not (found := stage.find_artifacts(name)):
        raise ActionError(f"no artifact {name}")
    shutil.rmtree(stage.folder / "published", ignore_errors=True)
    with tarfile.open(found[0] / "artifact.tar") as pages:
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
