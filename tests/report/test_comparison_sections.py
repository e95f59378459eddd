"""The section of compared systems: its tables, its plot and file, and the error for a file that holds no scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from hybridml.cli import main
from hybridml.errors import HybridmlError
from hybridml.evaluation.compare import Outcome, score, write_scores
from hybridml.evaluation.compare.files import read_scores
from hybridml.report.comparison_sections import systems_section
from hybridml.report.sections import OverviewWriter, render

FRAME = pd.DataFrame(
    {
        "index": range(4),
        "entity_name": ["item_weight", "item_weight", "width", "width"],
        "entity_value": ["5.0 gram", "6.0 gram", "3.0 inch", "4.0 inch"],
    }
)
FOLD = np.array([0, 1, 0, 1])
RIGHT = list(FRAME["entity_value"])


@pytest.fixture
def results() -> list[dict[str, Any]]:
    """Return the scores of two systems, the worse first, and of one that failed."""
    costs: dict[str, Any] = {
        "train_seconds": [2.0], "train_photos": [4], "predict_seconds": [1.0], "predict_photos": [4],
    }  # fmt: skip
    outcomes = [
        Outcome(
            "<worse>", "rapidocr", predictions=[RIGHT[0], "7.0 gram", "5.0 inch", ""], size=2_000, **costs
        ),
        Outcome("better", predictions=[*RIGHT[:3], ""], **costs),
        Outcome("broken", "tesseract", error="no luck"),
    ]
    return [score(outcome, FRAME, FOLD) for outcome in outcomes]


def test_the_section_shows_every_system_the_best_first(results: list[dict[str, Any]], tmp_path: Path) -> None:
    writer = OverviewWriter(tmp_path, None)
    section = systems_section(writer, results)
    assert section is not None
    whole, entities = section.tables
    assert [line[0] for line in whole.lines] == ["better", "<worse>"]
    better, worse = results[1]["all"], results[0]["all"]
    assert better["f1"] > worse["f1"]
    assert whole.lines[0][2:4] == (f"{better['f1']:.3f}", f"{better['f1_mean']:.3f} ± {better['f1_sd']:.3f}")
    assert whole.lines[1][5:] == (f"{worse['smape']:.1f} (3)", "0.5", "0.25", "0", "2.0 kB")
    assert entities.head == ("system", "ocr", "item_weight", "width")
    assert section.sentences == ("failed: broken (tesseract): no luck",)
    page = str(render([section]))
    assert "&lt;worse&gt;" in page
    assert "<worse>" not in page
    assert {"plots/systems.svg", "tables/systems.csv"} == set(writer.files)
    written = pd.read_csv(tmp_path / "tables" / "systems.csv")
    assert list(written["system"]) == ["better"] * 3 + ["<worse>"] * 3 + ["broken"]
    ElementTree.parse(tmp_path / "plots" / "systems.svg")
    # text is drawn as outlines, with the words beside them as a comment
    plot = (tmp_path / "plots" / "systems.svg").read_text()
    assert all(f"<!-- {words} -->" in plot for words in ("better", f"{better['f1_mean']:.2f}"))
    assert writer.numbers["systems"] == results


def test_systems_that_all_failed_are_named_without_a_plot(
    results: list[dict[str, Any]], tmp_path: Path
) -> None:
    section = systems_section(OverviewWriter(tmp_path, None), results[2:])
    assert section is not None
    assert (section.warning, section.figures) == ("Every system failed.", ())
    assert systems_section(OverviewWriter(tmp_path, None), ()) is None


def test_scores_come_back_as_they_were_written(results: list[dict[str, Any]], tmp_path: Path) -> None:
    write_scores(results, everything=tmp_path / "scores.json")
    assert read_scores(tmp_path / "scores.json") == results


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: {"f1": 1}, "no list of systems"),
        (lambda r: [], "no list of systems"),
        (lambda r: [*r, {"system": "x"}], "system 4 has no system, ocr and error, as texts"),
        (lambda r: [{**r[0], "bytes": "2 kB"}], r"system 1 \(<worse>\) has no number for bytes"),
        (lambda r: [{**r[0], "all": {"f1": 1.0}}], "has no scores of all"),
        (lambda r: [{**r[0], "all": {**r[0]["all"], "f1": None}}], "has no number for f1 of all"),
        (lambda r: [{**r[0], "per_entity": None}], "has no per_entity"),
    ],
)
def test_another_file_is_no_scores(
    results: list[dict[str, Any]], tmp_path: Path, change: Any, message: str
) -> None:
    path = tmp_path / "scores.json"
    path.write_text(json.dumps(change(results)))
    with pytest.raises(
        HybridmlError, match=f"{message}.*expected the file that 'hybridml compare --json' wrote"
    ):
        read_scores(path)


def test_the_command_says_what_is_wrong_with_the_file_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # no model of the user's own
    (tmp_path / "rows.csv").write_text("index,image_link,group_id,entity_name\n0,a.png,1,width\n")
    files = ["--rows", f"{tmp_path}/rows.csv", "--images", str(tmp_path), "--store", f"{tmp_path}/store"]
    out = tmp_path / "report"
    for path, message in ((tmp_path / "none.json", "No such file"), (tmp_path / "rows.csv", "no JSON")):
        assert main(["-q", "report", *files, "--systems", str(path), "--out", str(out)]) == 2
        assert f"{path}: {message}" in capsys.readouterr().err
    assert not out.exists()
