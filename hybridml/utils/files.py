"""Files that are at any time either as they were or complete."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from hybridml.errors import HybridmlError

from .paths import is_remote, path_of, put


@contextmanager
def atomic(path: str | Path, error: type[HybridmlError] = HybridmlError) -> Iterator[Path]:
    """Give a temporary path beside ``path``; what was written there takes its place when the block ends well.

    Parameters
    ----------
    path : path
        The file; its folder is made when it is not there. Where links lead is replaced, the links stay. Of a file
        afar (``s3://``) the temporary path is on this machine, and put there in one request; so it is of a pipe, a
        device or ``/dev/stdout``, into which it is then written.
    error : type of HybridmlError
        Raised when the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "deep" / "file.txt"
    >>> with atomic(path) as temporary:
    ...     _ = temporary.write_text("whole")
    >>> path.read_text()
    'whole'
    """
    path = path_of(path)
    try:
        with _way(path) as temporary:
            yield temporary
    except OSError as cause:
        raise error(
            f"cannot write {path}: {cause.strerror or cause}; name a file in a folder that can be written to"
        ) from None


def is_stream(path: str | Path) -> bool:
    """Return whether a path is a pipe, a device or an open file such as ``/dev/stdout``: nothing can lie beside it.

    Examples
    --------
    >>> is_stream("/dev/stdout"), is_stream("answers.csv")
    (True, False)
    """
    path = path_of(path)
    try:
        return not is_remote(path) and _stream(path) is not None
    except OSError:  # told when it is written
        return False


def _way(path: Path) -> AbstractContextManager[Path]:
    """Return how to write to a path, by what is there now."""
    if is_remote(path):
        return _to_be_put(path)
    stream = _stream(path)
    if stream is not None:
        return _to_be_uploaded(stream, path.name)
    return _to_be_renamed(path.resolve() if path.is_symlink() else path)


def _stream(path: Path) -> Path | int | None:
    """Return what to write into where a path is no file: itself, or the number of the open file that it stands for."""
    try:
        mode = path.stat().st_mode  # of a link to itself there is none, and that is an error
    except FileNotFoundError:
        mode = stat.S_IFREG
    number = _descriptor(path)
    if number is not None:
        return number
    return None if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else path


def _descriptor(path: Path) -> int | None:
    """Return the number of the open file of this process that a link such as ``/dev/stdout`` stands for, if it does."""
    own = os.path.realpath("/proc/self/fd")
    while path.is_symlink():
        folder = os.path.realpath(path.parent)
        if folder == own and path.name.isdigit():
            return int(path.name)
        path = Path(folder, os.readlink(path))
    return None


@contextmanager
def _to_be_renamed(path: Path) -> Iterator[Path]:
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _to_be_put(path: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder) / path.name
        yield temporary
        put(temporary, path)


@contextmanager
def _to_be_uploaded(target: Path | int, name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder) / name
        yield temporary
        if isinstance(target, int):
            # what was printed before comes first, and what others write to the open file after this
            print(end="", flush=True)
            target = os.dup(target)
        with open(temporary, "rb") as source, open(target, "wb") as sink:
            shutil.copyfileobj(source, sink)
