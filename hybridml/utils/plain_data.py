"""Plain data: what an artifact may hold, and one checksum of it.

Plain are None, booleans, whole numbers, floats, strings, lists, tuples, mappings with such keys but containers, and
arrays of numbers, booleans or text. Nothing plain can do anything when it is read.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from hybridml.errors import ArtifactError

ARRAY_KINDS = "biufUS"
"""Kinds of array, as numpy letters them: no objects, no records."""

DEEPEST = 50
"""Containers inside each other, at most."""

Scalar = None | bool | int | float | str


def as_plain(value: object, where: str = "") -> Any:
    """Return a copy of ``value`` as plain data in which no container occurs twice.

    Parameters
    ----------
    value : object
        Plain data, also with numpy's numbers, other mappings, and paths, which become strings.
    where : str
        Dotted path of the value, for the message.

    Raises
    ------
    ArtifactError
        When something is not plain; names where it is and what.

    Examples
    --------
    >>> as_plain({"rows": np.int64(7), "blocks": ("form",)})
    {'rows': 7, 'blocks': ('span',)}
    >>> as_plain({"ocr": {"options": {"engine": print}}})
    Traceback (most recent call last):
    hybridml.errors.ArtifactError: reader.options.engine is a builtin_function_or_method: ...
    """
    check_depth(value)
    return _copy(value, where)


def check_depth(value: object) -> None:
    """Raise ArtifactError when containers are nested more than :data:`DEEPEST` deep, or hold themselves.

    Examples
    --------
    >>> value = []
    >>> value.append(value)
    >>> check_depth(value)
    Traceback (most recent call last):
    hybridml.errors.ArtifactError: data are nested more than 50 deep, which no artifact's are
    """
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [item for container in level for item in _within(container)]
        if not level:
            return
    raise ArtifactError(f"data are nested more than {DEEPEST} deep, which no artifact's are")


def _within(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def _copy(value: object, where: str) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Mapping):
        return {_plain_key(k, where): _copy(v, _below(where, k)) for k, v in value.items()}
    if isinstance(value, list | tuple):
        items = [_copy(item, _below(where, i)) for i, item in enumerate(value)]
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, np.ndarray) and value.dtype.kind in ARRAY_KINDS:
        return np.array(value, order="C")
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    return _plain_scalar(value, where)


def _plain_scalar(value: object, where: str) -> Scalar:
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    what = f"array of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
    raise ArtifactError(
        f"{where or 'the value'} is a {what}: an artifact holds plain data only (numbers, strings, lists, mappings, "
        "arrays of numbers). Give it as one of these"
    )


def _plain_key(key: object, where: str) -> Scalar:
    return _plain_scalar(
        key.item() if isinstance(key, np.generic) else key, f"a key of {where or 'the value'}"
    )


def _below(where: str, key: object) -> str:
    return f"{where}.{key}" if where else str(key)


def checksum(value: object) -> str:
    """Return the SHA-256 of plain data in hexadecimal digits, the same on every machine.

    The order of a mapping's keys does not matter; anything else does: types, signs of zero, kinds and shapes of
    arrays.

    Raises
    ------
    ArtifactError
        When something is not plain, or nested more than :data:`DEEPEST` deep.

    Examples
    --------
    >>> checksum({"a": 1, "b": 2.0}) == checksum({"b": 2.0, "a": 1})
    True
    >>> checksum({"a": 1}) == checksum({"a": 1.0})
    False
    """
    check_depth(value)
    digest = hashlib.sha256()
    for part in _serial(value):
        digest.update(part)
    return digest.hexdigest()


def _serial(value: object) -> Iterator[bytes]:
    """Yield an unambiguous serialisation: each part says its kind and, where it varies, its length."""
    if isinstance(value, dict):
        yield b"d%d;" % len(value)
        for key, item in sorted(((_scalar(k), v) for k, v in value.items()), key=lambda pair: pair[0]):
            yield key
            yield from _serial(item)
    elif isinstance(value, list | tuple):
        yield b"%c%d;" % (b"l" if isinstance(value, list) else b"t", len(value))
        for item in value:
            yield from _serial(item)
    elif isinstance(value, np.ndarray):
        yield from _array(value)
    else:
        yield _scalar(value)


def _scalar(value: object) -> bytes:
    if value is None or isinstance(value, bool):
        return f"{value};".encode()
    if isinstance(value, int):
        return b"i%d;" % value
    if isinstance(value, float):
        return b"f" + struct.pack(">d", value)
    if isinstance(value, str):
        raw = value.encode("utf-8", "surrogatepass")
        return b"s%d;" % len(raw) + raw
    raise ArtifactError(f"a {type(value).__name__} is no plain data")


def _array(value: npt.NDArray[Any]) -> Iterator[bytes]:
    if value.dtype.kind not in ARRAY_KINDS:
        raise ArtifactError(f"an array of {value.dtype} is no plain data")
    little = value.astype(value.dtype.newbyteorder("<"), order="C", copy=False)
    yield f"a{little.dtype.str}{little.shape};".encode()
    yield little.tobytes()
