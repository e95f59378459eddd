"""A scorer that has only the model and a full store: it answers without an OCR engine or a photo."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hybridml.artifact import pretrained, serialize
from hybridml.cli import main
from hybridml.store.feature_store import FeatureStore
from hybridml.store.schema import KIND_OF, number_class_record, ocr_record
from hybridml.vision.number_classifier import CLASSES
from tests.helpers.lines import line, ocr_result

KEY = "0" * 64
ENGINES = ("torch", "onnxruntime", "rapidocr", "pytesseract", "cv2", "PIL")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with rows and a store that has everything that the pretrained model needs of their photo."""
    folder = tmp_path_factory.mktemp("scorer")
    model = serialize.load(pretrained.MODEL)
    settings = model.stages_.adopted().settings
    found = ocr_result(
        [line("Net weight 340 g", 100, 100), line("Height 12 cm", 100, 300), line("8 cm", 700, 500)]
    )
    number_classes = np.full((len(found.lines), len(CLASSES)), 1 / len(CLASSES))
    records = {
        "ocr": ocr_record(KEY, found, 0.1),
        "second_pass": ocr_record(KEY, found, 0.1),
        "number_classifier": number_class_record(KEY, number_classes, 0.1),
    }
    store = FeatureStore(folder / "store")
    store.photos.append([{"name": "a.jpg", "bytes": 1, "mtime_ns": 1, "key": KEY}])
    for kind in settings:
        store.table(KIND_OF[kind], settings[kind]).append([records[kind]])
    rows = [f"{i},a.jpg,g,{entity}" for i, entity in enumerate(("item_weight", "height", "voltage"))]
    (folder / "rows.csv").write_text("\n".join(["index,image_link,group_id,entity_name", *rows]))
    return folder


def arguments(folder: Path, *more: str) -> list[str]:
    files = [
        f"--{name}={folder / path}"
        for name, path in (("rows", "rows.csv"), ("images", ""), ("store", "store"))
    ]
    return ["-q", "predict", *files, f"--out={folder / 'out.csv'}", f"--model={pretrained.MODEL}", *more]


def test_answers_from_a_full_store_load_no_engine(folder: Path) -> None:
    code = (
        "import sys, json; from hybridml.cli import main;"
        f"print(json.dumps([main({arguments(folder)!r}), [m for m in {ENGINES} if m in sys.modules]]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == [0, []]
    assert (folder / "out.csv").read_text().splitlines() == [
        "index,prediction",
        "0,340 gram",
        "1,12 centimetre",
        "2,",
    ]


@pytest.mark.parametrize("names", [("number_classifier", "second_pass"), ("regions", "second")])
def test_stages_of_the_model_can_be_left_out(
    folder: Path, capsys: pytest.CaptureFixture[str], names: tuple[str, str]
) -> None:
    assert main(arguments(folder, *(f"--without={name}" for name in names))) == 0
    assert "answering WITHOUT number_classifier, second_pass, with" in capsys.readouterr().err
    assert "0,340 gram" in (folder / "out.csv").read_text()
