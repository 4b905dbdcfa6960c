"""The environment of examples: Python, package versions, the device."""

import os
import platform
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

DRIVER_VERSION = re.compile(r"^NVRM version:.*?\s(\d+(?:\.\d+)+)\s", re.MULTILINE)
GPU_NAME = re.compile(r"^Model:\s*(.+?)\s*$", re.MULTILINE)
REQUIREMENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
FIELD = re.compile(r"^(Name|Version|Requires-Dist):[ \t]*(.*?)[ \t\r]*$", re.MULTILINE)
BLANK_LINE = re.compile(r"\r?\n\r?\n")


@dataclass(frozen=True)
class Environment:
    """Python's version, the kind of device, and the installed distributions by canonical name.

    `requirements` are the names that each distribution requires, `providers` the distributions by module.
    """

    python: str
    device: str
    versions: Mapping[str, str]
    requirements: Mapping[str, tuple[str, ...]]
    providers: Mapping[str, tuple[str, ...]]

    @property
    def jobs(self) -> int:
        """How many examples run at a time by default: one per core, or one on a GPU."""
        return 1 if self.device.startswith("cuda") else core_count()

    @property
    def threads(self) -> int:
        """How many threads each of these examples may use."""
        return max(1, core_count() // self.jobs)

    def distributions(self, modules: Iterable[str]) -> dict[str, str]:
        """Return the versions of the distributions that provide these modules, by name."""
        names = {name for module in modules for name in self.providers.get(module, ())}
        return {name: self.versions[name] for name in sorted(names)}

    def closure(self, names: Iterable[str]) -> dict[str, str]:
        """Return the versions of these distributions and of all their dependencies, by name."""
        found: dict[str, str] = {}
        waiting = [canonical(name) for name in names]
        while waiting:
            name = waiting.pop()
            if name in self.versions and name not in found:
                found[name] = self.versions[name]
                waiting.extend(self.requirements.get(name, ()))
        return dict(sorted(found.items()))


def canonical(name: str) -> str:
    """Return a distribution's name in the normal form in which names are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_environment() -> Environment:
    """Return the environment of this interpreter."""
    versions: dict[str, str] = {}
    requirements: dict[str, tuple[str, ...]] = {}
    providers: dict[str, set[str]] = {}
    for distribution in metadata.distributions():
        # Not distribution.metadata, which also parses each long description and is slow.
        text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
        fields = FIELD.findall(BLANK_LINE.split(text, 1)[0])
        name = canonical(next((value for key, value in fields if key == "Name"), ""))
        for module in _top_modules(distribution):
            providers.setdefault(module, set()).add(name)
        if name not in versions:
            versions[name] = next((value for key, value in fields if key == "Version"), "")
            lines = [value for key, value in fields if key == "Requires-Dist"]
            requirements[name] = tuple(_required(lines))
    return Environment(
        python=platform.python_version(),
        device=device_class(find_device(versions.get("torch", ""))),
        versions=versions,
        requirements=requirements,
        providers={module: tuple(sorted(names)) for module, names in providers.items()},
    )


def _top_modules(distribution: metadata.Distribution) -> set[str]:
    """Return the modules that a distribution declares, else those in its list of files."""
    declared = (distribution.read_text("top_level.txt") or "").split()
    if declared:
        return set(declared)
    record = distribution.read_text("RECORD")
    if record is not None:
        # A regular expression takes ten times as long, and some lists have 20,000 lines.
        paths = [line.partition(",")[0] for line in record.split("\n") if ".py," in line]
        return {path.partition("/")[0].removesuffix(".py") for path in paths if path.endswith(".py")}
    files = distribution.files or ()
    return {file.parts[0] if len(file.parts) > 1 else file.stem for file in files if file.suffix == ".py"}


def _required(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        # What only an extra requires is not installed because of this package.
        match = REQUIREMENT_NAME.match(line)
        if match and "extra ==" not in line.replace("extra==", "extra =="):
            yield canonical(match[0])


def find_device(torch_version: str) -> str:
    """Return the device of the examples on this machine, `cuda` or `cpu`, without importing torch."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") == ""
    has_gpu = Path("/dev/nvidiactl").exists() and not hidden and "+cpu" not in torch_version
    return "cuda" if has_gpu else "cpu"


def device_class(device: str) -> str:
    """Return a kind of device as fingerprints name it: with this machine's architecture."""
    return f"{device} {platform.machine().lower()}"


def cpu_name() -> str:
    """Return the CPU's name, and the number of cores that this process may use."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = re.findall(r"^model name\s*:\s*(.+)$", info.read_text(), re.MULTILINE)
        name = models[0].strip() if models else name
    return f"{name}, {core_count()} cores"


def driver_version() -> str:
    """Return the version of the NVIDIA driver, "" if there is none."""
    path = Path("/proc/driver/nvidia/version")
    if not path.exists():
        return ""
    found = DRIVER_VERSION.search(path.read_text(encoding="utf-8", errors="replace"))
    return found[1] if found else ""


def gpu_names() -> list[str]:
    """Return the names of this machine's NVIDIA GPUs, as far as the driver states them."""
    files = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    found = (GPU_NAME.search(file.read_text(encoding="utf-8", errors="replace")) for file in files)
    return [match[1] for match in found if match]


def core_count() -> int:
    """Return how many cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
