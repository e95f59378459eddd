"""The second pass: it is used only for entities of which the first pass shows nothing."""

from __future__ import annotations

from hybridml.candidates.find import needs_second_pass, ocr_result_for
from hybridml.candidates.table import build_table
from hybridml.entities import default_entities
from hybridml.vision.photo_features import PhotoFeatures
from tests.helpers.lines import line, ocr_result

SCHEMA = default_entities()


def test_the_second_pass_answers_only_what_the_first_has_no_candidate_for() -> None:
    first, second = ocr_result([line("12 V")]), ocr_result([line("12 V"), line("500 g", 0, 100)])
    photo = PhotoFeatures(first, second_pass=second)
    weight, voltage = SCHEMA.entity("item_weight"), SCHEMA.entity("voltage")
    assert needs_second_pass(first, weight, SCHEMA)
    assert not needs_second_pass(first, voltage, SCHEMA)
    assert ocr_result_for(photo, weight, SCHEMA) is second
    assert ocr_result_for(photo, voltage, SCHEMA) is first
    table = build_table(["a", "a"], ["item_weight", "voltage"], [("a", photo)], SCHEMA)
    assert [(c.value, c.unit) for c in table.candidates] == [(500.0, "gram"), (12.0, "volt")]
    assert table.second_pass == {0}
