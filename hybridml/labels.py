"""What truth looks like: values of the column ``entity_value``, regular and not."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from .entities import EntityBook, default_entities

Kind = Literal["blank", "plain", "range", "foreign unit", "unreadable"]

_NUMBER = r"(-?\d+(?:\.\d+)?(?:\s?[eE][+-]?\d+)?)"
_UNIT = r"\s*([a-zA-Z][a-zA-Z ]*?)"
_PLAIN = re.compile(rf"{_NUMBER}{_UNIT}")
_BRACKETS = re.compile(rf"\[\s*{_NUMBER}\s*,\s*{_NUMBER}\s*\]{_UNIT}")
_TO = re.compile(rf"{_NUMBER}{_UNIT}\s+to\s+{_NUMBER}{_UNIT}")


@dataclass(frozen=True)
class Label:
    """A label, read.

    Parameters
    ----------
    kind : {"blank", "plain", "range", "foreign unit", "unreadable"}
        ``"foreign unit"`` names a unit that no entity has: non-empty truth that no answer matches.
    value : float or None
        The scored number: of a range the upper end.
    unit : str or None
        In the spelling of answers; of a foreign unit as written, and None when blank or unreadable.
    low, high : float or None
        The ends of a range, in ``unit``; both equal ``value`` otherwise.
    """

    kind: Kind
    value: float | None = None
    unit: str | None = None
    low: float | None = None
    high: float | None = None


def parse_label(text: object, book: EntityBook | None = None) -> Label:
    """Read a label; every text gets a kind and nothing raises.

    Parameters
    ----------
    text : str, or None or NaN for blank
        Value of the column ``entity_value``.
    book : EntityBook, optional
        The units that are known; the packaged ones by default.

    Returns
    -------
    Label

    Examples
    --------
    >>> parse_label("[100.0, 240.0] volt")
    Label(kind='range', value=240.0, unit='volt', low=100.0, high=240.0)
    >>> parse_label("0 kilogram to 2kilogram").value, parse_label("6 candela").kind, parse_label("").kind
    (2.0, 'foreign unit', 'blank')
    """
    if text is None or (isinstance(text, float) and math.isnan(text)) or not str(text).strip():
        return Label("blank")
    book = book or default_entities()
    stripped = str(text).strip()
    if m := _PLAIN.fullmatch(stripped):
        return _label(m[1], m[1], m[2], m[2], book, "plain")
    if m := _BRACKETS.fullmatch(stripped):
        return _label(m[1], m[2], m[3], m[3], book, "range")
    if m := _TO.fullmatch(stripped):
        return _label(m[1], m[3], m[2], m[4], book, "range")
    return Label("unreadable")


def _label(first: str, second: str, unit_a: str, unit_b: str, book: EntityBook, kind: Kind) -> Label:
    a, b = (float(re.sub(r"\s", "", n)) for n in (first, second))
    if not (math.isfinite(a) and math.isfinite(b)):
        return Label("unreadable")
    names = [_known(u, book) for u in (unit_a, unit_b)]
    if names[0] is None or names[1] is None:
        return Label("foreign unit", max(a, b), " ".join(unit_b.split()), min(a, b), max(a, b))
    if names[0] != names[1]:
        if book.unit(names[0]).family != book.unit(names[1]).family:
            return Label("unreadable")
        a = book.convert(a, names[0], names[1])
    return Label(kind, max(a, b), names[1], min(a, b), max(a, b))


def _known(unit: str, book: EntityBook) -> str | None:
    """Return the unit in the spelling of answers, after the official check's repairs."""
    name = " ".join(unit.lower().split())
    for candidate in (name, re.sub(r"ter$", "tre", name), re.sub(r"feet$", "foot", name)):
        if candidate in book.units:
            return candidate
    return None
