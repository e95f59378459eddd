"""Scores by LightGBM's C interface are LightGBM's."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from hybridml.errors import HybridmlError
from hybridml.ranking.booster import Booster


@pytest.fixture(scope="module")
def model() -> lightgbm.Booster:
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=(400, 3)), rng.integers(0, 6, 400)])
    X[rng.random(X.shape) < 0.05] = np.nan
    y = np.nan_to_num(X[:, 0]) * 2 + (X[:, 3] == 2)
    ranker = lightgbm.LGBMRegressor(n_estimators=30, num_leaves=7, verbosity=-1)
    return ranker.fit(X, y, categorical_feature=[3]).booster_


def table(n: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    X = np.column_stack([rng.normal(size=(n, 3)), rng.integers(0, 6, n)]).astype(np.float32)
    X[rng.random(X.shape) < 0.1] = np.nan
    return X


@pytest.mark.parametrize("n", [0, 1, 333])
def test_scores_are_those_of_lightgbm(model: lightgbm.Booster, n: int) -> None:
    X = table(n)
    expected = model.predict(X) if n else np.zeros(0)
    np.testing.assert_array_equal(Booster(model.model_to_string()).score(X), expected)


def test_the_order_in_memory_does_not_matter(model: lightgbm.Booster) -> None:
    X, booster = table(50), Booster(model.model_to_string())
    np.testing.assert_array_equal(booster.score(np.asfortranarray(X)), booster.score(X))


def test_gain_is_that_of_lightgbm(model: lightgbm.Booster) -> None:
    gain = Booster(model.model_to_string()).gain()
    np.testing.assert_allclose(gain, model.feature_importance("gain"))
    assert gain.argmax() == 0


def test_a_table_of_another_width_is_refused(model: lightgbm.Booster) -> None:
    with pytest.raises(HybridmlError, match=r"4 columns cannot score a table of shape \(5, 3\)"):
        Booster(model.model_to_string()).score(np.zeros((5, 3), np.float32))


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(HybridmlError, match="LightGBM: "):
        Booster("no model at all")
