"""Which number a label, a letter or a unit belongs to."""

from __future__ import annotations

import pytest

from hybridml.candidates.find import find_candidates
from hybridml.quantity import numbers, parse
from hybridml.quantity.context import heading
from hybridml.quantity.fold import fold
from tests.helpers.lines import line, ocr_result


def labelled(text: str) -> list[tuple[float, str | None]]:
    return [(q.value, q.label) for q in parse(text) if not q.repaired]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('24" W 36" H 12" D', [(24, "W"), (36, "H"), (12, "D")]),
        ('24"W 36"H 12"D', [(24, "W"), (36, "H"), (12, "D")]),
        ("30cm(W) 40cm(H)", [(30, "W"), (40, "H")]),
        ("30 cm wide 40 cm high", [(30, "wide"), (40, "high")]),
        ("W 30 cm H 40 cm", [(30, "W"), (40, "H")]),
        ('Size: 24"W x 36"H', [(24, "W"), (36, "H")]),
        ('Width: 24"W', [(24, "Width")]),
        ("L x W x H: 10 x 5 x 3 cm", [(10, "L"), (5, "W"), (3, "H")]),
        ("Size (W x D x H): 60 x 40 x 80 cm", [(60, "W"), (40, "D"), (80, "H")]),
        ("LxWxH 10x5x3cm", [(10, "L"), (5, "W"), (3, "H")]),
        ("Höhe x Breite: 80 x 60 cm", [(80, "Höhe"), (60, "Breite")]),
        ("W x H: 60 cm", [(60, None)]),
        ("W x H: 60 cm, 80 cm", [(60, None), (80, None)]),
        ("(L)10 x (W)5 x (H)3 cm", [(10, "L"), (5, "W"), (3, "H")]),
        ("(L) 10cm x (W) 5cm", [(10, "L"), (5, "W")]),
    ],
)
def test_each_number_has_its_own_label(text: str, expected: list[tuple[float, str | None]]) -> None:
    assert labelled(text) == expected


@pytest.mark.parametrize("text", ["(L) 10cm x (W) 5cm x (H) 3cm", "(L)10 x (W)5 x (H)3 cm"])
def test_letters_in_brackets_part_no_product(text: str) -> None:
    assert [q.form for q in parse(text)] == ["product part"] * 3


def test_a_heading_names_several_sides() -> None:
    for text, names in (("W x H: 60", ["W", "H"]), ("W: 60", []), ("W x H60", []), ("2 x H: 60", [])):
        assert heading(fold(text), text, text.index("60")) == names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "L 200 W 100 H 50 mm",
            [(200, "millimetre", "L"), (100, "millimetre", "W"), (50, "millimetre", "H")],
        ),
        ("H 5 W 100 cm", [(5, "centimetre", "H"), (100, "centimetre", "W")]),
        ("H 30 L", [(30, "litre", "H")]),
        ("Power 60 W 12 V", [(60, "watt", "Power"), (12, "volt", None)]),
        ("weight 5 height 30 cm", [(30, "centimetre", "height")]),
    ],
)
def test_the_letter_of_the_next_side_is_no_unit(
    text: str, expected: list[tuple[float, str, str | None]]
) -> None:
    assert [(q.value, q.unit, q.label) for q in parse(text) if not q.repaired] == expected


def test_sides_without_a_unit_are_bare_numbers() -> None:
    assert [(n.value, n.label) for n in numbers("L 200 W 100")] == [(200, "L"), (100, "W")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5V 3A 15W", [(5, "volt", "plain"), (15, "watt", "plain")]),
        ("3 A 12 V", [(12, "volt", "plain")]),
        ("16A 250V", [(250, "volt", "plain")]),
        ("100-240V 1A 60W", [(100, "volt", "range low"), (240, "volt", "range high"), (60, "watt", "plain")]),
        ("2 a 4 kg", [(2, "kilogram", "range low"), (4, "kilogram", "range high")]),
        ("DE 2 A 4 KG", [(2, "kilogram", "range low"), (4, "kilogram", "range high")]),
        ("100 a 240 V", [(100, "volt", "range low"), (240, "volt", "range high")]),
    ],
)
def test_amperes_begin_no_range(text: str, expected: list[tuple[float, str, str]]) -> None:
    assert [(q.value, q.unit, q.form) for q in parse(text) if not q.repaired] == expected


@pytest.mark.parametrize("word", ["Inhalt:", "Contents:", "Net", "Max"])
@pytest.mark.parametrize(("text", "value"), [("6 x 0,33 l", 0.33), ("2 x 15 W", 15)])
def test_a_word_before_a_multipack_makes_no_side_of_it(word: str, text: str, value: float) -> None:
    assert value in [q.value for q in parse(f"{word} {text}") if q.form == "multipack each"]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("500㎖", 500, "millilitre"),
        ("５㎏", 5, "kilogram"),
        ("100㎜", 100, "millimetre"),
        ("500\u200bg", 500, "gram"),
    ],
)
def test_signs_that_are_one_character(text: str, value: float, unit: str) -> None:
    assert [(q.value, q.unit, q.repaired) for q in parse(text)] == [(value, unit, False)]


def test_feet_and_inches_may_stand_around_a_dash() -> None:
    assert [q.value for q in parse("6' - 2 1/2\"") if q.form == "sum"] == [74.5]
    assert [q.form for q in parse("1 kg - 500 g")] == ["range high", "range low"]


def test_a_mixed_number_may_have_lost_its_space() -> None:
    assert [(q.value, q.repaired) for q in parse('11/2"')] == [(5.5, False), (1.5, True)]
    assert [q.value for q in parse('13/16"')] == [0.8125]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("10 x 5 x 3", "cm", {(10, "centimetre"), (5, "centimetre"), (3, "centimetre")}),
        ("100-240", "V~ 50Hz", {(100, "volt"), (240, "volt")}),
        ("340 g 12", "oz", {(340, "gram"), (12, "ounce")}),
    ],
)
def test_a_unit_of_the_next_line_is_that_of_all_that_share_it(
    first: str, second: str, expected: set[tuple[float, str]]
) -> None:
    found = find_candidates(ocr_result([line(first), line(second, 10 * len(first) + 4)]))
    assert {(c.value, c.unit) for c in found} == expected
    assert len(found) == len(expected)
    assert all(c.end <= len(first) for c in found)
