"""Bootstrap intervals: the same for a seed, close to resampling by hand, and wider by group than by row."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from hybridml.evaluation.bootstrap import bootstrap_interval, draw_sums, interval
from hybridml.evaluation.metrics import f1_of


def test_interval_is_the_same_each_time_and_holds_the_score():
    rng = np.random.default_rng(1)
    found = rng.choice(["tp", "fp", "fn", "tn"], 400, p=[0.6, 0.2, 0.1, 0.1])
    groups = rng.integers(0, 80, 400)
    low, high = bootstrap_interval(found, groups)
    f1 = f1_of(*((found == k).sum() for k in ("tp", "fp", "fn")))
    assert low < f1 < high
    assert 0.02 < high - low < 0.15
    assert bootstrap_interval(found, groups) == (low, high)
    assert bootstrap_interval(found, groups, seed=5) != (low, high)
    narrow = bootstrap_interval(found, groups, level=0.5)
    assert low < narrow[0] < narrow[1] < high


def test_interval_against_resampling_by_hand():
    found = np.array(["tp", "tp", "fp", "fn", "tp", "fp"])
    groups = np.array(["a", "a", "a", "b", "b", "c"])
    rng = np.random.default_rng(0)
    f1 = []
    for _ in range(4000):
        drawn = np.concatenate([found[groups == g] for g in rng.choice(["a", "b", "c"], 3)])
        f1.append(f1_of(*((drawn == k).sum() for k in ("tp", "fp", "fn"))))
    low, high = bootstrap_interval(found, groups, n=4000, level=0.6)
    assert (low, high) == pytest.approx(tuple(np.quantile(f1, [0.2, 0.8])), abs=0.05)


def test_interval_is_wider_by_group():
    found = np.repeat(np.random.default_rng(2).choice(["tp", "fp"], 40), 10)
    by_group = np.subtract(*bootstrap_interval(found, np.repeat(np.arange(40), 10))[::-1])
    by_row = np.subtract(*bootstrap_interval(found, np.arange(400))[::-1])
    assert by_group > 2 * by_row


def test_interval_of_nothing_and_of_blank_groups():
    assert all(map(math.isnan, bootstrap_interval([], [])))
    assert bootstrap_interval(["tp", "fp"] * 20, [""] * 40) == bootstrap_interval(
        ["tp", "fp"] * 20, range(40)
    )


def test_interval_of_one_group_is_its_score():
    assert bootstrap_interval(["tp", "fp"], ["a", "a"]) == pytest.approx((2 / 3, 2 / 3))


def test_columns_of_unknown_values_are_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sums = draw_sums([[1.0, np.nan], [2.0, np.nan]], ["a", "b"], n=50)
    assert np.isnan(sums[:, 1]).all()
    assert set(sums[:, 0]) == {2.0, 3.0, 4.0}
    assert all(map(math.isnan, interval(sums[:, 1])))


def test_the_same_groups_are_drawn_whatever_is_summed():
    rng = np.random.default_rng(0)
    columns, groups = rng.random((60, 2)), rng.integers(0, 9, 60).tolist()
    both = draw_sums(columns, groups, 40)
    assert np.allclose(both[:, 1:], draw_sums(columns[:, 1:], groups, 40))


def test_a_group_for_each_row():
    with pytest.raises(ValueError, match="groups has 0"):
        bootstrap_interval(["tp"], [])
