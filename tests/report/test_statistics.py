"""The numbers of a report: scores, thresholds, calibration, confusion and factors."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hybridml.entities import default_entities
from hybridml.evaluation import bootstrap, metrics
from hybridml.report import causes, confusion, statistics
from hybridml.report.outcomes import score_labelled
from tests.helpers.report_rows import drawn, line_of, outcomes, table

SCHEMA = default_entities()


def test_rows_are_held_against_their_labels() -> None:
    rows = table(
        ("width", "10 inch", "25.4 centimetre"),
        ("item_weight", "5 gram", "5 kilogram"),
        ("item_volume", "12 ounce", "24 fluid ounce"),
        ("width", "", "5 inch"),
        ("width", "", ""),
        ("width", "5 gram", "5 inch"),
        ("width", "7 inch", "7 inch"),
        outcome=[*["wrong"] * 3, "wrong", "right", "wrong", "unlabelled"],
    )
    found = score_labelled(rows, [["10 inch"], ["5 kilogram"], [], [], [], [], ["7 inch"]], SCHEMA)
    assert found.index.tolist() == [0, 1, 2, 3, 4, 5], "a row without label is not scored"
    assert found["kind"].tolist() == ["fp", "fp", "fp", "fp", "tn", "fp"]
    assert found["same"].tolist() == [True, False, False, False, False, False]
    assert found["reached"].tolist() == [True, False, False, False, False, False]
    assert found["log10_ratio"].tolist()[:3] == pytest.approx([0.0, 3.0, math.log10(2)])
    assert found["log10_ratio"].isna().tolist() == [False, False, False, True, True, True]


def test_scores_are_the_metrics_own_and_so_is_the_interval_of_f1() -> None:
    rows = drawn()
    candidates = [[truth.replace(".0", "")] if i % 3 else [] for i, truth in enumerate(rows["truth"])]
    found = statistics.scores(score_labelled(rows, candidates))
    reached = metrics.reachable(list(rows["truth"]), candidates)
    for name, part in (("all", rows), ("width", rows[rows["entity"] == "width"])):
        own = metrics.score(
            list(part["truth"]),
            list(part["prediction"]),
            list(part["entity"]),
            [reached[i] for i in part.index],
        )
        line = line_of(found, name)
        for measure in ("rows", "f1", "precision", "recall", "accuracy", "oracle_f1", "f1_any_unit", "smape"):
            assert line[measure] == getattr(own, measure)
        kinds = metrics.outcomes(list(part["truth"]), list(part["prediction"]))
        assert (line["f1_low"], line["f1_high"]) == bootstrap.bootstrap_interval(kinds, list(part["group"]))
        for measure in statistics.MEASURES:
            assert line[f"{measure}_low"] <= line[measure] <= line[f"{measure}_high"]
    assert line_of(found, "all")["groups"] == 30
    assert list(found["name"]) == ["all", "item_weight", "voltage", "width"]


def test_groups_are_the_largest_and_vary_with_their_photos() -> None:
    rows = drawn(60)
    rows["group"] = ["big"] * 40 + ["small"] * 10 + [""] * 10
    found = statistics.scores_by_group(score_labelled(rows), most=5)
    assert found["name"].tolist() == ["big", "small"]
    assert found["rows"].tolist() == [40, 10]
    assert (found["f1_high"] - found["f1_low"]).min() > 0.05
    assert not len(statistics.scores_by_group(score_labelled(rows.assign(group=""))))


def test_drawing_in_portions_draws_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = np.random.default_rng(0).random((50, 2))
    groups = [f"g{i % 7}" for i in range(50)]
    at_once = bootstrap.draw_sums(columns, groups, 40)
    monkeypatch.setattr(bootstrap, "CHUNK", 20)
    assert np.allclose(bootstrap.draw_sums(columns, groups, 40), at_once)
    assert np.allclose(at_once.mean(axis=0), columns.sum(axis=0), rtol=0.2)


def test_share_answered_needs_no_label() -> None:
    rows = table(
        ("width", "", "5 inch"), ("width", "", ""), ("depth", "", ""),
        outcome="unlabelled", confidence=[0.5, 0.0, 0.0], problem=["", "", "no photo"],
    )  # fmt: skip
    found = statistics.answer_rates(rows)
    assert line_of(found, "all") == {
        "rows": 3, "answered": 1, "share_answered": pytest.approx(1 / 3), "median_confidence": 0.5, "problems": 1,
    }  # fmt: skip
    assert math.isnan(line_of(found, "depth")["median_confidence"])


def test_too_few_groups_have_no_interval_and_nothing_certain_has_one() -> None:
    rows = drawn(40)
    for groups, known in ((4, False), (5, True)):
        rows["group"] = [f"g{i % groups}" for i in range(40)]
        line = line_of(statistics.scores(score_labelled(rows)), "all")
        assert math.isnan(line["f1_low"]) != known
        assert math.isnan(line["f1_high"]) != known
        assert line["f1"] > 0
    perfect = table(*[("width", "5 inch", "5 inch")] * 30)
    assert math.isnan(line_of(statistics.scores(score_labelled(perfect)), "all")["precision_low"])


def test_outcomes_of_all_rows_come_first() -> None:
    found = statistics.outcomes_by_entity(score_labelled(drawn(60)))
    assert list(found["name"]) == ["all", "item_weight", "voltage", "width"]
    assert (found.iloc[0, 1:] == found.iloc[1:, 1:].sum()).all()


def test_goals_are_reached_by_the_rows_they_were_found_on() -> None:
    rows = score_labelled(drawn(800))
    goals = statistics.reachable_goals(rows, [0.9, 0.8])
    for goal in goals.dropna(subset=["threshold"]).to_dict("records"):
        part = rows if goal["name"] == "all" else rows[rows["entity"] == goal["name"]]
        for threshold, coverage in (("threshold", "coverage"), ("sure_threshold", "sure_coverage")):
            if math.isnan(goal[threshold]):
                continue
            published = part[part["answered"] & (part["confidence"] >= goal[threshold])]
            assert len(published) / len(part) == pytest.approx(goal[coverage])
            assert published["right"].mean() >= goal["goal"] - 1e-9
    whole = goals[goals["name"] == "all"]
    assert whole["sure_coverage"].notna().all()
    assert (whole["sure_coverage"] < whole["coverage"]).all()
    assert not goals["name"].eq("depth").any()


def test_sentences_say_what_a_goal_takes() -> None:
    rows = table(*[("width", "5 inch", "5 inch" if i < 90 else "6 inch") for i in range(100)])
    rows["confidence"] = [0.9] * 90 + [0.4] * 10
    rows["outcome"] = outcomes(rows)
    sentences = statistics.goal_sentences(statistics.reachable_goals(score_labelled(rows), [0.99, 0.95]))
    assert sentences[1] == (
        "answer 90 % at 95 % precision: confidence at least 0.90 (to be sure of 95 % elsewhere: 90 %, at least 0.90)"
    )
    assert sentences[0].endswith("(to be sure of 99 % elsewhere: too few rows)")
    wrong = rows.assign(prediction="7 inch", outcome="wrong")
    assert statistics.goal_sentences(statistics.reachable_goals(score_labelled(wrong), [0.95])) == [
        "no confidence reaches 95 % precision"
    ]


def test_reliability_counts_each_bin() -> None:
    rows = table(*[("width", "5 inch", "5 inch" if i % 4 else "6 inch") for i in range(40)])
    rows["confidence"] = [0.8] * 20 + [0.31] * 20
    found = statistics.reliability(score_labelled(rows))
    assert found["answers"].tolist() == [20, 20]
    assert found["low"].tolist() == pytest.approx([0.3, 0.7]), "a bin holds its upper edge"
    assert found["right"].tolist() == [0.75, 0.75]
    assert (found["right_low"] < 0.75).all()
    assert (found["right_high"] > 0.75).all()
    assert statistics.calibration_error(score_labelled(rows)) == pytest.approx((0.05 + 0.44) / 2)


def test_the_label_of_another_dimension_of_the_photo_is_recognized() -> None:
    rows = table(
        ("width", "10 inch", "10 inch"),
        ("height", "20 inch", "10 inch"),  # the width of the same photo
        ("depth", "30 inch", "50.8 centimetre"),  # its height, in another unit
        ("width", "40 inch", "101.6 centimetre"),
        ("width", "50 inch", "10 inch"),  # the width of another photo
        ("height", "60 inch", "61 inch"),
        ("depth", "70 inch", ""),
        ("item_weight", "5 gram", "6 gram"),
        photo=["a", "a", "a", "b", "c", "d", "e", "e"],
        cause=["", *["other quantity"] * 4, causes.OTHER_AXIS, "", ""],
    )
    found = confusion.axes(score_labelled(rows)).set_index("asked")
    assert found.loc["height"].to_dict() == {
        "rows": 2, "width": 1, "height": 0, "depth": 0,
        confusion.OWN_OTHER_UNIT: 0, confusion.OTHER_LENGTH: 1, confusion.OTHER_MISTAKE: 0, "blank": 0,
    }  # fmt: skip
    assert found.loc["depth", ["height", "blank"]].tolist() == [1, 1]
    assert found.loc["width", ["width", confusion.OWN_OTHER_UNIT, confusion.OTHER_MISTAKE]].tolist() == [
        1,
        1,
        1,
    ]
    assert not len(confusion.axes(score_labelled(rows[rows["entity"] == "item_weight"])))


def test_units_are_counted_in_pairs() -> None:
    rows = table(
        ("item_weight", "5 gram", "5 gram"),
        ("item_weight", "5 gram", "5 kilogram"),
        ("item_weight", "1000 gram", "1 kilogram"),
        ("item_weight", "5 gram", ""),
        ("voltage", "9 volt", "8 volt"),
    )
    pairs = confusion.units(score_labelled(rows))
    counts = {
        (p.truth_unit, p.answer_unit): (p.rows, p.right, p.same_quantity, p.same_number)
        for p in pairs.itertuples()
    }
    assert counts == {
        ("gram", "kilogram"): (2, 0, 1, 1),
        ("gram", "gram"): (1, 1, 0, 0),
        ("volt", "volt"): (1, 0, 0, 0),
    }
    matrix = confusion.unit_matrix(pairs)
    assert list(matrix.index) == list(matrix.columns) == ["gram", "kilogram", "volt"]
    assert matrix.to_numpy().tolist() == [[1, 2, 0], [0, 0, 0], [0, 0, 1]]


def test_known_factors_are_counted_with_their_direction() -> None:
    rows = table(
        ("item_weight", "5 gram", "50 gram"),
        ("item_weight", "5 kilogram", "5 gram"),
        ("width", "10 inch", "10 centimetre"),
        ("item_weight", "254 gram", "100 gram"),  # 2.54 is nothing among masses
        ("item_weight", "1 pound", "1 gram"),
        ("voltage", "12 volt", "13 volt"),
    )
    found = statistics.factors(score_labelled(rows)).set_index("factor")
    counts = {
        round(float(f), 2): (above, below)
        for f, above, below in zip(found.index, found["above"], found["below"], strict=True)
    }
    assert counts == {10.0: (1, 0), 1000.0: (0, 1), 2.54: (0, 1), 453.59: (0, 1)}
    assert found.loc[2.54, "words"] == "inch and centimetre"
