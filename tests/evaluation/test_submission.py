"""The submission check: what the challenge accepts, exactly, and what hybridml promises beyond it."""

from __future__ import annotations

import string

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridml.datasets.labels import repair_unit
from hybridml.datasets.predictions import allowed_units, parse_prediction, write_predictions
from hybridml.datasets.rows import read_rows
from hybridml.entities import default_entities
from hybridml.errors import RowsError
from hybridml.evaluation.submission import check_files, check_predictions

UNITS = allowed_units(default_entities())

ACCEPTED = [
    # prediction, entity, number, unit
    ("5 gram", "item_weight", 5.0, "gram"),
    ("5.50 gram", "item_weight", 5.5, "gram"),
    ("0 volt", "voltage", 0.0, "volt"),
    ("007 volt", "voltage", 7.0, "volt"),
    ("2 fluid ounce", "item_volume", 2.0, "fluid ounce"),
    ("1.0 cubic foot", "item_volume", 1.0, "cubic foot"),
    ("3 imperial gallon", "item_volume", 3.0, "imperial gallon"),
]

OVERLOOKED = [
    ("-5 gram", "item_weight", -5.0, "gram", "'5 gram'"),
    ("  5 gram", "item_weight", 5.0, "gram", "'5 gram'"),
    ("5 gram ", "item_weight", 5.0, "gram", "'5 gram'"),
    ("5  gram", "item_weight", 5.0, "gram", "'5 gram'"),
    ("5\tgram", "item_weight", 5.0, "gram", "'5 gram'"),
    ("5\ngram", "item_weight", 5.0, "gram", "'5 gram'"),
    ("٣.٥ gram", "item_weight", 3.5, "gram", "'3.5 gram'"),
    ("5 centimeter", "width", 5.0, "centimetre", "the allowed spelling, 'centimetre'"),
    ("5 millimeter", "depth", 5.0, "millimetre", "the allowed spelling, 'millimetre'"),
    ("5 liter", "item_volume", 5.0, "litre", "the allowed spelling, 'litre'"),
    ("5 feet", "height", 5.0, "foot", "the allowed spelling, 'foot'"),
    ("5 cubic feet", "item_volume", 5.0, "cubic foot", "the allowed spelling, 'cubic foot'"),
    ("5 gram", "voltage", 5.0, "gram", "a unit of voltage: kilovolt, millivolt, volt"),
    ("5 ounce", "item_volume", 5.0, "ounce", "a unit of item_volume: "),
]

REJECTED = [
    "gram",
    "5",
    "5gram",
    "5. gram",
    ".5 gram",
    "+5 gram",
    "- 5 gram",
    "1e3 gram",
    "1,000 gram",
    "1 000 gram",
    "1/2 inch",
    "5 gram.",
    "5 fl. ounce",
    "[100.0, 240.0] volt",
    "10 kilogram to 15 kilogram",
    "5 grams",
    "5 Gram",
    "5 GRAM",
    "5 cm",
    "5 feets",
    "5 meterfeet",
    "5 fluid  ounce",
    "5 fluid\nounce",
    "5 horsepower",
    "5 µg",
    "nan",
    "None",
    "inf gram",
    "５,0 gram",
]


def faults_of(prediction, entity="item_weight"):
    rows = pd.DataFrame({"index": [7], "entity_name": [entity]})
    return check_predictions(rows, pd.DataFrame({"index": [7], "prediction": [prediction]}))


@pytest.mark.parametrize(("text", "entity", "number", "unit"), ACCEPTED)
def test_accepted(text, entity, number, unit):
    assert faults_of(text, entity) == []
    assert parse_prediction(text, UNITS) == (number, unit)


@pytest.mark.parametrize("blank", ["", " ", "\t", None, float("nan"), pd.NA])
def test_blank_is_accepted(blank):
    rows = pd.DataFrame({"index": [7], "entity_name": ["width"]})
    answers = pd.DataFrame({"index": [7], "prediction": pd.Series([blank], dtype=object)})
    assert check_predictions(rows, answers) == []


@pytest.mark.parametrize(("text", "entity", "number", "unit", "expected"), OVERLOOKED)
def test_what_the_challenge_overlooks(text, entity, number, unit, expected):
    assert parse_prediction(text, UNITS) == (number, unit)
    [fault] = faults_of(text, entity)
    assert (fault.line, fault.index, fault.kind) == (2, "7", "contract")
    assert expected in fault.expected


@pytest.mark.parametrize("text", REJECTED)
def test_rejected(text):
    assert parse_prediction(text, UNITS) is None
    [fault] = faults_of(text)
    assert (fault.line, fault.index, fault.kind) == (2, "7", "official")
    assert repr(text) in fault.found or repr(text.split(maxsplit=1)[1]) in fault.found


def test_two_faults_of_one_line():
    assert [f.kind for f in faults_of("5 centimeter", "voltage")] == ["contract", "contract"]
    assert [f.kind for f in faults_of("-5 metre", "voltage")] == ["contract", "contract"]


def test_an_unknown_entity_has_no_units_of_its_own():
    assert faults_of("5 gram", "colour") == []


def slow_official(text):
    """Decide by hand, character by character, what the challenge accepts."""
    text = text.strip()
    if not text:
        return True
    text = text.removeprefix("-")
    i = 0
    while i < len(text) and text[i].isdecimal():
        i += 1
    if i == 0:
        return False
    if text[i : i + 1] == ".":
        j = i + 1
        while j < len(text) and text[j].isdecimal():
            j += 1
        if j == i + 1:
            return False
        i = j
    rest = text[i:]
    unit = rest.lstrip()
    if rest == unit or not unit or not all(c in string.ascii_letters or c.isspace() for c in unit):
        return False
    return any(u in UNITS for u in (unit, unit.replace("ter", "tre"), unit.replace("feet", "foot")))


pieces = st.sampled_from(
    ["-", "1", "20", "0", ".", ",", " ", "  ", "\n", "e", "٣", "²", "feet", "meter", "cubic", *sorted(UNITS)]
)


@given(st.lists(pieces, max_size=6).map("".join) | st.text(max_size=12))
def test_against_a_check_by_hand(text):
    official = [f for f in faults_of(text) if f.kind == "official"]
    assert bool(official) == (not slow_official(text))
    assert (parse_prediction(text, UNITS) is not None) == (slow_official(text) and bool(text.strip()))


def test_very_long_numbers():
    assert faults_of("9" * 6000 + " gram") == []
    [fault] = faults_of("-" + "9" * 6000 + " gram")
    assert fault.kind == "contract"


@pytest.mark.parametrize(
    ("unit", "repaired"),
    [("metre", "metre"), ("meter", "metre"), ("feet", "foot"), ("watter", "watter"), ("quarter", "quarter")],
)
def test_repair_unit(unit, repaired):
    assert repair_unit(unit, UNITS) == repaired


# --------------------------------------------------------------------------- indexes


def faults_of_indexes(rows, answered):
    frame = pd.DataFrame({"index": rows, "entity_name": ["width"] * len(rows)})
    answers = pd.DataFrame({"index": answered, "prediction": ["5 inch"] * len(answered)})
    return check_predictions(frame, answers)


@pytest.mark.parametrize(
    ("rows", "answered", "expected"),
    [
        ([1, 2, 3], [1, 2, 3], []),
        ([1, 2, 3], ["1", "2", "3"], []),
        ([1, 2, 3], [1.0, 2.0, 3.0], []),
        (["a", "b"], ["a", "b"], []),
        ([1, 2, 3], [1, 3], [(3, "2", "no prediction for line 3 of the rows")]),
        ([1, 2], [1, 2, 9], [(4, "9", "no row has this index")]),
        ([1, 2], [1, 2, 1], [(4, "1", "the index is also in line 2")]),
        ([1], [1, 1, 1], [(3, "1", "the index is also in line 2"), (4, "1", "the index is also in line 2")]),
        ([1, 2, 3], [1, 3, 2], [(3, "3", "index 3 where 2 is next")]),
        ([1, 2, 3], [3, 2, 1], [(2, "3", "index 3 where 1 is next")]),
        ([1, 2], [2, 9], [(3, "9", "no row has"), (2, "1", "no prediction")]),
        ([1, 2], [], [(2, "1", "no prediction"), (3, "2", "no prediction")]),
    ],
)
def test_indexes(rows, answered, expected):
    faults = faults_of_indexes(rows, answered)
    assert [(f.line, f.index) for f in faults] == [(line, index) for line, index, _ in expected]
    assert all(text in f.found for f, (_, _, text) in zip(faults, expected, strict=True))
    assert all(f.kind == "contract" for f in faults)


def test_text_of_a_fault():
    [fault] = faults_of("5 grams")
    assert str(fault).startswith(
        "line 2, index 7: unit 'grams'; expected one of the allowed units: centilitre"
    )
    assert str(fault).endswith("[official]")


# ----------------------------------------------------------------------------- files

ROWS = "index,image_link,group_id,entity_name\n1,a.jpg,g,width\n2,b.jpg,g,item_weight\n"


def test_files(tmp_path):
    rows, answers = tmp_path / "rows.csv", tmp_path / "p.csv"
    rows.write_text(ROWS)
    write_predictions(answers, pd.DataFrame({"index": [1, 2], "prediction": ["5 inch", ""]}))
    assert check_files(rows, answers) == []
    answers.write_text('index,prediction\n\n1,"5\ninch"\n2,5 inches\n')
    assert [(f.line, f.index, f.kind) for f in check_files(rows, answers)] == [
        (3, "1", "contract"),
        (5, "2", "official"),
    ]


@pytest.mark.parametrize(
    "text", ["", "index,answer\n1,\n2,\n", "index,prediction\n1\n", 'index,prediction\n"1,']
)
def test_a_file_that_is_no_submission(tmp_path, text):
    rows, answers = tmp_path / "rows.csv", tmp_path / "p.csv"
    rows.write_text(ROWS)
    answers.write_text(text)
    [fault] = check_files(rows, answers)
    assert fault.kind == "official"
    assert str(answers) in str(fault)
    assert str(fault).startswith("line 1: ")


def test_a_file_without_a_line_below_the_header(tmp_path):
    rows, answers = tmp_path / "rows.csv", tmp_path / "p.csv"
    rows.write_text(ROWS)
    answers.write_text("index,prediction\n")
    assert [f.index for f in check_files(rows, answers)] == ["1", "2"]


def test_files_that_are_not_there(tmp_path):
    rows = tmp_path / "rows.csv"
    rows.write_text(ROWS)
    with pytest.raises(RowsError, match="no such file"):
        check_files(rows, tmp_path / "p.csv")
    with pytest.raises(RowsError, match="cannot read"):
        check_files(tmp_path / "none.csv", rows)


def test_rows_with_a_fault_can_be_checked(tmp_path):
    rows, answers = tmp_path / "rows.csv", tmp_path / "p.csv"
    rows.write_text(ROWS.replace("width", "Width"))
    write_predictions(answers, pd.DataFrame({"index": [1, 2], "prediction": ["", ""]}))
    assert check_files(rows, answers) == []


def test_real_labels_as_predictions(shared):
    """The labels themselves pass, but for ranges and units outside the list or of another entity."""
    rows, _ = read_rows(shared / "data" / "labelled" / "train.csv")
    faults = check_predictions(rows, rows.rename(columns={"entity_value": "prediction"}))
    official = [f for f in faults if f.kind == "official"]
    irregular = rows["entity_value"].str.contains(r"^\[| to |horsepower")
    assert [int(f.index) for f in official] == rows["index"][irregular].tolist()
    assert all(f.found.startswith("unit ") for f in faults if f.kind == "contract")
