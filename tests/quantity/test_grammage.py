"""Weights per area: candidates to learn about, but not quantities of the item."""

from __future__ import annotations

from typing import get_args

import pytest

from hybridml import quantity
from hybridml.candidates.features import PhotoContext
from hybridml.candidates.features.form import FORMS
from hybridml.candidates.find import find_candidates, for_entity, needs_second_pass, ocr_result_for
from hybridml.candidates.table import build_table
from hybridml.entities import EntitySchema, default_entities, parse_entities
from hybridml.errors import EntityError
from hybridml.evaluation.baselines.rules import first
from hybridml.quantity import PER_AREA, Form, grammage
from hybridml.vision.photo_features import PhotoFeatures
from hybridml.vision.text_line import TextLine
from tests.helpers.lines import line, ocr_result

SCHEMA = default_entities()
WEIGHT = SCHEMA.entity("item_weight")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("240 GSM", 240),
        ("240GSM canvas", 240),
        ("240GSMCANVAS", 240),
        ("canvas of 240 g/m²", 240),
        ("240g/m2", 240),
        ("240 g / m²", 240),
        ("Épaisseur 240 gr/m²: papier", 240),
        ("240 g/sqm", 240),
        ("240 g/sq.m", 240),
        ("240 g.s.m", 240),
        ("max. 240 gsm", 240),
        ("240 grams per square metre", 240),
        ("210 x 297 mm 90 gsm", 90),
        ("2 x 90 gsm", 90),
    ],
)
def test_a_weight_per_area_is_read_as_such(text: str, value: float) -> None:
    found = [(q.value, q.unit, q.form, q.repaired) for q in grammage(text)]
    assert found == [(value, "gram", PER_AREA, False)]


@pytest.mark.parametrize("text", ["240 GSM", "240g/m²", "240 gr/m2", "24OGSM", "240 grams per square metre"])
def test_it_is_not_parsed_as_a_weight(text: str) -> None:
    assert quantity.parse(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "GSM",
        "240 g",
        "240 gsmith",
        "3000 g/m²/24h",
        "900 g/m2/day",
        "$240 gsm",
        "rugs made 240",
        "gsm 240",
    ],
)
def test_other_texts_have_none(text: str) -> None:
    assert grammage(text) == []


def test_both_ends_of_a_range_are_read() -> None:
    assert [q.value for q in grammage("90-120 gsm")] == [90, 120]


def test_a_letter_for_a_digit_is_repaired() -> None:
    (found,) = grammage("24OGSM CANVAS")
    assert (found.value, found.repaired, found.number_text) == (240, True, "24O")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([line("240 GSM")], [(240.0, "gram", PER_AREA, "line")]),
        ([line("240", 0, 0), line("GSM", 35, 0)], [(240.0, "gram", PER_AREA, "beside")]),
        ([line("240", 0, 0), line("g/m² cotton", 0, 24)], [(240.0, "gram", PER_AREA, "below")]),
        ([line("240", 0, 0), line("GSM", 500, 500)], []),
        ([line("GSM", 0, 0), line("240", 35, 0)], []),
    ],
)
def test_the_unit_stands_in_the_line_or_the_next(lines: list[TextLine], expected: list[object]) -> None:
    found = find_candidates(ocr_result(lines))
    assert [(c.value, c.unit, c.form, c.origin) for c in found] == expected


def test_a_photo_that_gives_nothing_else_shows_no_weight() -> None:
    for lines in ([line("240 GSM")], [line("240", 0, 0), line("GSM", 35, 0)]):
        found = ocr_result(lines)
        assert for_entity(find_candidates(found), WEIGHT)
        assert needs_second_pass(found, WEIGHT, SCHEMA)


@pytest.mark.parametrize("more", ["net 2 kg", "no weight here"])
def test_the_second_pass_answers_if_the_first_has_nothing_else(more: str) -> None:
    once, twice = ocr_result([line("240 GSM")]), ocr_result([line("240 GSM"), line(more, 0, 100)])
    found = PhotoFeatures(once, second_pass=twice)
    assert ocr_result_for(found, WEIGHT, SCHEMA) is twice
    table = build_table(["a"], ["item_weight"], [("a", found)], SCHEMA)
    assert table.candidates == for_entity(find_candidates(twice), WEIGHT)
    assert table.second_pass == {0}


def test_without_a_second_pass_it_stays_a_candidate() -> None:
    table = build_table(["a"], ["item_weight"], [("a", PhotoFeatures(ocr_result([line("240 GSM")])))], SCHEMA)
    assert [(c.value, c.form) for c in table.candidates] == [(240.0, PER_AREA)]
    assert table.X[0, table.columns.index("form.form")] == FORMS.index(PER_AREA)


def test_a_rule_answers_with_a_weight_of_the_item_first() -> None:
    found = ocr_result([line("240 GSM"), line("net 2 kg", 0, 100)])
    chosen = first(for_entity(find_candidates(found), WEIGHT), WEIGHT, PhotoContext(found, SCHEMA), None)
    assert chosen is not None
    assert (chosen.value, chosen.unit) == (2.0, "kilogram")


def test_features_number_the_forms_as_the_parser_has_them() -> None:
    assert get_args(Form) == FORMS


def own(unit: str, base: EntitySchema | None = SCHEMA) -> EntitySchema:
    return parse_entities(f"format = 1\n{unit}", "own.toml", base)


def test_spellings_per_area_are_data() -> None:
    schema = own('[units.ounce]\nextends = true\nper_area = ["osy"]')
    assert [(q.value, q.unit) for q in grammage("8 osy, 240 gsm", schema)] == [
        (8.0, "ounce"),
        (240.0, "gram"),
    ]
    assert grammage("8 osy") == []
    without = own('[units.gram]\nfamily = "mass"\nfactor = 1\nspellings = ["g"]')
    assert grammage("240 gsm", without) == []


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        ('[units.ounce]\nextends = true\nper_area = ["G.S.M."]', "'gsm' in 'per_area' is a spelling of both"),
        ('[units.gram]\nextends = true\nper_area = ["gr"]', "'gr' in 'per_area' .* 'gram' itself too"),
        ('[units.gram]\nextends = true\nper_area = "gsm"', "'per_area' must be a list of strings"),
    ],
)
def test_ambiguous_spellings_per_area_are_refused(unit: str, message: str) -> None:
    with pytest.raises(EntityError, match=f"^own.toml: .*{message}"):
        own(unit)
