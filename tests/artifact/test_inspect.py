"""``hybridml inspect``: everything that decides the answers of a model, and the differences between two."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hybridml.artifact import file, inspect
from hybridml.artifact.file import FORMAT
from hybridml.cli import main
from hybridml.errors import ArtifactError
from tests.artifact.golden.make import FOLDER

GOLDEN = FOLDER / f"format{FORMAT}.joblib"
HASHES = "group_and_photo_hashes"


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    return file.read(GOLDEN)


def test_it_shows_what_decides_the_answers(data: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(GOLDEN)]) == 0
    shown = capsys.readouterr().out
    for part in (
        f"format {FORMAT}, {GOLDEN.stat().st_size:,} bytes",
        data["checksum"],
        f"F1 at training, out of fold: {data['training']['f1_out_of_fold']:.3f}",
        data["training"]["fingerprint"],
        data["versions"]["lightgbm"],
        "OCR engine: rapidocr",
        "stage: second_pass",
        "embedding: resnet50",
        "not available: drawn",
        "gram, kilogram, microgram, milligram, ounce, pound, ton",
        "features, version",
        "form (",
        "unit_factor",
        "trees",
        "0.9: ",
        "weak_weight.width",
    ):
        assert part in shown, part


def test_as_json_it_shows_the_same(data: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(GOLDEN), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["file"]["checksum"] == data["checksum"]
    assert [f"{b}.{n}" for b, names in facts["features"]["blocks"].items() for n in names] == data["columns"]
    assert facts["ranker"]["trees"] == 50
    assert facts["learned"]["pca"] == {"components": 2, "of": 8}
    assert facts["training"]["f1_out_of_fold"] == data["training"]["f1_out_of_fold"]
    assert set(facts["thresholds"]) == {"all", *data["calibrator"]["entities"]}


def test_thresholds_are_those_of_the_calibrator(data: dict[str, Any], tmp_path: Path) -> None:
    curve = {"": [[0.9, 0.5, 1.0], [0.95, 0.7, 0.5]], "width": []}
    changed = {**data, "calibrator": {**data["calibrator"], "thresholds": curve}}
    shown = inspect.inspect(file.write(changed, tmp_path / "m.joblib"))["thresholds"]
    assert shown["all"] == shown["height"] == {"0.9": 0.5, "0.95": 0.7, "0.99": None}
    assert shown["width"] == {"0.9": None, "0.95": None, "0.99": None}


def test_equal_models_differ_in_nothing(
    data: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = file.write(dict(reversed(list(data.items()))), tmp_path / "other.joblib")
    assert main(["inspect", str(GOLDEN), str(other)]) == 0
    assert capsys.readouterr().out == ""


def test_only_what_differs_is_shown(
    data: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ranker, training = data["ranker"], data["training"]
    stages = data["stages"]
    stage = {**stages["further"][0], "settings": {"second_pass": "second_pass", "added": 1}}
    changed = {
        **data,
        "ranker": {**ranker, "models": [*ranker["models"][:-1], ranker["models"][-1] + "\n"]},
        "training": {**training, "rows": 7, HASHES: training[HASHES][:-1]},
        "columns": [*data["columns"][:-1], "mine.own"],
        "embedding_pca": {**data["embedding_pca"], "mean": np.ones(8, np.float32)},
        "stages": {**stages, "further": [stage]},
    }
    other = str(file.write(changed, tmp_path / "other.joblib"))
    assert main(["inspect", str(GOLDEN), other, "--json"]) == 1
    differ = {one["path"]: (one["old"], one["new"]) for one in json.loads(capsys.readouterr().out)}
    assert set(differ) == {
        "ranker.models",
        "training.rows",
        f"training.{HASHES}",
        "columns",
        "embedding_pca.mean",
        "stages.further.second_pass.settings.golden",
        "stages.further.second_pass.settings.added",
    }
    assert differ["training.rows"] == ("240", "7")
    assert differ["stages.further.second_pass.settings.golden"] == ("True", "absent")
    assert differ["stages.further.second_pass.settings.added"] == ("absent", "1")
    assert "only here: row.weak_label" in differ["columns"][0]
    assert "only here: mine.own" in differ["columns"][1]
    assert differ["embedding_pca.mean"][0].startswith("array of float32 (8,), sha256")
    assert all(len(text) < 300 for pair in differ.values() for text in pair)
    assert main(["inspect", str(GOLDEN), other]) == 1
    assert "training.rows\n  - 240\n  + 7\n" in capsys.readouterr().out


def test_a_terminal_is_not_steered(
    data: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ocr = {**data["stages"]["ocr"], "name": "\x1b[2Jred", "options": {"\x1b[31m": "\x07"}}
    changed = {**data, "stages": {**data["stages"], "ocr": ocr}}
    path = str(file.write(changed, tmp_path / "m.joblib"))
    main(["inspect", path])
    main(["inspect", str(GOLDEN), path])
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "red" in shown


@pytest.mark.parametrize("change", [{"calibrator": None}, {"columns": 3}, {"training": {}}, {"ranker": {}}])
def test_what_lacks_something_is_refused(
    data: dict[str, Any], tmp_path: Path, change: dict[str, Any]
) -> None:
    path = file.write({**data, **change}, tmp_path / "m.joblib")
    with pytest.raises(ArtifactError, match=r"m\.joblib lacks, or has in another form"):
        inspect.inspect(path)


def test_more_than_two_are_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", *[str(GOLDEN)] * 3]) == 2
    assert "got 3" in capsys.readouterr().err


def test_it_needs_no_engine_and_no_ranker() -> None:
    code = (
        "import sys; from hybridml.cli import main; "
        f"assert main(['inspect', {str(GOLDEN)!r}]) == 0; "
        "heavy = {'torch', 'rapidocr', 'onnxruntime', 'cv2', 'pytesseract', 'lightgbm', 'sklearn', 'joblib'}; "
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
