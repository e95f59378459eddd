"""Legal answers from the text that a model wrote."""

from __future__ import annotations

from hybridml.entities import Entity, EntitySchema
from hybridml.quantity import format_quantity, parse


def repaired(text: str, entity: Entity, schema: EntitySchema) -> str:
    """Return the first quantity in a text that can answer ``entity``, as a submission writes it; empty for none.

    Units may be spelled in any way, and become those of the entity: an ounce of a volume is a fluid ounce. A quantity
    of another family, or a number alone, is no answer.

    Examples
    --------
    >>> from hybridml.entities import default_entities
    >>> schema = default_entities()
    >>> repaired("The weight is 1.5kg (3.3 lbs).", schema.entity("item_weight"), schema)
    '1.5 kilogram'
    >>> repaired("12 cm", schema.entity("item_weight"), schema)
    ''
    """
    for quantity in parse(text, schema):
        unit = entity.unit_for(quantity.unit)
        if unit is not None:
            return format_quantity(quantity.value, unit)
    return ""
