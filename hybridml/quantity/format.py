"""The spelling of quantities in answers."""

from __future__ import annotations

import math
from decimal import Decimal


def format_quantity(value: float, unit: str) -> str:
    """Return ``"<number> <unit>"``: the shortest plain decimal that reads back as the same float.

    Raises
    ------
    ValueError
        When ``value`` is negative or not finite.

    Examples
    --------
    >>> format_quantity(500.0, "gram"), format_quantity(1e-06, "gram"), format_quantity(2.2e20, "gram")
    ('500 gram', '0.000001 gram', '220000000000000000000 gram')
    """
    value = float(value)
    if not math.isfinite(value) or value < 0:
        raise ValueError(
            f"value={value!r} cannot be written as an answer: expected a finite number, 0 or above"
        )
    number = format(Decimal(repr(value)), "f")
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return f"{number.lstrip('-')} {unit}"
