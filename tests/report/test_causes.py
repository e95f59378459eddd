"""Causes of wrong answers, from text lines written by hand."""

from __future__ import annotations

import pytest

from hybridml.datasets.labels import parse_labels
from hybridml.entities import default_entities
from hybridml.report.causes import cause_of
from hybridml.vision.text_line import OCRResult
from tests.helpers.lines import line

SCHEMA = default_entities()


@pytest.mark.parametrize(
    ("texts", "entity", "truth", "predicted", "cause"),
    [
        (["500 g"], "item_weight", "", (500.0, "gram"), "nothing to find"),
        (["500 g"], "item_weight", "0.0 gram", (500.0, "gram"), "no such label"),
        (["10 oz"], "item_volume", "10 ounce", (10.0, "fluid ounce"), "no such label"),
        (["500 g"], "item_weight", "5 parsec", (500.0, "gram"), "no such label"),
        (["500 g"], "item_weight", "37 gram", (500.0, "gram"), "nothing read near the value"),
        (["model 1375", "500 g"], "item_weight", "1376 gram", (500.0, "gram"), "read wrong"),
        (["art. 376", "500 g"], "item_weight", "376 gram", (500.0, "gram"), "read, not a candidate"),
        (["376", "500 g"], "item_weight", "3.76 gram", (500.0, "gram"), "read, not a candidate"),
        (["12 oz (340 g)"], "item_weight", "340 gram", (12.0, "ounce"), "other unit of a pair"),
        (["30 cm", "90 cm"], "width", "30 centimetre", (90.0, "centimetre"), "other axis"),
        (["10 kg - 15 kg"], "item_weight", "15 kilogram", (10.0, "kilogram"), "range end"),
        (["6 x 250 g"], "item_weight", "1500 gram", (250.0, "gram"), "part of a product or multipack"),
        (["500 g", "sugar 8 g"], "item_weight", "500 gram", (8.0, "gram"), "other quantity"),
        (["500 g"], "item_weight", "500 gram", None, "a candidate, not answered"),
        ([], "item_weight", "500 gram", None, "nothing read near the value"),
    ],
)
def test_causes(
    texts: list[str], entity: str, truth: str, predicted: tuple[float, str] | None, cause: str
) -> None:
    ocr_result = OCRResult(tuple(line(text, 50, 100 + 200 * i) for i, text in enumerate(texts)), 1000, 1000)
    label = parse_labels([truth], SCHEMA)[0]
    assert cause_of(label, predicted, ocr_result, SCHEMA.entity(entity), SCHEMA) == cause
