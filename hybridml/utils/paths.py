"""Local paths, and remote ones of the file systems that fsspec knows: ``s3://``, ``gs://``, ``memory://`` and others.

A path with ``://`` is *remote*. It has pathlib's methods (it is a ``UPath``), but only :func:`content` and
:func:`upload` open it: a remote file is read and written in one request, and is there whole or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from pathlib import Path, PurePath
from typing import Any, TypeGuard, cast

from hybridml.errors import HybridmlError

from .optional import require

SCHEME_SEPARATOR = "://"
"""The part of a remote path or a URL that no local path has."""

PRETRAINED_FOLDER = Path(str(resources.files("hybridml"))) / "pretrained"
"""Folder of everything that was trained and comes with the package."""

_CHANGED = ("mtime", "LastModified", "last_modified", "updated", "modified", "created")
"""Keys under which file systems give the time of the last change, the most reliable first."""


def path_of(path: str | os.PathLike[str]) -> Path:
    """Return a :class:`pathlib.Path`, or for a text with ``://`` other than ``file://`` an object that acts like one.

    Raises
    ------
    HybridmlError
        When the file system is unknown or lacks a package; the message says what to install.

    Examples
    --------
    >>> path_of("photos"), is_remote(path_of("photos"))
    (PosixPath('photos'), False)
    >>> path_of("file:///photos")
    PosixPath('/photos')
    """
    if not isinstance(path, str) or SCHEME_SEPARATOR not in path:
        return path if is_remote(path) else Path(path)
    if path.startswith("file://"):
        return Path(path.removeprefix("file://"))
    check_protocol(path.partition(SCHEME_SEPARATOR)[0])
    from upath import UPath

    return cast(Path, UPath(path))


@cache
def check_protocol(protocol: str) -> None:
    """Raise :class:`HybridmlError` unless file systems of this protocol can be used here."""
    require(f"a path with {protocol}{SCHEME_SEPARATOR}", ("fsspec", "upath"), "dask")
    import fsspec

    try:
        fsspec.get_filesystem_class(protocol)
    except (ImportError, ValueError) as error:
        raise HybridmlError(f"{protocol}{SCHEME_SEPARATOR} cannot be used here: {error}") from None


def is_remote(path: object) -> TypeGuard[Path]:
    """Return whether a path is remote."""
    return not isinstance(path, str | PurePath) and hasattr(path, "fs")


def content(path: Path) -> bytes:
    """Return the bytes of a remote file; raise OSError whatever the file system raises."""
    with _as_os_error():
        return cast(bytes, _fs(path).cat_file(_name(path)))


def upload(source: Path, path: Path) -> None:
    """Write a local file to a remote path in one request; raise OSError when that fails."""
    with _as_os_error():
        _fs(path).pipe_file(_name(path), source.read_bytes())


def rename(path: Path, to: Path) -> None:
    """Rename a remote file: it is copied, then the original is deleted."""
    with _as_os_error():
        _fs(path).mv(_name(path), _name(to))


def stat_of(path: Path) -> tuple[int, int]:
    """Return size and time of change in nanoseconds; raise OSError when they cannot be read."""
    if not is_remote(path):
        stat = path.stat()
        return stat.st_size, stat.st_mtime_ns
    with _as_os_error():
        info = _fs(path).info(_name(path))
    return int(info.get("size") or 0), _changed(info)


def listed(folder: Path, pattern: str) -> list[tuple[int, Path]]:
    """Return the files of a folder that match, each with its time of change in nanoseconds."""
    if is_remote(folder):
        return _listed_remote(folder, pattern)
    found = []
    for path in folder.glob(pattern):
        try:
            found.append((path.stat().st_mtime_ns, path))
        except FileNotFoundError:
            continue
    return found


def _listed_remote(folder: Path, pattern: str) -> list[tuple[int, Path]]:
    files = _fs(folder)
    with _as_os_error():
        # other processes may have written since
        files.invalidate_cache(_name(folder))
        try:
            entries = files.ls(_name(folder), detail=True)
        except FileNotFoundError:
            return []
    named = [(entry["name"].rpartition("/")[2], entry) for entry in entries if entry["type"] == "file"]
    return [(_changed(entry), folder / name) for name, entry in named if fnmatchcase(name, pattern)]


def list_ahead(folder: Path) -> None:
    """List a remote folder once, so that a file system with a cache need not be asked about each of its files.

    A folder that is not there is no error; one that cannot be listed is a :class:`HybridmlError`.
    """
    if not is_remote(folder):
        return
    try:
        with _as_os_error():
            _fs(folder).ls(_name(folder), detail=False)
    except FileNotFoundError:
        return
    except OSError as error:
        raise HybridmlError(f"cannot list {folder}: {error}; check its name and the credentials") from None


def _fs(path: Path) -> Any:
    return cast(Any, path).fs


def _name(path: Path) -> str:
    return str(cast(Any, path).path)


@contextmanager
def _as_os_error() -> Iterator[None]:
    try:
        yield
    except OSError:
        raise
    except Exception as error:  # each service has errors of its own
        raise OSError(f"{type(error).__name__}: {error}") from error


def _changed(info: dict[str, Any]) -> int:
    for name in _CHANGED:
        when = info.get(name)
        if isinstance(when, str):
            when = datetime.fromisoformat(when)
        if isinstance(when, datetime):
            when = when.timestamp()
        if when is not None:
            return round(float(when) * 1e9)
    return 0
