"""Features of the text line: font size, place on the photo, direction of the text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hybridml.candidates.find import Candidate
from hybridml.entities import Entity

from .photo_context import PhotoView


def block(photo: PhotoView, entity: Entity, candidates: Sequence[Candidate]) -> dict[str, np.ndarray]:
    """Return the layout features of each candidate; lengths relative to the photo."""
    return photo.shared("layout", entity, lambda: _columns(photo, candidates))


def _columns(photo: PhotoView, candidates: Sequence[Candidate]) -> dict[str, np.ndarray]:
    line = np.array([c.line for c in candidates], dtype=int)
    boxes = np.array([c.box for c in candidates], dtype=float).reshape(-1, 4)
    center = (boxes[:, :2] + boxes[:, 2:]) / 2 / photo.size
    font = photo.font[line]
    turn = (photo.angle[line] + 180.0) % 360.0 - 180.0
    text_low = photo.center.min(axis=0) / photo.size
    text_high = photo.center.max(axis=0) / photo.size
    inside = (center - text_low) / np.maximum(text_high - text_low, 1e-6)
    n = len(candidates)
    return {
        "layout.confidence": photo.confidence[line],
        "layout.font": font / photo.size[1],
        "layout.font_to_median": font / max(photo.median_font, 1e-6),
        "layout.font_rank": photo.font_rank[line],
        "layout.font_to_largest": font / max(photo.font.max(), 1e-6),
        "layout.x": center[:, 0],
        "layout.y": center[:, 1],
        "layout.from_center_x": np.abs(center[:, 0] - 0.5),
        "layout.from_center_y": np.abs(center[:, 1] - 0.5),
        "layout.x_in_text": inside[:, 0],
        "layout.y_in_text": inside[:, 1],
        "layout.edge": np.minimum(center, 1 - center).min(axis=1),
        "layout.angle": turn,
        "layout.steep": np.abs(np.sin(np.radians(turn))),
        "layout.slant": np.abs(np.sin(np.radians(2 * turn))),
        "layout.line_length": photo.length[line] / photo.size[0],
        "layout.characters": np.array([len(photo.texts[i]) for i in line], dtype=float),
        "layout.photo_aspect": np.full(n, photo.size[0] / photo.size[1]),
        "layout.photo_pixels": np.full(n, np.log10(photo.size.prod())),
        "layout.lines": np.full(n, float(len(photo.font))),
        "layout.second_look": np.full(n, float(photo.second_pass)),
        "layout.lines_steep": np.full(n, float(np.mean(np.abs(np.sin(np.radians(photo.angle))) > 0.7))),
    }
