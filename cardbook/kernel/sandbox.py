"""The sandbox: an example writes only in its working folder, and the files that it reads outside are logged.

Linux restricts the process and all its children (`restrictions`). In addition, an audit hook of Python raises
an error with the path and the line, and logs the files that are read. Without Landlock it is the only
restriction, and a child that is not a Python process is unrestricted.
"""

import errno
import json
import os
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.util import source_from_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from cardbook.kernel.restrictions import SHARED_MEMORY, device_paths, restrict_process

REFUSAL = "an example writes only in its working folder"
SYSTEM = (
    *("/proc", "/sys", "/dev", "/etc", "/run", "/usr", "/lib", "/lib64", "/bin", "/var/lib"),
    # On macOS.
    *("/System", "/Library"),
)
# Below these a path may lead anywhere, through links that the system generates.
MAGIC = ("/proc", "/dev")


@dataclass(frozen=True)
class SandboxPolicy:
    """Where an example may write (`folder` and below), and what counts as its data when read.

    `root` is the book's folder, `ignored` are folders without data: models, caches. `log` is a file outside
    `folder`, with a line for each file read. No file that the example writes gets larger than `file_bytes`.
    """

    folder: str
    root: str
    ignored: tuple[str, ...]
    log: str
    file_bytes: int


def dump_policy(policy: SandboxPolicy) -> str:
    """Return a policy as text, for another process."""
    return json.dumps(asdict(policy))


def load_policy(text: str) -> SandboxPolicy:
    """Return the policy that a text describes."""
    values = json.loads(text)
    return SandboxPolicy(**values | {"ignored": tuple(values["ignored"])})


def apply_sandbox(policy: SandboxPolicy, *, python: bool = True) -> None:
    """Restrict this process and its future descendants, irrevocably. Raises OSError.

    Without `python` it is about to become another program, and gets no audit hook. Call it before any thread
    is started.
    """
    hook = AuditHook(policy) if python else None
    if sys.platform != "win32":
        limit_files(policy.file_bytes)
    restrict_process([policy.folder], [*device_paths(), "/proc/self"])
    if hook is not None:
        sys.addaudithook(hook)


def limit_files(size: int) -> None:
    """Limit the files that this process and its descendants write to `size` bytes each."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    limit = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


class AuditHook:
    """Python's audit hook: refuses writes outside the working folder, and logs each file read outside."""

    # Which arguments of an event are paths that it changes, and where the folder's descriptor stands.
    CHANGES = {  # noqa: RUF012
        "os.mkdir": ((0,), 2),
        "os.remove": ((0,), 1),
        "os.rmdir": ((0,), 1),
        "os.rename": ((0, 1), 2),
        "os.link": ((1,), 3),
        "os.symlink": ((1,), 2),
        "os.truncate": ((0,), None),
        "os.chmod": ((0,), 2),
        "os.chown": ((0,), 3),
        "os.utime": ((0,), 3),
        "os.setxattr": ((0,), None),
        "os.removexattr": ((0,), None),
    }
    WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def __init__(self, policy: SandboxPolicy) -> None:
        self.inside = tuple(map(os.path.realpath, (policy.folder, *device_paths(), SHARED_MEMORY)))
        self.ignored = tuple(_ignored(policy))
        # An example cannot create links in these, so a path in them need not be resolved.
        own = (policy.folder, os.path.realpath(policy.folder))
        self.fixed = tuple(place for place in self.ignored if place not in (*own, *MAGIC))
        self.root, self.real_root = policy.root, os.path.realpath(policy.root)
        self.seen: set[str] = set()
        self.log = os.open(policy.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Handle one audit event. Raises PermissionError."""
        if event == "open":
            path, mode, flags = arguments
            if _is_path(path):
                writing = flags & self.WRITING or any(letter in (mode or "") for letter in "wax+")
                if writing:
                    self.refuse(os.path.realpath(os.fsdecode(path)))
                else:
                    self.note(os.fsdecode(path))
        elif event == "sqlite3.connect":
            path = os.fsdecode(arguments[0])
            self.note(unquote(urlsplit(path).path) if path.startswith("file:") else path)
        elif event in self.CHANGES:
            places, at = self.CHANGES[event]
            for number, place in enumerate(places):
                if _is_path(arguments[place]):
                    self.refuse(_entry(arguments[place], arguments[at + number] if at else None))
                elif path := _open_file(arguments[place]):
                    self.refuse(path)

    def refuse(self, path: str) -> None:
        """Raise PermissionError unless an example may write to the path."""
        if not _lies_in(path, self.inside) and not _lies_in(path, (f"/proc/{os.getpid()}",)):
            raise PermissionError(errno.EACCES, REFUSAL, path)

    def note(self, path: str) -> None:
        """Log a file that is read, once, with its size and time, if it counts as data."""
        named = os.path.abspath(path)
        if _lies_in(named, self.fixed) and ".." not in path:
            return
        real = os.path.realpath(path)
        if not self.is_data(real):
            return
        if not _lies_in(named, (self.root,)):
            # A file of the book is named by its path in the book, however it was reached.
            named = self.root + real[len(self.real_root) :] if _lies_in(real, (self.real_root,)) else real
        if named in self.seen:
            return
        self.seen.add(named)
        if named.endswith(".pyc"):
            # A module is named by its source file, wherever its compiled file is.
            with suppress(ValueError):
                named = source_from_cache(named)
        if os.path.isfile(named) and self.is_data(os.path.realpath(named)):
            found = os.stat(named)
            line = json.dumps([named, found.st_size, found.st_mtime_ns]) + "\n"
            os.write(self.log, line.encode())

    def is_data(self, real: str) -> bool:
        """Return whether a file, given by its resolved path, is data when it is read."""
        return not _lies_in(real, self.ignored) or _lies_in(real, (SHARED_MEMORY,))


def _is_path(value: object) -> bool:
    # `open` also accepts an open descriptor, which is not a path.
    return isinstance(value, str | bytes | os.PathLike)


def _open_file(descriptor: Any) -> str:  # noqa: ANN401
    """Return the path of an open file; "" where it has none, or this system does not tell."""
    with suppress(OSError):
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        # Pipes, sockets and files in memory.
        return path if path.startswith("/") and not path.startswith("/memfd:") else ""
    return ""


def _entry(path: Any, base: int | None) -> str:  # noqa: ANN401
    """Return the resolved path of a directory entry; if it is a link, the link is not followed."""
    name = os.fsdecode(path)
    if base is not None and base >= 0:
        name = os.path.join(os.readlink(f"/proc/self/fd/{base}"), name)
    folder, entry = os.path.split(name.rstrip(os.sep))
    return os.path.join(os.path.realpath(folder), entry)


def _ignored(policy: SandboxPolicy) -> Iterator[str]:
    """Yield the folders whose files are not data: interpreter, packages, system, the example's own."""
    packages = [place for place in sys.path if os.path.basename(place) in ("site-packages", "dist-packages")]
    packages += [*sysconfig.get_paths().values(), sys.prefix, sys.base_prefix]
    own = [policy.folder, *policy.ignored, os.path.dirname(__file__)]
    root = os.path.realpath(policy.root)
    for place in {*own, *packages, *SYSTEM, *map(os.path.realpath, [*own, *packages, *SYSTEM])}:
        # A book may itself be in such a folder, for example below /usr.
        if not _lies_in(root, (place,)):
            yield place


def _lies_in(path: str, places: tuple[str, ...]) -> bool:
    return any(path == place or path.startswith(place + os.sep) for place in places)
