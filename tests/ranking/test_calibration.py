"""The calibrator: calibrated confidence, and an answer exactly when one more answer raises the expected F1."""

from __future__ import annotations

import numpy as np
import pytest

from hybridml.ranking.calibration import MIN_ROWS, Calibrator, rank_group


def ranked_groups(n: int, seed: int, empty: float = 0.0) -> tuple[list, list[str], list[str]]:
    """Draw ranked groups whose lead says how likely the best candidate is right."""
    rng = np.random.default_rng(seed)
    made, outcomes = [], []
    for _ in range(n):
        scores = rng.normal(size=rng.integers(2, 6))
        is_empty = rng.random() < empty
        scores[0] += rng.uniform(0, 0.5) if is_empty else rng.uniform(0, 4)
        c = rank_group(scores, list(range(len(scores))))
        right = rng.random() < 1 / (1 + np.exp(-3 * (c.shares[0] - 0.5)))
        made.append(c)
        outcomes.append("empty" if is_empty else "right" if right else "wrong")
    return made, ["width" if i % 2 else "voltage" for i in range(n)], outcomes


def test_one_quantity_read_twice_counts_together() -> None:
    c = rank_group(np.array([1.0, 0.9, 0.9]), ["a", "b", "b"])
    assert (c.best, c.others) == (1, (0,))
    assert c.shares.sum() == pytest.approx(1.0)


def test_confidence_is_calibrated_on_fresh_groups() -> None:
    calibrator = Calibrator().fit(*ranked_groups(3000, 0))
    made, entity, outcome = ranked_groups(3000, 1)
    right, empty = calibrator.probabilities(made, entity)
    assert not empty.any()
    correct = np.array([o == "right" for o in outcome])
    for low in np.arange(0.3, 0.9, 0.1):
        within = (right >= low) & (right < low + 0.1)
        if within.sum() > 100:
            assert correct[within].mean() == pytest.approx(right[within].mean(), abs=0.06)


def test_without_empty_truths_everything_is_answered() -> None:
    calibrator = Calibrator().fit(*ranked_groups(500, 0))
    assert calibrator.answers(*calibrator.probabilities(*ranked_groups(100, 2)[:2])).all()


def test_abstaining_reaches_the_best_f1_a_threshold_could() -> None:
    made, entity, outcome = ranked_groups(4000, 0, empty=0.4)
    calibrator = Calibrator().fit(made, entity, outcome)
    right, empty = calibrator.probabilities(made, entity)
    outcome_ = np.array(outcome)

    def f1(answered: np.ndarray) -> float:
        tp = (answered & (outcome_ == "right")).sum()
        return 2 * tp / (2 * tp + (answered.sum() - tp) + (~answered & (outcome_ != "empty")).sum())

    chosen = f1(calibrator.answers(right, empty))
    assert chosen == pytest.approx(calibrator.f1, abs=1e-6)
    assert 0.02 < 1 - calibrator.answers(right, empty).mean() < 0.9
    assert chosen > f1(np.ones(len(made), dtype=bool)) + 0.01
    sweep = max(f1(right >= t * empty) for t in np.linspace(0, 5, 101))
    assert chosen >= sweep - 0.005


@pytest.mark.parametrize("n", [120, 1000])
@pytest.mark.parametrize("goal", [0.55, 0.7])
def test_thresholds_reach_their_precision_on_fresh_groups(n: int, goal: float) -> None:
    fresh, entity, outcome = ranked_groups(4000, 99)
    correct = np.array([o == "right" for o in outcome])
    reached = []
    for seed in range(12):
        calibrator = Calibrator().fit(*ranked_groups(n, seed))
        published = calibrator.probabilities(fresh, entity)[0] >= calibrator.threshold(goal, "unheard of")
        if published.any():
            reached.append(correct[published].mean())
    assert len(reached) >= 6
    assert np.mean(reached) >= goal
    assert np.mean(np.array(reached) >= goal - 0.02) >= 0.75


def test_a_precision_that_cannot_be_reached_has_no_threshold() -> None:
    calibrator = Calibrator().fit(*ranked_groups(300, 0))
    assert calibrator.threshold(0.99, "width") == np.inf
    assert calibrator.threshold(0.999, "width") == np.inf
    thresholds = [calibrator.threshold(p, "width") for p in (0.3, 0.5, 0.6, 0.7, 0.8)]
    assert thresholds == sorted(thresholds)


def test_an_entity_of_few_rows_has_the_thresholds_of_all() -> None:
    made, _, outcome = ranked_groups(600, 0)
    entity = ["voltage" if i < MIN_ROWS - 1 else "width" if i < 300 else "depth" for i in range(600)]
    # no depth is right, so it has no threshold, whatever holds over all entities
    outcome = [o if i < 300 else "wrong" for i, o in enumerate(outcome)]
    calibrator = Calibrator().fit(made, entity, outcome)
    assert calibrator.threshold(0.6, "voltage") == calibrator.threshold(0.6, "") < np.inf
    assert calibrator.threshold(0.6, "width") not in (calibrator.threshold(0.6, ""), np.inf)
    assert calibrator.threshold(0.2, "depth") == np.inf


@pytest.mark.parametrize("only", ["right", "wrong"])
def test_one_outcome_is_no_error(only: str) -> None:
    made, entity, _ = ranked_groups(20, 0)
    calibrator = Calibrator().fit(made, entity, [only] * 20)
    right, empty = calibrator.probabilities(made, entity)
    assert np.all(right == (only == "right"))
    assert not empty.any()


def test_plain_data_restores_the_calibrator() -> None:
    made, entity, outcome = ranked_groups(800, 0, empty=0.2)
    calibrator = Calibrator().fit(made, entity, outcome)
    again = Calibrator.from_dict(calibrator.to_dict())
    np.testing.assert_array_equal(again.probabilities(made, entity), calibrator.probabilities(made, entity))
    assert again.threshold(0.7, "width") == calibrator.threshold(0.7, "width")
