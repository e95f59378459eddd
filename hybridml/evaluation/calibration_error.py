"""Calibration error of confidences, and precision against coverage."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]


def expected_calibration_error(
    confidence: Sequence[float] | Floats, correct: Sequence[bool], bins: int = 10
) -> float:
    """Return the expected calibration error: the mean gap between confidence and accuracy over bins of equal width.

    Parameters
    ----------
    confidence : sequence of float
        From 0 to 1; a bin includes its upper edge, and the first one 0 as well.
    correct : sequence of bool
        Whether each answer is right.
    bins : int
        Number of bins; each is weighted by its rows.

    Returns
    -------
    float
        From 0 to 1; NaN without rows.

    References
    ----------
    Guo et al., On Calibration of Modern Neural Networks, ICML 2017, equation 3.

    Examples
    --------
    >>> round(expected_calibration_error([0.95, 0.95, 0.15], [True, False, False]), 6)
    0.35
    """
    p, right = _confidences(confidence, correct)
    if not len(p):
        return math.nan
    edges = np.arange(1, bins) / bins
    bin_of = np.searchsorted(edges, p, side="left")
    gap = np.bincount(bin_of, p - right, minlength=bins)
    return float(np.abs(gap).sum() / len(p))


def precision_coverage(
    confidence: Sequence[float] | Floats, correct: Sequence[bool], total: int | None = None
) -> pd.DataFrame:
    """Return precision against coverage when only answers of at least some confidence are given.

    Parameters
    ----------
    confidence, correct : sequences, one per answer
    total : int, optional
        Number of rows that coverage is a share of; by default the number of answers.

    Returns
    -------
    data frame
        ``coverage, precision, threshold``: a line per distinct confidence, in falling order.

    Examples
    --------
    >>> precision_coverage([0.9, 0.5, 0.5, 0.1], [True, True, False, False])
       coverage  precision  threshold
    0      0.25   1.000000        0.9
    1      0.75   0.666667        0.5
    2      1.00   0.500000        0.1
    """
    p, right = _confidences(confidence, correct)
    order = np.argsort(-p, kind="stable")
    p, right = p[order], right[order]
    last_of_tie = np.flatnonzero(np.append(p[1:] != p[:-1], True)) if len(p) else np.zeros(0, dtype=np.int64)
    answered = last_of_tie + 1
    return pd.DataFrame(
        {
            "coverage": answered / max(len(p) if total is None else total, 1),
            "precision": np.cumsum(right)[last_of_tie] / answered,
            "threshold": p[last_of_tie],
        }
    )


def _confidences(confidence: Sequence[float] | Floats, correct: Sequence[bool]) -> tuple[Floats, Floats]:
    if len(confidence) != len(correct):
        raise ValueError(
            f"correct has {len(correct)} entries, expected {len(confidence)}: one per confidence"
        )
    p = np.asarray(confidence, dtype=float)
    outside = np.flatnonzero(~((p >= 0) & (p <= 1)))
    if len(outside):
        raise ValueError(
            f"confidence must be between 0 and 1, got {p[outside[0]]} in position {outside[0]} of {len(p)}"
        )
    return p, np.asarray(correct, dtype=float)
