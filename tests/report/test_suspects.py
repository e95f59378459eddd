"""Suspect labels: what speaks against each, and how much."""

from __future__ import annotations

import pytest

from hybridml.report import causes
from hybridml.report.suspects import suspects
from tests.helpers.report_rows import table


def test_each_reason_against_a_label_is_named() -> None:
    rows = table(
        ("width", "5 inch", "9 inch"),  # 0: confident of something else
        ("width", "5 inch", "9 inch"),  # 1: not confident
        ("width", "10 inch", "25.4 centimetre"),  # 2: the same quantity
        ("item_weight", "3 gram", ""),  # 3: one photo, two labels
        ("item_weight", "4 gram", ""),  # 4
        ("voltage", "0 volt", ""),  # 5
        ("voltage", "3 horsepower", ""),  # 6
        ("wattage", "7 watt", ""),  # 7: nowhere in what was read
        ("wattage", "7 watt", "9 watt"),  # 8: no label at all
        confidence=[0.9, 0.3, 0.9, 0, 0, 0, 0, 0, 0.9],
        photo=["a", "b", "c", "d", "d", "e", "f", "g", "h"],
        cause=["", "", "", "", "", "", "", causes.NOT_READ, ""],
        text="some text",
        outcome=["wrong", "wrong", "other unit", *["blank"] * 5, "unlabelled"],
    )
    found = suspects(rows)
    assert found["suspect_why"].tolist() == [
        "the model is 90 % sure of 9 inch",
        "",
        "",
        "the same photo is also labelled 4 gram",
        "the same photo is also labelled 3 gram",
        "the label is zero",
        "the label's unit is not known",
        "its number was read nowhere on the photo",
        "",
    ]
    assert (found["suspect"] > 0).tolist() == [bool(why) for why in found["suspect_why"]]
    learned = suspects(rows.assign(trained=True))
    assert 0 < learned["suspect"][0] < found["suspect"][0], (
        "a disagreement on what was not trained on comes first"
    )
    assert "though it was trained" in learned["suspect_why"][0]


def test_one_label_against_those_of_its_group() -> None:
    rows = table(
        *[("item_weight", "250 gram", "")] * 4, ("item_weight", "0.25 kilogram", ""), ("item_weight", "90 gram", ""),
        ("width", "9 inch", ""), group="g",
    )  # fmt: skip
    found = suspects(rows)
    assert found["suspect_why"].tolist() == [*[""] * 5, "4 of 5 other photos of its group say 250 gram", ""]
    mixed = table(*[("item_weight", f"{i % 5} gram", "") for i in range(1, 20) if i % 5], group="g")
    assert not suspects(mixed)["suspect"].any(), "a group of many products is no reason"


def test_reasons_add_up() -> None:
    rows = table(("width", "5 inch", "9 inch"), cause=causes.NOT_READ, text="9 in", confidence=0.8)
    found = suspects(rows)
    assert found["suspect"][0] == pytest.approx(0.8 + 0.6)
    assert found["suspect_why"][0].count(";") == 1
    chosen_from = suspects(rows.assign(cause=causes.OTHER_AXIS))
    assert chosen_from["suspect"][0] == pytest.approx(0.4), "the label was on the photo, too"


def test_either_end_of_a_range_is_no_disagreement() -> None:
    rows = table(*[("voltage", "[100.0, 240.0] volt", f"{v} volt") for v in (100, 240, 12)], confidence=0.9)
    assert (suspects(rows)["suspect"] > 0).tolist() == [False, False, True]
