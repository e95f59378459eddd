"""What was drawn on a photo: line segments with their ends, and the product's outline."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

SEGMENT = ("x0", "y0", "x1", "y1", "ridge", "thickness", "head0", "head1")
"""Columns of :attr:`Drawing.segments`."""


@dataclass(frozen=True)
class Drawing:
    """Line segments and the outline of the product.

    Parameters
    ----------
    segments : float32 array (n, 8)
        Columns :data:`SEGMENT`: both ends in pixels of the photo; how much darker or lighter the line is
        than both its sides, 0 to 1 (an edge of the product has one side only, hence about 0); its thickness
        in pixels; how much wider the stroke is at each end than along the way, in thicknesses: an arrowhead,
        a bar or a dot.
    outline : (left, top, right, bottom)
        Of the largest thing that stands out from the background, in pixels.
    plain : float
        Share of the photo's border that has the background's colour: 1 on a product cut out on white.
    filled : float
        Share of the outline's box that is foreground.
    width, height : int
        Size of the photo in pixels.
    """

    segments: Floats = field(default_factory=lambda: np.zeros((0, len(SEGMENT)), np.float32))
    outline: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    plain: float = 0.0
    filled: float = 0.0
    width: int = 0
    height: int = 0
