"""The preprocessing benchmark: its sample, its score and its table."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import preprocess
from hybridml.utils.registry import SettingsError
from hybridml.vision.ocr import OCRResult, TextLine, available, create


def rows() -> pd.DataFrame:
    return pd.DataFrame(
        [
            ("https://shop.example/a.jpg", "item_weight", "500.0 gram"),
            ("https://shop.example/a.jpg", "width", "12.5 centimetre"),
            ("https://shop.example/b.jpg", "item_volume", "12.0 fluid ounce"),
            ("https://shop.example/c.jpg", "voltage", "[100.0, 240.0] volt"),
            ("https://shop.example/d.jpg", "voltage", None),
        ],
        columns=["image_link", "entity_name", "entity_value"],
    )


def test_sample_is_seeded_and_has_plain_values_only() -> None:
    assert set(preprocess.sample(rows(), 10, 0)["image_link"].str[-5:]) == {"a.jpg", "b.jpg"}
    one = preprocess.sample(rows(), 1, 0)
    assert one["image_link"].nunique() == 1
    assert one.equals(preprocess.sample(rows(), 1, 0))


def test_score_and_table() -> None:
    texts = {"a.jpg": ["Net 500 g", "12.5 mm"], "b.jpg": ["12 oz"]}
    found = preprocess.score(preprocess.sample(rows(), 10, 0), texts)
    assert found == {"item_weight": [(True, True)], "width": [(False, True)], "item_volume": [(True, True)]}
    read = {"texts": texts, "wall": 1.0, "busy": 0.5}
    lines = preprocess.table({"default": (read, found)}).split("\n")
    assert lines[2] == "| default | 0.667 | 0.000 | 1.000 | 1.000 | 1.00 | 0.50 |"
    assert lines[-1] == "3 rows"


@pytest.mark.parametrize("engine", preprocess.VARIANTS)
def test_every_variant_is_a_setting_of_its_engine(engine: str) -> None:
    if reason := available()[engine]:
        pytest.skip(reason)
    for settings in preprocess.VARIANTS[engine].values():
        try:
            create(engine, threads=1, **settings)
        except SettingsError as error:
            pytest.fail(str(error))


class Counting:
    """An OCR engine that counts its calls."""

    name = "counting"

    def __init__(self) -> None:
        self.calls = 0

    def settings(self) -> dict[str, str]:
        return {"engine": self.name}

    def read(self, image: np.ndarray) -> OCRResult:
        self.calls += 1
        corners = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))
        return OCRResult((TextLine("500 g", 1.0, corners),), image.shape[1], image.shape[0])


def test_ocr_results_are_kept(tmp_path: Path) -> None:
    Image = pytest.importorskip("PIL.Image")
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    ocr = Counting()
    first = preprocess.kept(ocr, [tmp_path / "a.png"], tmp_path / "keep")
    calls = ocr.calls
    assert preprocess.kept(ocr, [tmp_path / "a.png"], tmp_path / "keep") == first
    assert ocr.calls == calls
    assert first["texts"] == {"a.png": ["500 g"]}
    assert len([json.loads(f.read_text()) for f in (tmp_path / "keep").iterdir()]) == 1
