"""Joint scoring of the dimensions of a photo: width, height and depth are usually different numbers.

Each entity alone may prefer the same number. Joint scoring raises the score of a number for one entity where the others
have a better number of their own, and where its size relative to theirs agrees with the order that labels have
(:mod:`hybridml.ranking.dimension_order`). So that all dimensions of a photo take part, rows are added for
those that were not requested.

References
----------
Each entity receives from each of the others how well its numbers go with the one that the other prefers: one round of
the sum-product algorithm. Kschischang, Frey and Loeliger, "Factor graphs and the sum-product algorithm", IEEE
Transactions on Information Theory 47 (2001).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from hybridml.candidates.table import CandidateTable, Rows
from hybridml.entities import EntitySchema
from hybridml.quantity.unit_pairs import SAME_PAIR

from .dimension_order import STEPS, DimensionOrder, steps

Floats = npt.NDArray[np.float64]

SHARPNESS = 1.5
"""Factor of the ranker's scores in the softmax that turns them into shares."""

NOT_ON_PHOTO = 0.15
"""Share of an entity being none of the photo's numbers, beside the shares of its candidates, which add up to 1."""


def with_siblings(keys: Sequence[str | None], entities: Sequence[str], schema: EntitySchema) -> Rows:
    """Return the rows, followed by rows for the sibling entities that were not requested of their photos.

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
    scores: Floats,
    rows: Rows,
    schema: EntitySchema,
    dimension_order: DimensionOrder,
) -> Floats:
    """Return the scores of all candidates after those of sibling rows of a photo were combined by :func:`combine`.

    Parameters
    ----------
    table : CandidateTable
        Candidates of the rows.
    scores : array (n_candidates,)
        The ranker's scores.
    rows : Rows
        The table's rows, those of :func:`with_siblings` included.
    schema : EntitySchema
        Entities and units.
    dimension_order : DimensionOrder
        Which of two dimensions labels make the larger.
    """
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
        for entity, new in combine({e: scores[w] for e, w in first.items()}, base, dimension_order).items():
            for where in of_entity[entity]:
                result[where] = new
    return result


def combine(
    scores: Mapping[str, Floats], quantities: Sequence[float], dimension_order: DimensionOrder | None = None
) -> dict[str, Floats]:
    """Return joint scores of the same candidates for each of several entities.

    Parameters
    ----------
    scores : mapping of entity to array (n_candidates,)
        The ranker's scores.
    quantities : sequence of float
        The candidates' quantities in one base unit.
    dimension_order : DimensionOrder, optional
        Which of two entities labels make the larger; by default nothing is known about it.

    Returns
    -------
    dict of entity to array (n_candidates,)

    Examples
    --------
    Both entities prefer the 90, but only the height has a good second choice:

    >>> alone = {"width": np.array([0.0, 2.0]), "height": np.array([1.5, 2.1])}
    >>> joint = combine(alone, [30, 90])
    >>> int(joint["width"].argmax()), int(joint["height"].argmax())
    (1, 0)
    """
    number = same_numbers(quantities)
    n = int(number.max(initial=-1)) + 1
    if n < 2 or len(scores) < 2:
        return {name: np.asarray(s, dtype=float) for name, s in scores.items()}
    log = np.log(np.maximum(np.asarray(quantities, dtype=float), 1e-9))
    size = np.bincount(number, log) / np.bincount(number)
    step = steps(size[:, None] - size) + STEPS
    order = dimension_order or DimensionOrder()
    shares = {name: np.zeros(n) for name in scores}
    for name, share in shares.items():
        weight = np.exp(SHARPNESS * (scores[name] - scores[name].max()))
        np.maximum.at(share, number, weight / weight.sum())
    joint = {}
    for name, own in scores.items():
        message = np.zeros(n)
        for other, share in shares.items():
            if other != name:
                message += np.log(order.weights(name, other)[step] @ share + NOT_ON_PHOTO)
        joint[name] = own + (message - message.max())[number] / SHARPNESS
    return joint


def same_numbers(quantities: Sequence[float]) -> npt.NDArray[np.int64]:
    """Return which number each quantity is, counted from 0 by size; equal quantities in two units are one number.

    Examples
    --------
    >>> same_numbers([30.5, 12.0, 30.48]).tolist()
    [1, 0, 1]
    """
    log = np.log(np.maximum(np.asarray(quantities, dtype=float), 1e-9))
    order = np.argsort(log, kind="stable")
    number = np.zeros(len(log), dtype=np.int64)
    number[order] = np.concatenate([[0], np.cumsum(np.diff(log[order]) > SAME_PAIR)])[: len(log)]
    return number
