"""The numbers of a report: scores, promises, confusion, suspects, changes, and the pages and files they become."""

from __future__ import annotations

import importlib.util
import json
import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from hybridml.datasets.thresholds import read_thresholds
from hybridml.entities import default_entities
from hybridml.errors import MissingExtraError, RowsError
from hybridml.evaluation import bootstrap, metrics
from hybridml.report import against, causes, confusion, overview, statistics
from hybridml.report.scored import scored
from hybridml.report.sections import Picture
from hybridml.report.sheet import Sheet
from hybridml.report.suspects import suspects

SCHEMA = default_entities()
HOSTILE = "<img src=x onerror=alert(1)> $\\frac$"


def table(*rows: tuple[str, str, str], **columns: Any) -> pd.DataFrame:
    """Return rows of (entity, truth, prediction), each of a group and photo of its own unless columns say otherwise."""
    frame = pd.DataFrame(rows, columns=["entity", "truth", "prediction"])
    count = len(frame)
    given = {
        "id": range(count),
        "index": [str(i) for i in range(count)],
        "photo": [f"p{i}.jpg" for i in range(count)],
        "group": [f"g{i}" for i in range(count)],
        "confidence": 0.75,
        "cause": "",
        "trained": False,
        "problem": "",
        "text": "",
        **columns,
    }
    frame = frame.assign(**given)
    if "outcome" not in columns:
        frame["outcome"] = _outcomes(frame)
    return frame


def _outcomes(frame: pd.DataFrame) -> list[str]:
    names = {"tp": "right", "tn": "right", "fp": "wrong", "fn": "blank"}
    return [names[kind] for kind in metrics.outcomes(list(frame["truth"]), list(frame["prediction"]))]


def drawn(count: int = 300, seed: int = 0) -> pd.DataFrame:
    """Return rows of three entities in groups of ten, more often right the surer they are."""
    rng = np.random.default_rng(seed)
    sure = rng.uniform(0.05, 0.99, count)
    kinds = np.where(rng.random(count) < sure, "right", rng.choice(["wrong", "ten", "unit", "blank"], count))
    entities = rng.choice(["width", "item_weight", "voltage"], count)
    unit = {
        "width": ("inch", "centimetre"),
        "item_weight": ("gram", "kilogram"),
        "voltage": ("volt", "kilovolt"),
    }
    rows = []
    for kind, entity in zip(kinds, entities, strict=True):
        value, (own, other) = int(rng.integers(2, 90)), unit[str(entity)]
        answer = {
            "right": f"{value} {own}",
            "wrong": f"{value + 1} {own}",
            "ten": f"{10 * value} {own}",
            "unit": f"{value} {other}",
            "blank": "",
        }[str(kind)]
        rows.append((str(entity), f"{value}.0 {own}", answer))
    frame = table(
        *rows,
        confidence=np.where(kinds == "blank", 0.0, sure),
        group=[f"g{i // 10}" for i in range(count)],
        photo=[f"p{i // 2}.jpg" for i in range(count)],
    )
    wrong = (frame["outcome"] != "right").to_numpy()
    frame["cause"] = np.where(wrong, rng.choice(causes.CAUSES, count), "")
    return frame


def line(frame: pd.DataFrame, name: str) -> dict[str, Any]:
    return frame.set_index("name").loc[name].to_dict()


# ---------------------------------------------------------------- scores


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
    found = scored(rows, [["10 inch"], ["5 kilogram"], [], [], [], [], ["7 inch"]], SCHEMA)
    assert found.index.tolist() == [0, 1, 2, 3, 4, 5], "a row without label is not judged"
    assert found["kind"].tolist() == ["fp", "fp", "fp", "fp", "tn", "fp"]
    assert found["same"].tolist() == [True, False, False, False, False, False]
    assert found["reached"].tolist() == [True, False, False, False, False, False]
    assert found["decades"].tolist()[:3] == pytest.approx([0.0, 3.0, math.log10(2)])
    assert found["decades"].isna().tolist() == [False, False, False, True, True, True]


def test_scores_are_the_metrics_own_and_so_is_the_interval_of_f1() -> None:
    rows = drawn()
    candidates = [[truth.replace(".0", "")] if i % 3 else [] for i, truth in enumerate(rows["truth"])]
    found = statistics.scores(scored(rows, candidates))
    reached = metrics.reachable(list(rows["truth"]), candidates)
    for name, part in (("all", rows), ("width", rows[rows["entity"] == "width"])):
        own = metrics.score(
            list(part["truth"]),
            list(part["prediction"]),
            list(part["entity"]),
            [reached[i] for i in part.index],
        )
        told = line(found, name)
        for measure in ("rows", "f1", "precision", "recall", "accuracy", "oracle_f1", "f1_any_unit", "smape"):
            assert told[measure] == getattr(own, measure)
        kinds = metrics.outcomes(list(part["truth"]), list(part["prediction"]))
        assert (told["f1_low"], told["f1_high"]) == bootstrap.bootstrap_interval(kinds, list(part["group"]))
        for measure in statistics.MEASURES:
            assert told[f"{measure}_low"] <= told[measure] <= told[f"{measure}_high"]
    assert line(found, "all")["groups"] == 30
    assert list(found["name"]) == ["all", "item_weight", "voltage", "width"]


def test_groups_are_the_largest_and_vary_with_their_photos() -> None:
    rows = drawn(60)
    rows["group"] = ["big"] * 40 + ["small"] * 10 + [""] * 10
    found = statistics.scores_by_group(scored(rows), most=5)
    assert found["name"].tolist() == ["big", "small"]
    assert found["rows"].tolist() == [40, 10]
    assert (found["f1_high"] - found["f1_low"]).min() > 0.05
    assert not len(statistics.scores_by_group(scored(rows.assign(group=""))))


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
    found = statistics.answered(rows)
    assert line(found, "all") == {
        "rows": 3, "answered": 1, "share_answered": pytest.approx(1 / 3), "median_confidence": 0.5, "problems": 1,
    }  # fmt: skip
    assert math.isnan(line(found, "depth")["median_confidence"])


def test_too_few_groups_have_no_interval_and_nothing_certain_has_one() -> None:
    rows = drawn(40)
    for groups, known in ((4, False), (5, True)):
        rows["group"] = [f"g{i % groups}" for i in range(40)]
        told = line(statistics.scores(scored(rows)), "all")
        assert math.isnan(told["f1_low"]) != known
        assert math.isnan(told["f1_high"]) != known
        assert told["f1"] > 0
    perfect = table(*[("width", "5 inch", "5 inch")] * 30)
    assert math.isnan(line(statistics.scores(scored(perfect)), "all")["precision_low"])


def test_outcomes_of_all_rows_come_first() -> None:
    found = statistics.outcomes(scored(drawn(60)))
    assert list(found["name"]) == ["all", "item_weight", "voltage", "width"]
    assert (found.iloc[0, 1:] == found.iloc[1:, 1:].sum()).all()


# ---------------------------------------------------------------- confidence


def test_promises_are_kept_by_the_rows_they_were_found_on() -> None:
    rows = scored(drawn(800))
    promised = statistics.promises(rows, [0.9, 0.8])
    for told in promised.dropna(subset=["threshold"]).to_dict("records"):
        part = rows if told["name"] == "all" else rows[rows["entity"] == told["name"]]
        for threshold, coverage in (("threshold", "coverage"), ("sure_threshold", "sure_coverage")):
            if math.isnan(told[threshold]):
                continue
            published = part[part["answered"] & (part["confidence"] >= told[threshold])]
            assert len(published) / len(part) == pytest.approx(told[coverage])
            assert published["right"].mean() >= told["goal"] - 1e-9
    whole = promised[promised["name"] == "all"]
    assert whole["sure_coverage"].notna().all()
    assert (whole["sure_coverage"] < whole["coverage"]).all()
    assert not promised["name"].eq("depth").any()


def test_a_promise_says_what_it_takes_in_words() -> None:
    rows = table(*[("width", "5 inch", "5 inch" if i < 90 else "6 inch") for i in range(100)])
    rows["confidence"] = [0.9] * 90 + [0.4] * 10
    rows["outcome"] = _outcomes(rows)
    told = statistics.sentences(statistics.promises(scored(rows), [0.99, 0.95]))
    assert told[1] == (
        "answer 90 % at 95 % precision: confidence at least 0.90 (to be sure of 95 % elsewhere: 90 %, at least 0.90)"
    )
    assert told[0].endswith("(to be sure of 99 % elsewhere: too few rows)")
    wrong = rows.assign(prediction="7 inch", outcome="wrong")
    assert statistics.sentences(statistics.promises(scored(wrong), [0.95])) == [
        "no confidence reaches 95 % precision"
    ]


def test_reliability_counts_each_bin() -> None:
    rows = table(*[("width", "5 inch", "5 inch" if i % 4 else "6 inch") for i in range(40)])
    rows["confidence"] = [0.8] * 20 + [0.31] * 20
    found = statistics.reliability(scored(rows))
    assert found["answers"].tolist() == [20, 20]
    assert found["low"].tolist() == pytest.approx([0.3, 0.7]), "a bin holds its upper edge"
    assert found["right"].tolist() == [0.75, 0.75]
    assert (found["right_low"] < 0.75).all()
    assert (found["right_high"] > 0.75).all()
    assert statistics.calibration_error(scored(rows)) == pytest.approx((0.05 + 0.44) / 2)


# ---------------------------------------------------------------- what is taken for what


def test_the_label_of_another_dimension_of_the_photo_is_told_apart() -> None:
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
    found = confusion.axes(scored(rows)).set_index("asked")
    assert found.loc["height"].to_dict() == {
        "rows": 2, "width": 1, "height": 0, "depth": 0,
        confusion.OTHER_UNIT: 0, confusion.OTHER_LENGTH: 1, confusion.OTHER_NUMBER: 0, confusion.BLANK: 0,
    }  # fmt: skip
    assert found.loc["depth", ["height", confusion.BLANK]].tolist() == [1, 1]
    assert found.loc["width", ["width", confusion.OTHER_UNIT, confusion.OTHER_NUMBER]].tolist() == [1, 1, 1]
    assert not len(confusion.axes(scored(rows[rows["entity"] == "item_weight"])))


def test_units_are_counted_in_pairs() -> None:
    rows = table(
        ("item_weight", "5 gram", "5 gram"),
        ("item_weight", "5 gram", "5 kilogram"),
        ("item_weight", "1000 gram", "1 kilogram"),
        ("item_weight", "5 gram", ""),
        ("voltage", "9 volt", "8 volt"),
    )
    pairs = confusion.units(scored(rows))
    told = {
        (p.truth_unit, p.answer_unit): (p.rows, p.right, p.same_quantity, p.same_number)
        for p in pairs.itertuples()
    }
    assert told == {
        ("gram", "kilogram"): (2, 0, 1, 1),
        ("gram", "gram"): (1, 1, 0, 0),
        ("volt", "volt"): (1, 0, 0, 0),
    }
    matrix = confusion.unit_matrix(pairs)
    assert list(matrix.index) == list(matrix.columns) == ["gram", "kilogram", "volt"]
    assert matrix.to_numpy().tolist() == [[1, 2, 0], [0, 0, 0], [0, 0, 1]]


def test_known_factors_are_told_with_their_direction() -> None:
    rows = table(
        ("item_weight", "5 gram", "50 gram"),
        ("item_weight", "5 kilogram", "5 gram"),
        ("width", "10 inch", "10 centimetre"),
        ("item_weight", "254 gram", "100 gram"),  # 2.54 is nothing among masses
        ("item_weight", "1 pound", "1 gram"),
        ("voltage", "12 volt", "13 volt"),
    )
    found = statistics.mistakes(scored(rows)).set_index("factor")
    told = {
        round(float(f), 2): (above, below)
        for f, above, below in zip(found.index, found["above"], found["below"], strict=True)
    }
    assert told == {10.0: (1, 0), 1000.0: (0, 1), 2.54: (0, 1), 453.59: (0, 1)}
    assert found.loc[2.54, "keywords"] == "inch and centimetre"


# ---------------------------------------------------------------- suspects


def test_each_reason_against_a_label_is_said() -> None:
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
        "the label says zero",
        "the label's unit is none that is known",
        "its number was read nowhere on the photo",
        "",
    ]
    assert (found["suspect"] > 0).tolist() == [bool(why) for why in found["suspect_why"]]
    learned = suspects(rows.assign(trained=True))
    assert 0 < learned["suspect"][0] < found["suspect"][0], (
        "a disagreement on what was not trained on comes first"
    )
    assert "though it learned" in learned["suspect_why"][0]


def test_one_label_against_those_of_its_group() -> None:
    rows = table(
        *[("item_weight", "250 gram", "")] * 4, ("item_weight", "0.25 kilogram", ""), ("item_weight", "90 gram", ""),
        ("width", "9 inch", ""), group="g",
    )  # fmt: skip
    found = suspects(rows)
    assert found["suspect_why"].tolist() == [*[""] * 5, "4 of 5 other photos of its group say 250 gram", ""]
    mixed = table(*[("item_weight", f"{i % 5} gram", "") for i in range(1, 20) if i % 5], group="g")
    assert not suspects(mixed)["suspect"].any(), "a group of many products says nothing"


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


# ---------------------------------------------------------------- against another run


def two_runs() -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = table(
        *[("width", "5 inch", "5 inch")] * 6,
        ("width", "5 inch", "6 inch"),
        ("width", "5 inch", "6 inch"),
        ("depth", "5 inch", ""),
        ("depth", "", "1 inch"),
        trained=[False] * 9 + [True],
        outcome=[*["right"] * 6, "wrong", "wrong", "blank", "unlabelled"],
    )
    other = pd.DataFrame(
        {
            "index": list(reversed(range(10))),
            "prediction": ["2 inch", "", "5 inch", "7 inch", "5 inch", "4 inch", "", "", "4 inch", "4 inch"],
        }
    )
    return rows, other


def test_changes_are_paired_by_index() -> None:
    found = against.changes(*two_runs(), name="before")
    assert found.table["other"].tolist()[:3] == ["4 inch", "4 inch", ""]
    assert found.table["change"].tolist() == [*["better"] * 5, "same", "flipped", "worse", "same", "flipped"]
    assert (found.better, found.worse, found.compared, found.unpaired, found.trained) == (5, 1, 9, 0, False)
    assert found.p_value == pytest.approx(7 / 32), "two sides of at most one head in six tosses"
    ours, theirs = metrics.f1_of(6, 2, 1), metrics.f1_of(2, 4, 3)
    assert (found.f1, found.other_f1, found.gap) == pytest.approx((ours, theirs, ours - theirs))
    assert found.low < found.gap < found.high
    assert line(found.per_entity, "depth")["same"] == 1
    assert json.loads(json.dumps(found.to_dict()))["changes"]["better"] == 5


def test_rows_that_the_other_run_lacks_do_not_count() -> None:
    rows, other = two_runs()
    found = against.changes(rows, other[other["index"] > 3])
    assert found.table["change"].tolist()[:5] == ["", "", "", "", "better"]
    assert (found.unpaired, found.compared, found.better) == (4, 5, 1)
    with pytest.raises(RowsError, match="answers none of these 10 rows"):
        against.changes(rows, other.assign(index=other["index"] + 100))


def test_runs_that_are_alike_do_not_differ() -> None:
    rows, _ = two_runs()
    found = against.changes(rows, rows[["index", "prediction"]])
    assert set(found.table["change"]) == {"same"}
    assert (found.gap, found.low, found.high, found.p_value) == (0, 0, 0, 1)
    learned = against.changes(rows.assign(trained=True), rows[["index", "prediction"]])
    assert learned.trained
    assert learned.compared == 9


def test_difference_of_two_systems() -> None:
    rows = drawn()
    truth, ours = list(rows["truth"]), list(rows["prediction"])
    worse = [p if i % 4 else "" for i, p in enumerate(ours)]
    gap, low, high = against.difference(truth, ours, worse, list(rows["group"]))
    assert gap == pytest.approx(metrics.score(truth, ours).f1 - metrics.score(truth, worse).f1)
    assert 0 < low < gap < high
    assert against.difference(truth, worse, ours, list(rows["group"]))[0] == pytest.approx(-gap)


def test_another_run_is_a_report_or_predictions(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("index,prediction\n1,5 inch\n2,\n")
    assert against.read_run(tmp_path / "p.csv")["prediction"].tolist() == ["5 inch", ""]
    report = tmp_path / "report"
    (report / "data").mkdir(parents=True)
    with pytest.raises(RowsError, match=r"not the folder of a report.*expected what 'hybridml report' wrote"):
        against.read_run(report)
    columns = {"index": ["1", "2"], "prediction": ["5 (\\u003c) inch", ""]}
    text = json.dumps({"version": 1, "columns": columns}).replace("\\\\u", "\\u")
    (report / "data" / "rows.js").write_text(f"HYBRIDML.rows({text});\n")
    assert against.read_run(report)["prediction"].tolist() == ["5 (<) inch", ""]


# ---------------------------------------------------------------- the overview


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, overview.Overview]:
    """Return the folder and the overview of rows with everything, some of it hostile."""
    out = tmp_path_factory.mktemp("overview")
    rows = drawn(400)
    rows.loc[:30, "trained"] = True
    rows.loc[:12, ["entity", "group"]] = [HOSTILE, f"<{HOSTILE}"]
    rows.loc[31:60, "group"] = f"<{HOSTILE}"
    rows.loc[5:9, "problem"] = HOSTILE
    other = rows[["index"]].assign(prediction=rows["prediction"].where(rows.index % 5 > 0, ""))
    return out, overview.write(
        out,
        rows,
        [[truth.replace(".0", "")] for truth in rows["truth"]],
        importance=[(HOSTILE, 3.0), ("its unit", 1.0)],
        ablation=[("lines", -0.02), ("keywords", 0.01)],
        seconds=[("reading", 0.5)],
        seconds_note="as measured",
        changes=against.changes(rows, other, name=HOSTILE),
    )


def test_the_overview_has_every_section_and_file(made: tuple[Path, overview.Overview]) -> None:
    out, shown = made
    page = ElementTree.fromstring(f"<main>{shown.html}{shown.changes_html}</main>")
    assert {section.get("id") for section in page.findall("section")} == {
        "quality", "answered", "entities", "groups", "coverage", "calibration", "causes", "dimensions", "units",
        "sizes", "importance", "ablation", "seconds", "problems", "against",
    }  # fmt: skip
    for image in page.iter("img"):
        path = out / str(image.get("src"))
        assert ElementTree.parse(path).getroot().tag.endswith("svg")
        assert image.get("alt")
    linked = {str(link.get("href")) for link in page.iter("a")}
    files = {file for file in linked if not file.startswith("#")}
    assert files == {f"tables/{path.name}" for path in (out / "tables").iterdir()}
    written = {f"{path.parent.name}/{path.name}" for path in out.rglob("*") if path.is_file()}
    assert written == set(shown.files), "what a later report removes"
    heads = [cell.text for cell in page.iter("th") if cell.get("scope") == "col"]
    assert all(heads), "a column without a name says nothing to who hears the page"
    assert len(pd.read_csv(out / "tables" / "scores.csv")) == 4
    assert page.find(".//div[@id='threshold-chooser']") is not None


def texts_of(shown: overview.Overview, section: str) -> list[str]:
    """Return what the sentences of a section say."""
    page = ElementTree.fromstring(f"<main>{shown.html}{shown.changes_html}</main>")
    return ["".join(each.itertext()) for each in page.findall(f".//section[@id='{section}']//li")]


def test_the_first_screen_says_how_good_what_to_publish_and_what_to_fix(tmp_path: Path) -> None:
    rows = table(
        *[("width", "5 inch", "5 inch")] * 40,
        *[("width", "5 inch", "6 inch")] * 8,
        *[("depth", "5 inch", "")] * 2,
        confidence=[*[0.9] * 40, *[0.3] * 8, 0.0, 0.0],
        cause=[*[""] * 40, *[causes.OTHER_AXIS] * 8, *[causes.NOT_READ] * 2],
        problem=[*[""] * 49, "no such photo"],
        suspect=[*[0.0] * 49, 1.0],
    )
    shown = overview.write(tmp_path, rows)
    f1, answered, publish, cause, entity, suspect, problem = texts_of(shown, "quality")
    assert f1.startswith(f"F1 {metrics.f1_of(40, 8, 2):.3f} (")
    assert "on 50 rows not trained on" in f1
    assert answered == "96 % are answered; 83 % of the answers are right."
    assert publish.startswith("Published without a check, 90 % of the surest 80 % are right")
    assert "(confidence at least 0.90)" in publish
    assert cause.startswith("Largest cause, 8 of 10 rows not right: other axis")
    assert entity.startswith("Most is lost in width: 8 of its 48 rows are not right.")
    assert suspect.startswith("Something speaks against 1 label.")
    assert problem == "1 row has a problem, namely: no such photo."
    assert (
        shown.html.index('id="quality"') < shown.html.index('id="coverage"') < shown.html.index('id="causes"')
    )


@pytest.mark.parametrize("rows", [1, 3, 10])
def test_a_handful_of_rows_promises_nothing(tmp_path: Path, rows: int) -> None:
    shown = overview.write(tmp_path, table(*[("width", "5 inch", "5 inch")] * rows))
    assert f"{rows} answers are too few to say which confidence is enough." in texts_of(shown, "quality")
    assert not texts_of(shown, "coverage")
    assert not (tmp_path / "plots" / "coverage.svg").exists()
    assert "(1.000 to 1.000)" not in shown.html


def test_nothing_answered_has_no_number_that_is_none(tmp_path: Path) -> None:
    shown = overview.write(
        tmp_path, table(*[("width", "5 inch", "")] * 3), seconds=[("reading", 0.0)], seconds_note="none kept"
    )
    assert "None of them is answered." in texts_of(shown, "quality")
    assert "nan" not in shown.html
    assert not (tmp_path / "plots" / "seconds.svg").exists()


def test_mistakes_without_a_known_factor_link_to_no_empty_table(tmp_path: Path) -> None:
    shown = overview.write(tmp_path, table(*[("width", "5 inch", "6 inch")] * 12))
    assert "none that is known of decimal points and units occurs" in shown.html
    assert "mistakes.csv" not in shown.html
    assert not (tmp_path / "tables" / "mistakes.csv").exists()


def test_a_worse_run_is_not_called_higher(tmp_path: Path) -> None:
    rows = drawn(60)
    best = rows[["index"]].assign(prediction=rows["truth"].str.replace(".0", ""))
    shown = overview.write(tmp_path, rows, changes=against.changes(rows, best, name="best"))
    said = texts_of(shown, "against")[0]
    assert ": a difference of -0." in said
    assert "higher" not in said


def test_plot_and_sentence_name_the_same_threshold(tmp_path: Path) -> None:
    rows = table(*[("width", "5 inch", "5 inch" if i < 36 else "6 inch") for i in range(40)])
    rows["confidence"] = [0.589] * 36 + [0.2] * 4
    rows["outcome"] = _outcomes(rows)
    told = texts_of(overview.write(tmp_path, rows), "coverage")
    assert "answer 90 % at 99 % precision: confidence at least 0.58" in told[0]
    plot = (tmp_path / "plots" / "coverage.svg").read_text()
    assert "<!-- from 0.58 -->" in plot
    assert "<!-- from 0.59 -->" not in plot


def test_nothing_in_the_rows_becomes_markup(made: tuple[Path, overview.Overview]) -> None:
    out, shown = made
    assert "<img src=x" not in shown.html + shown.changes_html
    assert shown.html.count("&lt;img src=x") >= 3
    assert "&lt;img src=x" in shown.changes_html
    assert all("<img src=x" not in path.read_text() for path in (out / "plots").iterdir())


def test_rows_trained_on_are_named_and_kept_apart(made: tuple[Path, overview.Overview]) -> None:
    _, shown = made
    numbers = json.loads(json.dumps(shown.numbers, allow_nan=False))
    assert numbers["measured"] == overview.NEW
    assert (numbers["labelled"], numbers["labelled_trained_on"]) == (400, 31)
    assert numbers["scores"][0]["rows"] == 369
    assert numbers["scores_trained_on"][0]["rows"] == 31
    assert sum(bin["answers"] for bin in numbers["reliability"]) <= 369
    assert "31 rows were TRAINED ON" in shown.html
    assert sum(each["rows"] for each in numbers["against"]["per_entity"]) == 369


def test_exported_thresholds_publish_what_was_promised(made: tuple[Path, overview.Overview]) -> None:
    out, shown = made
    of_goal = {(p["name"], p["goal"]): p for p in shown.numbers["promises"]}
    files = sorted((out / "tables").glob("thresholds-*.csv"))
    assert files
    for path in files:
        goal = int(path.stem.split("-")[1]) / 100
        for entity, threshold in read_thresholds(path).items():
            promised = of_goal[entity, goal]["sure_threshold"]
            assert threshold == (math.inf if promised is None else promised)


def test_where_all_was_trained_on_it_says_so_and_exports_no_threshold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sheet, "picture", lambda self, name, words, draw: Picture(f"{name}.svg", words))
    shown = overview.write(tmp_path, drawn(120).assign(trained=True))
    assert "no number below is a measure of quality" in shown.html
    assert "elsewhere" not in shown.html
    assert shown.numbers["measured"] == overview.TRAINED
    assert not list((tmp_path / "tables").glob("thresholds-*"))
    assert shown.changes_html == ""


def test_without_labels_it_says_what_can_be_said(tmp_path: Path) -> None:
    rows = drawn(60).assign(outcome="unlabelled", truth="", cause="")
    shown = overview.write(tmp_path, rows)
    assert "No row has a label" in shown.html
    assert shown.numbers["measured"] == "no label"
    assert [path.name for path in (tmp_path / "plots").iterdir()] == ["confidence.svg"]
    first = (tmp_path / "plots" / "confidence.svg").read_bytes()
    overview.write(tmp_path, rows)
    assert (tmp_path / "plots" / "confidence.svg").read_bytes() == first, "the same rows are the same picture"
    empty = overview.write(tmp_path, rows.assign(prediction="", confidence=0.0))
    assert empty.numbers["answered"][0]["answered"] == 0


def test_a_missing_package_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "matplotlib" else find(name)
    )
    with pytest.raises(MissingExtraError, match=r'pip install "hybridml\[report\]"'):
        overview.write(tmp_path, drawn(20))
