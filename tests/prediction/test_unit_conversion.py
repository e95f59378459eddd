"""Unit conversion: exact, no more precise than what was read, and only to units that the entity allows."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridml.entities import default_entities
from hybridml.errors import EntityError
from hybridml.prediction.unit_conversion import convert_units, in_unit, wanted_units
from hybridml.ranking.answer import Answer, RunnerUp

SCHEMA = default_entities()
LENGTHS = ("millimetre", "centimetre", "metre", "inch", "foot", "yard")
BOX = (0.0, 0.0, 10.0, 10.0)


@pytest.mark.parametrize(
    ("value", "unit", "wanted", "expected"),
    [
        (12.0, "ounce", "gram", 340.0),  # as labels print it
        (16.0, "fluid ounce", "millilitre", 473.0),
        (1.0, "gallon", "litre", 3.79),
        (0.5, "ounce", "gram", 14.2),
        (5.0, "inch", "centimetre", 12.7),  # exact in fewer digits
        (5.0, "foot", "inch", 60.0),
        (1005.0, "millimetre", "inch", 39.57),  # four digits were read
        (1234567.0, "gram", "kilogram", 1234.567),
        (0.1, "metre", "millimetre", 100.0),
        (0.07, "kilogram", "gram", 70.0),  # floats alone give 70.00000000000001
        (2.25, "inch", "centimetre", 5.72),  # a tie: 5.715
        (1 / 3, "cup", "millilitre", 78.9),  # computed: its sixteen digits stood nowhere
        (0.1 + 0.2, "foot", "inch", 3.6),
        (0.001, "gram", "ton", 1e-09),
        (0.0, "volt", "kilovolt", 0.0),
    ],
)
def test_rounds_as_labels_do(value: float, unit: str, wanted: str, expected: float) -> None:
    assert in_unit(value, unit, wanted) == expected


@given(
    st.decimals(min_value=0, max_value=99999, places=2), st.sampled_from(LENGTHS), st.sampled_from(LENGTHS)
)
def test_the_error_is_less_than_half_of_the_last_digit(number, unit, wanted):
    exact = (
        Fraction(number)
        * Fraction(repr(SCHEMA.unit(unit).factor))
        / Fraction(repr(SCHEMA.unit(wanted).factor))
    )
    digits = max(3, len(number.normalize().as_tuple().digits))
    found = Fraction(repr(in_unit(float(number), unit, wanted)))
    assert abs(found - exact) <= exact * Fraction(5, 10**digits)
    if unit == wanted:
        assert found == exact


def test_metric_units_lose_nothing_on_the_way_there_and_back() -> None:
    for value in (0.3, 12.75, 1005.0, 123456.7):
        assert in_unit(in_unit(value, "gram", "kilogram"), "kilogram", "gram") == value


def test_refuses_other_families() -> None:
    with pytest.raises(EntityError, match=r"gram \(mass\) to litre \(volume\)"):
        in_unit(1.0, "gram", "litre")
    with pytest.raises(EntityError, match="unknown unit 'stone'"):
        in_unit(1.0, "stone", "gram")


def test_the_unit_of_an_entity_goes_before_that_of_all() -> None:
    wanted = wanted_units(["metre", " height = inch ", "volt"])
    assert wanted == {"width": "metre", "depth": "metre", "height": "inch", "voltage": "volt"}
    assert wanted_units([]) == {}
    assert wanted_units(["gram", "gram"])["item_weight"] == "gram"


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        (["item_weight=litre"], "item_weight has no unit 'litre'; expected one of: gram, kilogram"),
        (["weight=gram"], "unknown entity 'weight'; expected one of: depth"),
        (["kg"], "no entity has the unit 'kg'; expected one of: centilitre, centimetre"),
        (["=gram"], "unknown entity ''"),
        (["width="], "width has no unit ''"),
        ([""], "no entity has the unit ''"),
        (["gram", "kilogram"], "item_weight is wanted both in gram and in kilogram"),
        (["width=inch", "width=metre"], "width is wanted both in inch and in metre"),
    ],
)
def test_refuses_what_an_entity_does_not_allow(wishes: list[str], said: str) -> None:
    with pytest.raises(EntityError) as error:
        wanted_units(wishes)
    assert said in str(error.value)


def test_all_parts_of_an_answer_are_converted() -> None:
    answer = Answer(
        "item_volume",
        12.0,
        "fluid ounce",
        0.8,
        "12 FL OZ (355 ml)",
        BOX,
        (RunnerUp(355.0, "millilitre", 0.1, BOX), RunnerUp(0.5, "litre", 0.05, BOX)),
        ("12 fluid ounce", "355 millilitre", "0.5 litre"),
    )
    shown = convert_units(answer, {"item_volume": "millilitre", "width": "inch"})
    assert shown.prediction == "355 millilitre"
    assert [(other.value, other.unit) for other in shown.runner_ups] == [
        (355.0, "millilitre"),
        (500.0, "millilitre"),
    ]
    assert shown.candidates == ("355 millilitre", "500 millilitre")
    assert (shown.confidence, shown.text, shown.box) == (0.8, answer.text, BOX)
    assert convert_units(answer, {"width": "inch"}) is answer


def test_no_answer_stays_none() -> None:
    nothing = convert_units(Answer("width", candidates=("1 inch",)), {"width": "centimetre"})
    assert (nothing.value, nothing.unit, nothing.prediction) == (None, None, "")
    assert nothing.candidates == ("2.54 centimetre",)
