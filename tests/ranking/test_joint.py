"""Joint scoring: the dimensions of a photo are different numbers, in the order that labels have."""

from __future__ import annotations

import numpy as np

from hybridml.entities import default_entities
from hybridml.ranking.dimension_order import DimensionOrder
from hybridml.ranking.joint import combine, same_numbers, with_siblings

SCHEMA = default_entities()
DEPTH_IS_LARGER = DimensionOrder({("depth", "width"): (0, 0, 0, 100, 0)})


def test_three_entities_take_three_numbers() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        scores = {e: rng.normal(size=3) * 0.2 for e in ("width", "height", "depth")}
        scores["height"][2] += 4
        joint = combine(scores, [10, 20, 30])
        assert int(joint["height"].argmax()) == 2
        assert all(int(joint[e].argmax()) != 2 for e in ("width", "depth"))


def test_a_clear_best_candidate_stays() -> None:
    scores = {"width": np.array([9.0, 0.0]), "height": np.array([0.1, 0.0])}
    assert int(combine(scores, [10, 20])["width"].argmax()) == 0


def test_both_units_of_a_quantity_are_one_number() -> None:
    assert same_numbers([30.5, 12.0, 30.48, 500]).tolist() == [1, 0, 1, 2]
    assert same_numbers([]).tolist() == []


def test_a_single_entity_keeps_its_scores() -> None:
    one = {"width": np.array([1.0, 2.0])}
    assert combine(one, [1, 2])["width"].tolist() == [1.0, 2.0]


def test_siblings_are_the_other_axes() -> None:
    assert SCHEMA.siblings("width") == ["height", "depth"]
    assert SCHEMA.siblings("voltage") == SCHEMA.siblings("unheard_of") == []
    rows = with_siblings(["a", None, "a"], ["width", "width", "depth"], SCHEMA)
    assert list(zip(rows.keys, rows.entities, strict=True))[3:] == [("a", "height")]


def test_without_a_preference_the_order_of_labels_decides() -> None:
    alone = {"width": np.array([0.1, 0.0]), "depth": np.array([0.1, 0.0])}
    joint = combine(alone, [60, 20], DEPTH_IS_LARGER)
    assert {name: int(s.argmax()) for name, s in joint.items()} == {"width": 1, "depth": 0}
    turned = combine(alone, [20, 60], DEPTH_IS_LARGER)
    assert {name: int(s.argmax()) for name, s in turned.items()} == {"width": 0, "depth": 1}


def test_a_clear_score_outweighs_the_order_of_labels() -> None:
    sure = {"width": np.array([4.0, 0.0]), "depth": np.array([0.0, 4.0])}
    joint = combine(sure, [60, 20], DEPTH_IS_LARGER)
    assert {name: int(s.argmax()) for name, s in joint.items()} == {"width": 0, "depth": 1}


def test_both_units_of_a_number_gain_the_same() -> None:
    alone = {"width": np.zeros(3), "height": np.zeros(3), "depth": np.zeros(3)}
    joint = combine(alone, [25.4, 25.4, 60.0], DEPTH_IS_LARGER)
    for scores in joint.values():
        assert scores[0] == scores[1]
    assert joint["depth"][2] > joint["depth"][0]
    assert joint["width"][2] < joint["width"][0]
