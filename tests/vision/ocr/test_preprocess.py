"""Preprocessing: sizes, scales, and what stays untouched."""

from __future__ import annotations

import numpy as np
import pytest

from hybridml.utils.registry import SettingsError
from hybridml.vision.ocr.preprocess import PreprocessSettings, prepare

pytest.importorskip("cv2")


def photo(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(0).integers(60, 190, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("size", "settings", "expected"),
    [
        ((200, 100), {"longest_side": 0}, (200, 100)),
        ((200, 100), {"longest_side": 200}, (200, 100)),
        ((200, 100), {"longest_side": 100}, (100, 50)),
        ((100, 200), {"longest_side": 100}, (50, 100)),
        ((300, 1), {"longest_side": 100}, (100, 1)),
        ((200, 100), {"enlarge_below": 200}, (200, 100)),
        ((200, 100), {"enlarge_below": 201}, (400, 200)),
        ((200, 100), {"enlarge_below": 201, "longest_side": 300}, (300, 150)),
        ((200, 100), {"enlarge_below": 201, "longest_side": 100}, (100, 50)),
    ],
)
def test_size_and_scale(size: tuple[int, int], settings: dict[str, int], expected: tuple[int, int]) -> None:
    image = photo(*size)
    got, scale = prepare(image, PreprocessSettings(**settings))
    assert (got.shape[1], got.shape[0]) == expected
    assert scale == (expected[0] / size[0], expected[1] / size[1])
    assert got.flags.c_contiguous


@pytest.mark.parametrize("settings", [{"clahe": 2.0}, {"unsharp": 1.0}, {"clahe": 2.0, "unsharp": 1.0}])
def test_contrast_grows_and_the_photo_stays(settings: dict[str, float]) -> None:
    image = photo(64, 64)
    before = image.copy()
    got, _ = prepare(image, PreprocessSettings(**settings))
    assert got.std() > image.std() + 5
    assert got.dtype == np.uint8
    assert np.array_equal(image, before)


def test_unsharp_leaves_flat_areas() -> None:
    flat = np.full((20, 20, 3), 77, np.uint8)
    assert np.array_equal(prepare(flat, PreprocessSettings(unsharp=3.0))[0], flat)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("longest_side", -1),
        ("longest_side", 12.5),
        ("longest_side", True),
        ("enlarge_below", "400"),
        ("clahe", -0.1),
        ("unsharp", float("nan")),
        ("unsharp_sigma", 0),
    ],
)
def test_settings_validate_themselves(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=name):
        PreprocessSettings(**{name: value})  # type: ignore[arg-type]


def test_some_settings_are_reported_only_where_they_differ_from_the_default() -> None:
    assert "scaling" not in PreprocessSettings(longest_side=900).to_dict()
    assert PreprocessSettings(scaling="linear").to_dict()["scaling"] == "linear"
    assert PreprocessSettings(longest_side=900).to_dict()["longest_side"] == 900


def test_both_ways_of_scaling_show_the_same_picture() -> None:
    image = np.zeros((300, 400, 3), dtype=np.uint8)
    image[100:200, 150:250] = 240
    area, linear = (
        prepare(image, PreprocessSettings(longest_side=300, scaling=how))[0] for how in ("area", "linear")
    )
    assert area.shape == linear.shape
    assert np.abs(area.astype(int) - linear).mean() < 1
    with pytest.raises(SettingsError, match="scaling"):
        PreprocessSettings(scaling="nearest")
