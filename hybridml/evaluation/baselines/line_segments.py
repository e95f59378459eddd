"""Line segments on a photo, for the line-angle baseline.

References
----------
Grompone von Gioi, Jakubowicz, Morel, Randall, "LSD: a Line Segment Detector", IPOL 2 (2012).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hybridml.datasets.images import RGB

Array = npt.NDArray[Any]

LONGEST_SIDE = 1000
"""Longest side in pixels at which a photo is worked on; smaller photos are not enlarged."""

SHORTEST, GAP = 0.018, 0.012
"""Shortest segment that is kept, and the gap up to which collinear pieces become one, as shares of the longest side."""

MOST = 160
"""Segments kept, the longest first."""


def find_segments(image: RGB) -> Array:
    """Return the line segments of an RGB photo as an array ``(n, 4)``: ``x0, y0, x1, y1`` in pixels of the photo.

    Examples
    --------
    >>> photo = np.full((200, 300, 3), 255, np.uint8)
    >>> photo[100:102, 40:260] = 0
    >>> find_segments(photo)[0, [0, 2]].round(-1).tolist()
    [40.0, 260.0]
    """
    import cv2

    height, width = image.shape[:2]
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    if scale < 1:
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    longest = max(image.shape[:2])
    gray = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(gray)[0]
    if found is None:
        return np.zeros((0, 4))
    ends = np.asarray(found, dtype=float).reshape(-1, 4)
    ends = ends[_length(ends) >= 0.35 * SHORTEST * longest]
    merged = _merge(ends[np.argsort(-_length(ends))[:3000]], GAP * longest)
    length = _length(merged)
    longest_first = np.argsort(-length)[:MOST]
    kept = merged[longest_first[length[longest_first] >= SHORTEST * longest]]
    return kept * np.array([width, height, width, height]) / np.array([*image.shape[1::-1]] * 2)


def _length(ends: Array) -> Array:
    return np.asarray(np.hypot(*(ends[:, 2:] - ends[:, :2]).T))


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
