"""Fingerprints: stable, order-free, and different for anything that differs."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from hybridml.errors import ImageError
from hybridml.utils.hashing import fingerprint, sha256_of
from hybridml.utils.registry import SettingsError
from hybridml.vision.ocr.preprocess import PreprocessSettings
from hybridml.vision.stages import ocr_stage
from tests.helpers.fakes import PixelReader


def test_known_value() -> None:
    assert (
        fingerprint({"b": [1, 2.5], "a": "ø"}) == fingerprint({"a": "ø", "b": (1, 2.5)}) == "456b8611ddece8cb"
    )


@pytest.mark.parametrize(
    "other", [{"a": 2}, {"a": 1.5}, {"a": "1"}, {"a": True}, {"b": 1}, {"a": 1, "b": None}]
)
def test_differs(other: dict[str, object]) -> None:
    assert fingerprint(other) != fingerprint({"a": 1})


def test_data_classes_count_as_mappings() -> None:
    assert fingerprint({"s": PreprocessSettings()}) != fingerprint({"s": PreprocessSettings(clahe=2.0)})


@pytest.mark.parametrize(
    ("value", "error"), [(object(), TypeError), (math.nan, ValueError), ({1, 2}, TypeError)]
)
def test_refuses(value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        fingerprint({"a": value})


class OddEngine(PixelReader):
    """An OCR engine whose settings are not plain values."""

    def settings(self) -> dict[str, object]:
        return {"ocr": "odd", "size": {1, 2}}


def test_an_engine_whose_settings_are_not_plain_is_named() -> None:
    with pytest.raises(SettingsError, match=r"tests\.utils\.test_hashing:OddEngine.*plain.*set: \{1, 2\}"):
        ocr_stage("tests.utils.test_hashing:OddEngine")


def test_a_file_that_cannot_be_read_raises_the_error_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    assert sha256_of(tmp_path / "a") == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    with pytest.raises(ImageError, match=r"gone: No such file"):
        sha256_of(tmp_path / "gone", ImageError)
