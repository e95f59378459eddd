"""Grammage: the weight of a square metre of fabric or paper, ``180 g/m²`` or ``180 GSM``."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from hybridml.entities import EntitySchema

from .fold import fold
from .parser import quantities_in
from .repair import with_repaired
from .types import PER_AREA, Quantity
from .units import TEXTS_CACHED, UnitTable, spelling_key, table_for

_WRITTEN = frozenset({"plain", "bound", "range low", "range high"})


def grammage(text: str, schema: EntitySchema | None = None) -> list[Quantity]:
    """Return the weights per area in ``text``, in order, each with the unit of a weight.

    They are not the weight of the item, so :func:`hybridml.quantity.parse` leaves them out; the labels of
    marketplaces often give them as such. Their spellings are the ``per_area`` of the schema's units.

    Examples
    --------
    >>> [(q.value, q.unit, q.form) for q in grammage("Cotton, 180 GSM")]
    [(180.0, 'gram', 'per area')]
    >>> grammage("Net weight 180 g, dries 900 g/m²/24h")
    []
    """
    return list(_found(text, table_for(schema, "per area")))


@lru_cache(maxsize=TEXTS_CACHED)
def _found(text: str, table: UnitTable) -> tuple[Quantity, ...]:
    letters = spelling_key(fold(text))
    if not any(name in letters for name in table.names):
        return ()
    found = with_repaired(text, _per_area(text, table), lambda edited: _per_area(edited, table))
    return tuple(sorted(found, key=lambda q: (q.span, q.repaired)))


def _per_area(text: str, table: UnitTable) -> list[Quantity]:
    return [
        replace(q, form=PER_AREA, part=None)
        for q in quantities_in(text, table)
        if q.value and (q.form in _WRITTEN or (q.unit_text and q.form in {"product part", "multipack each"}))
    ]
