"""Plain data in a joblib file: any joblib opens what is written; what is read can do nothing.

Files are not read by joblib, whose ``load`` runs what a file asks for, but by :mod:`hybridml.utils.plain_pickle`.
"""

from __future__ import annotations

import os
import pickle
import zlib
from pathlib import Path
from typing import Any

from hybridml.errors import ArtifactError
from hybridml.utils.files import atomic
from hybridml.utils.plain_data import as_plain, check_depth
from hybridml.utils.plain_pickle import Content, PlainUnpickler, RefusedError, shown

MOST_BYTES = 1 << 30
"""Bytes that a file may hold, unpacked."""

ALWAYS_FINE = 1 << 26
"""Bytes that any file may unpack to ..."""

UNPACKS_TO = 100
"""... and how many times its size beyond: honest files unpack to a few times their size, bombs to a thousand times."""

CHUNK = 1 << 16

PACKED_BY = {
    b"\x1f\x8b": "gzip",
    b"BZ": "bz2",
    b"\xfd7zXZ": "xz",
    b"\x5d\x00": "lzma",
    b"\x04\x22\x4d\x18": "lz4",
    b"ZF": "joblib before 0.10",
    b"PK": "zip",
}
"""First bytes of packed files that are not read."""

ZLIB = b"\x78"


def write(value: object, path: str | Path) -> Path:
    """Write plain data as a joblib file, whole or not at all.

    Raises
    ------
    ArtifactError
        When something is not plain, see :func:`hybridml.utils.plain_data.as_plain`, or the file cannot be written.
    """
    import joblib

    plain = as_plain(value)
    with atomic(path, ArtifactError) as temporary:
        joblib.dump(plain, temporary, compress=("zlib", 3), protocol=4)
    return Path(path)


def read(path: str | Path) -> Any:
    """Return the plain data of a joblib file, packed by zlib or not; nothing in it is ever run.

    Raises
    ------
    ArtifactError
        When the file cannot be read, is damaged, claims more than it holds, or holds anything but plain data; the
        message names what was found.

    Examples
    --------
    >>> import joblib, numpy, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "data.joblib")
    >>> read(write({"mean": numpy.zeros(2), "rows": 7}, path))
    {'mean': array([0., 0.]), 'rows': 7}
    >>> _ = joblib.dump([1, print], path)
    >>> read(path)  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    hybridml.errors.ArtifactError: data.joblib is refused: it holds builtins.print, which is no plain data.
    """
    try:
        content = Content(_unpacked(Path(path)))
        value = PlainUnpickler(content).load()
        if content.left():
            raise RefusedError(f"it goes on for {content.left()} bytes after its end")
        check_depth(value)
        return value
    except (RefusedError, ArtifactError) as refused:
        found = str(refused)
    except EOFError:
        found = "it is truncated: it ends before its data do, or claims more than it holds"
    except zlib.error as error:
        found = f"it is damaged: {error}"
    except OSError as error:
        found = f"it cannot be read: {error.strerror or error}"
    except Exception as error:  # whatever numpy makes of a damaged file
        found = f"it is damaged, or no joblib file of plain data: {type(error).__name__}: {shown(error)}"
    raise ArtifactError(
        f"{path} is refused: {found}. Nothing of it was run. Get the file again from where it came from, or train again"
    )


def _unpacked(path: Path) -> bytes:
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > MOST_BYTES:
            raise RefusedError(f"it is larger than {MOST_BYTES} bytes, which no model is")
        raw = file.read(size)
    for prefix, name in PACKED_BY.items():
        if raw.startswith(prefix):
            raise RefusedError(f"it is packed by {name}, and only zlib is read")
    if raw.startswith(pickle.PROTO):
        return raw
    if not raw.startswith(ZLIB):
        raise RefusedError("it is no joblib file" if raw else "it is empty")
    return zlib.decompress(raw, bufsize=_unpacked_size(raw))


def _unpacked_size(raw: bytes) -> int:
    """Unpack without keeping anything, so that what is too large is known before memory is taken."""
    most = min(MOST_BYTES, max(ALWAYS_FINE, UNPACKS_TO * len(raw)))
    unpacker = zlib.decompressobj()
    size, rest = 0, raw
    while not unpacker.eof:
        part = unpacker.decompress(rest, CHUNK)
        rest = unpacker.unconsumed_tail
        size += len(part)
        if size > most:
            raise RefusedError(f"its {len(raw)} bytes unpack to more than {most}, which no model does")
        if not part and not rest and not unpacker.eof:
            raise EOFError
    if unpacker.unused_data:
        raise RefusedError(f"it goes on for {len(unpacker.unused_data)} bytes after its end")
    return size
