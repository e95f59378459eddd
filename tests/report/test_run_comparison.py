"""The comparison of two runs on the same rows, and of two systems."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from hybridml.errors import RowsError
from hybridml.evaluation import metrics
from hybridml.report.run_comparison import compare_runs, f1_difference, read_run
from tests.helpers.report_rows import drawn, line_of, table


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
    found = compare_runs(*two_runs(), name="before")
    assert found.table["other"].tolist()[:3] == ["4 inch", "4 inch", ""]
    assert found.table["change"].tolist() == [*["better"] * 5, "same", "flipped", "worse", "same", "flipped"]
    assert (found.better, found.worse, found.compared, found.unpaired, found.trained) == (5, 1, 9, 0, False)
    assert found.p_value == pytest.approx(7 / 32), "two sides of at most one head in six tosses"
    ours, theirs = metrics.f1_of(6, 2, 1), metrics.f1_of(2, 4, 3)
    assert (found.f1, found.other_f1, found.gap) == pytest.approx((ours, theirs, ours - theirs))
    assert found.low < found.gap < found.high
    assert line_of(found.per_entity, "depth")["same"] == 1
    assert json.loads(json.dumps(found.to_dict()))["changes"]["better"] == 5


def test_rows_that_the_other_run_lacks_do_not_count() -> None:
    rows, other = two_runs()
    found = compare_runs(rows, other[other["index"] > 3])
    assert found.table["change"].tolist()[:5] == ["", "", "", "", "better"]
    assert (found.unpaired, found.compared, found.better) == (4, 5, 1)
    with pytest.raises(RowsError, match="answers none of these 10 rows"):
        compare_runs(rows, other.assign(index=other["index"] + 100))


def test_runs_that_are_alike_do_not_differ() -> None:
    rows, _ = two_runs()
    found = compare_runs(rows, rows[["index", "prediction"]])
    assert set(found.table["change"]) == {"same"}
    assert (found.gap, found.low, found.high, found.p_value) == (0, 0, 0, 1)
    learned = compare_runs(rows.assign(trained=True), rows[["index", "prediction"]])
    assert learned.trained
    assert learned.compared == 9


def test_difference_of_two_systems() -> None:
    rows = drawn()
    truth, ours = list(rows["truth"]), list(rows["prediction"])
    worse = [p if i % 4 else "" for i, p in enumerate(ours)]
    gap, low, high = f1_difference(truth, ours, worse, list(rows["group"]))
    assert gap == pytest.approx(metrics.score(truth, ours).f1 - metrics.score(truth, worse).f1)
    assert 0 < low < gap < high
    assert f1_difference(truth, worse, ours, list(rows["group"]))[0] == pytest.approx(-gap)


def test_another_run_is_a_report_or_predictions(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("index,prediction\n1,5 inch\n2,\n")
    assert read_run(tmp_path / "p.csv")["prediction"].tolist() == ["5 inch", ""]
    report = tmp_path / "report"
    (report / "data").mkdir(parents=True)
    with pytest.raises(RowsError, match=r"not the folder of a report.*expected what 'hybridml report' wrote"):
        read_run(report)
    columns = {"index": ["1", "2"], "prediction": ["5 (\\u003c) inch", ""]}
    text = json.dumps({"version": 1, "columns": columns}).replace("\\\\u", "\\u")
    (report / "data" / "rows.js").write_text(f"HYBRIDML.rows({text});\n")
    assert read_run(report)["prediction"].tolist() == ["5 (<) inch", ""]
