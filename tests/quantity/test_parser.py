"""The quantity parser: what is read, what is not, and that nothing breaks it."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridml.entities import default_entities, parse_entities
from hybridml.quantity import (
    Quantity,
    atoms,
    declared_unit,
    format_quantity,
    numbers,
    parse,
    parse_number,
    repair,
)
from hybridml.quantity.atoms import decimal_values, scan
from hybridml.quantity.fold import fold
from hybridml.quantity.words import word_value


def certain(text: str) -> list[tuple[float, str]]:
    return [(q.value, q.unit) for q in parse(text) if not q.repaired]


def guessed(text: str) -> list[tuple[float, str]]:
    return [(q.value, q.unit) for q in parse(text) if q.repaired]


def by_form(text: str) -> list[tuple[float, str, str]]:
    return [(q.value, q.unit, q.form) for q in parse(text) if not q.repaired]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("500g", 500, "gram"),
        ("0.003 kg", 0.003, "kilogram"),
        ("12,5 cm", 12.5, "centimetre"),
        ("2,000 mg", 2000, "milligram"),
        ("1,000.5 kg", 1000.5, "kilogram"),
        ("1.000,5 kg", 1000.5, "kilogram"),
        ("1 000 ml", 1000, "millilitre"),
        ("1'200 g", 1200, "gram"),
        (".75 L", 0.75, "litre"),
        ("1 1/2 cups", 1.5, "cup"),
        ("1½ cups", 1.5, "cup"),
        ("½ gallon", 0.5, "gallon"),
        ("3/4 in", 0.75, "inch"),
        ('3/4"', 0.75, "inch"),
        ("5-1/2 in", 5.5, "inch"),
        ("1⁄4 yd", 0.25, "yard"),
        ("two and a half litres", 2.5, "litre"),
        ("half a pint", 0.5, "pint"),
        ("three quarters of a cup", 0.75, "cup"),
        ("twenty-five pounds", 25, "pound"),
        ("three point five kilograms", 3.5, "kilogram"),
        ("2.5 million litres", 2.5e6, "litre"),
        ("2e3 gram", 2000, "gram"),
        ("12-inch", 12, "inch"),
        ("8''", 8, "inch"),
        ("8 ″", 8, "inch"),
        ("8”", 8, "inch"),
        ('8.7""', 8.7, "inch"),
        ("6'", 6, "foot"),
        ("6’", 6, "foot"),
        ("10 lbs.", 10, "pound"),
        ("4 k.g.", 4, "kilogram"),
        ("250 c.c.", 250, "millilitre"),
        ("12 cu.in.", 12, "cubic inch"),
        ("1.6 cu. ft.", 1.6, "cubic foot"),
        ("3 in³", 3, "cubic inch"),
        ("8 fl. oz.", 8, "fluid ounce"),
        ("16 US fl oz", 16, "fluid ounce"),
        ("5 U.S. gallons", 5, "gallon"),
        ("2 imperial gallons", 2, "imperial gallon"),
        ("12 VAC", 12, "volt"),
        ("230 V~", 230, "volt"),
        ("12V DC 5A", 12, "volt"),
        ("300mV", 300, "millivolt"),
        ("12 kV", 12, "kilovolt"),
        ("1.5 kW", 1.5, "kilowatt"),
        ("500 μg", 500, "microgram"),
        ("500 µg", 500, "microgram"),
        ("500mcg", 500, "microgram"),
        ("３００ｇ", 300, "gram"),
        ("30 (cm)", 30, "centimetre"),
        ("約9cm", 9, "centimetre"),
        ("fl. oz. 12 fl oz", 12, "fluid ounce"),
        ("drei Zentimeter", 3, "centimetre"),
        ("5 Zoll", 5, "inch"),
        ("ein Pfund", 1, "pound"),
        ("deux litres", 2, "litre"),
        ("8 onces liquides", 8, "fluid ounce"),
        ("3 pouces", 3, "inch"),
        ("2 pieds", 2, "foot"),
        ("dos litros", 2, "litre"),
        ("4 pulgadas", 4, "inch"),
        ("due litri", 2, "litre"),
        ("6 pollici", 6, "inch"),
        ("kg 1,5", 1.5, "kilogram"),
        ("Peso netto g 250", 250, "gram"),
        ("an ounce", 1, "ounce"),
        ('6"wide', 6, "inch"),
        ("8800mAh4.2V", 4.2, "volt"),
        ("MAX150kg", 150, "kilogram"),
        ("Height-295 mm", 295, "millimetre"),
        ("NET WT.190G", 190, "gram"),
        ("500 mg per day", 500, "milligram"),
        ("8 once", 8, "ounce"),
        ("mezzo chilo", 0.5, "kilogram"),
        ("drei Komma fünf Kilogramm", 3.5, "kilogram"),
        ("Leistung: 2.000 W", 2000, "watt"),
        ("2.000 kg", 2, "kilogram"),
    ],
)
def test_one_quantity_is_read(text: str, value: float, unit: str) -> None:
    assert certain(text) == [(pytest.approx(value), unit)]


@pytest.mark.parametrize(
    "text",
    [
        "", "12", "two", "12/05/2021", "2021-05-12", "10:30 L", "1080p", "1920x1080", "30%", "30 % g",
        "$12", "12.99 €", "$5 g", "2in1", "3 in 1", "two in my car", "12 in stock", "5G wifi", "4G LTE",
        "4K", "24/7", "No. 5", "size M/L", "20Wh", "5000mAh", "10 W/m", "5 km", "60 mph", "100 km/h",
        "80 g/m²", "15 Nm", "60 dB", "50Hz", "3000 rpm", "25°C", "5 ft-lb", "20 ft lbs", "120 mm Hg",
        "AB-12V3", "TX-B3-45W", "PRO100-12V", "10W-40", "5W30", "10 cm²", "10 cm2", "100 sq in", "10 l/km",
        "5 mg/ml", "3 kg per m", "4006381333931 l", "1-800 555 1234 g", "192.168.1.10 l", "poids 7kgv",
        "bq30 g", "1960's", "10° 5' 3\"", "#12 g", "1500 mW", "1 once daily", "Micro SD 32G", "article",
        "4. 5. 6.",
    ],
)  # fmt: skip
def test_what_is_no_quantity_of_ours(text: str) -> None:
    assert certain(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100-240V", [(100, "volt", "range low"), (240, "volt", "range high")]),
        ("220~240 V", [(220, "volt", "range low"), (240, "volt", "range high")]),
        ("110V-220V", [(110, "volt", "range low"), (220, "volt", "range high")]),
        ("10 to 15 kg", [(10, "kilogram", "range low"), (15, "kilogram", "range high")]),
        ("between 2 and 3 kg", [(2, "kilogram", "range low"), (3, "kilogram", "range high")]),
        ("de 3 à 5 kg", [(3, "kilogram", "range low"), (5, "kilogram", "range high")]),
        ("3 bis 5 kg", [(3, "kilogram", "range low"), (5, "kilogram", "range high")]),
        ("3 - ~8 grams", [(3, "gram", "range low"), (8, "gram", "range high")]),
        ("20 mm to 10 mm", [(20, "millimetre", "range high"), (10, "millimetre", "range low")]),
        ("40cm-15.7in", [(40, "centimetre", "plain"), (15.7, "inch", "plain")]),
        ("5 ml to 50 mg", [(5, "millilitre", "plain"), (50, "milligram", "plain")]),
        ("max 150 kg", [(150, "kilogram", "bound")]),
        ("up to 20 lbs", [(20, "pound", "bound")]),
        ("Max. load: 20 kg", [(20, "kilogram", "bound")]),
        ("60W max", [(60, "watt", "bound")]),
        ("climax 5 kg", [(5, "kilogram", "plain")]),
        ("≤ 5 kg", [(5, "kilogram", "bound")]),
        ("bis zu 20 kg", [(20, "kilogram", "bound")]),
        ("20g±0.5g", [(20, "gram", "plain")]),
        ("6 x 330 ml", [(1980, "millilitre", "multipack total"), (330, "millilitre", "multipack each")]),
        ("500g*2", [(500, "gram", "multipack each"), (1000, "gram", "multipack total")]),
        ("1 x 390 g", [(390, "gram", "multipack each")]),
        ("½ x 20g", [(20, "gram", "multipack each")]),
        ("60 mm x 2 pcs", [(60, "millimetre", "multipack each")]),
        ("5 ft 10 in", [(70, "inch", "sum"), (5, "foot", "sum part"), (10, "inch", "sum part")]),
        ("5'10\"", [(70, "inch", "sum"), (5, "foot", "sum part"), (10, "inch", "sum part")]),
        ("5'10", [(70, "inch", "sum"), (5, "foot", "sum part"), (10, "inch", "sum part")]),
        ("2lb-1oz", [(33, "ounce", "sum"), (2, "pound", "sum part"), (1, "ounce", "sum part")]),
        ("3 km and 4 meter", [(3004, "metre", "sum"), (4, "metre", "sum part")]),
        ("12/24V", [(12, "volt", "plain"), (24, "volt", "plain")]),
        ("45 and 50 mg", [(45, "milligram", "plain"), (50, "milligram", "plain")]),
        ("1500W/110V", [(1500, "watt", "plain"), (110, "volt", "plain")]),
        ("7 160mm", [(160, "millimetre", "plain")]),
        ("0.4'4 in", [(0.4, "foot", "plain"), (4, "inch", "plain")]),
        ("L: 14, H: 7, D: 2 cm", [(14, "centimetre", "plain"), (7, "centimetre", "plain"), (2, "centimetre", "plain")]),
        ("Pack of 6, 330ml", [(330, "millilitre", "plain")]),
        ("1 gal 128 fl oz", [(1, "gallon", "plain"), (128, "fluid ounce", "plain")]),
    ],
)  # fmt: skip
def test_forms(text: str, expected: list[tuple[float, str, str]]) -> None:
    assert by_form(text) == expected


@pytest.mark.parametrize(
    ("text", "values", "unit", "labels"),
    [
        ("10 x 5 x 3 cm", [10, 5, 3], "centimetre", [None] * 3),
        ("10x5x3cm", [10, 5, 3], "centimetre", [None] * 3),
        ("10cm x 5 x 3", [10, 5, 3], "centimetre", [None] * 3),
        ("3.5*2.1*1cm", [3.5, 2.1, 1], "centimetre", [None] * 3),
        ("12 in. x 8 in.", [12, 8], "inch", [None] * 2),
        ("20 х 30 cm", [20, 30], "centimetre", [None] * 2),
        ("L20 x W10 x H5 cm", [20, 10, 5], "centimetre", ["L", "W", "H"]),
        ('24"W x 12"D x 30"H', [24, 12, 30], "inch", ["W", "D", "H"]),
        ("24W x 12D x 30H inches", [24, 12, 30], "inch", ["W", "D", "H"]),
        ('14.6"Lx8.2"Wx6.1"H', [14.6, 8.2, 6.1], "inch", ["L", "W", "H"]),
        ("H 20 x B 15 x T 8 cm", [20, 15, 8], "centimetre", ["H", "B", "T"]),
        ("10(W) x 20(H) mm", [10, 20], "millimetre", ["W", "H"]),
        ("2 m by 3 m", [2, 3], "metre", [None] * 2),
    ],
)
def test_products_share_their_unit(
    text: str, values: list[float], unit: str, labels: list[str | None]
) -> None:
    found = [q for q in parse(text) if not q.repaired]
    assert [(q.value, q.unit, q.form) for q in found] == [(v, unit, "product part") for v in values]
    assert [q.part for q in found] == [(k, len(values)) for k in range(len(values))]
    assert [q.label for q in found] == labels


@pytest.mark.parametrize(
    ("text", "label"),
    [("H: 30 cm", "H"), ("Height 30cm", "Height"), ("Ø12 cm", "Ø"), ("30 cm (W)", "W"), ("30 cm wide", "wide"),
     ("Breite: 30cm", "Breite"), ("L80cm/", "L"), ("a 30 cm", None), ("door 30 cm", None), ("VB12-12 30cm", None),
     ("BTU/h 30 cm", None),
     ("8 cm (LxBxH)", None)],
)  # fmt: skip
def test_labels(text: str, label: str | None) -> None:
    assert [q.label for q in parse(text) if q.unit == "centimetre"] == [label]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2Ocm", (20, "centimetre")), ("1O0 g", (100, "gram")), ("l2 oz", (12, "ounce")),
        ("IOOcm", (100, "centimetre")), ("S0 kg", (50, "kilogram")), ("1B0 mm", (180, "millimetre")),
        ("18 0Z", (18, "ounce")), ("3.50Z", (3.5, "ounce")), ("10 02Z", (10, "ounce")),
        ("NET WT 1402", (14, "ounce")), ("3.84 Ibs", (3.84, "pound")), ("2.21bs", (2.2, "pound")),
        ("70 m9", (70, "milligram")), ("24Om1", (240, "millilitre")), ("5 crn", (5, "centimetre")),
        ("5009", (500, "gram")), ("NET WEIGHT 2509", (250, "gram")), ("11IN×8N", (8, "inch")),
        ("44cm/173in", (17.3, "inch")), ("05 kg", (0.5, "kilogram")), ("5. 5cm", (5.5, "centimetre")),
        ("1,915 gal", (1.915, "gallon")), ("1.500 g", (1500, "gram")), ("37.85'", (37.85, "inch")),
        ("23°x7\"", (23, "inch")), ("18VLXT", (18, "volt")), ("NET WT.77 OZ", (0.77, "ounce")),
        ("FL 0Z 8 fl 0z", (8, "fluid ounce")), ("15.Scm", (15.5, "centimetre")), ("12Ox9Ox9Scm", (95, "centimetre")),
        ("650ge", (650, "gram")), ("2 500 ml", (500, "millilitre")),
        ("e65ml", (65, "millilitre")), ("3M", (3, "metre")),
        ("900mI", (900, "millilitre")), ("33 cI", (33, "centilitre")), ("128 n OZ", (128, "fluid ounce")),
        ("1 gaI", (1, "gallon")), ("10 kqs", (10, "kilogram")), ("50 grn", (50, "gram")),
    ],
)  # fmt: skip
def test_misreadings_are_repaired_and_say_so(text: str, expected: tuple[float, str]) -> None:
    assert expected in guessed(text)
    assert expected not in certain(text)


@pytest.mark.parametrize(
    "text", ["ION", "SOFT DOUGH", "low tower", "CASTOR OIL", "3500K", "2031 Version", "50 on"]
)
def test_words_are_not_repaired_into_quantities(text: str) -> None:
    assert parse(text) == []


def test_pairs_that_say_one_thing_twice_are_marked() -> None:
    assert [q.dual for q in parse("12 oz (340 g) 500 ml")] == [True, True, False]
    assert [q.dual for q in parse("8 oz / 237 ml")] == [True, True]
    assert not any(q.dual for q in parse("12 oz 500 g"))


def test_spans_name_the_expression() -> None:
    text = "Net 12 oz, 10 x 5 cm"
    assert [text[slice(*q.span)] for q in parse(text)] == ["12 oz", "10", "5 cm"]
    assert [(q.number_text, q.unit_text) for q in parse(text)] == [("12", "oz"), ("10", ""), ("5", "cm")]


def test_a_schema_of_ones_own_decides_the_units() -> None:
    text = (
        'format = 1\n[units.furlong]\nfamily = "length"\nfactor = 20116.8\nspellings = ["furlong", "fur"]\n'
    )
    extended = parse_entities(text, base=default_entities())
    alone = parse_entities(text)
    assert [(q.value, q.unit) for q in parse("3 furlong, 2 cm", extended)] == [
        (3, "furlong"),
        (2, "centimetre"),
    ]
    assert [(q.value, q.unit) for q in parse("3 furlong, 2 cm", alone)] == [(3, "furlong")]
    assert [(q.value, q.unit) for q in parse("3 furlong, 2 cm")] == [(2, "centimetre")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("1 298,00 €", 1298), ("0.352", 0.352), ("2,5", 2.5),
        ("1'049,95", 1049.95), ("€ 3.417,00", 3417), ("8.000.000", 8e6), ("12,500", 12500),
        ("$ 31.500", 31500), ("35€99", 35.99), ("47. 35", 47.35), (".75", 0.75), ("1.744,-", 1744),
        ("3½", 3.5), ("3 1/2", 3.5), ("free", 0), ("40% off", None), ("17.09.2018", None), ("none", None),
        ("", None), ("1.2.3 5", 5), ("50 to 60", 50),
    ],
)  # fmt: skip
def test_parse_number(text: str, value: float | None) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.2.3.4.5.6", None),
        ("1" * 50, None),
        ("12,34,567.8", None),
        ("0,352", (0.352, None)),
        ("1.23", (1.23, None)),
    ],
)
def test_decimal_values(text: str, expected: tuple[float, float | None] | None) -> None:
    assert decimal_values(text) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [("one hundred and two", 102), ("two thousand", 2000), ("a dozen", 1), ("twenty one", 21), ("two thirds", 2 / 3),
     ("zwei", 2), ("point", None), ("one point", 1), ("two point five", 2.5), ("three twenty", 3), ("a a", 1)],
)  # fmt: skip
def test_words(text: str, value: float | None) -> None:
    assert word_value(text, 0)[0] == (pytest.approx(value) if value is not None else None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12.5", [12.5]), ("L 20 x W 10 x H 5", [20, 10, 5]), ("Height 30 Width 20", [30, 20]),
        ("20W x 30D", [20, 30]), ("45-60", [45, 60]), ("30% off", []), ("12/05/2021", []),
        ("4006381333931", []), ("model 45", []), ("3 pieces", []), ("12 A", []), ("60°", []), ("$5", []),
        ("20 W", []), ("No. 12", []), ("five", []), ("20 colour pens", []), ("ABC12", []), ("a/12", []),
        ("20 x 30 cm", []),
    ],
)  # fmt: skip
def test_numbers_that_wait_for_a_unit(text: str, expected: list[float]) -> None:
    assert [n.value for n in numbers(text)] == expected


def test_numbers_carry_their_form() -> None:
    low, high = numbers("100 - 240")
    assert (low.form, high.form) == ("range low", "range high")
    assert [(n.part, n.label, n.form) for n in numbers("W10xH20")] == [
        ((0, 2), "W", "product part"),
        ((1, 2), "H", "product part"),
    ]
    assert [(n.value, n.repaired) for n in numbers("1,915")] == [(1915, False), (1.915, True)]


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("Unit: cm", ["centimetre"]), ("size (mm)", ["millimetre"]),
        ("Angaben in Millimeter", ["millimetre"]), ("All dimensions in inches", ["inch"]),
        ("(unit:inch)", ["inch"]), ("Dimensions/cm", ["centimetre"]),
        ("Mesures en centimètres", ["centimetre"]), ("Unité : mm", ["millimetre"]),
        ("Medidas en cm", ["centimetre"]), ("Unidad: cm", ["centimetre"]), ("Misure in mm", ["millimetre"]),
        ("unità: cm", ["centimetre"]), ("Alle Maße in mm", ["millimetre"]),
        ("Unit: mm/inch", ["millimetre", "inch"]), ("Weight (kg)", ["kilogram"]),
        ("Max. Load (kg)", ["kilogram"]), ("L x W x H (mm)", ["millimetre"]),
        ("Voltage (V): 110", ["volt"]), ("30 cm in length", []), ("made in Italy", []), ("in the box", []),
        ("Size M", []), ("and/or", []), ("12 g/cm", []), ("123", []), ("Fits in m", []), ("unit: km", []),
    ],
)  # fmt: skip
def test_declared_unit(text: str, units: list[str]) -> None:
    found = declared_unit(text)
    assert [m.unit for m in found] == units
    assert all(text[slice(*m.span)].strip() == text[slice(*m.span)] != "" for m in found)


@pytest.mark.parametrize(
    ("value", "text"),
    [(500.0, "500"), (0.000001, "0.000001"), (2.2e20, "220000000000000000000"),
     (0.1, "0.1"), (0.0, "0"), (-0.0, "0"), (12.5, "12.5")],
)  # fmt: skip
def test_format_is_plain(value: float, text: str) -> None:
    assert format_quantity(value, "gram") == f"{text} gram"


@pytest.mark.parametrize("value", [-1.0, math.inf, math.nan])
def test_format_refuses_what_no_answer_can_be(value: float) -> None:
    with pytest.raises(ValueError, match="expected a finite number"):
        format_quantity(value, "gram")


def test_folding_moves_nothing() -> None:
    text = "ÄÖÜ ½ İstanbul ＡＢ１ ﬁ 10×20″ √ ß ２ é\u0301 ٣"
    assert len(fold(text)) == len(text)


ALPHABET = st.text(
    alphabet="0123456789OoIlSB.,/'\"-~x×( )[]½ ozgcmkgVWLHin°%$€\nand a half toLXfd|±:", max_size=60
)
ANY_TEXT = st.one_of(st.text(max_size=80), ALPHABET)
UNITS = sorted(default_entities().units)


def check(text: str, found: list[Quantity]) -> None:
    starts = [q.span[0] for q in found]
    assert starts == sorted(starts)
    for q in found:
        assert 0 <= q.span[0] < q.span[1] <= len(text)
        assert q.value >= 0
        assert q.unit in default_entities().units


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT)
def test_nothing_raises_and_spans_lie_inside(text: str) -> None:
    check(text, parse(text))
    parse_number(text)
    for n in numbers(text):
        assert 0 <= n.span[0] < n.span[1] <= len(text)
    for m in declared_unit(text):
        assert 0 <= m.span[0] < m.span[1] <= len(text)
    assert [a.start for a in scan(fold(text))] == sorted({a.start for a in scan(fold(text))})


@settings(max_examples=200, deadline=None)
@given(st.floats(min_value=0.001, max_value=99999, allow_nan=False), st.sampled_from(UNITS))
def test_what_is_formatted_is_read_back(value: float, unit: str) -> None:
    value = round(value, 4)
    assert (value, unit) in certain(format_quantity(value, unit))
    number, _, name = format_quantity(value, unit).partition(" ")
    assert (float(number), name) == (value, unit)


@settings(max_examples=100, deadline=None)
@given(ALPHABET)
def test_a_text_twice_on_two_lines_says_the_same_twice(text: str) -> None:
    line = " ".join(text.split())
    if '"' in line or "'" in line:
        return
    once = sorted(certain(line))
    assert sorted(certain(f"{line}\n\n;\n{line}")) == sorted(once + once)


@pytest.mark.parametrize("read", [parse, numbers, declared_unit, parse_number])
@pytest.mark.parametrize(
    "nasty",
    [
        "1",
        "1 ",
        "1,",
        "1 1/",
        "12 x ",
        "O",
        "5'",
        "a ",
        "max ",
        "( ",
        "1-",
        "2 000 ",
        '"a',
        "half of ",
        "x",
        "in ",
    ],
)
def test_long_nasty_texts_take_linear_time(nasty: str, read: Callable[[str], object]) -> None:
    text = nasty * (20_000 // len(nasty))
    began = time.process_time()
    read(text)
    assert time.process_time() - began < 6


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AC 230V ~ 50/60Hz", [(230.0, "volt", "plain")]),
        ("110V~ 60Hz", [(110.0, "volt", "plain")]),
        ("3.7V-2000mAh", [(3.7, "volt", "plain")]),
        ("5V-2A", [(5.0, "volt", "plain")]),
        ("220V~240V", [(220.0, "volt", "range low"), (240.0, "volt", "range high")]),
    ],
)
def test_a_number_of_something_else_ends_no_range(text: str, expected: list[tuple[float, str, str]]) -> None:
    assert [(q.value, q.unit, q.form) for q in parse(text)] == expected


def test_a_repair_leaves_no_zero() -> None:
    assert {(q.value, q.repaired) for q in parse("l00 g")} == {(100.0, True)}
    assert parse("0z") == []
    assert [(q.value, q.repaired) for q in parse("0 g")] == [(0.0, False)]


TEXTS = st.text(alphabet="0159OoQlI|!isSBZxX×*.,'\" kgcmz2half wo½-", max_size=16)


@given(TEXTS)
def test_what_is_passed_over_has_nothing_to_repair(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repair, "_REPAIRABLE", re.compile(""))
        thorough = repair.repaired(text, [])
    assert repair.repaired(text, []) == thorough


@given(TEXTS)
def test_what_is_passed_over_has_no_number(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(atoms, "_DIGIT", re.compile(""))
        thorough = list(scan(fold(text)))
    assert list(scan(fold(text))) == thorough


@pytest.mark.parametrize(
    ("text", "sure", "repaired"),
    [
        ("LUMO-12W-65", [(12, "watt", "plain")], []),
        ("BX-LUMO 18V-40", [(18, "volt", "plain")], []),
        ("12-65 W", [(12, "watt", "range low"), (65, "watt", "range high")], []),
        ("12W-65W", [(12, "watt", "range low"), (65, "watt", "range high")], []),
        ("12 cm - 20 cm", [(12, "centimetre", "range low"), (20, "centimetre", "range high")], []),
        ("64 f OZ", [], [(64, "fluid ounce", "plain")]),
        ("2.54 f.oz", [], [(2.54, "fluid ounce", "plain")]),
        ("2.54 f. oz", [], [(2.54, "fluid ounce", "plain")]),
        ("60ml/2l.oz", [(60, "millilitre", "plain")], [(2, "fluid ounce", "plain")]),
        ("60ml/2I.oz", [(60, "millilitre", "plain")], [(2, "fluid ounce", "plain")]),
        ("2 l / 67 oz", [(2, "litre", "plain"), (67, "ounce", "plain")], []),
        ("2.54 fl.o", [], [(2.54, "fluid ounce", "plain")]),
        ("9KC", [], [(9, "kilogram", "plain")]),
        ("Net Weight.IKG", [], [(1, "kilogram", "plain")]),
        ("WT l kg", [], [(1, "kilogram", "plain")]),
        ("weight: I kg", [], [(1, "kilogram", "plain")]),
        ("I kg", [], []),
        ("planet I kg", [], []),
        ("75 gramas", [(75, "gram", "plain")], []),
        ("75 GRA", [], [(75, "gram", "plain")]),
        ("75 GRAM5", [(75, "gram", "plain")], []),
        ("76rams", [], [(76, "gram", "plain")]),
        ("76 rams", [], []),
        (".250 mg", [(0.25, "milligram", "plain")], [(250, "milligram", "plain")]),
        (".25 oz", [(0.25, "ounce", "plain")], []),
        (".005 mg", [(0.005, "milligram", "plain")], []),
        ("250 V per square metre", [], []),
        ("Hauteur 30 cm", [(30, "centimetre", "plain")], []),
        ("Total sugars 4 g", [(4, "gram", "plain")], []),
        ("EUR 30 cm", [], []),
        ("Rs. 30 g", [], []),
    ],
)
def test_slips_of_ocr_engines(
    text: str, sure: list[tuple[float, str, str]], repaired: list[tuple[float, str, str]]
) -> None:
    found = [((q.value, q.unit, q.form), q.repaired) for q in parse(text)]
    assert [q for q, guess in found if not guess] == sure
    assert [q for q, guess in found if guess] == repaired


def test_schemas_do_not_mix() -> None:
    own = parse_entities(OWN, base=default_entities())
    assert [[q.unit for q in parse("5 flurbs", schema)] for schema in (None, own, None)] == [
        [],
        ["flurb"],
        [],
    ]


OWN = """
format = 1
[units.flurb]
family = "flurbs"
factor = 1.0
spellings = ["flurb", "flurbs"]
[entities.flurbiness]
units = ["flurb"]
"""
