"""The direction of text in a detected box, as RapidOCR turns what it reads."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hybridml.vision.text_line import Point, Polygon

TALL = 1.5
"""RapidOCR turns crops this much taller than wide before it reads them."""


def turned_polygon(box: Sequence[Sequence[float]], tall: bool, flipped: bool) -> Polygon:
    """Return the corners of a detected box in the order in which its text runs.

    RapidOCR crops the box (corners from the photo's top left, clockwise), turns ``tall`` crops a quarter
    counter-clockwise, which makes text that runs downwards upright, and then flips what is upside down: ``flipped``.

    Examples
    --------
    >>> box = [(0, 0), (10, 0), (10, 50), (0, 50)]
    >>> turned_polygon(box, tall=True, flipped=False)[:2]  # downwards
    ((10.0, 0.0), (10.0, 50.0))
    >>> turned_polygon(box, tall=True, flipped=True)[:2]  # upwards
    ((0.0, 50.0), (0.0, 0.0))
    """
    start = (1 if tall else 0) + (2 if flipped else 0)
    a, b, c, d = ((float(x), float(y)) for x, y in (box[(start + i) % 4] for i in range(4)))
    return (a, b, c, d)


def before_turn(point: Point, turn: int, width: float, height: float) -> Point:
    """Return where a point of ``numpy.rot90(photo, turn)`` lies in the photo of ``width`` x ``height``."""
    x, y = point
    return ((x, y), (width - y, x), (width - x, height - y), (y, height - x))[turn % 4]


def is_tall(box: NDArray[np.float32]) -> bool:
    """Return whether RapidOCR turns the crop of this box, by its own rounding."""
    across = int(max(math.dist(box[0], box[1]), math.dist(box[2], box[3])))
    down = int(max(math.dist(box[0], box[3]), math.dist(box[1], box[2])))
    return down >= TALL * across
