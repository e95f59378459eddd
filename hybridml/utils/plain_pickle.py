"""A reader of pickles that hold plain data and joblib's arrays, and can do nothing else.

A pickle is a small program. Of its instructions only those are known here that put plain data together; the three
names that joblib needs to describe an array stand for inert descriptions of our own. Nothing is imported or called,
whatever a file says, and what is not known is refused by name. Every size that a file claims is held against what the
file has before memory is taken.
"""

from __future__ import annotations

import math
import pickle
import pickletools
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .plain_data import ARRAY_KINDS

MOST_STEPS = 4_000_000
"""Instructions that a file may have; each takes up to a hundred bytes of memory beside what it reads."""

MOST_REPEATED = 1 << 28
"""Characters that may come of naming a text again."""


class RefusedError(Exception):
    """Says what was found that is not read."""


def shown(name: object) -> str:
    """Return a name from a file as it may be printed: short, and without control characters.

    Examples
    --------
    >>> print(shown("os.\\x1b[2Jsystem"))
    os.\\x1b[2Jsystem
    """
    text = str(name)
    text = text if len(text) <= 200 else f"{text[:200]}..."
    return text.encode("unicode_escape").decode("ascii")


class Content:
    """Bytes in memory, read in order; never fewer than were asked for.

    Parameters
    ----------
    raw : bytes
        All of them.
    """

    def __init__(self, raw: bytes) -> None:
        self._raw, self._at = raw, 0

    def left(self) -> int:
        """Return how many bytes are left."""
        return len(self._raw) - self._at

    def read(self, size: int) -> bytes:
        """Return the next ``size`` bytes; raise EOFError when there are not that many."""
        if size > self.left():
            raise EOFError
        start, self._at = self._at, self._at + size
        return self._raw[start : self._at]

    def whole(self, size: int) -> int:
        """Return the next ``size`` bytes as a number from 0 on."""
        return int.from_bytes(self.read(size), "little")

    def line(self) -> str:
        """Return the text up to the end of the line."""
        end = self._raw.find(b"\n", self._at)
        if end < 0:
            raise EOFError
        return self.read(end + 1 - self._at)[:-1].decode("utf-8")


# ---------------------------------------------------------------- how joblib describes an array


@dataclass(frozen=True)
class _Name:
    name: str


@dataclass
class _DType:
    code: str
    order: str = "="


class _ArrayClaim:
    """An array whose description follows."""


WRAPPER, NDARRAY, DTYPE = _Name("NumpyArrayWrapper"), _Name("ndarray"), _Name("dtype")

KNOWN = {
    ("joblib.numpy_pickle", "NumpyArrayWrapper"): WRAPPER,
    ("numpy", "ndarray"): NDARRAY,
    ("numpy", "dtype"): DTYPE,
}

CODE = re.compile(rf"[{ARRAY_KINDS}][1-9][0-9]{{0,8}}")


def _known(module: object, name: object) -> _Name:
    if isinstance(module, str) and isinstance(name, str) and (module, name) in KNOWN:
        return KNOWN[module, name]
    raise RefusedError(f"it holds {shown(f'{module}.{name}')}, which is no plain data")


def _dtype(args: object) -> _DType:
    code = args[0] if isinstance(args, tuple) and args else None
    if isinstance(code, str) and CODE.fullmatch(code):
        return _DType(code)
    objects = isinstance(code, str) and code.startswith("O")
    raise RefusedError("it holds an object array" if objects else f"it holds an array of {shown(repr(code))}")


def _array(state: object, content: Content) -> npt.NDArray[Any]:
    """Read the array that ``state`` describes from the bytes that follow."""
    told = state if isinstance(state, dict) else {}
    shape, order, claim = told.get("shape"), told.get("order"), told.get("dtype")
    if (
        told.get("subclass") is not NDARRAY
        or not isinstance(claim, _DType)
        or order not in ("C", "F")
        or not isinstance(shape, tuple)
        or not all(type(n) is int and n >= 0 for n in shape)
    ):
        raise RefusedError("it holds an array that is not described as joblib does")
    if told.get("numpy_array_alignment_bytes") is not None:
        content.read(content.whole(1))
    dtype = np.dtype(claim.order + claim.code)
    size = math.prod(shape) * dtype.itemsize
    if size > content.left():
        raise RefusedError(
            f"it is truncated, or claims an array that it does not hold: {shown(shape)} of {dtype} are {size} bytes, "
            f"and {content.left()} are left"
        )
    flat = np.frombuffer(content.read(size), dtype)
    return flat.reshape(shape, order=order).astype(dtype.newbyteorder("="))


# ---------------------------------------------------------------- instructions


class PlainUnpickler:
    """Puts plain data together, instruction by instruction.

    Parameters
    ----------
    content : Content
        What :func:`joblib.dump` writes, unpacked.
    """

    def __init__(self, content: Content) -> None:
        self._content = content
        self._stack: list[Any] = []
        self._marked: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        self._repeated = 0

    def load(self) -> Any:
        """Return the data.

        Raises
        ------
        RefusedError
            When there is anything but plain data.
        EOFError
            When the content ends too early.
        Exception
            Of any kind, for a damaged program.
        """
        for _ in range(MOST_STEPS):
            code = self._content.read(1)
            if code == pickle.STOP:
                (value,) = self._stack
                return value
            does = _INSTRUCTIONS.get(code)
            if does is None:
                names = (op.name for op in pickletools.opcodes if op.code == code.decode("latin-1"))
                name = next(names, repr(code))
                raise RefusedError(f"it holds the instruction {name}, which plain data do not need")
            does(self)
        raise RefusedError(f"it has more than {MOST_STEPS} instructions, which no model does")

    def _push(self, value: object) -> None:
        self._stack.append(value)

    def _frame(self) -> None:
        # says how much to read at once; all of it is in memory
        if self._content.whole(8) > self._content.left():
            raise EOFError

    def _number(self, layout: str) -> None:
        (value,) = struct.unpack(layout, self._content.read(struct.calcsize(layout)))
        self._push(value)

    def _long(self) -> None:
        self._push(int.from_bytes(self._content.read(self._content.whole(1)), "little", signed=True))

    def _text(self, size: int) -> None:
        self._push(str(self._content.read(self._content.whole(size)), "utf-8", "surrogatepass"))

    def _mark(self) -> None:
        self._marked.append(self._stack)
        self._stack = []

    def _since_mark(self) -> list[Any]:
        items, self._stack = self._stack, self._marked.pop()
        return items

    def _last(self, n: int) -> list[Any]:
        if n > len(self._stack):
            raise RefusedError("it takes more than there is")
        items = self._stack[len(self._stack) - n :]
        del self._stack[len(self._stack) - n :]
        return items

    def _extend(self, items: list[Any]) -> None:
        if type(self._stack[-1]) is not list:
            raise RefusedError(f"it appends to what is no list ({type(self._stack[-1]).__name__})")
        self._stack[-1].extend(items)

    def _update(self, items: list[Any]) -> None:
        if type(self._stack[-1]) is not dict:
            raise RefusedError(f"it sets items of what is no mapping ({type(self._stack[-1]).__name__})")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not (key is None or isinstance(key, bool | int | float | str)):
                # hashing deep tuples could end the process
                raise RefusedError(f"it holds a mapping with a {type(key).__name__} for a key")
            self._stack[-1][key] = value

    def _keep(self, index: int) -> None:
        self._memo[index] = self._stack[-1]

    def _again(self, index: int) -> None:
        found = self._memo[index]
        # containers in two places could hold themselves, or double with each level
        if not isinstance(found, str | _Name | _DType):
            raise RefusedError(f"it holds one {type(found).__name__} in two places")
        self._repeated += len(found) if isinstance(found, str) else 0
        if self._repeated > MOST_REPEATED:
            raise RefusedError(f"it repeats texts to more than {MOST_REPEATED} characters")
        self._push(found)

    def _global(self) -> None:
        self._push(_known(self._content.line(), self._content.line()))

    def _call(self) -> None:
        called, args = self._last(2)
        if called is not DTYPE:
            raise RefusedError("it calls what is no description of an array")
        self._push(_dtype(args))

    def _new(self) -> None:
        kind, args = self._last(2)
        if kind is not WRAPPER or args != ():
            raise RefusedError("it makes what is no description of an array")
        self._push(_ArrayClaim())

    def _build(self) -> None:
        described, state = self._last(2)
        if isinstance(described, _ArrayClaim):
            described = _array(state, self._content)
        elif isinstance(described, _DType) and isinstance(state, tuple) and state[2:5] == (None, None, None):
            described.order = state[1] if state[1] in ("<", ">") else "="
        else:
            raise RefusedError("it changes what is no description of an array")
        self._push(described)


_INSTRUCTIONS: dict[bytes, Callable[[PlainUnpickler], object]] = {
    pickle.PROTO: lambda it: it._content.read(1),
    pickle.FRAME: PlainUnpickler._frame,
    pickle.NONE: lambda it: it._push(None),
    pickle.NEWTRUE: lambda it: it._push(True),
    pickle.NEWFALSE: lambda it: it._push(False),
    pickle.BININT: lambda it: it._number("<i"),
    pickle.BININT1: lambda it: it._number("<B"),
    pickle.BININT2: lambda it: it._number("<H"),
    pickle.LONG1: PlainUnpickler._long,
    pickle.BINFLOAT: lambda it: it._number(">d"),
    pickle.SHORT_BINUNICODE: lambda it: it._text(1),
    pickle.BINUNICODE: lambda it: it._text(4),
    pickle.BINUNICODE8: lambda it: it._text(8),
    pickle.MARK: PlainUnpickler._mark,
    pickle.EMPTY_TUPLE: lambda it: it._push(()),
    pickle.TUPLE1: lambda it: it._push(tuple(it._last(1))),
    pickle.TUPLE2: lambda it: it._push(tuple(it._last(2))),
    pickle.TUPLE3: lambda it: it._push(tuple(it._last(3))),
    pickle.TUPLE: lambda it: it._push(tuple(it._since_mark())),
    pickle.EMPTY_LIST: lambda it: it._push([]),
    pickle.APPEND: lambda it: it._extend(it._last(1)),
    pickle.APPENDS: lambda it: it._extend(it._since_mark()),
    pickle.EMPTY_DICT: lambda it: it._push({}),
    pickle.SETITEM: lambda it: it._update(it._last(2)),
    pickle.SETITEMS: lambda it: it._update(it._since_mark()),
    pickle.MEMOIZE: lambda it: it._keep(len(it._memo)),
    pickle.BINPUT: lambda it: it._keep(it._content.whole(1)),
    pickle.LONG_BINPUT: lambda it: it._keep(it._content.whole(4)),
    pickle.BINGET: lambda it: it._again(it._content.whole(1)),
    pickle.LONG_BINGET: lambda it: it._again(it._content.whole(4)),
    pickle.GLOBAL: PlainUnpickler._global,
    pickle.STACK_GLOBAL: lambda it: it._push(_known(*it._last(2))),
    pickle.REDUCE: PlainUnpickler._call,
    pickle.NEWOBJ: PlainUnpickler._new,
    pickle.BUILD: PlainUnpickler._build,
}
