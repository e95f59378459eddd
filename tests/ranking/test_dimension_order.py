"""The dimension order: counted from labels, turned into weights, kept in the artifact."""

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
from hybridml.ranking.dimension_order import EQUAL_WEIGHT, STEP_EDGES, STEPS, DimensionOrder, steps
from hybridml.ranking.label_priors import MIN_LABELS, label_table

SCHEMA = default_entities()


def labels(*rows: tuple[str, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["image_link", "entity_name", "entity_value"])
    return label_table(frame, SCHEMA)


def flat(n: int, depth: str = "30 centimetre") -> pd.DataFrame:
    """Return labels of ``n`` photos with a width of 10 cm and the given depth."""
    both = [("width", "10 centimetre"), ("depth", depth)]
    return labels(*((f"{i}.jpg", name, value) for i in range(n) for name, value in both))


def test_steps_are_symmetric() -> None:
    ratios = np.linspace(-3, 3, 61)
    assert steps(ratios).tolist() == (-steps(-ratios)).tolist()
    assert steps([0, STEP_EDGES[0] / 2, STEP_EDGES[0] * 1.1, 99]).tolist() == [0, 0, 1, STEPS]


def test_the_weights_of_both_orders_add_up() -> None:
    found = DimensionOrder.fit(pd.concat([flat(50), flat(30, "5 inch").assign(photo="")]), SCHEMA)
    one, other = found.weights("depth", "width"), found.weights("width", "depth")
    np.testing.assert_allclose(one, other[::-1])
    np.testing.assert_allclose(np.delete(one + one[::-1], STEPS), 2)
    assert one[STEPS] == EQUAL_WEIGHT
    assert one[STEPS + 4] > 1.8
    assert np.delete(one, [STEPS, STEPS + 4, STEPS - 4]).tolist() == [1.0] * (2 * STEPS - 2)


@pytest.mark.parametrize(("n", "known"), [(MIN_LABELS - 1, False), (MIN_LABELS, True)])
def test_few_photos_show_no_order(n: int, known: bool) -> None:
    weights = DimensionOrder.fit(flat(n), SCHEMA).weights("depth", "width")
    assert (np.delete(weights, STEPS) != 1).any() == known


def test_only_comparable_labels_of_one_photo_are_counted() -> None:
    table = labels(
        ("a.jpg", "width", "10 inch"),
        ("a.jpg", "depth", "25.4 centimetre"),  # the same size
        ("b.jpg", "width", "10 inch"),  # alone on its photo
        ("", "width", "1 inch"),
        ("", "depth", "2 inch"),  # neither has a photo
        ("https://a.org/e.jpg", "width", "1 inch"),
        ("https://b.org/e.jpg", "depth", "2 inch"),  # two photos whose links have one base name
        ("c.jpg", "voltage", "12 volt"),
        ("c.jpg", "wattage", "60 watt"),  # not dimensions
        ("d.jpg", "width", "10 inch"),
        ("d.jpg", "width", "20 inch"),  # the first label counts
        ("d.jpg", "depth", "15 inch"),
    )
    found = DimensionOrder.fit(table, SCHEMA)
    assert found.larger == {("depth", "width"): (0, 0, 1, 0, 0)}
    assert found.pairs == 1
    assert DimensionOrder.fit(table[:0], SCHEMA) == DimensionOrder()


def test_plain_data_restores_the_weights() -> None:
    found = DimensionOrder.fit(flat(40), SCHEMA)
    again = DimensionOrder.from_dict(found.to_dict())
    assert again == found
    assert again.pairs == 40
    np.testing.assert_array_equal(again.weights("width", "depth"), found.weights("width", "depth"))


def test_counts_of_other_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="expected counts of 5 steps"):
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


@pytest.mark.skipif(not pretrained.MODEL.is_file(), reason="the shipped model is not here")
def test_the_shipped_model_has_an_order_and_keeps_it(tmp_path: Path) -> None:
    extractor = hybridml.load(pretrained.MODEL)
    known = extractor.model_.dimension_order
    deeper = known.weights("depth", "width")
    assert (deeper[STEPS + 1 :] > 1.5).all()
    serialize.save(extractor, tmp_path / "again.joblib")
    again = hybridml.load(tmp_path / "again.joblib").model_.dimension_order
    np.testing.assert_array_equal(again.weights("depth", "width"), deeper)
    assert inspect(pretrained.MODEL)["learned"]["dimension_order_learned_from"] == known.pairs > 1000
