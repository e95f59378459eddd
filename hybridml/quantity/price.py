"""Single numbers in text, such as prices."""

from __future__ import annotations

import re

from .atoms import VULGAR, decimal_values, fraction_at
from .fold import fold

_FIRST = re.compile(
    r"(?<![0-9])(?:[0-9]{1,3}(?:[ '][0-9]{3}){1,5}(?![0-9])(?:[.,][0-9]{1,2}(?![0-9]))?"
    r"|[.,]?[0-9]+(?:[.,][0-9]+)*)(?:[.,] [0-9]{2}(?![0-9]))?"
    rf"|[{VULGAR}]"
)
_SHARE_OR_DATE = re.compile(r" ?%|-[0-9]+(?:-|$)|[./-][0-9]")
_MONEY = re.compile(r"[^\W\d_]{1,3}\.? ?$|[$€£¥₫₽₹฿] ?$")
_MONEY_AFTER = re.compile(r" ?(?:[$€£¥₫₽₹฿]|[^\W\d_]{1,6})|,-")
_CENTS = re.compile(r"[€$£]([0-9]{2,3})(?![0-9.,])|[€$£] ([0-9]{2})(?![0-9.,])")
_FREE = re.compile(r"\b(?:free|gratis|kostenlos|gratuit|gratuito)\b(?!.*[0-9])")


def parse_number(text: str) -> float | None:
    """Return the first number of ``text``, whatever its decimal separator, or None.

    Percentages and dates do not count. A point before exactly three digits is decimal, except beside a currency: prices
    have two decimals at most. No text raises an error.

    Examples
    --------
    >>> parse_number("1.234,5"), parse_number("1 298,00 €"), parse_number("0.352"), parse_number("none")
    (1234.5, 1298.0, 0.352, None)
    >>> parse_number("3 1/2"), parse_number("1½")
    (3.5, 1.5)
    """
    folded = fold(text)
    for m in _FIRST.finditer(folded):
        if (fraction := fraction_at(folded, m.start())) is not None:
            return fraction.value
        around = folded[max(0, m.start() - 6) : m.start()]
        if _SHARE_OR_DATE.match(folded, m.end()) or re.search(r"[0-9][./-]$", around):
            continue
        value = _value(m[0], bool(_MONEY.search(around) or _MONEY_AFTER.match(folded, m.end())))
        if value is None:
            continue
        cents = _CENTS.match(folded, m.end())
        if cents and value == int(value) and m[0].isdigit():
            return float(f"{m[0]}.{cents[1] or cents[2]}")
        return value
    return 0.0 if _FREE.search(folded) else None


def _value(written: str, money: bool) -> float | None:
    digits = re.sub(r"[ ']", "", written)
    lone = digits[0] in ".," and digits.count(".") + digits.count(",") > 1
    decoded = decimal_values(digits[1:] if lone else digits)
    if decoded is None:
        return None
    groups = re.split("[.,]", digits)
    if money and len(groups) == 2 and "." in digits and len(groups[1]) == 3 and groups[0].strip("0"):
        return float("".join(groups)) if len(groups[0]) <= 3 else decoded[0]
    return decoded[0]
