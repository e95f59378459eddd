"""Calibration error and precision against coverage, against numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridml.evaluation.calibration_error import expected_calibration_error, precision_coverage


@pytest.mark.parametrize(
    ("confidence", "correct", "bins", "expected"),
    [
        ([1.0, 1.0], [True, True], 10, 0.0),
        ([1.0, 1.0], [False, False], 10, 1.0),
        ([0.0, 0.0], [False, False], 10, 0.0),
        # bins (0.9, 1]: confidence 0.95, accuracy 1/2; (0.1, 0.2]: 0.15, 0 -> (2 * 0.45 + 0.15) / 3
        ([0.95, 0.95, 0.15], [True, False, False], 10, 0.35),
        # over- and underconfidence in one bin cancel, in two they add up
        ([0.2, 0.8], [True, False], 1, 0.0),
        ([0.2, 0.8], [True, False], 2, 0.8),
        # an edge belongs to the bin below: 0.5 lies with 0.4, not with 0.6
        ([0.4, 0.5, 0.6], [True, False, True], 2, (abs(0.9 - 1) + abs(0.6 - 1)) / 3),
        ([0.3, 0.1], [True, True], 10, (0.7 + 0.9) / 2),
    ],
)
def test_calibration_error(confidence, correct, bins, expected):
    assert expected_calibration_error(confidence, correct, bins) == pytest.approx(expected)


pairs = st.lists(st.tuples(st.integers(0, 100).map(lambda p: p / 100), st.booleans()), max_size=30)


@given(pairs, st.integers(1, 12))
def test_calibration_error_against_a_loop(rows, bins):
    total = 0.0
    for b in range(bins):
        inside = [(p, c) for p, c in rows if b / bins < p <= (b + 1) / bins or (b == 0 and p == 0)]
        if inside:
            mean_p = sum(p for p, _ in inside) / len(inside)
            mean_c = sum(c for _, c in inside) / len(inside)
            total += len(inside) / len(rows) * abs(mean_p - mean_c)
    ours = expected_calibration_error([p for p, _ in rows], [c for _, c in rows], bins)
    assert math.isnan(ours) if not rows else ours == pytest.approx(total)


def test_precision_coverage_by_hand():
    curve = precision_coverage([0.5, 0.9, 0.5, 0.1], [False, True, True, False])
    assert curve["threshold"].tolist() == [0.9, 0.5, 0.1]
    assert curve["coverage"].tolist() == [0.25, 0.75, 1.0]
    assert curve["precision"].tolist() == pytest.approx([1, 2 / 3, 0.5])
    assert precision_coverage([0.5], [True], total=4)["coverage"].tolist() == [0.25]
    assert precision_coverage([], []).empty


@given(pairs)
def test_precision_coverage_against_a_loop(rows):
    curve = precision_coverage([p for p, _ in rows], [c for _, c in rows])
    assert curve["threshold"].tolist() == sorted({p for p, _ in rows}, reverse=True)
    for line in curve.itertuples():
        answered = [c for p, c in rows if p >= line.threshold]
        assert line.coverage == pytest.approx(len(answered) / len(rows))
        assert line.precision == pytest.approx(sum(answered) / len(answered))


def test_bad_input():
    for function in (expected_calibration_error, precision_coverage):
        with pytest.raises(ValueError, match="correct has 1 entries, expected 2"):
            function([0.1, 0.2], [True])
        for wrong in (-0.1, 1.1, np.nan):
            with pytest.raises(ValueError, match="between 0 and 1"):
                function([wrong], [True])
