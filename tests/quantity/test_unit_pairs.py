"""Unit pairs: when two quantities are the same, and how a pair is described."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hybridml.candidates.features import PhotoContext
from hybridml.candidates.features import describe as features_of
from hybridml.entities import default_entities
from hybridml.quantity.unit_pairs import (
    LONGEST_GAP,
    PAIR_COLUMNS,
    SAME_PAIR,
    PairMember,
    describe_pair,
    is_unit_pair,
)
from hybridml.vision.text_line import OCRResult
from tests.helpers.lines import line

SCHEMA = default_entities()
WIDTH = SCHEMA.entity("width")


def described(*texts: str, candidate: int = 0) -> dict[str, float]:
    """Return the block's columns of one candidate for the width."""
    ocr_result = OCRResult(tuple(line(text, 0, 60 * i) for i, text in enumerate(texts)), 1000, 1000)
    _, columns = features_of(PhotoContext(ocr_result, SCHEMA), WIDTH, ("unit_pairs",))
    return {name: float(values[candidate]) for name, values in columns.items()}


def test_a_pair_is_one_quantity_in_two_systems() -> None:
    assert is_unit_pair((10.0, "inch"), (25.4, "centimetre"), SCHEMA)
    assert is_unit_pair((10.0, "inch"), (25.4 * (1 + 0.9 * SAME_PAIR), "centimetre"), SCHEMA)
    assert not is_unit_pair((10.0, "inch"), (25.4 * (1 + 1.1 * SAME_PAIR), "centimetre"), SCHEMA)
    assert not is_unit_pair((100.0, "centimetre"), (1.0, "metre"), SCHEMA), "both are metric"


def test_a_pair_may_be_in_british_fluid_ounces() -> None:
    for ounces in (100 / 28.4131, 100 / 29.5735):
        assert is_unit_pair((round(ounces, 2), "fluid ounce"), (100.0, "millilitre"), SCHEMA)
    assert not is_unit_pair((3.2, "fluid ounce"), (100.0, "millilitre"), SCHEMA)
    assert not is_unit_pair((10.0, "inch"), (25.4 * 1.04, "centimetre"), SCHEMA), "lengths are rounded only"
    photo = OCRResult((line("1.76 fl oz (50 ml)", 0, 60),), 1000, 1000)
    _, columns = features_of(PhotoContext(photo, SCHEMA), SCHEMA.entity("item_volume"), ("unit_pairs",))
    assert columns["unit_pairs.imperial_first"].tolist() == [1.0, 1.0]


def test_both_members_have_the_same_description() -> None:
    assert described("3.3 in / 8.5 cm", candidate=0) == described("3.3 in / 8.5 cm", candidate=1)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("3.3 in / 8.5 cm", "imperial_first", 1),
        ("8.5 cm / 3.3 in", "imperial_first", 0),
        ("8.5cm/3.3 in", "imperial_spaced", 1),
        ("8.5cm/3.3 in", "metric_spaced", 0),
        ("8.5cm/3.3 in", "gap", 1),
        ("8.5cm/3.3 in", "blank_before_sign", 0),
        ("8.5cm / 3.3 in", "blank_before_sign", 1),
        ("8.5cm (3.3in)", "closed", 1),
        ("8.5cm 3.3in", "closed", 0),
        ("8.5cm 3.3IN", "capitals", 1),
        ("8 cm 3.15 in", "imperial_decimals", 2),
        ("8 cm 3.15 in", "metric_decimals", 0),
    ],
)
def test_how_it_is_written(text: str, name: str, value: float) -> None:
    assert described(text)[f"unit_pairs.{name}"] == value


def test_signs_and_spellings_have_different_numbers() -> None:
    signs = [described(f"8.5 cm{sign}3.3 in")["unit_pairs.sign"] for sign in (" ", "/", " (", " = ")]
    assert len(set(signs)) == len(signs)
    spellings = [
        described(f"8.5 cm / 3.3{unit}")["unit_pairs.imperial_written"] for unit in ('"', " in", " inches")
    ]
    assert len(set(spellings)) == len(spellings)


def test_in_two_text_lines() -> None:
    apart = described("8.5 cm", "3.3 in")
    assert (apart["unit_pairs.same_line"], apart["unit_pairs.gap"]) == (0, 1)


def test_the_nearest_is_taken() -> None:
    """The same width in inches in another line is farther away."""
    assert described("8.5 cm (3.3 in)", "3.3 in")["unit_pairs.closed"] == 1


@pytest.mark.parametrize("texts", [("8.5 cm",), ("8.5 cm", "9 in"), ("8.5 cm", "85 mm")])
def test_what_is_given_once_has_no_description(texts: tuple[str, ...]) -> None:
    assert np.isnan(list(described(*texts).values())).all()


def test_a_wide_gap_is_only_wide() -> None:
    text = "8.5 cm " + "and a few words more " * 3 + "3.3 in"
    assert described(text)["unit_pairs.gap"] == LONGEST_GAP


def test_numbers_are_found_in_what_was_written() -> None:
    inch = PairMember(3.0, "inch", "W: 3 in", 0, 7, "3")
    assert inch.unit_text == " in"
    assert replace(inch, number="4").unit_text == ""
    cm = PairMember(7.6, "centimetre", "7.6 cm", 0, 6, "7.6", line=1)
    assert len(describe_pair(inch, cm, True, SCHEMA)) == len(PAIR_COLUMNS)
