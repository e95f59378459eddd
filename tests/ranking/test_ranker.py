"""The ranker: learns an order, the same one each time, and reports when there is nothing to learn."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest

from hybridml.errors import HybridmlError
from hybridml.ranking.ranker import Ranker, RankerSettings, load_booster

FAST = RankerSettings(n_estimators=120, seeds=2)


def groups(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw groups of five in which the first column says which is right."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(5 * n, 4))
    group = np.repeat(np.arange(n), 5)
    relevance = np.zeros(5 * n, dtype=int)
    for g in range(n):
        relevance[5 * g + X[5 * g : 5 * g + 5, 0].argmax()] = 3
    return X, relevance, group


def test_it_learns_the_order() -> None:
    X, relevance, group = groups(300, 0)
    ranker = Ranker(FAST).fit(X, relevance, group, list("abcd"))
    X, relevance, group = groups(200, 1)
    scores = ranker.score(X).reshape(-1, 5)
    assert (scores.argmax(axis=1) == relevance.reshape(-1, 5).argmax(axis=1)).mean() > 0.85
    assert next(iter(ranker.importance())) == "a"
    assert sum(ranker.importance().values()) == pytest.approx(1)


def test_the_same_rows_make_the_same_ranker() -> None:
    X, relevance, group = groups(60, 0)
    first, second = (Ranker(FAST).fit(X, relevance, group, list("abcd")) for _ in range(2))
    np.testing.assert_array_equal(first.score(X), second.score(X))


def test_plain_data_restores_the_ranker() -> None:
    X, relevance, group = groups(60, 0)
    ranker = Ranker(FAST).fit(X, relevance, group, list("abcd"))
    again = Ranker.from_dict(ranker.to_dict())
    np.testing.assert_array_equal(again.score(X), ranker.score(X))
    assert again.importance() == ranker.importance()
    assert len(again.score(X[:0])) == 0
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(again)).score(X), ranker.score(X))


def test_scores_do_not_depend_on_the_layout_in_memory_or_the_number_type() -> None:
    X, relevance, group = groups(60, 0)
    ranker = Ranker(FAST).fit(X, relevance, group, list("abcd"))
    np.testing.assert_array_equal(ranker.score(np.asfortranarray(X)), ranker.score(X))
    np.testing.assert_array_equal(ranker.score(X.astype(np.float32)), ranker.score(X))


def test_lightgbm_prints_and_warns_of_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    X, relevance, group = groups(60, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ranker = Ranker(FAST).fit(X, relevance, group, list("abcd"), ["d"])
        again = Ranker.from_dict(ranker.to_dict())
        again.score(X)
        again.contributions(X)
    assert capfd.readouterr() == ("", "")


def test_a_model_that_lightgbm_cannot_read_is_refused() -> None:
    with pytest.raises(HybridmlError, match="LightGBM cannot read a model: "):
        load_booster("no model at all")


def test_scores_start_from_what_is_known_already() -> None:
    X, relevance, group = groups(60, 0)
    start = {"d": 2.0, "not there": 9.0}
    ranker = Ranker(FAST).fit(X, relevance, group, list("abcd"), start=start)
    other = X.copy()
    other[:, 3] += 1.0
    np.testing.assert_allclose(ranker.score(other) - ranker.score(X), 2.0, rtol=1e-6)
    assert ranker.importance()["d"] == 0, "no booster sees it"
    np.testing.assert_allclose(ranker.contributions(X).sum(axis=1), ranker.score(X), rtol=1e-5)
    again = Ranker.from_dict(ranker.to_dict())
    np.testing.assert_array_equal(again.score(X), ranker.score(X))


def test_a_start_that_is_right_leaves_less_to_learn() -> None:
    X, relevance, group = groups(200, 0)
    known = Ranker(FAST).fit(X, relevance, group, list("abcd"), start={"a": 20.0})
    added = known.score(X) - 20.0 * X[:, 0]
    assert np.abs(added).max() < np.abs(Ranker(FAST).fit(X, relevance, group, list("abcd")).score(X)).max()


@pytest.mark.parametrize("relevance", [0, 3])
def test_groups_without_a_choice_teach_nothing(relevance: int) -> None:
    X, _, group = groups(20, 0)
    with pytest.raises(HybridmlError, match="nothing to learn from"):
        Ranker(FAST).fit(X, np.full(len(X), relevance), group, list("abcd"))


@pytest.mark.parametrize("setting", ["n_estimators", "seeds", "num_leaves"])
def test_settings_are_checked(setting: str) -> None:
    with pytest.raises(HybridmlError, match=setting):
        RankerSettings(**{setting: 0})
