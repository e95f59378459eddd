"""The best assignment is found without SciPy where two lines are to be assigned."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from hybridml.assignment import most


@pytest.mark.parametrize("lines", [1, 2, 3])
@pytest.mark.parametrize("ties", [False, True])
def test_it_is_the_largest_sum(lines: int, ties: bool) -> None:
    rng = np.random.default_rng(lines)
    for columns in (3, 5, 12):
        for _ in range(50):
            gain = rng.normal(size=(lines, columns))
            gain = np.round(gain) if ties else gain
            assert most(gain) == pytest.approx(gain[linear_sum_assignment(-gain)].sum(), abs=1e-12)
