"""Unit conversion of answers: exact, and rounded to the precision that was read."""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from hybridml.datasets.predictions import allowed_units
from hybridml.entities import EntitySchema, default_entities
from hybridml.errors import EntityError
from hybridml.quantity import format_quantity
from hybridml.ranking.answer import Answer

LEAST_DIGITS = 3
"""The fewest significant digits of a converted number: those of ``12 OZ (340 g)`` on labels."""

COMPUTED_DIGITS = 12
"""Digits from which a number was computed (from 1/3 cup, from feet and inches), as no label prints so many."""

# factors and numbers have at most 17 digits each, so that their product is exact
_EXACT = decimal.Context(prec=40)


def in_unit(value: float, unit: str, wanted: str, schema: EntitySchema | None = None) -> float:
    """Return a quantity in another unit: converted exactly, then rounded to the precision it was read with.

    The number gets as many significant digits as the one that was read, at least three; and three where the latter was
    computed, such as 0.3333333333333333. Ties are rounded up. A number that is already in the unit stays as it is.

    Parameters
    ----------
    value, unit
        The quantity as read.
    wanted : str
        A unit of the same family.
    schema : EntitySchema, optional
        The units; the packaged ones by default.

    Raises
    ------
    EntityError
        When a unit is unknown, or the two are of different families.

    Examples
    --------
    >>> in_unit(12.0, "ounce", "gram"), in_unit(16.9, "fluid ounce", "millilitre"), in_unit(1.0, "foot", "inch")
    (340.0, 500.0, 12.0)
    >>> in_unit(1234.5, "gram", "kilogram"), in_unit(1 / 3, "cup", "millilitre"), in_unit(12.75, "inch", "centimetre")
    (1.2345, 78.9, 32.39)
    """
    schema = schema or default_entities()
    a, b = schema.related(unit, wanted)
    if a.name == b.name:
        return value
    number = Decimal(repr(float(value)))
    read = len(number.normalize().as_tuple().digits)
    digits = LEAST_DIGITS if read >= COMPUTED_DIGITS else max(LEAST_DIGITS, read)
    rounded = decimal.Context(prec=digits, rounding=decimal.ROUND_HALF_UP)
    in_base = _EXACT.multiply(number, Decimal(repr(a.factor)))
    return float(rounded.divide(in_base, Decimal(repr(b.factor))))


def wanted_units(wishes: Iterable[str], schema: EntitySchema | None = None) -> dict[str, str]:
    """Return the unit that each entity is wanted in.

    Parameters
    ----------
    wishes : iterable of str
        ``"ENTITY=UNIT"``, or ``"UNIT"`` for every entity that allows it and that no other wish names.
    schema : EntitySchema, optional
        Entities and units; the packaged ones by default.

    Returns
    -------
    dict of entity to unit
        Without the entities that no wish is about.

    Raises
    ------
    EntityError
        When an entity is unknown, does not allow the unit, or is wanted in two.

    Examples
    --------
    >>> wanted_units(["gram", "width=inch", "item_weight=ounce"])
    {'width': 'inch', 'item_weight': 'ounce', 'maximum_weight_recommendation': 'gram'}
    """
    schema = schema or default_entities()
    named: dict[str, str] = {}
    general: dict[str, str] = {}
    for wish in wishes:
        entity, named_one, unit = (part.strip() for part in wish.rpartition("="))
        if named_one:
            allowed = schema.entity(entity).units
            if unit not in allowed:
                raise EntityError(
                    f"{wish!r}: {entity} has no unit {unit!r}; expected one of: {', '.join(allowed)}"
                )
            _want(named, entity, unit)
            continue
        entities = [e.name for e in schema.entities.values() if unit in e.units]
        if not entities:
            raise EntityError(
                f"no entity has the unit {unit!r}; expected one of: {', '.join(sorted(allowed_units(schema)))}"
            )
        for entity in entities:
            _want(general, entity, unit)
    return named | {entity: unit for entity, unit in general.items() if entity not in named}


def _want(wanted: dict[str, str], entity: str, unit: str) -> None:
    other = wanted.setdefault(entity, unit)
    if other != unit:
        raise EntityError(
            f"{entity} is wanted both in {other} and in {unit}; name one of them, for example '{entity}={unit}'"
        )


def convert_units(answer: Answer, wanted: Mapping[str, str], schema: EntitySchema | None = None) -> Answer:
    """Return an answer with its quantity, runner-ups and candidates in the unit wanted for its entity, if any.

    Examples
    --------
    >>> answer = Answer("item_weight", 12.0, "ounce", candidates=("12 ounce", "340 gram", "1 pound"))
    >>> answer = convert_units(answer, {"item_weight": "gram"})
    >>> answer.prediction, answer.candidates
    ('340 gram', ('340 gram', '454 gram'))
    """
    unit = wanted.get(answer.entity)
    if unit is None:
        return answer

    def converted(candidate: str) -> str:
        number, read = candidate.split(" ", 1)
        return format_quantity(in_unit(float(number), read, unit, schema), unit)

    shown = replace(
        answer,
        runner_ups=tuple(
            replace(other, value=in_unit(other.value, other.unit, unit, schema), unit=unit)
            for other in answer.runner_ups
        ),
        candidates=tuple(dict.fromkeys(map(converted, answer.candidates))),
    )
    if answer.value is None or answer.unit is None:
        return shown
    return replace(shown, value=in_unit(answer.value, answer.unit, unit, schema), unit=unit)
