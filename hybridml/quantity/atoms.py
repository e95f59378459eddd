"""Number scanner: decimals with either separator, fractions, and number words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from .words import WORD_SET, WORDS, word_value

_VULGAR = {
    "½": 1 / 2, "⅓": 1 / 3, "⅔": 2 / 3, "¼": 1 / 4, "¾": 3 / 4, "⅕": 1 / 5, "⅖": 2 / 5, "⅗": 3 / 5, "⅘": 4 / 5,
    "⅙": 1 / 6, "⅚": 5 / 6, "⅐": 1 / 7, "⅛": 1 / 8, "⅜": 3 / 8, "⅝": 5 / 8, "⅞": 7 / 8, "⅑": 1 / 9, "⅒": 1 / 10,
}  # fmt: skip
_DENOMINATORS = frozenset({2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 32, 64})
MAX_DIGITS = 7
"""A longer run of digits without a separator is a barcode or an article number."""

MAX_LENGTH = 40
VULGAR = "".join(_VULGAR)
"""Characters that are fractions."""

_DIGIT = re.compile(rf"[0-9{VULGAR}]")
_LETTERS = re.compile("[a-z]+")
_SEPARATOR = re.compile("[.,]")
_START = re.compile(rf"[0-9{VULGAR}]|(?<![a-z]){WORDS}(?![a-z])|(?<![0-9.,])[.,](?=[0-9])")
_MIXED = re.compile(r"([0-9]{1,4})(?:-| ?[&+] ?| and | {1,2})([0-9]{1,2}) ?/ ?([0-9]{1,2})(?![0-9/])")
_FRACTION = re.compile(r"([0-9]{1,4}) ?/ ?([0-9]{1,4})(?![0-9/]|[.,][0-9])")
_VULGAR_NUMBER = re.compile(rf"(?:([0-9]{{1,4}})(?: |-)?)?([{VULGAR}])")
_GROUPED = re.compile(r"[0-9]{1,3}(?: [0-9]{3}){1,4}(?![0-9])(?:[.,][0-9]{1,2}(?![0-9]))?")
_SWISS = re.compile(r"[0-9]{1,3}(?:'[0-9]{3}){1,4}(?![0-9])(?:[.,][0-9]+)?")
_EXPONENT = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,16})?e[+-]?[0-9]{1,2}(?![0-9a-z])")
_DECIMAL = re.compile(r"[0-9]*(?:[.,][0-9]+)+|[0-9]+")
_BULLETED = re.compile(r"\.[1-9][0-9]*0")
"""Decimals that end in a zero are rare: the point of ``.500 mg`` may be a bullet."""
_GAPPED = re.compile(r"([0-9]{1,4})(?:[.,] | [.,])([0-9]{1,2})(?![0-9./,])")
_AND_A_FRACTION = re.compile(r" (?:and|&|et|und|y|e) (?:an? |one[ -]|une? |un[ao]? |eine? )?")
_SCALE = re.compile(r" ?(hundred|thousand|million|billion|mio\.?)(?![a-z])")
_SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "mio": 1e6, "mio.": 1e6}


@dataclass(frozen=True)
class Atom:
    """A number in a folded text: its span and its most likely value.

    ``others`` are its values after an OCR error or with the other decimal separator, each with the start of its text.
    """

    start: int
    end: int
    value: float
    others: tuple[tuple[float, int], ...] = ()
    kind: Literal["digits", "fraction", "word"] = "digits"


def decimal_values(digits: str) -> tuple[float, float | None] | None:
    """Return the value of digits with separators, and the value with the other decimal separator if there is one.

    The last of two different separators is the decimal one. Before exactly three digits, a comma separates thousands
    and a point is decimal, as in ``0.635 kg``.

    Examples
    --------
    >>> [decimal_values(digits) for digits in ("1,234.5", "1.234,5", "2,5", "2,500", "1.2.3")]
    [(1234.5, None), (1234.5, None), (2.5, None), (2500.0, 2.5), None]
    """
    if len(digits) > MAX_LENGTH:
        return None
    separators = [c for c in digits if c in ".,"]
    if not separators:
        return float(digits), None
    groups = _SEPARATOR.split(digits)
    thousands = 1 <= len(groups[0]) <= 3 and groups[0][0] != "0" and all(len(g) == 3 for g in groups[1:])
    if len(separators) == 1:
        decimal = float(f"{groups[0] or 0}.{groups[1]}")
        whole = float("".join(groups)) if thousands else None
        if whole is None:
            return decimal, None
        if separators[0] == ",":
            return whole, decimal
        return decimal, whole if groups[1].endswith("0") else None
    if len(set(separators)) == 1:
        return (float("".join(groups)), None) if thousands else None
    inner = groups[:-1]
    if (
        separators[-1] in separators[:-1]
        or not 1 <= len(inner[0]) <= 3
        or any(len(g) != 3 for g in inner[1:])
    ):
        return None
    return float(f"{''.join(inner)}.{groups[-1]}"), None


def _fraction(top: str, bottom: str, whole: str = "0") -> float | None:
    a, b = int(top), int(bottom)
    if not b or (a >= b and whole != "0"):
        return None
    usual = b in _DENOMINATORS and math.gcd(a, b) == 1 and a <= 99
    return int(whole) + a / b if a and (usual or (b == 1000 and a < 10)) else None


def fraction_at(text: str, at: int) -> Atom | None:
    """Return the fraction, alone or after a whole number, that starts at ``at`` of a folded text."""
    if (m := _MIXED.match(text, at)) and (value := _fraction(m[2], m[3], m[1])) is not None:
        return Atom(at, m.end(), value, kind="fraction")
    if (m := _FRACTION.match(text, at)) and (value := _fraction(m[1], m[2])) is not None:
        # 1 1/2 with its space lost
        lost = _fraction(m[1][-1], m[2], m[1][:-1]) if value > 1 and len(m[1]) > 1 else None
        return Atom(at, m.end(), value, ((lost, at),) if lost is not None else (), kind="fraction")
    if m := _VULGAR_NUMBER.match(text, at):
        return Atom(at, m.end(), int(m[1] or 0) + _VULGAR[m[2]], kind="fraction")
    return None


def _at(text: str, at: int) -> Atom | None:
    """Return the number that starts at ``at``, in its longest form."""
    if fraction := fraction_at(text, at):
        return fraction
    if m := _EXPONENT.match(text, at):
        return Atom(at, m.end(), float(m[0]))
    if m := _SWISS.match(text, at):
        decoded = decimal_values(m[0].replace("'", ""))
        return Atom(at, m.end(), decoded[0]) if decoded else None
    if (m := _GROUPED.match(text, at)) and text[at] != "0" and not (at and text[at - 1].isalnum()):
        tail = text.rfind(" ", at, m.end()) + 1
        decoded, last = decimal_values(m[0].replace(" ", "")), decimal_values(text[tail : m.end()])
        if decoded and last:
            return Atom(at, m.end(), decoded[0], ((last[0], tail),) if text[tail] != "0" else ())
    m = _DECIMAL.match(text, at)
    return _decimal(text, m) if m else None


def _decimal(text: str, m: re.Match[str]) -> Atom | None:
    at, written = m.start(), m[0]
    longest = max(map(len, _SEPARATOR.split(written)))
    if longest > MAX_DIGITS and (written.isdigit() or longest > 17):
        return None
    if written[0] in ".," and at and (text[at - 1].isalnum() or text[at - 1] == "."):
        after = decimal_values(written[1:]) if written[1:] else None
        lost = decimal_values(written)
        if not after:
            return None
        return Atom(at + 1, m.end(), after[0], ((lost[0], at),) if lost else ())
    decoded = decimal_values(written)
    if decoded is None:
        return None
    others = [] if decoded[1] is None else [(decoded[1], at)]
    if _BULLETED.fullmatch(written):
        others.append((float(written[1:]), at + 1))
    if len(written) > 1 and written[0] == "0" and written.isdigit():
        others.append((float(f"0.{written[1:]}"), at))
    return Atom(at, m.end(), decoded[0], tuple(others))


def _gapped(text: str, at: int) -> Atom | None:
    """Return ``5. 5`` as 5.5: OCR engines put a space after a point."""
    m = _GAPPED.match(text, at)
    return Atom(at, m.end(), float(f"{m[1]}.{m[2]}"), ((float(m[2]), m.start(2)),)) if m else None


def _word(text: str, m: re.Match[str]) -> Atom | None:
    value, end = word_value(text, m.start())
    return Atom(m.start(), end, value, kind="word") if value is not None else None


def _and_a_half(text: str, atom: Atom) -> Atom:
    if (m := _AND_A_FRACTION.match(text, atom.end)) and m.end() < len(text) and text[m.end()].isalpha():
        value, end = word_value(text, m.end())
        if value is not None and 0 < value < 1:
            return Atom(atom.start, end, atom.value + value, kind="word")
    return atom


def scan(text: str, gaps: bool = False) -> Iterator[Atom]:
    """Yield the numbers of a folded text in order; with ``gaps``, ``5. 5`` is one number.

    Examples
    --------
    >>> [a.value for a in scan("1 1/2 cups, 3/4 in, 2,000 mg or two and a half")]
    [1.5, 0.75, 2000.0, 2.5]
    """
    if not _DIGIT.search(text) and WORD_SET.isdisjoint(_LETTERS.findall(text)):
        return
    gaps = gaps and _GAPPED.search(text) is not None
    at = 0
    while m := _START.search(text, at):
        if m[0][0].isalpha():
            atom = _word(text, m)
        else:
            atom = (_gapped(text, m.start()) if gaps else None) or _at(text, m.start())
        if atom is None:
            rest = _DECIMAL.match(text, m.start())
            at = max(m.end(), rest.end() if rest else 0)
            continue
        if atom.kind != "fraction":
            atom = _and_a_half(text, atom)
        if (scale := _SCALE.match(text, atom.end)) and atom.kind == "digits":
            atom = Atom(atom.start, scale.end(), atom.value * _SCALES[scale[1]])
        yield atom
        at = max(atom.end, m.end())
