"""Features of a quantity given twice: how it and its other unit are written beside each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hybridml.candidates.find import Candidate
from hybridml.entities import Entity
from hybridml.quantity.unit_pairs import COLUMNS, Mention, close, describe

from .photo_context import PhotoView

NAMES = tuple(f"unit_pairs.{name}" for name in COLUMNS)
"""Columns of the block; NaN for a candidate that is there in one unit only."""


def block(photo: PhotoView, entity: Entity, candidates: Sequence[Candidate]) -> dict[str, np.ndarray]:
    """Return how each candidate's dual is written."""
    return photo.shared("unit_pairs", entity, lambda: _columns(photo, candidates, entity.family))


def _columns(photo: PhotoView, candidates: Sequence[Candidate], family: str) -> dict[str, np.ndarray]:
    schema = photo.schema
    found = np.full((len(candidates), len(NAMES)), np.nan)
    imperial = np.array([schema.is_imperial(c.unit) for c in candidates], dtype=bool)
    base = np.array([schema.to_base(c.value, c.unit) for c in candidates], dtype=float)
    repaired = np.array([c.repaired for c in candidates], dtype=bool)
    twins = close(base[:, None], base, family) & (imperial[:, None] != imperial) & ~repaired
    for i in np.flatnonzero(twins.any(axis=1)).tolist():
        one = candidates[i]
        other = min(
            (candidates[j] for j in np.flatnonzero(twins[i]).tolist()), key=lambda c: _distance(one, c)
        )
        found[i] = describe(_mention(photo, one), _mention(photo, other), bool(imperial[0]), schema)
    return dict(zip(NAMES, found.T, strict=True))


def _mention(photo: PhotoView, c: Candidate) -> Mention:
    text = photo.ocr_result.lines[c.line].text
    return Mention(c.value, c.unit, text, c.start, c.end, c.number_text, c.line)


def _distance(one: Candidate, other: Candidate) -> tuple[bool, float]:
    if one.line == other.line:
        return False, abs(one.start - other.start)
    return True, float(np.hypot(one.center[0] - other.center[0], one.center[1] - other.center[1]))
