"""Bootstrap intervals that resample whole groups.

Rows of one group share photos and labels, so resampling single rows would make an interval too narrow.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.datasets.groups import as_text

Floats = npt.NDArray[np.float64]

CHUNK = 4_000_000
"""Group indexes in memory at a time."""


def bootstrap_interval(
    outcomes: Sequence[str] | npt.NDArray[np.str_],
    groups: Sequence[object],
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """Return a percentile interval of F1 from resampling whole groups.

    Parameters
    ----------
    outcomes : sequence of str
        As :func:`hybridml.evaluation.metrics.outcomes` returns them.
    groups : sequence, one per row
        The row's group; each row without one is a group of its own.
    n : int
        Number of resamples.
    seed : int
        Seed of the resamples.
    level : float
        Share of the resamples within the interval; the rest is cut off equally on both sides.

    Returns
    -------
    low, high : float
        NaN without rows.
    """
    found = np.asarray(outcomes)
    counts = np.stack([found == kind for kind in ("tp", "fp", "fn")], axis=-1).reshape(len(found), 3)
    return interval(f1_of_draws(draw_sums(counts, groups, n, seed)), level)


def draw_sums(columns: npt.ArrayLike, groups: Sequence[object], n: int = 1000, seed: int = 0) -> Floats:
    """Return the sum of each column over the rows of each resample of groups.

    Parameters
    ----------
    columns : array (n_rows, n_columns)
        Numbers of each row.
    groups, n, seed
        As for :func:`bootstrap_interval`. The same groups and seed give the same resamples, whatever the columns.

    Returns
    -------
    array (n, n_columns)
        Empty without rows.

    Examples
    --------
    >>> draw_sums([[1.0], [2.0]], ["a", "a"], n=2).tolist()
    [[3.0], [3.0]]
    """
    from scipy.stats import DegenerateDataWarning, bootstrap

    values = np.asarray(columns, dtype=float)
    if len(groups) != len(values):
        raise ValueError(f"groups has {len(groups)} entries, expected {len(values)}: one per row")
    if not len(values):
        return np.zeros((0, values.shape[1] if values.ndim > 1 else 0))
    codes, names = pd.factorize(
        np.array([as_text(g) or f"row {i} alone" for i, g in enumerate(groups)], dtype=object)
    )
    count = len(names)
    sums = np.stack([np.bincount(codes, column, minlength=count) for column in values.T], axis=1)
    if count == 1:
        return np.repeat(sums, n, axis=0)

    def sums_of(drawn: npt.NDArray[Any], axis: int) -> Floats:
        times = np.apply_along_axis(np.bincount, axis, drawn.astype(np.int64), minlength=count)
        return np.asarray(np.moveaxis(times @ sums, -1, 0))

    with warnings.catch_warnings():
        # a column may hold NaN for unknown values
        warnings.simplefilter("ignore", DegenerateDataWarning)
        found = bootstrap(
            (np.arange(count),),
            sums_of,
            n_resamples=n,
            batch=max(CHUNK // count, 1),
            vectorized=True,
            method="percentile",
            random_state=np.random.default_rng(seed),
        )
    return np.asarray(found.bootstrap_distribution.T, dtype=float)


def f1_of_draws(counts: npt.NDArray[Any]) -> Floats:
    """Return the F1 of each resample from its sums of tp, fp and fn, in this order."""
    tp, fp, fn = counts[:, :3].T.astype(float)
    return np.asarray(2 * tp / np.maximum(2 * tp + fp + fn, 1.0), dtype=float)


def interval(values: npt.ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval that holds the share ``level`` of ``values``; NaN when none of them is a number.

    Examples
    --------
    >>> interval([0.0, 1.0, 2.0, 3.0, 4.0], level=0.5)
    (1.0, 3.0)
    """
    known = np.asarray(values, dtype=float)
    known = known[~np.isnan(known)]
    if not len(known):
        return math.nan, math.nan
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
