"""One short name for a set of settings, the same on every machine."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any

LENGTH = 16


def _plain(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"settings must be plain JSON values, got {type(value).__name__}: {value!r}")


def fingerprint(settings: Mapping[str, Any]) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of ``settings`` as canonical JSON.

    The order of the keys does not matter; anything else does. Tuples count as lists, data classes as
    mappings.

    Parameters
    ----------
    settings : mapping
        Plain values only: strings, finite numbers, booleans, None, and lists and mappings of them.

    Raises
    ------
    TypeError
        When a value has no plain form.
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
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:LENGTH]
