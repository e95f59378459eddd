"""Drawing: the dimension lines around the numbers on a photo, and the outline of the product.

Found once per photo, whatever is asked of it; no text is needed to find them. Which line belongs to which
number is for the features to say (:mod:`hybridml.candidates.features.lines`).
"""

from __future__ import annotations

from .detect import LineFinder
from .types import Drawing

__all__ = ["Drawing", "LineFinder"]
