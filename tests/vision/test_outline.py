"""The outline of a product on pictures drawn here."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from hybridml.vision.outline import find_outline


def paper(width: int = 900, height: int = 700) -> np.ndarray:
    return np.full((height, width, 3), 255, np.uint8)


def test_the_outline_is_the_box_of_the_product() -> None:
    photo = paper()
    cv2.rectangle(photo, (200, 200), (600, 500), (90, 120, 150), -1)
    outline = find_outline(photo)
    np.testing.assert_allclose(outline.box, (200, 200, 601, 501), atol=4)
    assert outline.plain == 1.0


def test_thin_lines_do_not_belong_to_the_product() -> None:
    photo = paper()
    cv2.rectangle(photo, (200, 200), (600, 500), (90, 120, 150), -1)
    cv2.line(photo, (50, 650), (850, 650), (0, 0, 0), 2)
    np.testing.assert_allclose(find_outline(photo).box, (200, 200, 601, 501), atol=4)


def test_coordinates_are_those_of_the_photo_however_large() -> None:
    photo = paper(3000, 2000)
    cv2.rectangle(photo, (600, 400), (2400, 1600), (90, 120, 150), -1)
    outline = find_outline(photo)
    np.testing.assert_allclose(outline.box, (600, 400, 2400, 1600), atol=12)
    assert (outline.width, outline.height) == (3000, 2000)


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 900, 3), (40, 30, 3)])
def test_a_photo_without_a_product_is_its_own_outline(shape: tuple[int, int, int]) -> None:
    outline = find_outline(np.full(shape, 200, np.uint8))
    assert outline.box == (0.0, 0.0, float(shape[1]), float(shape[0]))
