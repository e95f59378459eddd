"""Repairs of OCR errors: letters read for digits, and digits for letters of units."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from .types import Quantity

_Edit = Callable[[re.Match[str]], str]

_DIGIT_FOR = str.maketrans("OoQDlI|!isSBZ", "0000111115582")
_TOKEN = re.compile(
    r"(?<![A-WYZa-wyz0-9])(?=[.,0-9A-Za-z|!]{2,12})"
    r"([0-9OoQDlI|!iSsBZ]{1,7}(?:[.,][0-9OoQDlI|!iSsBZ]{1,5})?)(?= ?(?:[A-Za-zµ\"'″′”’½/x*×~\-]|$))"
)
_NO_DIGIT = re.compile(
    r"(?:[OIl|]{2,5}|[SB][Oo]|[Il|][OoSs]) ?(?:cm|mm|kg|ml|lbs|[iI]bs|inch|oz|mg|gm)(?![A-Za-z])", re.I
)
_ONE_KILOGRAM = r"(?<![A-Za-z])((?:wt|weight|net)[.:]? ?)[Il|](?= ?kg(?![A-Za-z]))"
_UNIT = '(?:cm|mm|kg|ml|inch|in|lbs?|oz|CM|MM|KG|ML|IN|LBS?|OZ|")(?![A-Za-z])'
_EDITS: tuple[tuple[re.Pattern[str], _Edit], ...] = (
    (re.compile(r"([0-9] ?)[0Oo]2?[zZ](?![A-Za-z0-9])"), lambda m: (m[1] + "oz").ljust(len(m[0]))),
    (re.compile(r"(\.[0-9]{1,2} ?)02(?![A-Za-z0-9.,])"), lambda m: m[1] + "oz"),
    (re.compile(r"((?:wt|weight|net)\.? ?[0-9]{1,3} ?)02(?![A-Za-z0-9.,])", re.I), lambda m: m[1] + "oz"),
    (re.compile(_ONE_KILOGRAM, re.I), lambda m: m[1].replace(".", " ") + "1"),
    (re.compile(r"([0-9])([1I|]bs?)(?![A-Za-z0-9])"), lambda m: m[1] + "l" + m[2][1:]),
    (re.compile(r"([0-9])([1lI|]n)(?![A-Za-z0-9])"), lambda m: m[1] + "in"),
    (re.compile(rf"(?<=[0-9.xX×*])S(?= ?{_UNIT})"), lambda m: "5"),
    (re.compile(rf"(?<=[0-9.xX×*])B(?= ?{_UNIT})"), lambda m: "8"),
    (re.compile(r"([0-9])[°*](?= ?[x×X] ?[0-9])"), lambda m: m[1] + '"'),
    (re.compile(r"^([^0-9A-Za-z]{0,3}[1-9][0-9]{1,2})9(?=[^0-9A-Za-z%]{0,3}$)"), lambda m: m[1] + "g"),
    (re.compile(r"([0-9] ?)m9(?![A-Za-z0-9])"), lambda m: m[1] + "mg"),
    (re.compile(r"([0-9])rams(?![A-Za-z0-9])", re.I), lambda m: m[1] + "gram"),
)  # fmt: skip
_FLUID = re.compile(r"(?<=[0-9]) ?[fliFLI][ .\-]{1,2}[oO][zZ](?![A-Za-z0-9])")
"""A fluid ounce that lost a letter: the rest of it is not digits."""
_REPAIRABLE = re.compile(rf"[0-9]|[.xX×*][SB]|{_NO_DIGIT.pattern}|{_ONE_KILOGRAM}", re.I)
"""What a text contains if anything in it can be repaired: most lines of a label are words."""

_FEET = re.compile(r"(?<![0-9.])([0-9]{1,3}\.[0-9]{1,2}|[2-9][0-9])['’′](?![0-9A-Za-z'’′])")
"""Feet with decimals, or dozens of feet, are rather inches of whose sign only half was read."""

_WEIGHED = re.compile(
    r"(?:net|netto|weight|wt|poids|peso|gewicht)[^0-9]{0,12}([0-9]{1,4})9(?![0-9.,A-Za-z%/])", re.I
)


def repaired(text: str, taken: list[tuple[int, int]]) -> str:
    """Return ``text`` with letters replaced by the digits they stand for, and digits by letters of units.

    Positions stay the same. Spans in ``taken`` are left as they are.

    Examples
    --------
    >>> repaired("2Ocm, 3.50Z, 2.21bs", [])
    '20cm, 3.5oz, 2.2lbs'
    """
    if not _REPAIRABLE.search(text):
        return text
    free = _outside([*taken, *(m.span() for m in _FLUID.finditer(text))])
    chars = list(text)
    for m in _TOKEN.finditer(text):
        token = _digits_of(m[1])
        digits = any(c.isdigit() for c in token)
        if len(token) > 2 and token[0] in "BSZQD":
            continue
        if not token or token.isdigit() or not (digits or _NO_DIGIT.match(text, m.start(1))):
            continue
        if free(m.start(1), m.start(1) + len(token)):
            chars[m.start(1) : m.start(1) + len(token)] = token.translate(_DIGIT_FOR)
    edited = "".join(chars)
    for pattern, change in _EDITS:
        edited = pattern.sub(_where(free, change), edited)
    edited = _FEET.sub(r'\1"', edited)
    return _WEIGHED.sub(lambda m: m[0][:-1] + "g" if free(*m.span(1)) else m[0], edited)


def with_repaired(
    text: str, found: Sequence[Quantity], parse: Callable[[str], Sequence[Quantity]]
) -> list[Quantity]:
    """Return the quantities found in a text, then those that ``parse`` finds only in its repaired form."""
    every = list(found)
    known = {(q.value, q.unit, q.span[0]) for q in every}
    for q in parse(repaired(text, [q.span for q in found if not q.repaired])):
        if (q.value, q.unit, q.span[0]) not in known:
            known.add((q.value, q.unit, q.span[0]))
            number = text[q.span[0] : q.span[0] + len(q.number_text)]
            every.append(replace(q, repaired=True, number_text=number))
    return every


def _where(free: Callable[[int, int], bool], change: _Edit) -> _Edit:
    return lambda m: change(m) if free(*m.span()) else m[0]


def _digits_of(token: str) -> str:
    """Return ``token`` without final letters, which are a unit rather than digits."""
    m = re.match(r".*[0-9OoQDI|]", token)
    return m[0] if m else token


def _outside(taken: Iterable[tuple[int, int]]) -> Callable[[int, int], bool]:
    covered: set[int] = set()
    for start, end in taken:
        covered.update(range(start, end))
    return lambda start, end: not any(k in covered for k in range(start, end))
