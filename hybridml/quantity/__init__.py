"""Quantities in text: numbers with units as they stand on products, in five languages.

>>> [(q.value, q.unit, q.form) for q in parse("Input 100-240V, 10 x 5 cm")]
[(100.0, 'volt', 'range low'), (240.0, 'volt', 'range high'), (10.0, 'centimetre', 'product part'),
 (5.0, 'centimetre', 'product part')]
"""

from __future__ import annotations

from functools import lru_cache

from hybridml.entities import EntitySchema

from .bare import declared_unit, numbers, unit_mentions
from .format import format_quantity
from .grammage import grammage
from .parser import read
from .price import parse_number
from .repair import with_repaired
from .types import PER_AREA, Form, Number, Quantity, UnitMention
from .units import TEXTS_AT_HAND, UnitTable, table_for

__all__ = [
    "PER_AREA",
    "Form",
    "Number",
    "Quantity",
    "UnitMention",
    "declared_unit",
    "format_quantity",
    "grammage",
    "numbers",
    "parse",
    "parse_number",
    "unit_mentions",
]


def parse(text: str, schema: EntitySchema | None = None) -> list[Quantity]:
    """Return every quantity that a reader would see in ``text``, in order.

    A range gives both ends, A x B x C each part, a multipack all of them and one pack, feet and inches
    their sum and both parts. Readings that take an OCR error as given follow with ``repaired`` set.
    Prices, dates, percentages, article numbers and quantities in units that no entity has are left out.

    Parameters
    ----------
    text : str
        Any text. Nothing raises; the time taken grows with its length only.
    schema : EntitySchema, optional
        The units and how they are spelled; the packaged ones by default.

    Returns
    -------
    list of Quantity

    Examples
    --------
    >>> [(q.value, q.unit) for q in parse("NET WT 12 OZ (340 g)")]
    [(12.0, 'ounce'), (340.0, 'gram')]
    >>> [(q.value, q.unit, q.form) for q in parse("5'10\\"")]
    [(70.0, 'inch', 'sum'), (5.0, 'foot', 'sum part'), (10.0, 'inch', 'sum part')]
    >>> [(q.value, q.unit, q.repaired) for q in parse("l2Ocm")]
    [(120.0, 'centimetre', True)]
    """
    return list(_parsed(text, table_for(schema), table_for(schema, lenient=True)))


@lru_cache(maxsize=TEXTS_AT_HAND)
def _parsed(text: str, strict: UnitTable, lenient: UnitTable) -> tuple[Quantity, ...]:
    found = with_repaired(text, read(text, strict), lambda edited: read(edited, lenient, gaps=True))
    # a zero that no one wrote is what a guess left over
    found = [q for q in found if q.value or not q.repaired]
    order = sorted(found, key=lambda q: (q.span[0], -q.span[1] if q.form == "sum" else q.span[1], q.repaired))
    return tuple(order)
