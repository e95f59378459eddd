"""The inputs of the number classifier: gray, thin lines that survive downscaling, and where text stands."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hybridml.vision.text_line import TextLine

#: What a number can label, in the order of the columns.
CLASSES = (
    "width",
    "height",
    "depth",
    "item_weight",
    "maximum_weight_recommendation",
    "voltage",
    "wattage",
    "item_volume",
    "other",
)
#: Side of the square that the network sees, in pixels.
SIZE = 128
#: Numbers in a row of geometry: left, top, right, bottom, sine and cosine of the direction of reading.
GEOMETRY = 6

# Thin lines are found on a square this many times larger, and its brightest response kept for each pixel.
_OVER = 6
# Wider than the lines that are looked for, in pixels of the larger square.
_KERNEL = 9
_DIGIT = re.compile(r"\d")
_WITH_DIGIT, _WITHOUT = 255, 128


@dataclass(frozen=True)
class NetworkInput:
    """One photo as the network sees it.

    Parameters
    ----------
    planes : ndarray of uint8, shape (3, size, size)
        Gray; response to thin lines; text (255 inside lines with a digit, 128 inside the others).
    geometry : ndarray of float32, shape (n, 6)
        One row per text line: its upright box as shares of the square (left, top, right, bottom), then
        sine and cosine of its direction of reading.
    """

    planes: NDArray[np.uint8]
    geometry: NDArray[np.float32]


def has_digit(text: str) -> bool:
    """Return whether a text line holds a digit, and so may hold a number."""
    return _DIGIT.search(text) is not None


def look_at(image: NDArray[np.uint8], lines: Sequence[TextLine], size: int = SIZE) -> NetworkInput:
    """Return what the network sees of a photo.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W, 3)
        RGB.
    lines : sequence of TextLine
        Polygons in pixels of ``image``.
    size : int
        Side of the square.
    """
    import cv2

    height, width = image.shape[:2]
    large = size * _OVER
    factor = large / max(height, width)
    new = (max(1, round(width * factor)), max(1, round(height * factor)))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    gray = np.asarray(cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), new, interpolation=how))
    left, top = (large - new[0]) // 2, (large - new[1]) // 2
    canvas = np.full((large, large), 255, dtype=np.uint8)
    canvas[top : top + new[1], left : left + new[0]] = gray
    kernel = np.ones((_KERNEL, _KERNEL), dtype=np.uint8)
    response = np.zeros_like(canvas)
    # On the photo alone: its border against the white bars is no line.
    response[top : top + new[1], left : left + new[0]] = np.maximum(
        cv2.morphologyEx(gray, cv2.MORPH_BLACKHAT, kernel), cv2.morphologyEx(gray, cv2.MORPH_TOPHAT, kernel)
    )
    planes = np.zeros((3, size, size), dtype=np.uint8)
    planes[0] = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
    planes[1] = response.reshape(size, _OVER, size, _OVER).max(axis=(1, 3))
    for line in lines:
        corners = (np.asarray(line.polygon, dtype=np.float64) * factor + (left, top)) / _OVER
        value = _WITH_DIGIT if has_digit(line.text) else _WITHOUT
        cv2.fillPoly(planes[2], [np.round(corners - 0.5).astype(np.int32)], value)
    return NetworkInput(planes, geometry_of(lines, width, height))


def geometry_of(lines: Sequence[TextLine], width: int, height: int) -> NDArray[np.float32]:
    """Return where text lines stand on the square of a photo of ``width`` by ``height``; see :class:`NetworkInput`."""
    geometry = np.zeros((len(lines), GEOMETRY), dtype=np.float32)
    longest = max(width, height)
    offset = (longest - np.array((width, height))) / 2
    for row, line in zip(geometry, lines, strict=True):
        corners = (np.asarray(line.polygon, dtype=np.float64) + offset) / longest
        row[:2], row[2:4] = corners.min(axis=0), corners.max(axis=0)
        angle = math.radians(line.angle)
        row[4:] = math.sin(angle), math.cos(angle)
    return geometry
