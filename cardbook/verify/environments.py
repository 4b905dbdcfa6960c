"""Creates the environment that a reader gets from the install line on a page."""

import re
import shlex
import subprocess
import sysconfig
import venv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from cardbook.base.errors import CardbookError
from cardbook.records.environment import canonical

PIN = re.compile(r"==[^*,]+")


class InstallLineError(CardbookError):
    """An install line does not give the reader what the page says; the text says why."""


def read_install_line(line: str) -> list[Requirement]:
    """Return the requirements of `pip install "NAME==VERSION" …`, as a shell passes them on.

    An empty line has none. Raises InstallLineError.
    """
    if not line.strip():
        return []
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError as error:
        raise InstallLineError(f"a shell cannot read it: {error}") from None
    if words[:2] != ["pip", "install"]:
        raise InstallLineError('it does not begin with "pip install"')
    for word in words:
        if re.fullmatch(r"[();<>|&]+", word):
            raise InstallLineError(f'a shell interprets "{word}": put each requirement in double quotes')
    return [_read_pin(word) for word in words[2:] if word != "--quiet"]


def _read_pin(word: str) -> Requirement:
    try:
        requirement = Requirement(word)
    except InvalidRequirement:
        raise InstallLineError(f'"{word}" is not a requirement: write "NAME==VERSION"') from None
    if not PIN.fullmatch(str(requirement.specifier)):
        raise InstallLineError(f'"{word}" has no exact version: write "{requirement.name}==VERSION"')
    return requirement


class Installed:
    """The installed distributions of this interpreter, read lazily."""

    @cached_property
    def distributions(self) -> dict[str, metadata.Distribution]:
        """The distributions by name; the first on the path where there are two."""
        found: dict[str, metadata.Distribution] = {}
        for distribution in metadata.distributions():
            found.setdefault(canonical(distribution.metadata["Name"]), distribution)
        return found

    @cached_property
    def owners(self) -> dict[tuple[str, ...], set[str]]:
        """Which distributions have a file at a path, or beneath it; paths as their parts."""
        owners: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for name, distribution in self.distributions.items():
            for file in distribution.files or []:
                for depth in range(1, len(file.parts) + 1):
                    owners[file.parts[:depth]].add(name)
        return owners

    @cached_property
    def requirements(self) -> dict[str, list[Requirement]]:
        """What each distribution requires, also for its extras."""
        return {
            name: [Requirement(line) for line in distribution.requires or []]
            for name, distribution in self.distributions.items()
        }

    def requirements_of(self, name: str, extra: str) -> list[Requirement]:
        """Return what a distribution requires on this machine, for one of its extras or none ("")."""
        return [
            requirement
            for requirement in self.requirements[name]
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra})
        ]


def required_distributions(requirements: Iterable[Requirement], installed: Installed) -> set[str]:
    """Return the names of the installed distributions among those that pip would install.

    Raises InstallLineError when one of `requirements` is not installed here in its version.
    """
    waiting = list(requirements)
    for requirement in waiting:
        _check_pin(requirement, installed.distributions.get(canonical(requirement.name)))
    names: set[tuple[str, str]] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonical(requirement.name)
        for extra in ("", *requirement.extras):
            if name in installed.distributions and (name, extra) not in names:
                names.add((name, extra))
                waiting += installed.requirements_of(name, extra)
    return {name for name, _ in names}


def _check_pin(requirement: Requirement, found: metadata.Distribution | None) -> None:
    version = found.version.split("+")[0] if found else "none"
    if found is None or not requirement.specifier.contains(version, prereleases=True):
        raise InstallLineError(f"it asks for {requirement}, but {version} is installed here: use --pip")
    # An editable installation has metadata without a list of files beside its code.
    if found.read_text("direct_url.json") or not found.read_text("RECORD"):
        raise InstallLineError(
            f"{requirement.name} is installed here from a folder, which readers do not have"
        )


def link_environment(folder: Path, names: set[str], installed: Installed) -> Path:
    """Create an environment in `folder` that links only these distributions; return its interpreter."""
    packages = _make_environment(folder)
    for name in names:
        for file in installed.distributions[name].files or []:
            if ".." in file.parts:
                continue
            # A folder is linked as a whole if no other distribution has a file in it.
            depths = range(1, len(file.parts) + 1)
            depth = next(n for n in depths if installed.owners[file.parts[:n]] <= names or n == len(depths))
            target = packages.joinpath(*file.parts[:depth])
            if not target.is_symlink():
                target.parent.mkdir(parents=True, exist_ok=True)
                source = installed.distributions[name].locate_file("/".join(file.parts[:depth]))
                target.symlink_to(Path(str(source)))
    return folder / "bin" / "python"


def install_environment(folder: Path, requirements: Sequence[Requirement]) -> Path:
    """Create an environment in `folder` with pip; return its interpreter. Raises InstallLineError."""
    venv.create(folder, symlinks=True, with_pip=True)
    python = folder / "bin" / "python"
    if requirements:
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        outcome = subprocess.run([*command, *map(str, requirements)], capture_output=True, text=True)
        if outcome.returncode:
            raise InstallLineError(f"pip failed: {outcome.stderr.strip()[-300:]}")
    return python


def uv_environment(script: Path) -> Path:
    """Create, in uv's cache, the environment in which `uv run` would run a script; return its interpreter.

    It contains what the script's own metadata declares. Raises InstallLineError.
    """
    # Only wheels, so that no package runs code outside the sandbox.
    _uv("sync", "--no-build", "--script", str(script))
    return Path(_uv("python", "find", "--script", str(script)).strip())


def _uv(*arguments: str) -> str:
    try:
        outcome = subprocess.run(["uv", *arguments], capture_output=True, text=True)
    except FileNotFoundError:
        raise InstallLineError("uv is not installed: make uv") from None
    if outcome.returncode:
        raise InstallLineError(f"uv failed: {outcome.stderr.strip()[-300:]}")
    return outcome.stdout


def _make_environment(folder: Path) -> Path:
    venv.create(folder, symlinks=True)
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))
