"""Duals: one quantity written twice, in a metric and in an imperial unit, as ``3.3 in / 8.5 cm``.

Labels hold one of the two, and which one goes by how they are written: which comes first, what stands between, blanks.
Here a dual is found and described; :mod:`hybridml.ranking.unit_preference` learns from that which of the two labels take.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hybridml.entities import EntitySchema, default_entities

SAME = 0.035
"""Quantities within this share of each other are one quantity given twice: both numbers are rounded."""

SAME_VOLUME = 0.042
"""The same of volumes: a British fluid ounce is 3.9 % less than the American one that units are counted in, so that
"1.76 fl oz (50 ml)" is one quantity, too."""

_VOLUME = "volume"

WIDEST = 20
"""Characters between the two beyond which it makes no difference how many."""

COLUMNS = (
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
"""What a dual is described by, in order; see :func:`describe`."""

_SIGNS = {"": 0, "/": 1, "(": 2, "[": 2, "l": 3, "|": 3, "=": 4, "-": 5, ",": 5, "x": 6}
_OTHER_SIGN = 7
_NOT_WRITTEN, _MARK, _SHORT, _WORD = range(4)


@dataclass(frozen=True)
class Mention:
    """One of the two quantities of a dual, and where it stands.

    Parameters
    ----------
    value, unit
        The quantity.
    text : str
        The text that it stands in.
    start, end : int
        Where in it.
    number : str
        The number as written.
    line : int
        Number of the text line, which tells whether two stand in one.
    """

    value: float
    unit: str
    text: str
    start: int
    end: int
    number: str
    line: int = 0

    @property
    def unit_text(self) -> str:
        """What follows the number: the unit as written, with the blank before it."""
        written = self.text[self.start : self.end]
        at = written.find(self.number)
        return "" if at < 0 else written[at + len(self.number) :]


def close(one: npt.ArrayLike, other: npt.ArrayLike, family: str = "") -> npt.NDArray[np.bool_]:
    """Return whether sizes, in one unit, are those of one quantity; of arrays each, as numpy broadcasts them.

    Parameters
    ----------
    one, other : array
        Sizes.
    family : str
        Of their units.

    Examples
    --------
    >>> close([8.38, 8.7], 8.5).tolist()
    [True, True]
    >>> bool(close(24.0, 25.0)), bool(close(24.0, 25.0, "volume"))
    (False, True)
    """
    one, other = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    same = SAME_VOLUME if family == _VOLUME else SAME
    found: npt.NDArray[np.bool_] = np.abs(one - other) <= same * np.maximum(one, other)
    return found


def is_same(a: tuple[float, str], b: tuple[float, str], schema: EntitySchema) -> bool:
    """Return whether two quantities (value, unit) are one, in whatever units."""
    one, other = schema.unit(a[1]), schema.unit(b[1])
    return one.family == other.family and bool(close(schema.to_base(*a), schema.to_base(*b), one.family))


def is_unit_pair(a: tuple[float, str], b: tuple[float, str], schema: EntitySchema) -> bool:
    """Return whether two quantities (value, unit) are one in a metric and an imperial unit.

    Examples
    --------
    >>> from hybridml.entities import default_entities
    >>> schema = default_entities()
    >>> is_unit_pair((3.3, "inch"), (8.5, "centimetre"), schema), is_unit_pair((3.3, "inch"), (3.3, "centimetre"), schema)
    (True, False)
    >>> is_unit_pair((1.76, "fluid ounce"), (50.0, "millilitre"), schema)
    True
    """
    return schema.is_imperial(a[1]) != schema.is_imperial(b[1]) and is_same(a, b, schema)


def describe(a: Mention, b: Mention, page_imperial_first: bool, schema: EntitySchema) -> tuple[float, ...]:
    """Return how a dual is written, as numbers in the order of :data:`COLUMNS`; the same whichever is given first.

    Parameters
    ----------
    a, b : Mention
        The two.
    page_imperial_first : bool
        Whether the first quantity of all that stand there is in an imperial unit.
    schema : EntitySchema
        Units.

    Examples
    --------
    >>> from hybridml.entities import default_entities
    >>> text = "3.3 in / 8.5 cm"
    >>> inch, cm = Mention(3.3, "inch", text, 0, 6, "3.3"), Mention(8.5, "centimetre", text, 9, 15, "8.5")
    >>> told = dict(zip(COLUMNS, describe(inch, cm, True, default_entities())))
    >>> [told[name] for name in ("imperial_first", "gap", "imperial_spaced", "sign", "blank_before_sign")]
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
            min(len(between), WIDEST),
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
        return _MARK if unit.strip() else _NOT_WRITTEN
    return _SHORT if letters <= 2 else _WORD


def _decimals(number: str) -> int:
    _, point, digits = number.replace(",", ".").rpartition(".")
    return len(digits) if point else 0


SAME_QUANTITY = 0.01
"""Share by which one quantity in two units may differ: labels and photos round."""


def same_quantity(
    a: tuple[float, str], b: tuple[float, str], entity: str | None = None, schema: EntitySchema | None = None
) -> bool:
    """Return whether two quantities are one, given in two units that differ by rounding of at most 1 %.

    In the same unit they are one only if they are equal. Which units compare across families is what the
    book's ``reads_as`` says of ``entity``, or of any entity when that is not known.

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
    for left in {a[1], *(e.reads_as[a[1]] for e in known if a[1] in e.reads_as)}:
        for right in {b[1], *(e.reads_as[b[1]] for e in known if b[1] in e.reads_as)}:
            if _family(left, schema) is not None and _family(left, schema) == _family(right, schema):
                x, y = schema.to_base(a[0], left), schema.to_base(b[0], right)
                if abs(x - y) <= SAME_QUANTITY * max(abs(x), abs(y)):
                    return True
    return False


def _family(unit: str, schema: EntitySchema) -> str | None:
    return schema.units[unit].family if unit in schema.units else None
