"""Unit pairs, such as ``3.3 in / 8.5 cm``, and the one definition of "the same quantity in another unit".

Numbers on products are rounded, so two quantities are the same if their sizes differ by no more than a tolerance. Each
use has a tolerance of its own, for the reason given beside it; :func:`same_size` compares with any of them.

A label holds one member of a pair, and which one depends on how the pair is written: the order, what stands between,
blanks. Here pairs are found and described; :mod:`hybridml.ranking.unit_preference` learns from the descriptions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hybridml.entities import EntitySchema, default_entities

SAME_ANSWER = 0.01
"""Tolerance of answers and labels: one is converted and rounded from the other."""

SAME_CANDIDATE = 0.015
"""Tolerance of the features that compare candidates; rankers are trained with it, so a change needs new features."""

SAME_PAIR = 0.035
"""Tolerance of the two members of a pair on a photo: both are rounded, often to one digit."""

SAME_VOLUME_PAIR = 0.042
"""The same for volumes: a British fluid ounce is 3.9 % smaller than the American one that units are converted with, so
that "1.76 fl oz (50 ml)" is a pair as well."""

PARSED_PAIR = 0.06
"""Tolerance of neighbours in one text, where hardly anything but a pair is this close: it also finds lost points."""

LONGEST_GAP = 20
"""Characters between the members of a pair beyond which the exact number makes no difference."""

PAIR_COLUMNS = (
    "imperial_first",
    "same_line",
    "gap",
    "imperial_spaced",
    "metric_spaced",
    "imperial_written",
    "metric_written",
    "sign",
    "blank_before_sign",
    "blank_after_sign",
    "imperial_decimals",
    "metric_decimals",
    "page_imperial_first",
    "difference",
    "capitals",
    "closed",
)
"""What describes a unit pair, in order; see :func:`describe_pair`."""

_SIGNS = {"": 0, "/": 1, "(": 2, "[": 2, "l": 3, "|": 3, "=": 4, "-": 5, ",": 5, "x": 6}
_OTHER_SIGN = 7
_NOT_WRITTEN, _SIGN, _SHORT, _WORD = range(4)


@dataclass(frozen=True)
class PairMember:
    """One of the two quantities of a unit pair: its text and span, the number as written, and its text line's index."""

    value: float
    unit: str
    text: str
    start: int
    end: int
    number: str
    line: int = 0

    @property
    def unit_text(self) -> str:
        """The unit as written, with the blank before it."""
        written = self.text[self.start : self.end]
        at = written.find(self.number)
        return "" if at < 0 else written[at + len(self.number) :]


def same_size(one: npt.ArrayLike, other: npt.ArrayLike, tolerance: float) -> npt.NDArray[np.bool_]:
    """Return whether sizes in one unit differ by at most ``tolerance``, a share of the larger.

    Arrays are broadcast against each other; the tolerance is one of this module's.

    Examples
    --------
    >>> same_size([8.38, 8.7, 9.0], 8.5, SAME_PAIR).tolist()
    [True, True, False]
    """
    one, other = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    same: npt.NDArray[np.bool_] = np.abs(one - other) <= tolerance * np.maximum(np.abs(one), np.abs(other))
    return same


def pair_tolerance(family: str) -> float:
    """Return the tolerance of a unit pair of a family."""
    return SAME_VOLUME_PAIR if family == "volume" else SAME_PAIR


def could_pair(a: tuple[float, str], b: tuple[float, str], schema: EntitySchema) -> bool:
    """Return whether two quantities (value, unit) are as close as the members of a pair, in whatever units."""
    one, other = schema.unit(a[1]), schema.unit(b[1])
    return one.family == other.family and bool(
        same_size(schema.to_base(*a), schema.to_base(*b), pair_tolerance(one.family))
    )


def is_unit_pair(a: tuple[float, str], b: tuple[float, str], schema: EntitySchema) -> bool:
    """Return whether two quantities (value, unit) are the same in a metric and an imperial unit.

    Examples
    --------
    >>> schema = default_entities()
    >>> others = (8.5, "centimetre"), (3.3, "centimetre"), (3.3, "inch")
    >>> [is_unit_pair((3.3, "inch"), other, schema) for other in others]
    [True, False, False]
    >>> is_unit_pair((1.76, "fluid ounce"), (50.0, "millilitre"), schema)
    True
    """
    return schema.is_imperial(a[1]) != schema.is_imperial(b[1]) and could_pair(a, b, schema)


def same_quantity(
    a: tuple[float, str], b: tuple[float, str], entity: str | None = None, schema: EntitySchema | None = None
) -> bool:
    """Return whether two quantities (value, unit), such as an answer and a label, are the same.

    In one unit they are the same only if they are equal; in two units their sizes may differ by :data:`SAME_ANSWER`.
    Units of two families compare where ``reads_as`` of ``entity``, or of any entity if it is unknown, says so.

    Examples
    --------
    >>> same_quantity((57.0, "inch"), (144.0, "centimetre")), same_quantity((57.0, "inch"), (57.1, "inch"))
    (True, False)
    >>> same_quantity((12.0, "ounce"), (12.0, "fluid ounce"), "item_volume")
    True
    >>> same_quantity((12.0, "ounce"), (12.0, "fluid ounce"), "item_weight")
    False
    """
    schema = schema or default_entities()
    if a[1] == b[1]:
        return a[0] == b[0]
    asked = schema.entities.get(entity or "")
    known = [asked] if asked else list(schema.entities.values())
    units_a, units_b = (
        [schema.units[u] for u in {q[1], *(e.reads_as.get(q[1], q[1]) for e in known)} if u in schema.units]
        for q in (a, b)
    )
    return any(
        left.family == right.family and bool(same_size(a[0] * left.factor, b[0] * right.factor, SAME_ANSWER))
        for left in units_a
        for right in units_b
    )


def describe_pair(
    a: PairMember, b: PairMember, page_imperial_first: bool, schema: EntitySchema
) -> tuple[float, ...]:
    """Return how a unit pair is written, as numbers in the order of :data:`PAIR_COLUMNS`.

    The members come in any order; ``page_imperial_first`` says whether the first quantity of the whole text or photo is
    in an imperial unit.

    Examples
    --------
    >>> text = "3.3 in / 8.5 cm"
    >>> inch, cm = PairMember(3.3, "inch", text, 0, 6, "3.3"), PairMember(8.5, "centimetre", text, 9, 15, "8.5")
    >>> columns = dict(zip(PAIR_COLUMNS, describe_pair(inch, cm, True, default_entities())))
    >>> [columns[name] for name in ("imperial_first", "gap", "imperial_spaced", "sign", "blank_before_sign")]
    [1.0, 3.0, 1.0, 1.0, 1.0]
    """
    first, second = (a, b) if (a.line, a.start) <= (b.line, b.start) else (b, a)
    same = first.line == second.line
    between = first.text[first.end : second.start] if same else " "
    imperial, metric = (first, second) if schema.is_imperial(first.unit) else (second, first)
    one, other = schema.to_base(imperial.value, imperial.unit), schema.to_base(metric.value, metric.unit)
    return tuple(
        float(value)
        for value in (
            imperial is first,
            same,
            min(len(between), LONGEST_GAP),
            imperial.unit_text[:1].isspace(),
            metric.unit_text[:1].isspace(),
            _written(imperial.unit_text),
            _written(metric.unit_text),
            _SIGNS.get(between.strip().lower()[:1], _OTHER_SIGN),
            between[:1].isspace(),
            between[-1:].isspace(),
            _decimals(imperial.number),
            _decimals(metric.number),
            page_imperial_first,
            abs(one - other) / max(one, other, 1e-12),
            imperial.unit_text.strip()[:2].isupper(),
            second.text[second.end : second.end + 1] in (")", "]"),
        )
    )


def _written(unit: str) -> int:
    letters = sum(c.isalpha() for c in unit)
    if not letters:
        return _SIGN if unit.strip() else _NOT_WRITTEN
    return _SHORT if letters <= 2 else _WORD


def _decimals(number: str) -> int:
    _, point, digits = number.replace(",", ".").rpartition(".")
    return len(digits) if point else 0
