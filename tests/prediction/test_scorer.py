"""A scorer alone: answers from a full store come quickly, without an engine, scikit-learn or SciPy."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hybridml.artifact import pretrained, serialize
from hybridml.store.feature_store import FeatureStore
from hybridml.store.schema import KIND_OF, number_class_record, ocr_record
from hybridml.vision.number_classifier import CLASSES
from tests.helpers.lines import line, ocr_result

KEY = "0" * 64
SECONDS = 3.0
"""Processor time that an answer may take from the start of the process on; usually below one."""

IMPORT_SECONDS = 1.0
HEAVY = ("torch", "onnxruntime", "rapidocr", "pytesseract", "cv2", "PIL", "sklearn", "scipy", "lightgbm")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with rows and a store that has all the shipped model asks of their photo."""
    folder = tmp_path_factory.mktemp("scorer")
    model = serialize.load(pretrained.MODEL)
    settings = model.stages_.adopted().settings
    read = ocr_result(
        [line("Net weight 340 g", 100, 100), line("Height 12 cm", 100, 300), line("8 cm", 700, 500)]
    )
    regions = np.full((len(read.lines), len(CLASSES)), 1 / len(CLASSES))
    records = {
        "ocr": ocr_record(KEY, read, 0.1),
        "second_pass": ocr_record(KEY, read, 0.1),
        "number_classifier": number_class_record(KEY, regions, 0.1),
    }
    store = FeatureStore(folder / "store")
    store.photos.append([{"name": "a.jpg", "bytes": 1, "mtime_ns": 1, "key": KEY}])
    for kind in settings:
        store.table(KIND_OF[kind], settings[kind]).append([records[kind]])
    rows = [f"{i},a.jpg,g,{entity}" for i, entity in enumerate(("item_weight", "height", "voltage"))]
    (folder / "rows.csv").write_text("\n".join(["index,image_link,group_id,entity_name", *rows]))
    return folder


def timed(code: str) -> tuple[float, str]:
    """Run code in a process of its own; return its processor time, which other work does not lengthen, and output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def test_answers_from_a_full_store_load_nothing_heavy(folder: Path) -> None:
    seconds, said = timed(
        "import sys, json; from hybridml.cli import main;"
        f"arguments = ['--rows', {str(folder / 'rows.csv')!r}, '--images', {str(folder)!r},"
        f" '--store', {str(folder / 'store')!r}, '--out', {str(folder / 'out.csv')!r}];"
        f"status = main(['-q', 'predict', *arguments, '--model', {str(pretrained.MODEL)!r}]);"
        f"print(json.dumps([status, [m for m in {HEAVY} if m in sys.modules]]))"
    )
    assert json.loads(said.splitlines()[-1]) == [0, []]
    assert (folder / "out.csv").read_text().splitlines() == [
        "index,prediction",
        "0,340 gram",
        "1,12 centimetre",
        "2,",
    ]
    assert seconds < SECONDS


@pytest.mark.parametrize(
    "code", ["import hybridml", "from hybridml.cli import parser; parser().format_help()"]
)
def test_the_start_is_quick(code: str) -> None:
    assert min(timed(code)[0] for _ in range(2)) < IMPORT_SECONDS
