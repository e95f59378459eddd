"""Candidates: number and unit in one line, in neighbouring lines, and from a declaration."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridml.candidates.find import MAX_LINES, find_candidates, for_entity, needs_second_pass, span_box
from hybridml.entities import default_entities
from hybridml.vision.text_line import TextLine
from tests.helpers.lines import line, ocr_result

SCHEMA = default_entities()


def found(*lines, entity: str = "width") -> set[tuple[float, str, str]]:
    candidates = for_entity(find_candidates(ocr_result(lines)), SCHEMA.entity(entity))
    return {(c.value, c.unit, c.origin) for c in candidates if not c.repaired}


@pytest.mark.parametrize(
    ("lines", "entity", "expected"),
    [
        ([line("Width 30 cm")], "width", {(30.0, "centimetre", "line")}),
        ([line("30", 0, 0), line("cm", 24, 0)], "width", {(30.0, "centimetre", "beside")}),
        ([line("500", 0, 0, 60), line("g", 20, 62, 30)], "item_weight", {(500.0, "gram", "below")}),
        ([line("30", 0, 0), line("cm", 400, 0)], "width", set()),
        ([line("30", 0, 0), line("cm", 0, 400)], "width", set()),
        ([line("cm", 0, 0), line("30", 24, 0)], "width", set()),
        ([line("Unit: cm", 0, 0), line("30", 500, 500)], "width", {(30.0, "centimetre", "declared")}),
        ([line("Unit: cm", 0, 0), line("30", 500, 500)], "item_weight", set()),
        ([line("8 oz")], "item_volume", {(8.0, "fluid ounce", "line")}),
        ([line("8 oz")], "item_weight", {(8.0, "ounce", "line")}),
        ([line("12V")], "wattage", set()),
        ([], "width", set()),
    ],
)
def test_where_the_unit_comes_from(lines: list, entity: str, expected: set) -> None:
    assert found(*lines, entity=entity) == expected


@pytest.mark.parametrize("angle", [-90, 90, 30, -45])
def test_the_next_line_is_next_in_the_direction_of_the_text(angle: float) -> None:
    ux, uy = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    number, unit = line("120", 500, 500, angle=angle), line("cm", 500 + 36 * ux, 500 + 36 * uy, angle=angle)
    assert found(number, unit) == {(120.0, "centimetre", "beside")}


@pytest.mark.parametrize(("across", "expected"), [(8, {(30.0, "centimetre", "beside")}), (4, set())])
def test_widened_boxes_may_overlap(across: float, expected: set) -> None:
    number, unit = line("30", 0, 0), line("cm", across, 0)  # both 20 px high and long
    assert found(number, unit) == expected


def test_the_nearest_declaration_counts() -> None:
    lines = [line("Size (mm)", 0, 0), line("45", 200, 0), line("Size (inch)", 0, 600), line("7", 250, 600)]
    assert found(*lines) >= {(45.0, "millimetre", "declared"), (7.0, "inch", "declared")}
    assert (45.0, "inch", "declared") not in found(*lines)


def test_a_span_has_its_own_place_on_the_line() -> None:
    (first, second) = for_entity(
        find_candidates(ocr_result([line("12 oz / 340 g")])), SCHEMA.entity("item_weight")
    )
    assert first.box[2] < second.box[0]
    assert (first.box[1], first.box[3]) == (0, 20)


def test_the_box_of_upright_text_runs_upwards() -> None:
    left, top, right, bottom = span_box(line("10 cm x 20 cm", 500, 500, angle=-90), 0, 5)
    assert bottom == pytest.approx(500)
    assert top == pytest.approx(450)
    assert right - left == pytest.approx(20)


def test_one_quantity_at_one_place_is_one_candidate() -> None:
    candidates = find_candidates(ocr_result([line("Unit: cm", 0, 0), line("30 cm", 0, 200)]))
    assert [(c.value, c.unit, c.origin) for c in candidates if not c.repaired] == [
        (30.0, "centimetre", "line")
    ]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (['9"', "23*"], {(23.0, "inch", True)}),
        (["9 inches", "23*", "made of 100* cotton", "4*5"], {(23.0, "inch", True)}),
        (["9 cm", "23*"], set()),
        (["23*"], set()),
    ],
)
def test_an_asterisk_is_an_inch_mark_where_others_are(
    texts: list[str], expected: set[tuple[float, str, bool]]
) -> None:
    result = ocr_result([line(text, 0, 200 * i) for i, text in enumerate(texts)])
    found = {(c.value, c.unit, c.repaired) for c in find_candidates(result) if c.value not in (9, 4, 5)}
    assert found == expected


def test_a_wall_of_text_costs_the_largest_lines_only() -> None:
    lines = [line("5 g", 0, 30 * i, 8) for i in range(3 * MAX_LINES)] + [line("500 g", 0, 0, 90)]
    candidates = find_candidates(ocr_result(lines))
    assert len({c.line for c in candidates}) == MAX_LINES
    assert any(c.value == 500 for c in candidates)


@settings(deadline=None)  # units are compiled when they are first met
@given(st.lists(st.tuples(st.text(max_size=25), st.floats(-10, 1000), st.floats(-10, 1000)), max_size=6))
def test_never_raises_on_any_text(lines: list[tuple[str, float, float]]) -> None:
    for candidate in find_candidates(ocr_result([line(t, x, y) for t, x, y in lines])):
        assert 0 <= candidate.start <= candidate.end
        assert candidate.unit in SCHEMA.units


@pytest.mark.parametrize("entity", ["item_weight", "width", "voltage", "item_volume"])
@pytest.mark.parametrize(
    "lines",
    [
        [],
        [line("12 oz (340 g)")],
        [line("Weight 12", 0, 0), line("kg", 130, 0)],
        [line("Unit: cm", 0, 0), line("30", 0, 200), line("24", 0, 300)],
        [line("made of cotton", 0, 0), line("2024", 0, 100)],
    ],
)
def test_an_entity_without_a_candidate_needs_the_second_pass(lines: list[TextLine], entity: str) -> None:
    requested, result = SCHEMA.entity(entity), ocr_result(lines)
    found = for_entity(find_candidates(result, SCHEMA), requested)
    assert needs_second_pass(result, requested, SCHEMA) != bool(found)


def test_a_total_that_nobody_wrote_is_no_candidate() -> None:
    unwritten = find_candidates(ocr_result([line("6 x 330 ml", 0, 0)]))
    assert [(c.value, c.form) for c in unwritten] == [(330.0, "multipack each")]
    written = find_candidates(ocr_result([line("4 x 28 g = 112 g", 0, 0)]))
    assert [c.value for c in written] == [28.0, 112.0]
    parts = find_candidates(ocr_result([line("6 x", 0, 0), line("330 ml", 120, 0)]))
    assert [c.value for c in parts] == [330.0]
