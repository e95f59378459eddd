"""The shipped model works, and refuses other weights than its own."""

from __future__ import annotations

import logging
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

import hybridml
from hybridml.artifact import file, pretrained
from hybridml.datasets.sample import draw
from hybridml.errors import ArtifactError
from hybridml.vision.number_classifier.classifier import SHIPPED_WEIGHTS
from hybridml.vision.ocr import available
from hybridml.vision.stages import Stage, VisionStages

pytestmark = pytest.mark.skipif(not pretrained.MODEL.is_file(), reason="the shipped model is not here")


@pytest.fixture(scope="module")
def model() -> hybridml.EntityExtractor:
    return hybridml.load(pretrained.MODEL)


def test_all_of_it_is_under_sixty_megabytes() -> None:
    assert sum(path.stat().st_size for path in (pretrained.MODEL, SHIPPED_WEIGHTS)) < 60_000_000
    assert SHIPPED_WEIGHTS.stat().st_size < 50_000_000


def _number_classifier(model: hybridml.EntityExtractor) -> Stage:
    (stage,) = (stage for stage in model.stages_ if stage.kind == "number_classifier")
    return stage


def test_the_model_carries_the_hash_of_the_weights_that_are_shipped(model: hybridml.EntityExtractor) -> None:
    from hybridml.vision.number_classifier import NumberClassifier

    assert _number_classifier(model).settings["weights"] == NumberClassifier().settings()["weights"]
    assert any(c.startswith("number_class.") for c in model.model_.ranker.columns_)


def test_other_weights_stop_it(model: hybridml.EntityExtractor) -> None:
    stage = _number_classifier(model)
    other = replace(stage, settings={**stage.settings, "weights": "0" * 64})
    stages = VisionStages(model.stages_.ocr, None, (other,)).adopted()
    assert stages.ocr.name == model.stages_.ocr.name
    with pytest.raises(ArtifactError, match="weights"):
        stages.further[0].create()


def test_another_version_of_a_library_is_a_warning_and_kept_apart(
    model: hybridml.EntityExtractor, caplog: pytest.LogCaptureFixture
) -> None:
    if reason := available()["rapidocr"]:
        pytest.skip(reason)
    ocr = model.stages_.ocr
    old = replace(ocr, settings={**ocr.settings, "onnxruntime": "0.1"})
    with caplog.at_level(logging.WARNING):
        now = replace(model.stages_, ocr=old).adopted()
    assert "onnxruntime was '0.1'" in caplog.text
    assert now.ocr.settings["onnxruntime"] != "0.1"
    now.ocr.create(1)
    assert [stage.kind for stage in now] == [stage.kind for stage in model.stages_]


def test_it_reads_a_drawn_photo_without_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if reason := available()["rapidocr"]:
        pytest.skip(reason)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HYBRIDML_MODEL", raising=False)
    drawn = draw(tmp_path / "sample", 0, 40, progress=False)
    import pandas as pd

    rows = pd.read_csv(drawn.truth, dtype=str, keep_default_na=False)
    rows = rows[rows["entity_value"] != ""]
    right = ranked = 0
    for link, entity, value in zip(
        rows["image_link"], rows["entity_name"], rows["entity_value"], strict=True
    ):
        (answer,) = hybridml.read(drawn.images / link.rsplit("/", 1)[-1], [entity])
        number, unit = value.split(" ", 1)
        right += (answer.value, answer.unit) == (float(number), unit)
        others = {(r.value, r.unit) for r in answer.runner_ups}
        ranked += (float(number), unit) in {(answer.value, answer.unit), *others}
    # the drawings are full of traps that real photos seldom set: chance would get a quarter right
    assert right >= 0.4 * len(rows)
    assert ranked >= 0.8 * len(rows)


def test_no_row_of_the_training_data_is_in_the_model() -> None:
    data = file.read(pretrained.MODEL)
    counts = data["priors"]
    assert all(n >= 20 for table in counts.values() for n in table["n"])
    assert data["training"]["group_and_photo_hashes"].dtype == "uint64"


def test_a_wheel_carries_it(tmp_path: Path) -> None:
    import subprocess
    import sys

    root = Path(hybridml.__file__).parents[1]
    if not (root / "setup.cfg").is_file():
        pytest.skip("not a source tree")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "-q",
        "-w",
        str(tmp_path),
        ".",
    ]
    try:
        import setuptools  # noqa: F401
    except ImportError:
        pytest.skip("setuptools is not installed")
    subprocess.run(command, cwd=root, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("hybridml.joblib", "number-classifier-resnet50.pt", "MODEL_CARD.md"):
        assert f"hybridml/pretrained/{name}" in names
