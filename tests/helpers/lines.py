"""Text lines and readings written by hand, for tests that need no photo."""

from __future__ import annotations

import math
from collections.abc import Iterable

from hybridml.vision.text_line import OCRResult, TextLine


def line(
    text: str, x: float = 0, y: float = 0, size: float = 20, angle: float = 0, confidence: float = 0.9
) -> TextLine:
    """Return a text line that starts at (x, y) and runs at ``angle`` degrees; characters are half as wide as tall."""
    length = size * 0.5 * max(len(text), 1)
    ux, uy = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    corners = [(0, 0), (length, 0), (length, size), (0, size)]
    a, b, c, d = ((x + ux * u - uy * v, y + uy * u + ux * v) for u, v in corners)
    return TextLine(text, confidence, (a, b, c, d))


def ocr_result(lines: Iterable[TextLine], width: int = 1000, height: int = 1000) -> OCRResult:
    """Return a reading of the lines, in the order given."""
    return OCRResult(tuple(lines), width, height)
