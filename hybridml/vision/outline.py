"""The outline of the product on a photo, found with OpenCV."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hybridml.datasets.images import RGB


@dataclass(frozen=True)
class Outline:
    """The largest thing that stands out from the background of a photo.

    Parameters
    ----------
    box : (left, top, right, bottom)
        Its upright box, in pixels of the photo.
    plain : float
        Share of the photo's border that has the background's colour: 1 on a product cut out on white.
    width, height : int
        Size of the photo in pixels.
    """

    box: tuple[float, float, float, float]
    plain: float
    width: int
    height: int


LONGEST_SIDE = 1000
"""Longest side in pixels at which a photo is worked on; smaller photos are not enlarged."""


def find_outline(image: RGB) -> Outline:
    """Return the outline of the product on an RGB photo ``(H, W, 3)``.

    Strokes thinner than five pixels, dimension lines and most text, are opened away first.

    Examples
    --------
    >>> photo = np.full((200, 300, 3), 255, np.uint8)
    >>> photo[50:150, 100:200] = 0
    >>> find_outline(photo).box
    (100.0, 50.0, 200.0, 150.0)
    """
    import cv2

    height, width = image.shape[:2]
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    if scale < 1:
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]]).astype(int)
    background = np.median(border, axis=0)
    plain = float((np.abs(border - background).max(axis=1) < 14).mean())
    away = np.abs(image.astype(np.int16) - background).max(axis=2) > 18
    mask = cv2.morphologyEx(away.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        return Outline((0.0, 0.0, float(width), float(height)), plain, width, height)
    x, y, w, h, _ = (float(v) for v in stats[1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))])
    left, top, right, bottom = (v / scale for v in (x, y, x + w, y + h))
    return Outline((left, top, right, bottom), plain, width, height)
