"""The part of a photo that is not plain background; what lies outside holds no text."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hybridml.vision.text_line import OCRResult, Polygon, TextLine

LONGEST = 480
"""Pixels, at least, of the longest side of the copy on which the background is found."""

STEP = 20
"""Levels (of 255) by which something differs from the background."""

CROP_MARGIN = 0.015
"""Part of the longest side that is left around what was found."""


def content_box(image: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Return the box around everything that differs from the colour of the photo's border.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W, 3)
        RGB.

    Returns
    -------
    left, top, right, bottom : int
        In pixels; the whole photo where its border has no one colour, or where nothing differs from it.

    Examples
    --------
    >>> photo = np.full((400, 300, 3), 255, np.uint8)
    >>> photo[100:200, 50:150] = 0
    >>> content_box(photo)
    (44, 94, 156, 206)
    """
    import cv2

    height, width = image.shape[:2]
    # by a whole number, which OpenCV averages many times as quickly
    step = min(max(1, max(height, width) // LONGEST), height, width)
    size = (width // step, height // step)
    even = image[: size[1] * step, : size[0] * step]
    small = cv2.resize(even, size, interpolation=cv2.INTER_AREA) if step > 1 else image
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    background = np.full_like(small, np.median(border, axis=0).astype(np.uint8))
    red, green, blue = cv2.split(cv2.absdiff(small, background))
    differs = (cv2.max(cv2.max(red, green), blue) > STEP).astype(np.uint8)
    left, top, wide, high = cv2.boundingRect(differs)
    if not wide or not high:
        return (0, 0, width, height)
    across, down = width / size[0], height / size[1]
    margin = CROP_MARGIN * max(height, width)
    return (
        max(0, int(left * across - margin)),
        max(0, int(top * down - margin)),
        min(width, int(np.ceil((left + wide) * across + margin))),
        min(height, int(np.ceil((top + high) * down + margin))),
    )


def moved(ocr_result: OCRResult, left: int, top: int, width: int, height: int) -> OCRResult:
    """Return the OCR result of a part of a photo where it lies in the photo of ``width`` x ``height``."""
    lines = []
    for line in ocr_result.lines:
        a, b, c, d = ((x + left, y + top) for x, y in line.polygon)
        polygon: Polygon = (a, b, c, d)
        lines.append(TextLine(line.text, line.confidence, polygon))
    return OCRResult(tuple(lines), width, height)
