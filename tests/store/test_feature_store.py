"""The feature store keeps what it is given, whole, and notices damage."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np
import pytest

from hybridml.errors import StoreError
from hybridml.store.feature_store import FeatureStore
from hybridml.store.schema import ocr_record, ocr_result_of
from hybridml.vision.text_line import OCRResult, TextLine

SETTINGS = {"ocr": "fake", "version": 1}
OCR = OCRResult(
    (
        TextLine("500 g", 0.5, ((1.0, 2.0), (30.0, 2.0), (30.0, 9.5), (1.0, 9.5))),
        TextLine("", 0.25, ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0))),
    ),
    640,
    480,
)


@pytest.mark.parametrize("ocr_result", [OCR, OCRResult((), 1, 1)])
def test_a_reading_comes_back_as_it_was(tmp_path: Path, ocr_result: OCRResult) -> None:
    store = FeatureStore(tmp_path)
    store.table("ocr", SETTINGS).append([ocr_record("k", ocr_result, 0.1)])
    assert dict(store.ocr_results(SETTINGS, ["k", "other"])) == {"k": ocr_result}
    assert ocr_result_of(ocr_record("k", ocr_result, 0.1)) == ocr_result


def test_settings_never_mix(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    store.table("ocr", SETTINGS).append([ocr_record("k", OCR, 0.1)])
    assert store.table("ocr", {**SETTINGS, "version": 2}).keys() == set()
    assert (store.table("ocr", SETTINGS).folder / "settings.json").is_file()


def test_an_undecodable_photo_is_known_but_has_no_reading(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    table = store.table("ocr", SETTINGS)
    table.append([{**ocr_record("bad", OCRResult((), 0, 0), 0.0), "error": "truncated"}])
    assert table.keys() == {"bad"}
    assert table.errors() == {"bad": "truncated"}
    assert dict(store.ocr_results(SETTINGS, ["bad"])) == {}


def test_a_damaged_shard_is_set_aside_and_the_others_stay(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    table = FeatureStore(tmp_path).table("ocr", SETTINGS)
    table.append([ocr_record("a", OCR, 0.1)])
    (shard,) = table.folder.glob("part-*.parquet")
    shard.write_bytes(shard.read_bytes()[:-40])
    table.append([ocr_record("b", OCR, 0.1)])
    with caplog.at_level(logging.WARNING):
        assert table.keys() == {"b"}
    assert shard.name in caplog.text
    assert shard.with_suffix(".damaged").exists()
    table.append([ocr_record("a", OCR, 0.1)])
    assert table.keys() == {"a", "b"}


def test_half_written_files_are_not_shards(tmp_path: Path) -> None:
    table = FeatureStore(tmp_path).table("ocr", SETTINGS)
    table.append([ocr_record("a", OCR, 0.1)])
    (table.folder / ".part-0.parquet.tmp").write_bytes(b"half")
    assert table.keys() == {"a"}


def test_embeddings_come_back_in_half_precision(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    vector = np.linspace(0, 3, 2048).astype(np.float16)
    store.table("embedding", SETTINGS).append([{"key": "k", "error": None, "seconds": 0.1, "vector": vector}])
    found = dict(store.embeddings(SETTINGS, ["k"]))["k"]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, vector.astype(np.float32))


def test_photo_keys_follow_the_content(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path / "store")
    photo, twin = tmp_path / "a.jpg", tmp_path / "b.jpg"
    photo.write_bytes(b"one")
    twin.write_bytes(b"one")
    before = store.photo_keys({"a.jpg": photo, "b.jpg": twin, "gone.jpg": None})
    assert before["a.jpg"] == before["b.jpg"]
    assert "gone.jpg" not in before
    photo.write_bytes(b"two")
    os.utime(photo, ns=(1, 1))
    assert store.photo_keys({"a.jpg": photo})["a.jpg"] != before["a.jpg"]
    # without the file, the key it last had
    assert store.photo_keys({"b.jpg": None}) == {"b.jpg": before["b.jpg"]}


def test_a_known_file_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"one")
    store = FeatureStore(tmp_path / "store")
    before = store.photo_keys({"a.jpg": photo})
    monkeypatch.setattr(
        "hybridml.datasets.images.fingerprint", lambda path: pytest.fail(f"{path} was read again")
    )
    assert store.photo_keys({"a.jpg": photo}) == before


def test_a_store_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "features").write_text("")
    with pytest.raises(StoreError, match="give a folder"):
        FeatureStore(tmp_path / "features")
