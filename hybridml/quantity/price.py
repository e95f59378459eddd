"""The one number in a text that is about a number."""

from __future__ import annotations

import re

from .atoms import decode
from .fold import fold

_FIRST = re.compile(
    r"(?<![0-9])(?:[0-9]{1,3}(?:[ '][0-9]{3})+(?![0-9])(?:[.,][0-9]{1,2}(?![0-9]))?|[.,]?[0-9]+(?:[.,][0-9]+)*)(?:[.,] [0-9]{2}(?![0-9]))?"
)
_MONEY = re.compile(r"[^\W\d_]{1,3}\.? ?$|[$€£¥₫₽₹฿] ?$")
_MONEY_AFTER = re.compile(r" ?(?:[$€£¥₫₽₹฿]|[^\W\d_]{1,6})")
_CENTS = re.compile(r" ?[€$£] ?([0-9]{2,3})(?![0-9.,])")
_FREE = re.compile(r"\b(?:free|gratis|kostenlos|gratuit|gratuito)\b")


def parse_number(text: str) -> float | None:
    """Return the first number of ``text``, in whichever convention it is written, or None.

    Percentages and dates are no numbers. A dot before exactly three digits is decimal, except beside a
    currency: money has two decimals at most.

    Parameters
    ----------
    text : str
        Anything; nothing raises.

    Examples
    --------
    >>> parse_number("1.234,5"), parse_number("1 298,00 €"), parse_number("0.352"), parse_number("none")
    (1234.5, 1298.0, 0.352, None)
    """
    folded = fold(text)
    for m in _FIRST.finditer(folded):
        if re.match(r" ?%|-[0-9]+(?:-|$)|[./-][0-9]", folded[m.end() : m.end() + 8]) and not m[0].startswith(
            "."
        ):
            continue
        written = re.sub(r"[ ']", "", m[0])
        decoded = (
            decode(written.lstrip(".,")) if written.count(".") + written.count(",") > 1 else decode(written)
        )
        if decoded is None:
            continue
        value, other = decoded
        money = _MONEY.search(folded[max(0, m.start() - 6) : m.start()]) or _MONEY_AFTER.match(
            folded, m.end()
        )
        if other is not None and money and "." in written and other > value:
            value = other
        cents = _CENTS.match(folded, m.end())
        if cents and value == int(value) and not re.search(r"[.,]", m[0]):
            value = float(f"{value:.0f}.{cents[1]}")
        return value
    return 0.0 if _FREE.search(folded) else None
