"""Joint assignment: width, height and depth of one photo are different numbers.

Each entity alone may prefer the same number. Here the scores of all three are weighed together: a number is
worth more to one of them where the others have a better number of their own.

References
----------
Kuhn, "The Hungarian method for the assignment problem", Naval Research Logistics Quarterly 2 (1955).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from .dual import SAME

Floats = npt.NDArray[np.float64]

SHARPNESS = 1.5
"""How steeply the ranker's scores become shares."""

OTHERS = 0.5
"""Weight of what the other entities win, beside an entity's own share."""

NOT_SHOWN = 0.15
"""Share that an entity has for being on no number of the photo."""


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


def most(gain: Floats) -> float:
    """Return the largest sum of one element from each line, no two of them in one column.

    Two lines, as width, height and depth leave, are done here: loading SciPy takes longer than many an answer.

    Examples
    --------
    >>> most(np.array([[5.0, 4.0, 0.0], [5.0, 1.0, 0.0]]))
    9.0
    """
    if len(gain) == 1:
        return float(gain[0].max())
    if len(gain) == 2:
        a, b = gain
        i, j = int(a.argmax()), int(b.argmax())
        if i != j:
            return float(a[i] + b[j])
        return float(max(a[i] + np.delete(b, i).max(), np.delete(a, i).max() + b[i]))
    from scipy.optimize import linear_sum_assignment

    return float(gain[linear_sum_assignment(-gain)].sum())


def jointly(scores: Mapping[str, Floats], quantities: Sequence[float]) -> dict[str, Floats]:
    """Return each entity's scores of the same candidates, weighed together.

    Parameters
    ----------
    scores : mapping of entity to array (n_candidates,)
        The ranker's scores.
    quantities : sequence of float
        The candidates' quantities in one base unit.

    Returns
    -------
    dict of entity to array (n_candidates,)

    Examples
    --------
    Both would take the 90, but width has nothing else to take:

    >>> alone = {"width": np.array([0.0, 2.0]), "height": np.array([1.5, 2.1])}
    >>> settled = jointly(alone, [30, 90])
    >>> int(settled["width"].argmax()), int(settled["height"].argmax())
    (1, 0)
    """
    number = same_numbers(quantities)
    n = int(number.max(initial=-1)) + 1
    if n < 2 or len(scores) < 2:
        return {name: np.asarray(s, dtype=float) for name, s in scores.items()}
    names = list(scores)
    shares = np.zeros((len(names), n))
    for i, name in enumerate(names):
        weight = np.exp(SHARPNESS * (scores[name] - scores[name].max()))
        np.maximum.at(shares[i], number, weight / weight.sum())
    gain = np.log(shares + 1e-3)
    nobody = np.full((len(names) - 1, len(names) - 1), np.log(NOT_SHOWN))
    settled = {}
    for i, name in enumerate(names):
        others = [j for j in range(len(names)) if j != i]
        bonus = np.zeros(n)
        for q in range(n):
            rest = [r for r in range(n) if r != q]
            table = np.hstack([gain[np.ix_(others, rest)], nobody])
            bonus[q] = most(table)
        settled[name] = scores[name] + OTHERS / SHARPNESS * (bonus - bonus.max())[number]
    return settled
