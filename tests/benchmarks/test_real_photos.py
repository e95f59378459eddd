"""The commands on real photos, with RapidOCR; needs the shared data."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from hybridml.cli import main
from hybridml.vision import ocr

ROWS = 24


@pytest.fixture(scope="module")
def rows(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a table of rows spread over the labelled ones, or skip."""
    reason = ocr.available()["rapidocr"]
    if reason:
        pytest.skip(reason)
    frame = pd.read_csv(shared / "data" / "labelled" / "train.csv")
    some = frame[frame["entity_value"].str.fullmatch(r"\d+(\.\d+)? [a-z]+")].sort_values("image_link")
    path = tmp_path_factory.mktemp("real") / "rows.csv"
    some.iloc[:: len(some) // ROWS].head(ROWS).to_csv(path, index=False)
    return path


def test_the_commands_on_real_photos(
    rows: Path, shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ["--images", f"{shared}/data/labelled/images", "--store", f"{tmp_path}/store", "--workers", "1"]
    stages = ["--ocr", "rapidocr", "--embedding", "none"]
    model, out = f"{tmp_path}/model.joblib", f"{tmp_path}/answers.csv"
    assert main(["-q", "train", "--rows", str(rows), *files, *stages, "--model", model]) == 0
    arguments = ["predict", "--rows", str(rows), *files, "--model", model, "--out", out, "--truth", str(rows)]
    assert main(["-q", *arguments]) == 0
    assert "TRAINED ON" in capsys.readouterr().out
    assert main(["check", "--rows", str(rows), "--predictions", out]) == 0
    scores = tmp_path / "scores.json"
    assert main(["evaluate", "--truth", str(rows), "--predictions", out, "--json", str(scores)]) == 0
    # a broken OCR engine or parser would leave next to nothing in reach
    assert json.loads(scores.read_text())["all"]["oracle_f1"] > 0.65
    for line in Path(f"{out}.details.jsonl").read_text().splitlines():
        answer = json.loads(line)
        assert not answer["prediction"] or (answer["prediction"] in answer["candidates"] and answer["box"])
