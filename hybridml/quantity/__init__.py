"""Parser of quantities: numbers with units as they are written on products, in five languages.

>>> [(q.value, q.unit, q.form) for q in parse("Input 100-240V, 10 x 5 cm")]
[(100.0, 'volt', 'range low'), (240.0, 'volt', 'range high'), (10.0, 'centimetre', 'product part'),
 (5.0, 'centimetre', 'product part')]
"""

from __future__ import annotations

from functools import lru_cache

from hybridml.entities import EntitySchema

from .bare import declared_unit, numbers
from .format import format_quantity
from .grammage import grammage
from .parser import quantities_in
from .price import parse_number
from .repair import with_repaired
from .types import PER_AREA, Form, Number, Quantity, UnitMention
from .units import TEXTS_CACHED, UnitTable, table_for

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
]


def parse(text: str, schema: EntitySchema | None = None) -> list[Quantity]:
    """Return every quantity that a person would see in ``text``, in order.

    A range gives both ends, A x B x C each part, a multipack its total and one pack, feet and inches their sum and
    both parts. Interpretations that assume an OCR error follow, with ``repaired`` set. Prices, dates, percentages,
    article numbers and quantities in units that no entity has are left out.

    Parameters
    ----------
    text : str
        Any text. None raises an error, and the time grows linearly with the length.
    schema : EntitySchema, optional
        Units and their spellings; the packaged ones by default.

    Examples
    --------
    >>> [(q.value, q.unit) for q in parse("NET WT 12 OZ (340 g)")]
    [(12.0, 'ounce'), (340.0, 'gram')]
    >>> [(q.value, q.unit, q.form) for q in parse("5'10\\"")]
    [(70.0, 'inch', 'sum'), (5.0, 'foot', 'sum part'), (10.0, 'inch', 'sum part')]
    >>> [(q.value, q.unit, q.repaired) for q in parse("l2Ocm")]
    [(120.0, 'centimetre', True)]
    """
    return list(_parsed(text, table_for(schema), table_for(schema, "lenient")))


@lru_cache(maxsize=TEXTS_CACHED)
def _parsed(text: str, strict: UnitTable, lenient: UnitTable) -> tuple[Quantity, ...]:
    found = with_repaired(
        text, quantities_in(text, strict), lambda edited: quantities_in(edited, lenient, gaps=True)
    )
    # a repair that leaves zero is a wrong guess
    found = [q for q in found if q.value or not q.repaired]
    return tuple(
        sorted(found, key=lambda q: (q.span[0], -q.span[1] if q.form == "sum" else q.span[1], q.repaired))
    )
