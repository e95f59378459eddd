"""Preprocessing of a photo before OCR: pure functions on arrays, all off unless asked for."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hybridml.utils.registry import in_range, one_of

Scale = tuple[float, float]

SCALING = {"area": "INTER_AREA", "linear": "INTER_LINEAR"}
"""What OpenCV calls each way of scaling down."""

UNREPORTED = {"scaling": "area", "check_score": 0.97, "check_width": 0}
"""Defaults that are no part of the kept settings: the fingerprints of results that were stored stay the same."""


@dataclass(frozen=True)
class PreprocessSettings:
    """Settings of :func:`prepare`.

    Parameters
    ----------
    longest_side : int
        Photos with a longer side are scaled down to it. 0 leaves them as they are.
    enlarge_below : int
        Photos whose longest side is below this are doubled. 0 for never.
    clahe : float
        Clip limit of contrast-limited adaptive histogram equalisation of the lightness; 0 for off,
        2 is usual.
    unsharp : float
        Amount of unsharp masking with a blur of ``unsharp_sigma`` pixels; 0 for off, 0.5 to 1.5 is usual.
    unsharp_sigma : float
        See ``unsharp``.
    scaling : {"area", "linear"}
        How photos are scaled down: from all pixels that one covers, or from the four nearest, which is quicker and
        as good down to half the size.
    """

    longest_side: int = 1280
    enlarge_below: int = 0
    clahe: float = 0.0
    unsharp: float = 0.0
    unsharp_sigma: float = 1.0
    scaling: str = "area"

    def __post_init__(self) -> None:
        in_range("longest_side", self.longest_side, 0, 20_000, whole=True)
        in_range("enlarge_below", self.enlarge_below, 0, 20_000, whole=True)
        in_range("clahe", self.clahe, 0, 40)
        in_range("unsharp", self.unsharp, 0, 10)
        in_range("unsharp_sigma", self.unsharp_sigma, 0.1, 20)
        one_of("scaling", self.scaling, tuple(SCALING))

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as they are kept: those of :data:`UNREPORTED` where they differ from it."""
        return {name: value for name, value in asdict(self).items() if UNREPORTED.get(name) != value}


def prepare(image: NDArray[np.uint8], settings: PreprocessSettings) -> tuple[NDArray[np.uint8], Scale]:
    """Scale, equalise and sharpen a photo as ``settings`` say.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W, 3)
        RGB; never changed.
    settings : PreprocessSettings
        What to do.

    Returns
    -------
    image : ndarray of uint8, shape (h, w, 3)
        Contiguous.
    scale : tuple of float
        ``(w / W, h / H)``: divide coordinates in the returned image by it to get those in the photo.
    """
    import cv2

    height, width = image.shape[:2]
    longest = max(height, width)
    factor = 2.0 if longest < settings.enlarge_below else 1.0
    if settings.longest_side:
        factor = min(factor, settings.longest_side / longest)
    if factor != 1.0:
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        how = getattr(cv2, SCALING[settings.scaling]) if factor < 1 else cv2.INTER_CUBIC
        image = cv2.resize(image, size, interpolation=how)
    if settings.clahe:
        lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
        lab[:, :, 0] = cv2.createCLAHE(settings.clahe, (8, 8)).apply(np.ascontiguousarray(lab[:, :, 0]))
        image = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    if settings.unsharp:
        blurred = cv2.GaussianBlur(image, (0, 0), settings.unsharp_sigma)
        image = cv2.addWeighted(image, 1 + settings.unsharp, blurred, -settings.unsharp, 0)
    scale = (image.shape[1] / width, image.shape[0] / height)
    return np.ascontiguousarray(image), scale
