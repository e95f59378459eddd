"""Line segments on pictures drawn here."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from hybridml.evaluation.baselines.line_segments import find_segments


@pytest.mark.parametrize("end", [(700, 100), (100, 600), (560, 420)])
@pytest.mark.parametrize("thickness", [1, 2, 4])
def test_a_line_is_found_once_with_its_ends(end: tuple[int, int], thickness: int) -> None:
    photo = np.full((700, 900, 3), 255, np.uint8)
    cv2.line(photo, (100, 100), end, (60, 60, 60), thickness, cv2.LINE_AA)
    segments = find_segments(photo)
    long = segments[np.hypot(*(segments[:, 2:] - segments[:, :2]).T) > 100]
    assert len(long) == 1
    np.testing.assert_allclose(np.sort(long[0, [0, 2]]), sorted((100, end[0])), atol=6)
    np.testing.assert_allclose(np.sort(long[0, [1, 3]]), sorted((100, end[1])), atol=6)


def test_coordinates_are_those_of_the_photo_however_large() -> None:
    photo = np.full((2000, 3000, 3), 255, np.uint8)
    cv2.line(photo, (300, 900), (2700, 900), (0, 0, 0), 9)
    np.testing.assert_allclose(find_segments(photo)[0], (300, 900, 2700, 900), atol=12)


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 900, 3), (40, 30, 3)])
def test_tiny_photos_have_no_lines(shape: tuple[int, int, int]) -> None:
    assert find_segments(np.full(shape, 200, np.uint8)).shape == (0, 4)
