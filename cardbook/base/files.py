"""Files: atomic writes, removal, hashes."""

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cardbook.base.errors import InputError, Problem

# All of the package: what generates a site decides what is in it.
PACKAGE = Path(__file__).parents[1]
# Folders that Python and npm fill; with them, hashing a repository takes a hundred times as long.
NOT_WRITTEN = {"__pycache__", "node_modules"}


def write_whole(path: Path, text: str, *, durable: bool = True) -> None:
    """Replace the file at `path` with a text in one step; an error leaves the file as it was.

    If not `durable`, the file may be damaged when the machine loses power soon after, but writing is faster.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogatepass") as stream:
            stream.write(text)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


@contextmanager
def temporary_folder(parent: Path | None = None) -> Iterator[Path]:
    """Return a new folder in `parent` (default: the system's temporary folder); remove it after the block."""
    folder = make_temporary_folder(parent)
    try:
        yield folder
    finally:
        remove_folder(folder)


def make_temporary_folder(parent: Path | None = None) -> Path:
    """Return a new folder in `parent` (default: the system's temporary folder), for the caller to remove."""
    return Path(tempfile.mkdtemp(prefix="cardbook-", dir=parent)).resolve()


def remove_folder(folder: Path) -> None:
    """Remove a folder with all its content, at any depth; what cannot be removed stays.

    Its folders may be nested deeper than `shutil.rmtree` or a path can reach: each folder is moved up before
    its own content is read.
    """
    waiting, unused = [folder], f"removed-{os.urandom(8).hex()}"
    for number, current in enumerate(waiting):
        with suppress(OSError):
            current.chmod(0o700)
        for at, entry in enumerate(_entries(current)):
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    Path(entry.path).chmod(0o700)
                    waiting.append(Path(entry.path).rename(folder / f"{unused}-{number}-{at}"))
                else:
                    Path(entry.path).unlink()
    for current in reversed(waiting):
        with suppress(OSError):
            current.rmdir()


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        return list(os.scandir(folder))
    except OSError:
        return []


def read_utf8(path: Path, name: str, encoding: str = "utf-8") -> str:
    """Return the text of a file, calling it `name` in errors; `encoding` "utf-8-sig" drops a mark before it.

    Raises InputError when it is not UTF-8, OSError when it cannot be read.
    """
    try:
        return path.read_text(encoding)
    except UnicodeDecodeError:
        raise InputError([Problem(name, 0, "is not UTF-8", "save it as UTF-8")]) from None


def read_regular(path: Path, limit: int) -> bytes | None:
    """Return at most the first `limit` bytes of a file; None for a link, a pipe or a device.

    Reading those might never end, or give what another file contains.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read(limit)


def hash_text(text: str) -> str:
    """Return the SHA-256 of a text as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def hash_parts(texts: Iterable[str]) -> str:
    """Return the SHA-256 over texts, as 64 hexadecimal digits."""
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()


def digest_of(path: Path) -> str:
    """Return the SHA-256 over the names and contents of all files below a path, except NOT_WRITTEN ones."""
    total = hashlib.sha256()
    for file in _files_under(path):
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        total.update(f"{file.relative_to(path)}\0{content}\n".encode("utf-8", "surrogatepass"))
    return total.hexdigest()


def _files_under(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir() and path.name not in NOT_WRITTEN:
        for inner in sorted(path.iterdir()):
            yield from _files_under(inner)


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's content as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hash_blob(path: Path) -> str:
    """Return the hash that git gives a file's content as 40 hexadecimal digits."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()
