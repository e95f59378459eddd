"""Thresholds of confidence: reading, checking, and what ``predict`` does with them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pandas as pd
import pytest

from hybridml import EntityExtractor
from hybridml.artifact import serialize
from hybridml.cli import main
from hybridml.datasets.thresholds import read_thresholds, threshold_of, write_thresholds
from hybridml.errors import RowsError
from tests.helpers.fakes import OPTIONS, write_rows


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(["entity_name,min_confidence", *lines]) + "\n")
    return path


def test_what_is_written_is_read_back_to_the_last_digit(tmp_path: Path) -> None:
    chosen = {"width": 0.1 + 0.2, "depth": math.inf, "all": 1.0, "height": 0.0}
    write_thresholds(tmp_path / "t.csv", chosen)
    assert read_thresholds(tmp_path / "t.csv") == chosen
    assert "depth,never" in (tmp_path / "t.csv").read_text()


def test_entities_without_a_line_have_that_of_all_or_none(tmp_path: Path) -> None:
    some = read_thresholds(written(tmp_path / "t.csv", "width, 0.9", "voltage,never"))
    assert [threshold_of(some, e) for e in ("width", "voltage", "depth")] == [0.9, math.inf, 0.0]
    assert threshold_of({**some, "all": 0.5}, "depth") == 0.5


def test_every_fault_is_named_with_its_line(tmp_path: Path) -> None:
    lines = ["width,0.5", "widht,0.5", "height,1.5", "depth,", "width,0.6", "voltage,nan"]
    with pytest.raises(RowsError) as caught:
        read_thresholds(written(tmp_path / "t.csv", *lines))
    message = str(caught.value)
    assert "5 faults" in message
    for line, what in (
        (3, "unknown entity 'widht'"),
        (4, "'1.5' for height; expected a number from 0 to 1, or never"),
        (5, "'' for depth"),
        (6, "width has a line above already"),
        (7, "'nan' for voltage"),
    ):
        assert f"t.csv, line {line}: {what}" in message
    with pytest.raises(RowsError, match="no column 'min_confidence'"):
        read_thresholds(_text(tmp_path / "other.csv", "entity_name,threshold\nwidth,0.5\n"))
    with pytest.raises(RowsError, match="no line below the header"):
        read_thresholds(written(tmp_path / "empty.csv"))


def _text(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with rows, photos and a model."""
    folder = tmp_path_factory.mktemp("thresholds")
    frame = write_rows(folder, 48)
    frame.loc[::7, "entity_value"] = "999.0 gram"  # so that no confidence is certain
    frame.to_csv(folder / "rows.csv", index=False)
    options = {**OPTIONS, "stages": (), "embedding": "none"}
    extractor = EntityExtractor(images=folder / "images", store=folder / "store", **options).fit(frame)
    serialize.save(extractor, folder / "model.joblib")
    return folder


def answers(folder: Path, out: Path, *more: str) -> pd.DataFrame:
    given = ["--rows", f"{folder}/rows.csv", "--images", f"{folder}/images", "--store", f"{folder}/store"]
    model = ["--model", f"{folder}/model.joblib", "--workers", "1", "--out", str(out)]
    assert main(["-q", "predict", *given, *model, *more]) == 0
    return pd.DataFrame(map(json.loads, Path(f"{out}.details.jsonl").read_text().splitlines()))


def test_predict_blanks_what_is_below_its_entitys_threshold(folder: Path, tmp_path: Path) -> None:
    every = answers(folder, tmp_path / "every.csv")
    assert (every["prediction"] != "").any()
    middle = float(every.loc[every["entity_name"] == "width", "confidence"].median())
    chosen = written(tmp_path / "t.csv", f"width,{middle!r}", "height,never", "all,0")
    some = answers(folder, tmp_path / "some.csv", "--thresholds", str(chosen))

    blanked = some["blanked_by"] == "thresholds"
    below = (every["entity_name"] == "width") & (every["confidence"] < middle)
    wanted = (every["prediction"] != "") & (below | (every["entity_name"] == "height"))
    assert 0 < below.sum() < (every["entity_name"] == "width").sum()
    assert blanked.tolist() == wanted.tolist()
    assert some["prediction"].tolist() == every["prediction"].where(~wanted, "").tolist()
    written_answers = pd.read_csv(tmp_path / "some.csv", keep_default_na=False)["prediction"]
    assert written_answers.tolist() == some["prediction"].tolist()


def test_thresholds_that_cannot_be_used_stop_before_anything_is_answered(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = written(tmp_path / "t.csv", "width,high")
    given = ["--rows", f"{folder}/rows.csv", "--images", f"{folder}/images", "--store", f"{folder}/store"]
    model = ["--model", f"{folder}/model.joblib", "--out", str(tmp_path / "none.csv")]
    assert main(["-q", "predict", *given, *model, "--thresholds", str(chosen)]) == 2
    assert "'high' for width" in capsys.readouterr().err
    assert not (tmp_path / "none.csv").exists()
