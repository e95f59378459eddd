"""Which of two dimensions labels make the larger: counted, weighed, kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hybridml
from hybridml.artifact import pretrained, serialize
from hybridml.artifact.inspect import inspect
from hybridml.entities import default_entities
from hybridml.ranking.dimension_order import ALIKE, EDGES, STEPS, DimensionOrder, steps
from hybridml.ranking.joint import jointly
from hybridml.ranking.label_priors import LEAST, label_table

SCHEMA = default_entities()


def labels(*rows: tuple[str, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["image_link", "entity_name", "entity_value"])
    return label_table(frame, SCHEMA)


def flat(n: int, depth: str = "30 centimetre") -> pd.DataFrame:
    """Return labels of so many photos that have a width of 10 cm and that depth."""
    both = [("width", "10 centimetre"), ("depth", depth)]
    return labels(*((f"{i}.jpg", name, value) for i in range(n) for name, value in both))


def test_steps_are_alike_both_ways() -> None:
    ratios = np.linspace(-3, 3, 61)
    assert steps(ratios).tolist() == (-steps(-ratios)).tolist()
    assert steps([0, EDGES[0] / 2, EDGES[0] * 1.1, 99]).tolist() == [0, 0, 1, STEPS]


def test_the_two_orders_share_what_is_likely() -> None:
    found = DimensionOrder.fit(pd.concat([flat(50), flat(30, "5 inch").assign(photo="")]), SCHEMA)
    one, other = found.weights("depth", "width"), found.weights("width", "depth")
    np.testing.assert_allclose(one, other[::-1])
    np.testing.assert_allclose(np.delete(one + one[::-1], STEPS), 2)
    assert one[STEPS] == ALIKE
    assert one[STEPS + 4] > 1.8
    assert np.delete(one, [STEPS, STEPS + 4, STEPS - 4]).tolist() == [1.0] * (2 * STEPS - 2)


@pytest.mark.parametrize(("n", "known"), [(LEAST - 1, False), (LEAST, True)])
def test_few_photos_tell_nothing(n: int, known: bool) -> None:
    weights = DimensionOrder.fit(flat(n), SCHEMA).weights("depth", "width")
    assert (np.delete(weights, STEPS) != 1).any() == known


def test_what_does_not_compare_is_not_counted() -> None:
    table = labels(
        ("a.jpg", "width", "10 inch"),
        ("a.jpg", "depth", "25.4 centimetre"),  # the same size
        ("b.jpg", "width", "10 inch"),  # alone on its photo
        ("", "width", "1 inch"),
        ("", "depth", "2 inch"),  # of no photo, both
        ("https://a.org/e.jpg", "width", "1 inch"),
        ("https://b.org/e.jpg", "depth", "2 inch"),  # two photos whose links end alike
        ("c.jpg", "voltage", "12 volt"),
        ("c.jpg", "wattage", "60 watt"),  # no axis
        ("d.jpg", "width", "10 inch"),
        ("d.jpg", "width", "20 inch"),  # the first label counts
        ("d.jpg", "depth", "15 inch"),
    )
    found = DimensionOrder.fit(table, SCHEMA)
    assert found.larger == {("depth", "width"): (0, 0, 1, 0, 0)}
    assert found.pairs == 1
    assert DimensionOrder.fit(table[:0], SCHEMA) == DimensionOrder()


def test_plain_data_makes_the_same_weights() -> None:
    found = DimensionOrder.fit(flat(40), SCHEMA)
    again = DimensionOrder.from_dict(found.to_dict())
    assert again == found
    assert again.pairs == 40
    np.testing.assert_array_equal(again.weights("width", "depth"), found.weights("width", "depth"))


def test_counts_of_other_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="5 steps expected"):
        DimensionOrder.from_dict([{"larger": "depth", "smaller": "width", "n": [1, 2]}])


def test_entities_of_other_units_are_not_compared() -> None:
    angle = replace(SCHEMA.entity("depth"), name="slope", units=("degree",))
    units = {**SCHEMA.units, "degree": replace(SCHEMA.unit("volt"), name="degree", family="angle")}
    schema = replace(SCHEMA, entities={**SCHEMA.entities, "slope": angle}, units=units)
    rows = pd.DataFrame(
        {
            "image_link": ["a.jpg"] * 2,
            "entity_name": ["width", "slope"],
            "entity_value": ["1 inch", "9 degree"],
        }
    )
    assert DimensionOrder.fit(label_table(rows, schema), schema) == DimensionOrder()


def test_who_prefers_neither_number_takes_the_one_that_labels_would() -> None:
    known = DimensionOrder.fit(flat(100), SCHEMA)
    alone = {"width": np.array([0.1, 0.0]), "depth": np.array([0.1, 0.0])}
    score_jointly = jointly(alone, [60, 20], known)
    assert {name: int(s.argmax()) for name, s in score_jointly.items()} == {"width": 1, "depth": 0}
    turned = jointly(alone, [20, 60], known)
    assert {name: int(s.argmax()) for name, s in turned.items()} == {"width": 0, "depth": 1}


def test_what_is_seen_goes_before_what_labels_do() -> None:
    known = DimensionOrder.fit(flat(100), SCHEMA)
    sure = {"width": np.array([4.0, 0.0]), "depth": np.array([0.0, 4.0])}
    score_jointly = jointly(sure, [60, 20], known)
    assert {name: int(s.argmax()) for name, s in score_jointly.items()} == {"width": 0, "depth": 1}


def test_both_units_of_a_number_gain_alike() -> None:
    known = DimensionOrder.fit(flat(100), SCHEMA)
    alone = {"width": np.zeros(3), "height": np.zeros(3), "depth": np.zeros(3)}
    score_jointly = jointly(alone, [25.4, 25.4, 60.0], known)
    for scores in score_jointly.values():
        assert scores[0] == scores[1]
    assert score_jointly["depth"][2] > score_jointly["depth"][0]
    assert score_jointly["width"][2] < score_jointly["width"][0]


@pytest.mark.skipif(not pretrained.MODEL.is_file(), reason="the shipped model is not here")
def test_the_shipped_model_has_them_and_keeps_them(tmp_path: Path) -> None:
    extractor = hybridml.load(pretrained.MODEL)
    known = extractor.model_.dimension_order
    deeper = known.weights("depth", "width")
    assert (deeper[STEPS + 1 :] > 1.5).all()
    serialize.save(extractor, tmp_path / "again.joblib")
    again = hybridml.load(tmp_path / "again.joblib").model_.dimension_order
    np.testing.assert_array_equal(again.weights("depth", "width"), deeper)
    assert inspect(pretrained.MODEL)["learned"]["proportions_learned_from"] == known.pairs > 1000
