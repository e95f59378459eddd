"""Atomic file writes: a file is at any time either as it was or complete."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from hybridml.errors import HybridmlError

from .paths import is_remote, path_of, upload


@contextmanager
def atomic(path: str | Path, error: type[HybridmlError] = HybridmlError) -> Iterator[Path]:
    """Yield a temporary path; the file written there replaces ``path`` when the block ends without an error.

    Parameters
    ----------
    path : path
        The file; its folder is made if it is not there. A symbolic link stays, and its target is replaced.
        A remote file (``s3://``) is uploaded in one request; a pipe, a device or ``/dev/stdout`` is written into.
    error : type of HybridmlError
        The error to raise when the file cannot be written.

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
        with _temporary_for(path) as temporary:
            yield temporary
    except OSError as cause:
        raise error(
            f"cannot write {path}: {cause.strerror or cause}; name a file in a folder that can be written to"
        ) from None


def is_stream(path: str | Path) -> bool:
    """Return whether a path is a pipe, a device or an open file such as ``/dev/stdout``.

    Examples
    --------
    >>> is_stream("/dev/stdout"), is_stream("answers.csv")
    (True, False)
    """
    path = path_of(path)
    try:
        return not is_remote(path) and _stream(path) is not None
    except OSError:  # reported when it is written
        return False


def _temporary_for(path: Path) -> AbstractContextManager[Path]:
    """Return the context that yields a temporary path and then moves, uploads or copies the file to ``path``."""
    if is_remote(path):
        return _delivered(path.name, lambda temporary: upload(temporary, path))
    stream = _stream(path)
    if stream is not None:
        return _delivered(path.name, lambda temporary: _copy_into(stream, temporary))
    return _renamed(path.resolve() if path.is_symlink() else path)


def _stream(path: Path) -> Path | int | None:
    """Return what to write into if a path is no regular file: the path, or the number of an open file; else None."""
    try:
        mode = path.stat().st_mode  # raises for a link to itself
    except FileNotFoundError:
        mode = stat.S_IFREG
    number = _descriptor(path)
    if number is not None:
        return number
    return None if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else path


def _descriptor(path: Path) -> int | None:
    """Return the number of this process's open file that a link such as ``/dev/stdout`` leads to, if it does."""
    own = os.path.realpath("/proc/self/fd")
    while path.is_symlink():
        folder = os.path.realpath(path.parent)
        if folder == own and path.name.isdigit():
            return int(path.name)
        path = Path(folder, os.readlink(path))
    return None


@contextmanager
def _renamed(path: Path) -> Iterator[Path]:
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _delivered(name: str, deliver: Callable[[Path], None]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder) / name
        yield temporary
        deliver(temporary)


def _copy_into(target: Path | int, temporary: Path) -> None:
    if isinstance(target, int):
        # what was printed before comes first, and the open file stays open for what others write after this
        print(end="", flush=True)
        target = os.dup(target)
    with open(temporary, "rb") as source, open(target, "wb") as sink:
        shutil.copyfileobj(source, sink)
