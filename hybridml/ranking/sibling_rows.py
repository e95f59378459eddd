"""Rows that nobody asked: the other dimensions of a photo, so that all three are weighed together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hybridml.candidates.table import CandidateTable, Rows
from hybridml.entities import EntitySchema

from .dimension_order import DimensionOrder
from .joint import jointly


def with_siblings(keys: Sequence[str | None], entities: Sequence[str], schema: EntitySchema) -> Rows:
    """Return the rows, and after them those of the sibling entities that their photos were not asked for.

    Siblings are the entities of one family that are measured along different axes.

    Examples
    --------
    >>> from hybridml.entities import default_entities
    >>> rows = with_siblings(["a", "a"], ["width", "voltage"], default_entities())
    >>> list(zip(rows.keys, rows.entities))[2:]
    [('a', 'height'), ('a', 'depth')]
    """
    asked = set(zip(keys, entities, strict=True))
    siblings = {entity: schema.siblings(entity) for entity in set(entities)}
    more = dict.fromkeys(
        (key, sibling)
        for key, entity in zip(keys, entities, strict=True)
        if key is not None
        for sibling in siblings[entity]
        if (key, sibling) not in asked
    )
    return Rows([*keys, *(k for k, _ in more)], [*entities, *(e for _, e in more)])


def score_jointly(
    table: CandidateTable,
    scores: npt.NDArray[np.float64],
    rows: Rows,
    schema: EntitySchema,
    dimension_order: DimensionOrder,
) -> npt.NDArray[np.float64]:
    """Return the scores after the sibling rows of each photo were weighed together; see :func:`jointly`."""
    result = scores.copy()
    families = {name: tuple(sorted((name, *schema.siblings(name)))) for name in set(rows.entities)}
    photos: dict[tuple[str, tuple[str, ...]], dict[str, list[slice]]] = {}
    for row, where in table.groups():
        key, entity = rows.keys[row], rows.entities[row]
        family = families[entity]
        if key is not None and len(family) > 1 and not np.isnan(scores[where]).any():
            photos.setdefault((key, family), {}).setdefault(entity, []).append(where)
    for of_entity in photos.values():
        first = {entity: places[0] for entity, places in of_entity.items()}
        sizes = {where.stop - where.start for where in first.values()}
        if len(first) < 2 or len(sizes) > 1:
            continue
        candidates = table.candidates[next(iter(first.values()))]
        base = [schema.to_base(c.value, c.unit) for c in candidates]
        for entity, new in jointly({e: scores[w] for e, w in first.items()}, base, dimension_order).items():
            for where in of_entity[entity]:
                result[where] = new
    return result
