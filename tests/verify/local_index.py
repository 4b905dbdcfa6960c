"""A package index on this machine: wheels of installed distributions, made again from their files."""

import base64
import os
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from cardbook.records.environment import canonical
from cardbook.verify.environments import Installed, required_distributions
from tests.browser.chromium import serve

# What pip adds when it installs a wheel.
ADDED = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")


@contextmanager
def local_index(folder: Path, requirements: Iterable[Requirement]) -> Iterator[Mapping[str, str]]:
    """Serve wheels of what `requirements` need; return the variables with which uv uses only them."""
    installed = Installed()
    for name in required_distributions(requirements, installed):
        page = folder / "simple" / canonical(name)
        page.mkdir(parents=True)
        wheel = make_wheel(installed.distributions[name], page)
        (page / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
    with serve(folder) as address:
        yield {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "UV_DEFAULT_INDEX": f"{address}simple/",
            "UV_CACHE_DIR": str(folder / "cache"),
            "UV_NO_CONFIG": "1",
            "UV_PYTHON": sys.executable,
            "UV_PYTHON_DOWNLOADS": "never",
        }


def make_wheel(distribution: metadata.Distribution, folder: Path) -> Path:
    """Write the wheel of an installed distribution into a folder; return its path."""
    about = distribution.read_text("WHEEL") or ""
    tags = [line.removeprefix("Tag:").strip().split("-") for line in about.splitlines() if "Tag:" in line]
    tag = "-".join(".".join(sorted(set(part))) for part in zip(*tags, strict=True))
    name = canonical(distribution.name).replace("-", "_")
    wheel = folder / f"{name}-{distribution.version}-{tag}.whl"
    record = []
    with zipfile.ZipFile(wheel, "w") as archive:
        for file in distribution.files or []:
            if ".." in file.parts or file.name in ADDED or file.suffix == ".pyc":
                continue
            content = Path(str(distribution.locate_file(file))).read_bytes()
            digest = base64.urlsafe_b64encode(sha256(content).digest()).rstrip(b"=").decode()
            record.append(f'"{file.as_posix()}",sha256={digest},{len(content)}')
            archive.writestr(file.as_posix(), content)
        information = next(f.parent for f in distribution.files or [] if f.name == "METADATA")
        record.append(f"{information.as_posix()}/RECORD,,")
        archive.writestr(f"{information.as_posix()}/RECORD", "\n".join(record) + "\n")
    return wheel
