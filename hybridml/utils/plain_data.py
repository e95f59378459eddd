"""Plain data: what an artifact may hold, as bytes from which nothing is ever run, and its checksum.

Plain are None, booleans, whole numbers of at most 64 bits, floats, strings, arrays of numbers or booleans, and lists
and mappings of these with strings for keys.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import pickle
import pickletools
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from hybridml.errors import ArtifactError

ARRAY_KINDS = "biuf"
"""Kinds of array in NumPy's letters: no objects, records or text."""

MAX_DEPTH = 50
"""Containers inside each other: few enough that any function may recurse into them."""

MAX_BITS = 64
"""Bits of a whole number: longer ones can be chosen to share one hash, and a mapping of them takes hours to build."""

MAX_INSTRUCTIONS = 4_000_000
"""Instructions of a pickle: one byte can create an object of up to a hundred."""

INSTRUCTIONS = {
    "PROTO", "FRAME", "MARK", "STOP", "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1",
    "BINFLOAT", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8",
    "EMPTY_LIST", "APPEND", "APPENDS", "EMPTY_DICT", "SETITEM", "SETITEMS", "MEMOIZE", "BINPUT",
}  # fmt: skip
"""Instructions of a pickle that are let through.

None of them calls anything, puts one object in two places (by which a small file could grow without end), or makes a
tuple (which overflows the stack when it is nested deeply and hashed). MEMOIZE and BINPUT do nothing by themselves, and
are allowed so that an ordinary pickle is refused for the class that it names after them.
"""

Path = tuple[object, ...]
"""Keys and positions that lead to a value."""


def checksum(value: object) -> str:
    """Return the SHA-256 of plain data in hexadecimal digits, the same on every machine.

    The order of keys and the memory layout of arrays do not matter; types and signs of zero do. Tuples count as lists.

    Examples
    --------
    >>> checksum({"a": 1, "b": 2.0}) == checksum({"b": 2.0, "a": 1})
    True
    >>> checksum({"a": 1}) == checksum({"a": 1.0})
    False
    """
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=_digest).encode("ascii")).hexdigest()


def _digest(value: object) -> list[object]:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in ARRAY_KINDS:
        raise ArtifactError(f"a {type(value).__name__} is not plain data")
    little = value.astype(value.dtype.newbyteorder("<"))
    return [little.dtype.str, little.shape, hashlib.sha256(little.tobytes()).hexdigest()]


def dumps(value: object) -> bytes:
    """Return plain data as a pickle, in which an array is the bytes of a ``.npy`` file.

    Tuples become lists, NumPy's numbers those of Python, and paths strings.

    Raises
    ------
    ArtifactError
        When something is not plain. The message says where and what it is.

    Examples
    --------
    >>> loads(dumps({"rows": np.int64(7), "blocks": ("form",), "mean": np.zeros(2)}))
    {'rows': 7, 'blocks': ['form'], 'mean': array([0., 0.])}
    >>> dumps({"ocr": {"options": {"engine": print}}})
    Traceback (most recent call last):
    hybridml.errors.ArtifactError: ocr.options.engine is a builtin_function_or_method: ...
    """
    file = io.BytesIO()
    pickler = pickle.Pickler(file, protocol=4)
    pickler.fast = True  # each object is written out where it stands
    pickler.dump(_copy(value, _packed))
    return file.getvalue()


def loads(raw: bytes) -> Any:
    """Return the plain data of :func:`dumps`; whatever the bytes hold, nothing is imported or called.

    Raises
    ------
    ArtifactError
        When the bytes are damaged, claim more than they hold, or hold anything but plain data. The message names it.

    Examples
    --------
    >>> loads(pickle.dumps([1, print]))
    Traceback (most recent call last):
    hybridml.errors.ArtifactError: it holds builtins.print (STACK_GLOBAL), which is not plain data
    """
    try:
        _check_instructions(raw)
        return _copy(_PlainUnpickler(io.BytesIO(raw)).load(), _unpacked)
    except ArtifactError:
        raise
    except Exception as error:  # of any kind, for a damaged pickle
        raise ArtifactError(f"it is damaged: {type(error).__name__}: {error}") from None


class _PlainUnpickler(pickle.Unpickler):
    """An unpickler that finds nothing to call, should an instruction ever ask for it."""

    def find_class(self, module_name: str, global_name: str, /) -> NoReturn:
        raise ArtifactError(f"it holds {module_name}.{global_name}, which is not plain data")

    def persistent_load(self, pid: object, /) -> NoReturn:
        raise ArtifactError("it refers to an object outside the file, which is not plain data")


def _check_instructions(raw: bytes) -> None:
    """Refuse a pickle that has an instruction which plain data do not need, before any is carried out."""
    texts: tuple[object, object] = ("", "")
    end = 0
    for count, (instruction, argument, position) in enumerate(pickletools.genops(raw)):
        if instruction.name not in INSTRUCTIONS:
            what = "{}.{}".format(*texts) if instruction.name == "STACK_GLOBAL" else argument or "something"
            raise ArtifactError(f"it holds {what} ({instruction.name}), which is not plain data")
        if count >= MAX_INSTRUCTIONS:
            raise ArtifactError(f"it has more than {MAX_INSTRUCTIONS} values, which no model has")
        if isinstance(argument, int) and argument.bit_length() > MAX_BITS:
            raise ArtifactError(f"it holds a number of more than {MAX_BITS} bits, which is not plain data")
        if isinstance(argument, str):
            texts = (texts[1], argument)
        end = (position or 0) + 1
    if end < len(raw):
        raise ArtifactError(f"it goes on for {len(raw) - end} bytes after its end")


def _copy(value: object, leaf: Callable[[object, Path], Any], path: Path = ()) -> Any:
    """Return a copy of nested lists and mappings, with ``leaf`` applied to everything else."""
    if len(path) > MAX_DEPTH:
        raise ArtifactError(f"its data are nested more than {MAX_DEPTH} deep, which no model's are")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ArtifactError(f"a key of {_dotted(path)} is a {type(key).__name__}, expected a string")
        return {str(key): _copy(item, leaf, (*path, key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_copy(item, leaf, (*path, i)) for i, item in enumerate(value)]
    return leaf(value, path)


def _dotted(path: Path) -> str:
    return ".".join(map(str, path)) or "the value"


def _packed(value: object, path: Path) -> bool | int | float | str | bytes | None:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and value.bit_length() <= MAX_BITS:
        return int(value)
    if isinstance(value, float | str):
        return float(value) if isinstance(value, float) else str(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in ARRAY_KINDS:
        file = io.BytesIO()
        np.lib.format.write_array(file, np.asarray(value), version=(1, 0), allow_pickle=False)
        return file.getvalue()
    what = f"array of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
    raise ArtifactError(
        f"{_dotted(path)} is a {what}: an artifact holds plain data only (numbers of at most {MAX_BITS} bits, strings, "
        "lists, mappings, arrays of numbers). Give it as one of these"
    )


def _unpacked(value: object, path: Path) -> Any:
    if not isinstance(value, bytes):
        return value
    file = io.BytesIO(value)
    np.lib.format.read_magic(file)
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.kind not in ARRAY_KINDS:
        raise ArtifactError(f"{_dotted(path)} is an array of {dtype}, which is not plain data")
    claimed, held = math.prod(shape) * dtype.itemsize, len(value) - file.tell()
    if claimed != held:
        raise ArtifactError(f"{_dotted(path)} claims to be an array of {claimed} bytes, and has {held}")
    array: npt.NDArray[Any] = np.ndarray(shape, dtype, value, file.tell(), order="F" if fortran else "C")
    return array.astype(dtype.newbyteorder("="))
