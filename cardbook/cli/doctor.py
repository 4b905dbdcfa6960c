"""`doctor`: checks whether the environment has what the book requires."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cardbook.base.files import read_utf8
from cardbook.kernel.restrictions import SIGNALS_SINCE, landlock_version
from cardbook.models.manifest import read_models
from cardbook.models.store import ModelStore
from cardbook.records.environment import Environment, canonical, cpu_name, read_environment

PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)")
OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True)
class Finding:
    """One check: what is required, what was found, whether that is sufficient, and what to do if not."""

    what: str
    wanted: str
    found: str
    passed: bool
    remedy: str = "fix this"


def examine(root: Path) -> list[Finding]:
    """Return the findings on Python, every pinned package, the device, the sandbox and every model."""
    environment = read_environment()
    oldest = ".".join(map(str, OLDEST_PYTHON))
    return [
        Finding("Python", f"{oldest} or newer", environment.python, sys.version_info >= OLDEST_PYTHON),
        *_examine_packages(root, environment),
        Finding("device", "any", f"{environment.device}: {cpu_name()}", True),
        Finding("sandbox", "any", _describe_sandbox(), True),
        *_examine_models(root),
    ]


def _describe_sandbox() -> str:
    version = landlock_version()
    hook = "Python's audit hook"
    if not version:
        return f"{hook} only: other programs are not restricted"
    missing = (
        "" if version >= SIGNALS_SINCE else "; signals to other processes are only refused by Linux 6.12"
    )
    return f"Landlock {version} and {hook}{missing}"


def read_pins(root: Path) -> dict[str, str]:
    """Return the version that requirements.txt pins for each package, by name. Raises InputError."""
    path = root / "requirements.txt"
    text = read_utf8(path, path.name) if path.exists() else ""
    pins = (PIN.fullmatch(line.strip()) for line in text.split("\n"))
    return {canonical(pin["name"]): pin["version"] for pin in pins if pin}


def _examine_packages(root: Path, environment: Environment) -> Iterator[Finding]:
    for name, wanted in read_pins(root).items():
        found = environment.versions.get(name, "absent")
        # A build for one device has a version with a suffix, such as +cpu.
        yield Finding(name, wanted, found, found.split("+")[0] == wanted)


def _examine_models(root: Path) -> Iterator[Finding]:
    store = ModelStore(root)
    for model in read_models(root).values():
        stored = store.stored(model)
        found = f"from {stored.source}" if stored else "absent"
        wanted = f"revision {model.revision[:12]}" + ("" if model.offline else ", hub profile only")
        yield Finding(model.id, wanted, found, stored is not None or model.offline is None)
