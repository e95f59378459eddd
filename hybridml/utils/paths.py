"""Paths of this machine, and of what else fsspec knows: ``s3://``, ``gs://``, ``memory://`` and other object stores.

A path with ``://`` is *afar*. It has pathlib's methods (it is a ``UPath``), but only :func:`content` and :func:`put`
open it: a file afar is read and written whole, in one request, and is there whole or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePath
from typing import Any, TypeGuard, cast

from hybridml.errors import HybridmlError

from .optional import require

MARK = "://"
HERE = "file://"

_CHANGED = ("mtime", "LastModified", "last_modified", "updated", "modified", "created")
"""Where file systems say when a file was last written, the surest first."""


def path_of(place: str | os.PathLike[str]) -> Path:
    """Return where something lies: a :class:`pathlib.Path`, or for a text with ``://`` what acts like one.

    Parameters
    ----------
    place : str or path
        ``file://`` is this machine.

    Raises
    ------
    HybridmlError
        When the file system is not known, or what it needs is not installed; says what to type.

    Examples
    --------
    >>> path_of("photos"), is_remote(path_of("photos"))
    (PosixPath('photos'), False)
    >>> path_of("file:///photos")
    PosixPath('/photos')
    """
    if not isinstance(place, str) or MARK not in place:
        return place if is_remote(place) else Path(place)
    if place.startswith(HERE):
        return Path(place.removeprefix(HERE))
    check_protocol(place.partition(MARK)[0])
    from upath import UPath

    return cast(Path, UPath(place))


@cache
def check_protocol(protocol: str) -> None:
    """Raise :class:`HybridmlError` unless file systems of that name can be used here."""
    require(f"a path with {protocol}{MARK}", ("fsspec", "upath"), "dask")
    import fsspec

    try:
        fsspec.get_filesystem_class(protocol)
    except (ImportError, ValueError) as error:
        raise HybridmlError(f"{protocol}{MARK} cannot be used here: {error}") from None


def is_remote(place: object) -> TypeGuard[Path]:
    """Return whether a path is not of this machine."""
    return not isinstance(place, str | PurePath) and hasattr(place, "fs")


def content(path: Path) -> bytes:
    """Return the bytes of a file afar.

    Raises
    ------
    OSError
        When they cannot be had, whatever the file system calls that.
    """
    with _as_os_error():
        return cast(bytes, _fs(path).cat_file(_name(path)))


def put(source: Path, path: Path) -> None:
    """Write a file of this machine to a path afar, in one request; raise OSError when that fails."""
    with _as_os_error():
        _fs(path).pipe_file(_name(path), source.read_bytes())


def rename(path: Path, to: Path) -> None:
    """Rename a file afar: a copy, then the first goes."""
    with _as_os_error():
        _fs(path).mv(_name(path), _name(to))


def stat_of(path: Path) -> tuple[int, int]:
    """Return size and time of change in nanoseconds; raise OSError when they cannot be told."""
    if not is_remote(path):
        stat = path.stat()
        return stat.st_size, stat.st_mtime_ns
    with _as_os_error():
        info = _fs(path).info(_name(path))
    return int(info.get("size") or 0), _changed(info)


def listed(folder: Path, pattern: str) -> list[tuple[int, Path]]:
    """Return the files of a folder that match, as they are now, each with the time in nanoseconds when it changed."""
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
        # others may have written since
        files.invalidate_cache(_name(folder))
        try:
            entries = files.ls(_name(folder), detail=True)
        except FileNotFoundError:
            return []
    named = [(entry["name"].rpartition("/")[2], entry) for entry in entries if entry["type"] == "file"]
    return [(_changed(entry), folder / name) for name, entry in named if fnmatchcase(name, pattern)]


def list_ahead(folder: Path) -> None:
    """List a folder afar once, so that its files need not be asked about one by one where the file system caches.

    Raises
    ------
    HybridmlError
        When it cannot be listed, unless it is not there.
    """
    if not is_remote(folder):
        return
    try:
        with _as_os_error():
            _fs(folder).ls(_name(folder), detail=False)
    except FileNotFoundError:
        return
    except OSError as error:
        raise HybridmlError(
            f"cannot list {folder}: {error}; see to its name and to the credentials"
        ) from None


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
    except Exception as error:  # each service has its own
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
