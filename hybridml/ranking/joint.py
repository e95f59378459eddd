"""Joint assignment: width, height and depth of one photo are different numbers, and of the sizes labels give them.

Each entity alone may prefer the same number. Here the scores of all three are weighed together: a number is
worth more to one of them where the others have a better number of their own, and where it is to theirs as labels
have it (:mod:`hybridml.ranking.dimension_order`).

References
----------
Each entity hears from each other one how well its numbers go with what that one prefers: one round of the sum-product
algorithm. Kschischang, Frey and Loeliger, "Factor graphs and the sum-product algorithm", IEEE Transactions on
Information Theory 47 (2001).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from hybridml.quantity.unit_pairs import SAME

from .dimension_order import STEPS, DimensionOrder, steps

Floats = npt.NDArray[np.float64]

SHARPNESS = 1.5
"""How steeply the ranker's scores become shares."""

NOT_SHOWN = 0.15
"""Share that an entity has for being on no number of the photo, beside those of its candidates, which add up to 1."""


def same_numbers(quantities: Sequence[float]) -> npt.NDArray[np.int64]:
    """Return which number each quantity is, counted from 0 by size.

    Examples
    --------
    >>> same_numbers([30.5, 12.0, 30.48]).tolist()
    [1, 0, 1]
    """
    log = np.log(np.maximum(np.asarray(quantities, dtype=float), 1e-9))
    order = np.argsort(log, kind="stable")
    number = np.zeros(len(log), dtype=np.int64)
    number[order] = np.concatenate([[0], np.cumsum(np.diff(log[order]) > SAME)])[: len(log)]
    return number


def jointly(
    scores: Mapping[str, Floats], quantities: Sequence[float], dimension_order: DimensionOrder | None = None
) -> dict[str, Floats]:
    """Return each entity's scores of the same candidates, weighed together.

    Parameters
    ----------
    scores : mapping of entity to array (n_candidates,)
        The ranker's scores.
    quantities : sequence of float
        The candidates' quantities in one base unit.
    dimension_order : DimensionOrder, optional
        Which of two entities labels make the larger; by default that is not known.

    Returns
    -------
    dict of entity to array (n_candidates,)

    Examples
    --------
    Both would take the 90, but width has nothing else to take:

    >>> alone = {"width": np.array([0.0, 2.0]), "height": np.array([1.5, 2.1])}
    >>> score_jointly = jointly(alone, [30, 90])
    >>> int(score_jointly["width"].argmax()), int(score_jointly["height"].argmax())
    (1, 0)
    """
    number = same_numbers(quantities)
    n = int(number.max(initial=-1)) + 1
    if n < 2 or len(scores) < 2:
        return {name: np.asarray(s, dtype=float) for name, s in scores.items()}
    log = np.log(np.maximum(np.asarray(quantities, dtype=float), 1e-9))
    size = np.bincount(number, log) / np.bincount(number)
    step = steps(size[:, None] - size) + STEPS
    known = dimension_order or DimensionOrder()
    shares = {name: np.zeros(n) for name in scores}
    for name, share in shares.items():
        weight = np.exp(SHARPNESS * (scores[name] - scores[name].max()))
        np.maximum.at(share, number, weight / weight.sum())
    score_jointly = {}
    for name, own in scores.items():
        told = np.zeros(n)
        for other, share in shares.items():
            if other != name:
                told += np.log(known.weights(name, other)[step] @ share + NOT_SHOWN)
        score_jointly[name] = own + (told - told.max())[number] / SHARPNESS
    return score_jointly
