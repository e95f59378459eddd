"""Text lines and OCR results: the one form in which text travels through hybridml."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Point = tuple[float, float]
Polygon = tuple[Point, Point, Point, Point]


@dataclass(frozen=True)
class TextLine:
    """One line of text on a photo.

    Parameters
    ----------
    text : str
        What was read.
    confidence : float
        Confidence of the OCR engine, 0 to 1.
    polygon : tuple of four (x, y)
        Corners in pixels of the original photo, in reading order: top left, top right, bottom right,
        bottom left *of the text*. For text that runs upwards the first corner is the photo's bottom left,
        so the polygon alone tells which way the text runs.

    Examples
    --------
    >>> line = TextLine("11.5 cm", 0.99, ((10, 20), (70, 20), (70, 32), (10, 32)))
    >>> line.length, line.height, line.angle, line.center
    (60.0, 12.0, 0.0, (40.0, 26.0))
    """

    text: str
    confidence: float
    polygon: Polygon

    @property
    def length(self) -> float:
        """Extent along the direction of reading, in pixels."""
        a, b, c, d = self.polygon
        return (math.dist(a, b) + math.dist(d, c)) / 2

    @property
    def height(self) -> float:
        """Extent across the direction of reading, in pixels: the font size."""
        a, b, c, d = self.polygon
        return (math.dist(a, d) + math.dist(b, c)) / 2

    @property
    def angle(self) -> float:
        """Direction of reading in degrees, (-180, 180]: 0 to the right, 90 downwards, -90 upwards."""
        a, b, c, d = self.polygon
        dx, dy = (b[0] - a[0]) + (c[0] - d[0]), (b[1] - a[1]) + (c[1] - d[1])
        return math.degrees(math.atan2(dy, dx)) if dx or dy else 0.0

    @property
    def center(self) -> Point:
        """Mean of the corners, in pixels."""
        return (sum(p[0] for p in self.polygon) / 4, sum(p[1] for p in self.polygon) / 4)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Upright bounding box ``(left, top, right, bottom)`` in pixels."""
        xs, ys = [p[0] for p in self.polygon], [p[1] for p in self.polygon]
        return (min(xs), min(ys), max(xs), max(ys))


@dataclass(frozen=True)
class OCRResult:
    """The text lines of one photo.

    Parameters
    ----------
    lines : tuple of TextLine
        In reading order: top to bottom, then left to right.
    width, height : int
        Size of the original photo in pixels.
    """

    lines: tuple[TextLine, ...]
    width: int
    height: int

    def rounded(self) -> OCRResult:
        """Return the same result with its numbers in single precision, as the feature store keeps them."""

        def single(values: Any) -> Any:
            return np.asarray(values, dtype=np.float32).tolist()

        def rounded(line: TextLine) -> TextLine:
            a, b, c, d = (tuple(point) for point in single(line.polygon))
            return replace(line, confidence=single(line.confidence), polygon=(a, b, c, d))

        lines = tuple(map(rounded, self.lines))
        return replace(self, lines=lines)
