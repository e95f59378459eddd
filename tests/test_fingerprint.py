"""Fingerprints: stable, order-free, and different for anything that differs."""

from __future__ import annotations

import math

import pytest

from hybridml.fingerprint import fingerprint
from hybridml.ocr.preprocess import PreprocessSettings


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
