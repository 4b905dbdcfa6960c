"""Restrictions that Linux enforces on a process and its descendants, in any programming language.

Landlock: files written outside its folders, other devices controlled by ioctl, signals and abstract sockets
outside. seccomp: system calls that change limits, priority or CPU affinity of other processes, create objects
outside the file system that outlive the process, or change the flags of a file that is only read. All
capabilities are dropped, so that root has no more rights than another user. None of these restrictions can be
undone.
"""

import ctypes
import errno
import glob
import os
import platform
import struct
import sys
from collections.abc import Iterable, Sequence
from typing import Any

# Devices that libraries write to. No files can be created there, except shared memory.
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx")
GPU_DEVICES = ("/dev/nvidia*", "/dev/nvhost*", "/dev/nvmap", "/dev/dri", "/dev/kfd", "/dev/dxg")
SHARED_MEMORY = "/dev/shm"

# The same on every architecture: Linux, include/uapi/asm-generic/unistd.h and include/uapi/linux/landlock.h.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_FLAG = 1
PATH_BENEATH = 1
WRITE_FILE, REMOVE_AND_MAKE, REFER, TRUNCATE, IOCTL_DEVICE = 1 << 1, 0x1FF0, 1 << 13, 1 << 14, 1 << 15
SOCKET_SCOPE, SIGNAL_SCOPE = 1 << 0, 1 << 1
# The first versions of Landlock that keep a process from controlling devices by ioctl, even devices that it
# may only read, such as terminals; and from sending signals to those outside.
DEVICES_SINCE, SIGNALS_SINCE = 5, 6
NO_NEW_PRIVILEGES, SET_SECCOMP, SECCOMP_FILTER = 38, 22, 2

# include/uapi/linux/audit.h, and the numbers of system calls: x86_64's own, asm-generic for aarch64.
AUDIT_NUMBERS = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CALLS = {
    "prlimit64": (302, 261),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setscheduler": (144, 119),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "ioctl": (16, 29),
    "file_setattr": (469, 469),
}
# What else `ioctl` does is allowed: FS_IOC_SETFLAGS, FS_IOC_SETVERSION, FS_IOC_FSSETXATTR and
# FS_IOC_ENABLE_VERITY, of include/uapi/linux/fs.h and fsverity.h.
REFUSED_REQUESTS = (0x40086602, 0x40087602, 0x401C5820, 0x40806685)
# Where a call names a process, 0 is the calling one: allowed where all these arguments have these values.
# prlimit64 only reads a limit if its third argument, the new value, is a null pointer.
# ZeroMQ's threads choose the ordinary scheduler, 0, naming themselves by thread id.
OWN_PROCESS: dict[str, Sequence[dict[int, int]]] = {
    "prlimit64": ({0: 0}, {2: 0}),
    "setpriority": ({0: 0, 1: 0},),
    "ioprio_set": ({0: 1, 1: 0},),
    "sched_setscheduler": ({0: 0}, {1: 0}),
    "sched_setaffinity": ({0: 0},),
    "sched_setattr": ({0: 0},),
}
POINTERS = {("prlimit64", 2)}
# Classic BPF: load a word of the call's description, jump where it equals a constant, return.
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
NUMBER_AT, ARCHITECTURE_AT, ARGUMENTS_AT = 0, 4, 16
# The x32 ABI has other numbers for the same calls.
X32 = 0x40000000

Instruction = tuple[int, int, int, int]


def landlock_version() -> int:
    """Return the version of Landlock that this machine offers, 0 if none."""
    if not sys.platform.startswith("linux"):
        return 0
    found: int = ctypes.CDLL(None).syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION_FLAG)
    return max(found, 0)


def device_paths() -> list[str]:
    """Return the devices of this machine that an example may write to."""
    return [*DEVICES, *(path for pattern in GPU_DEVICES for path in glob.glob(pattern))]


def restrict_process(folders: Sequence[str], files: Sequence[str]) -> None:
    """Restrict this process and its descendants, as far as this machine can. Raises OSError.

    They write only in `folders` and to `files`; a folder among `files` allows writing its files, but creating
    none. Call it before any thread is started: only the calling thread is restricted.
    """
    if not sys.platform.startswith("linux"):
        return
    drop_capabilities()
    if ctypes.CDLL(None, use_errno=True).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    if version := landlock_version():
        apply_landlock(version, [*folders, SHARED_MEMORY], files)
    apply_seccomp()


def drop_capabilities() -> None:
    """Give up every capability, such as root's to read the environment of other processes. Raises OSError."""
    version_3 = struct.pack("=Ii", 0x20080522, 0)
    if ctypes.CDLL(None, use_errno=True).capset(version_3, bytes(24)):
        raise OSError(ctypes.get_errno(), "capset")


def apply_landlock(version: int, folders: Iterable[str], files: Iterable[str]) -> None:
    """Have Linux refuse every write outside `folders` and `files`. Raises OSError.

    `version` is that of Landlock; later ones also refuse signals and abstract sockets to other processes."""
    rights = WRITE_FILE | REMOVE_AND_MAKE | (REFER if version >= 2 else 0) | (TRUNCATE if version >= 3 else 0)
    rights |= IOCTL_DEVICE if version >= DEVICES_SINCE else 0
    scopes = SOCKET_SCOPE | SIGNAL_SCOPE if version >= SIGNALS_SINCE else 0
    # Rights on files, rights on ports, scopes: the fields that this version knows.
    attributes = struct.pack("=QQQ", rights, 0, scopes)[: 24 if version >= SIGNALS_SINCE else 8]
    ruleset = _call(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    for place in folders:
        _allow(ruleset, place, rights)
    for place in files:
        _allow(ruleset, place, rights & (WRITE_FILE | TRUNCATE | IOCTL_DEVICE))
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


def apply_seccomp() -> None:
    """Have Linux refuse the system calls of `CALLS`, where their numbers are known here. Raises OSError."""
    machine = platform.machine()
    if machine not in AUDIT_NUMBERS:
        return
    program = make_filter(machine)
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in program))
    # struct sock_fprog: the number of instructions, and where they are.
    whole = struct.pack("@HP", len(program), ctypes.addressof(code))
    library = ctypes.CDLL(None, use_errno=True)
    # A Linux without seccomp returns EINVAL: the other restrictions still apply.
    if library.prctl(SET_SECCOMP, SECCOMP_FILTER, whole, 0, 0) and ctypes.get_errno() != errno.EINVAL:
        raise OSError(ctypes.get_errno(), "seccomp")


def make_filter(machine: str) -> list[Instruction]:
    """Return the filter for a machine as `platform.machine` names it, a program of classic BPF."""
    column = list(AUDIT_NUMBERS).index(machine)
    program = [
        (LOAD, 0, 0, ARCHITECTURE_AT),
        (EQUAL, 1, 0, AUDIT_NUMBERS[machine]),
        (RETURN, 0, 0, REFUSE),
        (LOAD, 0, 0, NUMBER_AT),
    ]
    if machine == "x86_64":
        program += [(AT_LEAST, 0, 1, X32), (RETURN, 0, 0, REFUSE)]
    for name, numbers in CALLS.items():
        block = _refuse_unless(name)
        program += [(EQUAL, 0, len(block), numbers[column]), *block]
    return [*program, (RETURN, 0, 0, ALLOW)]


def _refuse_unless(name: str) -> list[Instruction]:
    """Return the instructions for one system call: allow the cases of OWN_PROCESS, refuse the others.

    Of `ioctl`, refuse the cases of REFUSED_REQUESTS, and allow the others.
    """
    block: list[Instruction] = []
    if name == "ioctl":
        block.append((LOAD, 0, 0, ARGUMENTS_AT + 8))
        for request in REFUSED_REQUESTS:
            block += [(EQUAL, 0, 1, request), (RETURN, 0, 0, REFUSE)]
        return [*block, (RETURN, 0, 0, ALLOW)]
    for values in OWN_PROCESS.get(name, ()):
        # Of an integer the call uses the lower half, of a pointer both.
        words = [
            (ARGUMENTS_AT + 8 * at + half, value)
            for at, value in values.items()
            for half in ((0, 4) if (name, at) in POINTERS else (0,))
        ]
        for left, (place, value) in zip(range(len(words), 0, -1), words, strict=True):
            # If it differs, skip the comparisons of the remaining words, and the `allow` after them.
            block += [(LOAD, 0, 0, place), (EQUAL, 0, 2 * left - 1, value)]
        block.append((RETURN, 0, 0, ALLOW))
    return [*block, (RETURN, 0, 0, REFUSE)]
