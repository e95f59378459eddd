"""Hashes of settings, files and texts, the same on every machine."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hybridml.errors import HybridmlError


def fingerprint(settings: Mapping[str, Any]) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of ``settings`` as canonical JSON.

    The order of the keys does not matter; anything else does. Tuples count as lists, data classes as mappings.

    Parameters
    ----------
    settings : mapping
        Plain values only: strings, finite numbers, booleans, None, and lists and mappings of them.

    Raises
    ------
    TypeError
        When a value is not plain.
    ValueError
        When a number is infinite or not a number.

    Examples
    --------
    >>> fingerprint({"engine": "tesseract", "psm": 11}) == fingerprint({"psm": 11, "engine": "tesseract"})
    True
    >>> len(fingerprint({}))
    16
    """
    text = json.dumps(
        settings, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=True, default=_plain
    )
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def _plain(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"settings must be plain JSON values, got {type(value).__name__}: {value!r}")


def sha256_of(path: str | os.PathLike[str], error: type[HybridmlError] = HybridmlError) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits; raise ``error`` when it cannot be read.

    Examples
    --------
    >>> sha256_of(os.devnull)[:8]
    'e3b0c442'
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as cause:
        raise error(f"{os.fspath(path)}: {cause.strerror or cause}") from None


def hashes(keys: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Return a 64-bit hash of each key."""
    import pandas as pd  # here, so that decoding and OCR do not load it

    return np.asarray(pd.util.hash_array(np.array(keys, dtype=object), categorize=False), dtype=np.uint64)
