"""Features of a quantity given twice: how it and its other unit are written beside each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..candidates import Candidate
from ..dual import COLUMNS, Mention, describe, is_dual
from ..entities import Entity
from .photo import PhotoView

NAMES = tuple(f"dual.{name}" for name in COLUMNS)
"""Columns of the block; NaN for a candidate that is there in one unit only."""


def block(photo: PhotoView, entity: Entity, candidates: Sequence[Candidate]) -> dict[str, np.ndarray]:
    """Return how each candidate's dual is written."""
    return photo.shared("dual", entity, lambda: _columns(photo, candidates))


def _columns(photo: PhotoView, candidates: Sequence[Candidate]) -> dict[str, np.ndarray]:
    book = photo.book
    found = np.full((len(candidates), len(NAMES)), np.nan)
    mentions = [
        Mention(c.value, c.unit, photo.reading.lines[c.line].text, c.start, c.end, c.number_text, c.line)
        for c in candidates
    ]
    page_imperial_first = book.unit(candidates[0].unit).system == "imperial"
    for i, one in enumerate(candidates):
        twins = [
            j
            for j, other in enumerate(candidates)
            if not other.repaired and is_dual((one.value, one.unit), (other.value, other.unit), book)
        ]
        if twins:
            j = min(twins, key=lambda j: _distance(one, candidates[j]))
            found[i] = describe(mentions[i], mentions[j], page_imperial_first, book)
    return dict(zip(NAMES, found.T, strict=True))


def _distance(one: Candidate, other: Candidate) -> tuple[bool, float]:
    if one.line == other.line:
        return False, abs(one.start - other.start)
    return True, float(np.hypot(one.center[0] - other.center[0], one.center[1] - other.center[1]))
