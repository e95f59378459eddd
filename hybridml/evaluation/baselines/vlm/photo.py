"""Preparation of photos as in the published vision-language system."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hybridml.utils.optional import require
from hybridml.utils.registry import in_range

TILES = (8, 8)
BLUR = 3.0
"""Standard deviation in pixels of the blur that unsharp masking subtracts."""


@dataclass(frozen=True)
class PhotoSettings:
    """Settings of the preparation.

    Parameters
    ----------
    longest_side : int
        Photos with a longer side are scaled down to this many pixels.
    clahe : float
        Clip limit of contrast-limited adaptive histogram equalisation of the lightness; 0 for off.
    unsharp : float
        Share of the difference between the photo and its blurred copy that is added; 0 for off.
    """

    longest_side: int = 600
    clahe: float = 2.0
    unsharp: float = 0.5

    def __post_init__(self) -> None:
        in_range("longest_side", self.longest_side, 32, 10_000, whole=True)
        in_range("clahe", self.clahe, 0, 40)
        in_range("unsharp", self.unsharp, 0, 5)


def prepared(image: NDArray[np.uint8], settings: PhotoSettings) -> NDArray[np.uint8]:
    """Return an RGB photo (H, W, 3) scaled, with its contrast equalised and its edges sharpened.

    CLAHE: K. Zuiderveld, Contrast Limited Adaptive Histogram Equalization, Graphics Gems IV, 1994.
    """
    require("preparing photos for a vision-language model", ["cv2"])
    import cv2

    height, width = image.shape[:2]
    scale = settings.longest_side / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    if settings.clahe:
        lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
        lab[:, :, 0] = cv2.createCLAHE(settings.clahe, TILES).apply(lab[:, :, 0])
        image = np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), dtype=np.uint8)
    if settings.unsharp:
        blurred = cv2.GaussianBlur(image, (0, 0), BLUR)
        sharp = cv2.addWeighted(image, 1 + settings.unsharp, blurred, -settings.unsharp, 0)
        image = np.asarray(sharp, dtype=np.uint8)
    return image
