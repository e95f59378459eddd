"""The metric against a slow second implementation written from its definition, and numbers by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridml.datasets.labels import parse_labels
from hybridml.datasets.rows import read_rows
from hybridml.entities import parse_entities
from hybridml.evaluation.metrics import (
    f1_of,
    oracle_f1,
    outcomes,
    per_entity,
    reachable,
    score,
)
from hybridml.quantity.unit_pairs import same_quantity

# ------------------------------------------------------------- a second implementation

LENGTH = {"centimetre": 10, "foot": 304.8, "inch": 25.4, "metre": 1000, "millimetre": 1, "yard": 914.4}
MASS = {
    "gram": 1,
    "kilogram": 1000,
    "microgram": 1e-6,
    "milligram": 1e-3,
    "ounce": 28.349523125,
    "pound": 453.59237,
    "ton": 1e6,
}
VOLUME = {
    "centilitre": 10,
    "cubic foot": 28316.846592,
    "cubic inch": 16.387064,
    "cup": 236.5882365,
    "decilitre": 100,
    "fluid ounce": 29.5735295625,
    "gallon": 3785.411784,
    "imperial gallon": 4546.09,
    "litre": 1000,
    "microlitre": 1e-3,
    "millilitre": 1,
    "pint": 473.176473,
    "quart": 946.352946,
}
VOLTAGE = {"kilovolt": 1000, "millivolt": 1e-3, "volt": 1}
POWER = {"kilowatt": 1000, "watt": 1}
FAMILY = {
    "width": LENGTH,
    "depth": LENGTH,
    "height": LENGTH,
    "item_weight": MASS,
    "maximum_weight_recommendation": MASS,
    "voltage": VOLTAGE,
    "wattage": POWER,
    "item_volume": VOLUME,
}
EVERY_UNIT = {u for family in FAMILY.values() for u in family}


def slow_prediction(text):
    """Return "blank", "bad" or (number, unit)."""
    words = text.split()
    if not words:
        return "blank"
    number = words[0].removeprefix("-")
    whole, dot, rest = number.partition(".")
    if not whole.isdecimal() or (dot and not rest.isdecimal()):
        return "bad"
    unit = text.strip()[len(words[0]) :].strip()
    for spelling in (unit, unit.replace("ter", "tre"), unit.replace("feet", "foot")):
        if spelling in EVERY_UNIT:
            return float(words[0]), spelling
    return "bad"


def slow_scores(truths, predictions, entities):
    """Count as the metric's definition says; a truth is None (blank), "foreign" or (number, unit)."""
    tp = fp = fn = tn = any_tp = 0
    smape = []
    for truth, text, entity in zip(truths, predictions, entities, strict=True):
        answer = slow_prediction(text)
        if answer == "blank":
            tn += truth is None
            fn += truth is not None
            continue
        right = truth is not None and answer == truth
        tp += right
        fp += not right
        close = right
        if isinstance(truth, tuple) and isinstance(answer, tuple):
            if truth[1] == answer[1]:
                a, b = answer[0], truth[0]
                smape.append(0.0 if a == b else abs(a - b) / ((abs(a) + abs(b)) / 2) * 100)
            else:
                close = slow_same(answer, truth, entity)
        any_tp += close
    precision = tp / (tp + fp) if tp + fp else 0.0
    recall = tp / (tp + fn) if tp + fn else 0.0
    any_p = any_tp / (tp + fp) if tp + fp else 0.0
    any_r = any_tp / (any_tp + fn) if any_tp + fn else 0.0
    return {
        "tp": tp,
        "fp": fp,
        "fn": fn,
        "tn": tn,
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        "f1_any_unit": 2 * any_p * any_r / (any_p + any_r) if any_p + any_r else 0.0,
        "accuracy": (tp + tn) / len(predictions) if predictions else 0.0,
        "smape": sum(smape) / len(smape) if smape else math.nan,
    }


def slow_same(a, b, entity):
    units = [a[1], b[1]]
    if entity == "item_volume":
        units = ["fluid ounce" if u == "ounce" else u for u in units]
    for family in (LENGTH, MASS, VOLUME, VOLTAGE, POWER):
        if all(u in family for u in units):
            x, y = a[0] * family[units[0]], b[0] * family[units[1]]
            return abs(x - y) <= 0.01 * max(abs(x), abs(y))
    return False


numbers = st.sampled_from(
    ["1", "2.0", "2.54", "5.0", "12", "12.0", "30.48", "57", "144", "340", "0", "1000.0"]
)
units = st.sampled_from(
    [
        "centimetre",
        "inch",
        "foot",
        "metre",
        "gram",
        "ounce",
        "fluid ounce",
        "litre",
        "millilitre",
        "volt",
        "watt",
    ]
)
quantities = st.tuples(numbers, units)


@st.composite
def labels(draw):
    """Return a label's text and what it means."""
    number, unit = draw(quantities)
    kind = draw(st.sampled_from(["plain", "plain", "plain", "blank", "range", "to", "foreign"]))
    if kind == "blank":
        return draw(st.sampled_from(["", " "])), None
    if kind == "range":
        return f"[0.0, {float(number)}] {unit}", (float(number), unit)
    if kind == "to":
        return f"0 {unit} to {number} {unit}", (float(number), unit)
    if kind == "foreign":
        return f"{number} horsepower", "foreign"
    return f"{number} {unit}", (float(number), unit)


predictions_strategy = st.one_of(
    quantities.map(" ".join),
    quantities.map("  ".join),
    quantities.map(lambda q: f"-{q[0]} {q[1]}"),
    quantities.map(lambda q: f"{q[0]} {q[1].replace('tre', 'ter').replace('foot', 'feet')}"),
    st.sampled_from(["", "  ", "5 horsepower", "gram", "1e3 gram", "5 fluid  ounce"]),
)


@st.composite
def row(draw):
    text, meaning = draw(labels())
    prediction = text if draw(st.integers(0, 3)) == 0 else draw(predictions_strategy)
    return text, meaning, prediction, draw(st.sampled_from(sorted(FAMILY)))


@settings(max_examples=300)
@given(st.lists(row(), max_size=12))
def test_against_the_second_implementation(rows):
    texts, meanings, predictions, entities = ([r[i] for r in rows] for i in range(4))
    ours = score(texts, predictions, entities).to_dict()
    for name, expected in slow_scores(meanings, predictions, entities).items():
        assert ours[name] == pytest.approx(expected, nan_ok=True), name
    assert ours["tp"] + ours["fp"] + ours["fn"] + ours["tn"] == ours["rows"] == len(rows)
    assert ours["range_labels"] == sum(t.startswith("[") or " to " in t for t in texts)
    assert ours["unreadable_labels"] == 0
    assert ours["malformed"] == sum(slow_prediction(p) == "bad" for p in predictions)
    found = outcomes(texts, predictions)
    assert {k: int((found == k).sum()) for k in ("tp", "fp", "fn", "tn")} == {
        k: ours[k] for k in ("tp", "fp", "fn", "tn")
    }


@given(st.text(), st.text())
def test_never_raises_on_any_text(label, prediction):
    scores = score([label], [prediction], ["width"])
    assert scores.rows == 1


# ------------------------------------------------------------------- worked out by hand


@pytest.mark.parametrize(
    ("truth", "prediction", "outcome"),
    [
        ("5.0 gram", "5 gram", "tp"),
        ("5 gram", "5.00 gram", "tp"),
        ("5.0 gram", " 5 gram ", "tp"),
        ("0.1 metre", "0.1 meter", "tp"),
        ("2.0 foot", "2 feet", "tp"),
        ("5.0 gram", "5.0000001 gram", "fp"),
        ("5.0 gram", "-5 gram", "fp"),
        ("5.0 gram", "0.005 kilogram", "fp"),
        ("5.0 gram", "5 grams", "fp"),
        ("5.0 gram", "5000 milligram", "fp"),
        ("5.0 gram", "", "fn"),
        ("5.0 gram", "  ", "fn"),
        ("", "5 gram", "fp"),
        ("", "nonsense", "fp"),
        ("", "", "tn"),
        ("  ", "", "tn"),
        ("[100.0, 240.0] volt", "240 volt", "tp"),
        ("[100.0, 240.0] volt", "100 volt", "fp"),
        ("[100.0, 240.0] volt", "[100.0, 240.0] volt", "fp"),
        ("[100.0, 240.0] volt", "", "fn"),
        ("10 kilogram to 15 kilogram", "15 kilogram", "tp"),
        ("5 horsepower", "5 horsepower", "fp"),
        ("5 horsepower", "", "fn"),
        ("no idea", "no idea", "fp"),
        ("no idea", "", "fn"),
    ],
)
def test_outcome(truth, prediction, outcome):
    assert outcomes([truth], [prediction]).tolist() == [outcome]


def test_scores_by_hand():
    truth = ["5.0 gram", "5.0 gram", "10 gram", "100 gram", "", "", "[1.0, 2.0] volt", "3 horsepower"]
    answers = ["5 gram", "15 gram", "", "0.1 kilogram", "7 gram", "", "2 volt", "x"]
    scores = score(truth, answers)
    assert (scores.tp, scores.fp, scores.fn, scores.tn) == (2, 4, 1, 1)
    assert scores.precision == pytest.approx(2 / 6)
    assert scores.recall == pytest.approx(2 / 3)
    assert scores.f1 == pytest.approx(4 / 9)
    assert scores.accuracy == pytest.approx(3 / 8)
    assert scores.f1_any_unit == pytest.approx(6 / 10)  # 3 of 6 answers, 3 of the 4 it could have got
    assert scores.smape == pytest.approx((0 + 100 + 0) / 3)  # |5-15| / 10 = 100 %
    assert scores.smape_rows == 3
    assert (scores.range_labels, scores.foreign_labels, scores.unreadable_labels, scores.malformed) == (
        1,
        1,
        0,
        1,
    )
    assert scores.oracle_f1 is None


@pytest.mark.parametrize(
    ("truth", "prediction", "smape"),
    [
        ("0 gram", "0 gram", 0),
        ("0 gram", "5 gram", 200),
        ("5 gram", "-5 gram", 200),
        ("90 gram", "110 gram", 20),
    ],
)
def test_smape(truth, prediction, smape):
    assert score([truth], [prediction]).smape == pytest.approx(smape)


def test_smape_of_a_number_beyond_floats():
    assert score(["5 gram"], ["9" * 400 + " gram"]).smape == 200


def test_no_rows():
    scores = score([], [])
    assert (scores.rows, scores.f1, scores.accuracy) == (0, 0.0, 0.0)
    assert math.isnan(scores.smape)


def test_missing_values_are_blank():
    assert outcomes([None, float("nan")], [float("nan"), None]).tolist() == ["tn", "tn"]
    assert score(["5 gram"], [None]).fn == 1


def test_foreign_labels_by_entity():
    """A unit of another entity is as impossible as one of none."""
    assert score(["5 pound", "5 pound"], ["", ""]).foreign_labels == 0
    assert score(["5 pound", "5 pound"], ["", ""], ["item_volume", "item_weight"]).foreign_labels == 1
    assert score(["5 pound"], [""], ["colour"]).foreign_labels == 0


@pytest.mark.parametrize(
    ("a", "b", "entity", "same"),
    [
        ((57.0, "inch"), (144.0, "centimetre"), None, True),
        ((57.0, "inch"), (144.78, "centimetre"), "width", True),
        ((57.0, "inch"), (146.3, "centimetre"), "width", False),
        ((100.0, "gram"), (0.1, "kilogram"), None, True),
        ((100.0, "gram"), (100.5, "gram"), None, False),
        ((100.0, "gram"), (100.0, "gram"), None, True),
        ((0.0, "gram"), (0.0, "kilogram"), None, True),
        ((-1.0, "kilogram"), (1000.0, "gram"), None, False),
        ((1.0, "gram"), (1.0, "millilitre"), None, False),
        ((12.0, "ounce"), (12.0, "fluid ounce"), "item_volume", True),
        ((12.0, "ounce"), (355.0, "millilitre"), "item_volume", True),
        ((355.0, "millilitre"), (12.0, "ounce"), "item_volume", True),
        ((12.0, "ounce"), (12.0, "fluid ounce"), "item_weight", False),
        ((12.0, "ounce"), (12.0, "fluid ounce"), None, True),
        ((12.0, "ounce"), (340.0, "gram"), "item_weight", True),
        ((1.0, "gram"), (1.0, "horsepower"), None, False),
        ((1.0, "horsepower"), (1.0, "cheval"), None, False),
    ],
)
def test_same_quantity(a, b, entity, same):
    assert same_quantity(a, b, entity) is same
    assert same_quantity(b, a, entity) is same


def test_oracle():
    assert oracle_f1([]) == 0.0
    assert oracle_f1([False]) == 0.0
    assert oracle_f1([True, True]) == 1.0
    assert oracle_f1([True, False]) == pytest.approx(2 / 3)
    truth = ["5 gram", "6 gram", "", "7 horsepower"]
    found = reachable(truth, [["6 gram", "5.0 gram"], ["5 gram"], ["6 gram"], ["7 horsepower"]])
    assert found == [True, False, False, False]
    scores = score(truth, ["", "", "", ""], oracle=found)
    assert scores.oracle_f1 == pytest.approx(2 * 1 / (2 * 1 + 2))
    assert score(truth, ["5 gram", "", "", ""]).f1 == pytest.approx(scores.oracle_f1)


def test_reachable_knows_ranges():
    assert reachable(["[1.0, 2.0] volt"] * 2, [["1 volt"], ["1 volt", "2 volt"]]) == [False, True]


@given(st.lists(st.tuples(labels(), st.lists(predictions_strategy, max_size=3)), max_size=8))
def test_no_choice_among_the_candidates_beats_the_oracle(rows):
    truth, candidates = [r[0][0] for r in rows], [r[1] for r in rows]
    oracle = score(truth, [""] * len(rows), oracle=reachable(truth, candidates)).oracle_f1
    for pick in (0, -1):
        chosen = [c[pick] if c else "" for c in candidates]
        assert score(truth, chosen).f1 <= oracle + 1e-12


def test_f1_of():
    assert f1_of(0, 0, 0) == 0.0
    assert f1_of(1, 0, 0) == 1.0
    assert f1_of(3, 1, 2) == pytest.approx(2 * (3 / 4) * (3 / 5) / (3 / 4 + 3 / 5))


def test_per_entity():
    truth, answers = ["5 gram", "5 volt", "6 volt"], ["5 gram", "5 volt", "7 volt"]
    entities = ["item_weight", "voltage", "voltage"]
    found = per_entity(truth, answers, entities, [True, True, False])
    assert list(found) == ["item_weight", "voltage", "all"]
    assert [scores.rows for scores in found.values()] == [1, 2, 3]
    assert [scores.f1 for scores in found.values()] == pytest.approx([1, 2 / 3, 4 / 5])
    assert [scores.oracle_f1 for scores in found.values()] == pytest.approx([1, 2 / 3, 4 / 5])
    assert found["all"] == score(truth, answers, entities, [1, 1, 0])


def test_lengths_are_checked():
    with pytest.raises(ValueError, match="predictions has 1 entries, expected 2"):
        score(["", ""], [""])
    with pytest.raises(ValueError, match="entities has 1"):
        score(["", ""], ["", ""], ["width"])
    with pytest.raises(ValueError, match="oracle has 0"):
        per_entity([""], [""], ["width"], [])
    with pytest.raises(ValueError, match="candidates has 0"):
        reachable([""], [])


def test_entities_of_ones_own():
    schema = parse_entities(
        'format = 1\n[units.lumen]\nfamily = "light"\nfactor = 1\n[units.kilolumen]\nfamily = "light"\n'
        'factor = 1000\n[entities.brightness]\nunits = ["lumen", "kilolumen"]\n'
    )
    truth, answers, asked = ["800 lumen", "800 lumen"], ["800 lumen", "0.8 kilolumen"], ["brightness"] * 2
    scores = score(truth, answers, asked, reachable(truth, [["800.0 lumen"], []], schema), schema)
    assert (scores.tp, scores.fp, scores.f1_any_unit, scores.foreign_labels) == (1, 1, 1.0, 0)
    assert scores.oracle_f1 == pytest.approx(2 / 3)
    assert outcomes(truth, answers, schema).tolist() == ["tp", "fp"]
    assert per_entity(truth, answers, asked, schema=schema)["brightness"].tp == 1
    without = score(truth, answers, asked)
    assert (without.tp, without.malformed, without.foreign_labels) == (0, 2, 2)


def test_truth_kinds():
    kinds = [t.kind for t in parse_labels(["5 gram", "", "[1.0, 2.0] volt", "3 horsepower", "what"])]
    assert kinds == ["plain", "blank", "range", "foreign unit", "unreadable"]


# ----------------------------------------------------------------------------- real data


def test_real_labels_against_themselves(shared):
    """Answering the labels themselves leaves only what cannot be answered: ranges and foreign units."""
    rows, _ = read_rows(shared / "data" / "labelled" / "train.csv")
    truth = list(rows["entity_value"])
    scores = score(truth, truth, list(rows["entity_name"]))
    assert scores.unreadable_labels == 0
    assert scores.fp == scores.malformed >= scores.range_labels > 0
    assert scores.fn == 0
    assert scores.smape == 0


def test_many_rows():
    n = 20_000
    truth = [f"{i % 997}.5 inch" for i in range(n)]
    answers = [f"{i % 991}.5 inch" for i in range(n)]
    scores = score(truth, answers, ["width"] * n)
    assert scores.tp == sum(i % 997 == i % 991 for i in range(n))
