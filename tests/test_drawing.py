"""Dimension lines and outlines on pictures drawn here."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hybridml.vision.lines import Drawing, LineFinder

from hybridml.store.schema import drawing_as_stored, drawing_of, drawing_record
from hybridml.utils.registry import SettingsError


def paper(width: int = 900, height: int = 700) -> np.ndarray:
    return np.full((height, width, 3), 255, np.uint8)


def nearest(drawing: Drawing, a: tuple[float, float], b: tuple[float, float]) -> np.ndarray:
    """Return the segment whose ends are nearest to a and b, either way round."""
    ends = drawing.segments[:, :4]
    ahead = np.abs(ends - [*a, *b]).max(axis=1)
    back = np.abs(ends - [*b, *a]).max(axis=1)
    return drawing.segments[np.minimum(ahead, back).argmin()]


@pytest.mark.parametrize("end", [(700, 100), (100, 600), (560, 420)])
@pytest.mark.parametrize("thickness", [1, 2, 4])
def test_a_line_is_found_once_with_its_ends(end: tuple[int, int], thickness: int) -> None:
    photo = paper()
    cv2.line(photo, (100, 100), end, (60, 60, 60), thickness, cv2.LINE_AA)
    drawing = LineFinder().find(photo)
    long = drawing.segments[np.hypot(*(drawing.segments[:, 2:4] - drawing.segments[:, :2]).T) > 100]
    assert len(long) == 1
    np.testing.assert_allclose(np.sort(long[0, [0, 2]]), sorted((100, end[0])), atol=6)
    np.testing.assert_allclose(np.sort(long[0, [1, 3]]), sorted((100, end[1])), atol=6)
    assert long[0, 4] > 0.2  # a ridge
    assert long[0, 5] <= thickness + 2


def test_the_edge_of_a_product_is_no_ridge() -> None:
    photo = paper()
    cv2.rectangle(photo, (200, 200), (600, 500), (90, 120, 150), -1)
    drawing = LineFinder().find(photo)
    assert nearest(drawing, (200, 200), (600, 200))[4] < 0.05
    np.testing.assert_allclose(drawing.outline, (200, 200, 601, 501), atol=4)
    assert drawing.plain == 1.0
    assert drawing.filled > 0.98


def test_arrowheads_are_wider_than_the_line() -> None:
    photo = paper()
    cv2.arrowedLine(photo, (400, 300), (700, 300), (0, 0, 0), 2, cv2.LINE_AA, tipLength=0.06)
    cv2.arrowedLine(photo, (400, 300), (100, 300), (0, 0, 0), 2, cv2.LINE_AA, tipLength=0.06)
    cv2.line(photo, (100, 500), (700, 500), (0, 0, 0), 2, cv2.LINE_AA)
    drawing = LineFinder().find(photo)
    arrow, plain = nearest(drawing, (100, 300), (700, 300)), nearest(drawing, (100, 500), (700, 500))
    assert min(arrow[6:8]) > max(plain[6:8]) + 0.5


def test_coordinates_are_those_of_the_photo_however_large() -> None:
    photo = paper(3000, 2000)
    cv2.line(photo, (300, 900), (2700, 900), (0, 0, 0), 9)
    drawing = LineFinder().find(photo)
    x0, y0, x1, y1 = nearest(drawing, (300, 900), (2700, 900))[:4]
    np.testing.assert_allclose((x0, y0, x1, y1), (300, 900, 2700, 900), atol=12)
    assert (drawing.width, drawing.height) == (3000, 2000)


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 900, 3), (40, 30, 3)])
def test_tiny_photos_have_no_lines(shape: tuple[int, int, int]) -> None:
    drawing = LineFinder().find(np.full(shape, 200, np.uint8))
    assert drawing.segments.shape == (0, 8)
    assert drawing.filled == 0.0


def test_noise_costs_no_more_than_what_is_kept() -> None:
    photo = np.random.default_rng(0).integers(0, 255, (400, 400, 3)).astype(np.uint8)
    assert len(LineFinder(most=50).find(photo).segments) <= 50


def test_settings_are_told_and_checked() -> None:
    assert LineFinder(size=800).settings() != LineFinder().settings()
    with pytest.raises(SettingsError):
        LineFinder(size=3)


def test_what_is_stored_comes_back() -> None:
    photo = paper()
    cv2.line(photo, (100, 100), (700, 100), (0, 0, 0), 2)
    drawing = LineFinder().find(photo)
    stored = drawing_as_stored(drawing)
    np.testing.assert_array_equal(stored.segments, drawing.segments)
    again = drawing_of(drawing_record("k", stored, 0.1))
    assert again.outline == stored.outline
    assert (again.plain, again.filled) == (stored.plain, stored.filled)
