"""Finding line segments, their ends and the product's outline with OpenCV.

Segments come from LSD and are then measured across: a dimension line differs from both its sides in the same
way (a ridge), the edge of a product does not.

References
----------
Grompone von Gioi, Jakubowicz, Morel, Randall, "LSD: a Line Segment Detector", IPOL 2 (2012).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hybridml.utils.registry import in_range, settings_of

from .types import Drawing

RGB = npt.NDArray[np.uint8]
Array = npt.NDArray[Any]

# Of this module: counts up with every change that changes a drawing.
VERSION = 1

SAMPLES = 24
"""Points along a segment at which it is measured across."""

REACH = 9
"""Pixels to either side that are measured."""


@dataclass(frozen=True)
class LineFinderSettings:
    """Settings of :class:`LineFinder`; lengths in pixels of the photo as it is worked on.

    Parameters
    ----------
    size : int
        Longest side at which the photo is worked on; smaller photos are not enlarged.
    shortest : float
        Shortest segment that is kept, as a share of the longest side.
    gap : float
        Collinear pieces closer than this share of the longest side become one.
    most : int
        Segments kept, the longest first.
    """

    size: int = 1000
    shortest: float = 0.018
    gap: float = 0.012
    most: int = 160

    def __post_init__(self) -> None:
        in_range("size", self.size, 64, 10000, whole=True)
        in_range("shortest", self.shortest, 0.001, 1)
        in_range("gap", self.gap, 0, 1)
        in_range("most", self.most, 1, 10000, whole=True)


class LineFinder:
    """Finds dimension lines and the product's outline on a photo.

    Parameters
    ----------
    threads : int, optional
        Accepted as by every engine; one is used.
    **settings
        See :class:`LineFinderSettings`.

    Examples
    --------
    >>> import numpy as np
    >>> photo = np.full((200, 300, 3), 255, np.uint8)
    >>> photo[100:102, 40:260] = 0
    >>> x0, y0, x1, y1 = LineFinder().find(photo).segments[0, :4].round()
    >>> round(float(x0), -1), round(float(x1), -1)
    (40.0, 260.0)
    """

    name = "lines"

    def __init__(self, threads: int | None = None, **settings: Any) -> None:
        self.config = settings_of(LineFinderSettings, "lines", settings)

    def settings(self) -> dict[str, Any]:
        """Return everything that changes a drawing, as plain values."""
        return {"lines": self.name, "version": VERSION, **asdict(self.config)}

    def find(self, image: RGB) -> Drawing:
        """Return the drawing of an RGB photo ``(H, W, 3)``."""
        import cv2

        height, width = image.shape[:2]
        scale = min(1.0, self.config.size / max(height, width))
        small = image
        if scale < 1:
            size = (max(round(width * scale), 1), max(round(height * scale), 1))
            small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        gray = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
        segments = self._segments(gray)
        outline, plain, filled = _outline(small)
        segments[:, [0, 2]] *= width / small.shape[1]
        segments[:, [1, 3]] *= height / small.shape[0]
        segments[:, 5] /= scale
        left, top, right, bottom = (float(v / scale) for v in outline)
        return Drawing(segments.astype(np.float32), (left, top, right, bottom), plain, filled, width, height)

    def _segments(self, gray: Array) -> Array:
        import cv2

        longest = max(gray.shape)
        found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(gray)[0]
        if found is None:
            return np.zeros((0, 8))
        ends = np.asarray(found, dtype=float).reshape(-1, 4)
        ends = ends[np.hypot(*(ends[:, 2:] - ends[:, :2]).T) >= 0.35 * self.config.shortest * longest]
        if len(ends) > 3000:
            ends = ends[np.argsort(-np.hypot(*(ends[:, 2:] - ends[:, :2]).T))[:3000]]
        merged = _merge(ends, self.config.gap * longest)
        length = np.hypot(*(merged[:, 2:] - merged[:, :2]).T)
        keep = np.argsort(-length)[: self.config.most]
        merged = merged[keep[length[keep] >= self.config.shortest * longest]]
        return np.hstack([merged, _across(gray, merged)]) if len(merged) else np.zeros((0, 8))


def _merge(ends: Array, gap: float) -> Array:
    """Return collinear and doubled pieces as one segment each, (n, 4), left end (upper for vertical ones) first.

    LSD finds both borders of a stroke: they lie a stroke's width apart and become its middle line.
    """
    if not len(ends):
        return np.zeros((0, 4))
    ends = ends.copy()
    steep = np.abs(ends[:, 3] - ends[:, 1]) > np.abs(ends[:, 2] - ends[:, 0])
    swap = np.where(steep, ends[:, 3] < ends[:, 1], ends[:, 2] < ends[:, 0])
    ends[swap] = ends[swap][:, [2, 3, 0, 1]]
    order = np.argsort(-np.hypot(*(ends[:, 2:] - ends[:, :2]).T))
    ends = ends[order]
    used = np.zeros(len(ends), dtype=bool)
    result = []
    for i in range(len(ends)):
        if used[i]:
            continue
        used[i] = True
        a, b = ends[i, :2].copy(), ends[i, 2:].copy()
        weight, shift = float(np.hypot(*(b - a))), 0.0
        direction = (b - a) / max(weight, 1e-9)
        normal = np.array([-direction[1], direction[0]])
        rest = ~used
        for _ in range(3):
            index = np.flatnonzero(rest & ~used)
            if not len(index):
                break
            p, q = ends[index, :2] - a, ends[index, 2:] - a
            turn = np.abs((q - p) @ normal) / np.maximum(np.hypot(*(q - p).T), 1e-9)
            off = np.maximum(np.abs(p @ normal), np.abs(q @ normal))
            low, high = np.minimum(p @ direction, q @ direction), np.maximum(p @ direction, q @ direction)
            length = float((b - a) @ direction)
            near = (low < length + gap) & (high > -gap)
            take = (turn < 0.06) & (off < max(6.5, 0.004 * length + 3.0)) & near
            if not take.any():
                break
            chosen = index[take]
            used[chosen] = True
            mass = (high - low)[take]
            shift += float((mass * ((p + q) @ normal)[take] / 2).sum())
            weight += float(mass.sum())
            start, stop = min(0.0, float(low[take].min())), max(length, float(high[take].max()))
            a, b = a + direction * start, a + direction * stop
        moved = normal * (shift / max(weight, 1e-9))
        result.append(np.concatenate([a + moved, b + moved]))
    return np.array(result)


def _across(gray: Array, segments: Array) -> Array:
    """Return ridge, thickness, head0, head1 of each segment (n, 4), measured on profiles across it."""
    import cv2

    n = len(segments)
    a, b = segments[:, :2], segments[:, 2:]
    length = np.hypot(*(b - a).T)
    direction = (b - a) / np.maximum(length, 1e-9)[:, None]
    normal = np.stack([-direction[:, 1], direction[:, 0]], axis=1)
    offsets = np.arange(-REACH, REACH + 1, dtype=float)

    def profiles(t: Array) -> Array:
        """Sample across at the points ``t`` (n, m) pixels from the first end: (n, m, offsets)."""
        points = a[:, None] + t[..., None] * direction[:, None]
        grid = points[:, :, None] + offsets[None, None, :, None] * normal[:, None, None]
        flat = grid.reshape(n * t.shape[1], len(offsets), 2).astype(np.float32)
        values = cv2.remap(
            gray, flat[..., 0], flat[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(values, dtype=float).reshape(n, t.shape[1], len(offsets))

    inside = np.linspace(0.15, 0.85, SAMPLES)[None] * length[:, None]
    middle = profiles(inside)
    side0 = np.median(middle[:, :, :4], axis=2)
    side1 = np.median(middle[:, :, -4:], axis=2)
    core = middle[:, :, REACH - 3 : REACH + 4]
    darker = np.minimum(side0, side1) - core.min(axis=2)
    lighter = core.max(axis=2) - np.maximum(side0, side1)
    dark = np.median(darker, axis=1) >= np.median(lighter, axis=1)
    contrast = np.where(dark[:, None], darker, lighter)
    ridge = np.clip(np.median(contrast, axis=1), 0, 255) / 255

    def stroke(profile: Array) -> Array:
        """Return the width of the stroke in each profile: (n, m)."""
        sides = (np.median(profile[:, :, :3], axis=2) + np.median(profile[:, :, -3:], axis=2)) / 2
        away = np.where(dark[:, None, None], sides[:, :, None] - profile, profile - sides[:, :, None])
        return np.asarray((away > 0.5 * np.maximum(255 * ridge, 8)[:, None, None]).sum(axis=2), dtype=float)

    thickness = np.median(stroke(middle), axis=1)
    steps = np.arange(-3.0, 13.0)
    first = stroke(profiles(np.broadcast_to(steps, (n, len(steps)))))
    last = stroke(profiles(length[:, None] - steps[None]))
    base = np.maximum(thickness, 1.0)
    heads = [np.sort(e, axis=1)[:, -4:-1].mean(axis=1) / base - 1.0 for e in (first, last)]
    return np.stack([ridge, thickness, np.clip(heads[0], 0, 9), np.clip(heads[1], 0, 9)], axis=1)


def _outline(image: Array) -> tuple[tuple[float, float, float, float], float, float]:
    """Return the box of the product, the share of plain border, and how full the box is.

    Strokes thinner than five pixels, dimension lines and most text, are opened away first.
    """
    import cv2

    height, width = image.shape[:2]
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]]).astype(int)
    background = np.median(border, axis=0)
    plain = float((np.abs(border - background).max(axis=1) < 14).mean())
    away = np.abs(image.astype(np.int16) - background).max(axis=2) > 18
    mask = cv2.morphologyEx(away.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        return (0.0, 0.0, float(width), float(height)), plain, 0.0
    x, y, w, h, area = (float(v) for v in stats[1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))])
    return (x, y, x + w, y + h), plain, area / max(w * h, 1.0)
