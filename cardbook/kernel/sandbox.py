"""The guard: an example writes only in its working folder, and what it reads outside is noted.

Two fences. Landlock, a part of Linux, holds the process and all its children whatever language they speak.
An audit hook of Python says so at the spot, with the path, and notes what is read; where Landlock is missing
it is the only fence, and a child that is no Python process is not held.
"""

import ctypes
import errno
import json
import os
import struct
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.util import source_from_cache
from typing import Any

REFUSAL = "an example writes only in its working folder"
# Devices and the kernel's own files hold no data of others; nothing can be made there but shared memory.
PLACES = ("/dev", "/proc")
SHARED_MEMORY = "/dev/shm"
SYSTEM = ("/proc", "/sys", "/dev", "/etc", "/run", "/usr", "/lib", "/lib64", "/bin", "/var/lib")

# The same on every architecture: Linux, include/uapi/asm-generic/unistd.h and include/uapi/linux/landlock.h.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_FLAG = 1
PATH_BENEATH = 1
WRITE_FILE, REMOVE_AND_MAKE, REFER, TRUNCATE = 1 << 1, 0x1FF0, 1 << 13, 1 << 14
SIGNAL_SCOPE = 1 << 1
NO_NEW_PRIVILEGES = 38


@dataclass(frozen=True)
class SandboxPolicy:
    """Where an example may write (`folder` and below, `writable`), and what counts as its data when read.

    `root` is the book's folder, `ignored` what is no data: models, caches. `log` gets a line for a file read.
    """

    folder: str
    root: str
    writable: tuple[str, ...]
    ignored: tuple[str, ...]
    log: str


def dump_policy(policy: SandboxPolicy) -> str:
    """Return a fence as text, to be handed to another process."""
    return json.dumps(asdict(policy))


def load_policy(text: str) -> SandboxPolicy:
    """Return the fence that a text describes."""
    values = json.loads(text)
    return SandboxPolicy(**values | {key: tuple(values[key]) for key in ("writable", "ignored")})


def landlock_version() -> int:
    """Return the version of Landlock that this machine offers, 0 when there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    found: int = ctypes.CDLL(None).syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION_FLAG)
    return max(found, 0)


def apply_sandbox(policy: SandboxPolicy) -> None:
    """Put up both fences around this process and what it will start; they cannot be taken down again.

    To be called before any thread is started: Landlock holds the calling thread and its descendants.
    """
    hook = AuditHook(policy)
    if version := landlock_version():
        apply_landlock(version, policy)
    sys.addaudithook(hook)


def apply_landlock(version: int, policy: SandboxPolicy) -> None:
    """Have the kernel refuse this process every write outside the fence. Raises OSError."""
    rights = WRITE_FILE | REMOVE_AND_MAKE | (REFER if version >= 2 else 0) | (TRUNCATE if version >= 3 else 0)
    scopes = SIGNAL_SCOPE if version >= 6 else 0
    # Rights on files, on ports, scopes: as much of it as this version knows.
    attributes = struct.pack("=QQQ", rights, 0, scopes)[: 24 if version >= 6 else 8]
    ruleset = _call(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    for place in (policy.folder, *policy.writable, SHARED_MEMORY):
        _allow(ruleset, place, rights)
    for place in PLACES:
        _allow(ruleset, place, rights & (WRITE_FILE | TRUNCATE))
    if ctypes.CDLL(None, use_errno=True).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    _call(RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, place: str, rights: int) -> None:
    try:
        descriptor = os.open(place, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        _call(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0)
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: Any) -> int:  # noqa: ANN401
    library = ctypes.CDLL(None, use_errno=True)
    found: int = library.syscall(number, *arguments)
    if found < 0:
        raise OSError(ctypes.get_errno(), "Landlock")
    return found


class AuditHook:
    """Python's audit hook: refuses writes outside the fence, and notes each file that is read outside."""

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
        self.inside = tuple(map(os.path.realpath, (policy.folder, *policy.writable, *PLACES)))
        self.ignored = tuple(_ignored(policy))
        self.seen: set[str] = set()
        self.log = os.open(policy.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take one audit event. Raises PermissionError."""
        if event == "open":
            path, mode, flags = arguments
            if _is_path(path):
                writing = flags & self.WRITING or any(letter in (mode or "") for letter in "wax+")
                if writing:
                    self.refuse(os.path.realpath(os.fsdecode(path)))
                else:
                    self.note(os.path.abspath(os.fsdecode(path)))
        elif event == "sqlite3.connect":
            self.note(os.path.abspath(os.fsdecode(arguments[0])))
        elif event in self.CHANGES:
            places, at = self.CHANGES[event]
            for number, place in enumerate(places):
                if _is_path(arguments[place]):
                    self.refuse(_entry(arguments[place], arguments[at + number] if at else None))

    def refuse(self, path: str) -> None:
        """Raise PermissionError unless the path lies inside the fence."""
        if not _lies_in(path, self.inside):
            raise PermissionError(errno.EACCES, REFUSAL, path)

    def note(self, path: str) -> None:
        """Write down a file that is read, once, with its size and time, unless it is no data of the book."""
        if path in self.seen or _lies_in(path, self.ignored):
            return
        self.seen.add(path)
        if path.endswith(".pyc"):
            # A module is its source; where that is compiled to is nobody's concern.
            with suppress(ValueError):
                path = source_from_cache(path)
        if os.path.isfile(path) and not _lies_in(os.path.realpath(path), self.ignored):
            found = os.stat(path)
            line = json.dumps([path, found.st_size, found.st_mtime_ns]) + "\n"
            os.write(self.log, line.encode())


def _is_path(value: object) -> bool:
    # An open descriptor is a path to `open`, too.
    return isinstance(value, str | bytes | os.PathLike)


def _entry(path: Any, base: int | None) -> str:  # noqa: ANN401
    """Return where a directory entry really stands; a link that it may be is not followed."""
    name = os.fsdecode(path)
    if base is not None and base >= 0:
        name = os.path.join(os.readlink(f"/proc/self/fd/{base}"), name)
    folder, entry = os.path.split(name.rstrip(os.sep))
    return os.path.join(os.path.realpath(folder), entry)


def _ignored(policy: SandboxPolicy) -> Iterator[str]:
    """Yield the folders whose files are no data: interpreter, packages, system, and the example's own."""
    packages = [place for place in sys.path if os.path.basename(place) in ("site-packages", "dist-packages")]
    packages += [*sysconfig.get_paths().values(), sys.prefix, sys.base_prefix]
    own = [policy.folder, *policy.writable, *policy.ignored, os.path.dirname(__file__)]
    root = os.path.realpath(policy.root)
    for place in {*own, *packages, *SYSTEM, *map(os.path.realpath, [*own, *packages, *SYSTEM])}:
        # A book below /usr, say, has data nonetheless.
        if not _lies_in(root, (place,)):
            yield place


def _lies_in(path: str, places: tuple[str, ...]) -> bool:
    return any(path == place or path.startswith(place + os.sep) for place in places)
